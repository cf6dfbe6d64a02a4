"""What do protocols say that few devices speak?"""

from idletalk.behaviours.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    name="protocols",
    question="What do devices say in protocols of their vendors and of industry, and which part of it is encrypted?",
    method=(
        "Content of flows that nobody else claims, of XMPP and of HTTP bodies is read by the formats in idletalk.protocols "
        "and by those of installed packages: Modbus, BACnet, AMQP, telnet, XMPP, UPnP descriptions, and the vendors' own. A flow gets a protocol's name only where a whole message fits its format. XOR without "
        "a key is undone, and not called encryption."
    ),
    limits=(
        "The vendors' formats were found out by others and may change. Read is what payloads kept of each flow: a message "
        "that comes in several pieces, or in less than four bytes (keys typed in telnet), is not. LIFX, Yeelight, "
        "miIO, SADP and eWeLink are not verified on captures of real devices."
    ),
    tables=("messages",),
)

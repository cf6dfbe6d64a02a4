"""What do the vendors' own protocols say?"""

from idletalk.behaviours.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    name="protocols",
    question="What do devices say in protocols of their vendors, and which part of it is encrypted?",
    method=(
        "Content of flows that no standard protocol claims is read by the formats in idletalk.protocols and by those "
        "of installed packages. A flow gets a protocol's name only where a whole message fits its format. XOR without "
        "a key is undone, and not called encryption."
    ),
    limits=(
        "The formats were found out by others and may change. Read is what payloads kept of each flow. LIFX, Yeelight, "
        "miIO, SADP and eWeLink are not verified on captures of real devices."
    ),
    tables=("messages",),
)

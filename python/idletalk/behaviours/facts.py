"""What do devices say about themselves?"""

from idletalk.behaviours.behaviour import Ask, Behaviour, by, iso
from idletalk.model import ToldFact

BEHAVIOUR = Behaviour(
    name="facts",
    question="Which model, firmware and software does a device say it has, and which record told it? Which unknown protocols are the same?",
    method=(
        "What a device says of itself: DHCP vendor and user class, options that it asks for, qualified name (DHCPv6 likewise), "
        "keys of its mDNS TXT records (md, model, fv ...), names that it registers by NetBIOS, its SSDP SERVER field and UPnP "
        "description, HTTP, RTSP and SIP user agents and server fields, MQTT client ids, WS-Discovery scopes, SSH banner, "
        "BACnet, Modbus, AMQP, and vendors' own protocols. Nothing is derived: a value stands as it was sent. "
        "Flows of unknown protocols are grouped by carrier, port, first bytes and length of their messages."
    ),
    limits="A device may say anything. Behind a router's MAC only what the router itself says is told; "
    "what a Modbus gateway answers for those behind it stands with the gateway.",
    tables=("device_facts", "unknown_shapes"),
)

MAX_FACTS = 40
"""Facts of one device in the report, the most often told first; the table has all."""


def facts(ask: Ask, shown: str) -> dict[str, list[ToldFact]]:
    """Facts by device, for the devices of the relation ``shown``."""
    rows = ask(
        f"FROM device_facts SEMI JOIN {shown} AS shown USING (device)"
        " QUALIFY row_number() OVER (PARTITION BY device ORDER BY times DESC, kind, told, told_by) <= ?"
        " ORDER BY device, kind, told_by, told",
        MAX_FACTS,
    )
    return by(
        rows,
        "device",
        lambda row: ToldFact(
            kind=row["kind"],
            value=row["told"],
            told_by=row["told_by"],
            first=iso(row["first_ns"]),
            count=row["times"],
        ),
    )

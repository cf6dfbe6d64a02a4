"""Hikvision and EZVIZ SADP: XML by which cameras are found and set up, in clear.

Source: captures described in the projects hikvision-sadp and hikxsd. UDP port 37020, also by multicast. Searches are
verified by those that hiktools makes; answers are unverified: no capture of a camera was at hand.
"""

import re
from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

PORT = 37020
STARTS = (b"<?xml", b"<Probe")
FIELDS = (
    *("Types", "DeviceType", "DeviceDescription", "DeviceSN", "MAC", "IPv4Address", "CommandPort", "HttpPort"),
    *("SoftwareVersion", "DSPVersion", "BootTime", "Activated", "Encrypt", "DHCP", "OEMInfo"),
)
"""Elements told of a message."""


def read(content: bytes) -> Iterator[Message]:
    """A probe or its match."""
    if not content.startswith(STARTS):
        return
    text = content.decode("utf-8", "replace")
    kind = "match" if "<ProbeMatch" in text else "probe" if "<Probe" in text else None
    if kind is None or "<Uuid>" not in text:
        return
    found = {name: re.search(f"<{name}>([^<]{{1,200}})</{name}>", text) for name in FIELDS}
    yield Message(kind, {name: match[1] for name, match in found.items() if match})


PROTOCOL = VendorProtocol(name="sadp", carriers=("udp",), ports=(PORT,), starts=STARTS, read=read)

"""LIFX LAN protocol: a head of 36 bytes in clear, nothing encrypted.

Source: LIFX, "LAN Protocol" (lan.developer.lifx.com). UDP port 56700. Verified by messages that aiolifx makes; no capture
of such a device was at hand.
"""

from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

PORT = 56700
HEAD_BYTES = 36
PROTOCOL_NUMBER = 1024
KINDS = {
    2: "get service",
    3: "service",
    20: "get power",
    21: "set power",
    22: "power",
    23: "get label",
    25: "label",
    32: "get version",
    33: "version",
    45: "acknowledgement",
    48: "get location",
    50: "location",
    101: "get light",
    102: "set colour",
    107: "light",
    117: "set light power",
    118: "light power",
}
MASKS = ("____0014", "____0034")
"""Size, then protocol 1024 to one device or to all."""
RESERVED = (slice(24, 32), slice(34, 36))
"""Bytes of the head that are zero."""
LABEL = slice(HEAD_BYTES, HEAD_BYTES + 32)


def read(content: bytes) -> Iterator[Message]:
    """One message a datagram: its size stands first."""
    if len(content) < HEAD_BYTES or int.from_bytes(content[:2], "little") != len(content):
        return
    if int.from_bytes(content[2:4], "little") & 0x0FFF != PROTOCOL_NUMBER:
        return
    if any(content[place].strip(b"\0") for place in RESERVED):
        return
    kind = int.from_bytes(content[32:34], "little")
    fields: dict[str, object] = {"type": kind, "target": content[8:14].hex(":")}
    if kind == 25:
        fields["label"] = content[LABEL].rstrip(b"\0").decode("utf-8", "replace")
    elif kind in (22, 118) and len(content) >= HEAD_BYTES + 2:
        fields["is_on"] = content[HEAD_BYTES : HEAD_BYTES + 2] != b"\0\0"
    yield Message(KINDS.get(kind, "unknown"), fields)


PROTOCOL = VendorProtocol(name="lifx", carriers=("udp",), ports=(PORT,), masks=MASKS, read=read)

"""CS2 Network P2P ("PPPP"; iLnkP2P speaks it too), by which cameras are reached behind routers: heads and logins in clear.

Source: P. Marrapese's description of the format (github pmarrapese/iot, p2p/dissector). UDP, servers at port 32100, the LAN at 32108.
Verified by captures of two makers' cameras (Yi, Imilab). What an application says inside (DRW) is not read.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address

from idletalk.protocols.protocol import Message, VendorProtocol

MAGIC = 0xF1
HEAD_BYTES, ADDRESS_BYTES, UID_BYTES = 4, 16, 20
HELLO, HELLO_ACK, LOGIN, LOGIN_CRC, LOGIN_ACK_CRC, LOGIN_KEY, NOTIFY, PUNCH_TO = (
    *(0x00, 0x01, 0x10, 0x12, 0x13, 0x14, 0x31, 0x40),
)
KINDS = {
    HELLO: "hello", HELLO_ACK: "hello acknowledgement", 0x02: "hello to", 0x03: "hello to acknowledgement",
    LOGIN: "login", 0x11: "login acknowledgement", LOGIN_CRC: "login, scrambled", LOGIN_ACK_CRC: "login acknowledgement, scrambled",
    LOGIN_KEY: "login, signed", 0x15: "login acknowledgement", 0x18: "online request", 0x19: "online answer",
    0x20: "request", 0x21: "request acknowledgement", 0x30: "LAN search", NOTIFY: "LAN notice", 0x32: "LAN notice acknowledgement",
    PUNCH_TO: "punch to", 0x41: "punch", 0x42: "ready", 0x43: "ready acknowledgement", 0x67: "relay list request",
    0x68: "relay list request", 0x69: "relay list", 0x70: "relay hello", 0x71: "relay hello acknowledgement",
    0xD0: "data", 0xD1: "data acknowledgement", 0xE0: "alive", 0xE1: "alive acknowledgement", 0xF0: "close",
}  # fmt: skip
OF_SENDER = frozenset({HELLO, LOGIN, LOGIN_KEY, NOTIFY})
"""Messages whose id is the sender's own."""
ADDRESSES = {HELLO_ACK: "public_address", PUNCH_TO: "peer_address"}
"""Messages that begin with an address, and whose it is."""
SCRAMBLED = frozenset({LOGIN_CRC, LOGIN_ACK_CRC})
_PART = re.compile(rb"([A-Z]{2,8})\0*")


def read(content: bytes) -> Iterator[Message]:
    """One message a datagram: its length stands behind its kind."""
    if len(content) < HEAD_BYTES or content[0] != MAGIC or int.from_bytes(content[2:4]) != len(content) - HEAD_BYTES:
        return
    kind, body = content[1], content[HEAD_BYTES:]
    if kind not in KINDS:
        return
    fields: dict[str, object] = {}
    if kind in OF_SENDER and (uid := _uid(body[:UID_BYTES])):
        fields["uid"] = uid
    if kind in ADDRESSES and (told := _address(body[:ADDRESS_BYTES])):
        fields[ADDRESSES[kind]], fields["port"] = told
    if kind in (LOGIN, LOGIN_KEY) and (told := _address(body[UID_BYTES + 4 :][:ADDRESS_BYTES])):
        fields["local_address"], fields["port"] = told
    yield Message(KINDS[kind], fields, encrypted=("content",) if kind in SCRAMBLED else ())


def _uid(body: bytes) -> str | None:
    """Letters of the maker, a number, letters that check it."""
    maker, check = _PART.fullmatch(body[:8]), _PART.fullmatch(body[12:UID_BYTES])
    if not maker or not check:
        return None
    return f"{maker[1].decode()}-{int.from_bytes(body[8:12]):06}-{check[1].decode()}"


def _address(body: bytes) -> tuple[str, int] | None:
    """A socket address of IPv4 in one byte order: family and the rest are in the opposite ones."""
    if len(body) < ADDRESS_BYTES or any(body[8:ADDRESS_BYTES]):
        return None
    order = {b"\0\2": "little", b"\2\0": "big"}.get(body[:2])
    if order is None:
        return None
    number = body[4:8] if order == "big" else body[7:3:-1]
    port = body[2:4] if order == "big" else body[3:1:-1]
    return str(IPv4Address(number)), int.from_bytes(port)


PROTOCOL = VendorProtocol(
    name="cs2-p2p", carriers=("udp",), masks=tuple(f"{MAGIC:02X}{kind:02X}" for kind in KINDS), read=read
)

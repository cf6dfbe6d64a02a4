"""DNS as the lab's devices and its resolver speak it (RFC 1035): A and AAAA questions only."""

import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_address

from lab.journal import Journal

A, AAAA, IN = 1, 28, 1
TTL_S = 60
_RESPONSE_RECURSIVE = 0x8180  # QR, RD, RA
_POINTER_TO_QUESTION = b"\xc0\x0c"
_TYPES = {A: "A", AAAA: "AAAA"}


@dataclass(frozen=True, slots=True)
class Question:
    """One question and where its bytes end in the message."""

    name: str
    kind: int
    end: int


def ask(ident: int, name: str, kind: int) -> bytes:
    """A recursive query."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", ident, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!xHH", kind, IN)


def question(message: bytes) -> Question:
    """The first question of a message."""
    labels: list[str] = []
    at = 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    return Question(".".join(labels), struct.unpack_from("!H", message, at + 1)[0], at + 5)


def answer(query: bytes, addresses: list[str], known: bool) -> bytes:
    """A response with these addresses; NXDOMAIN where the name is not known."""
    asked = question(query)
    records = b""
    for address in addresses:
        packed = ip_address(address).packed
        records += _POINTER_TO_QUESTION + struct.pack("!HHIH", asked.kind, IN, TTL_S, len(packed))
        records += packed
    flags = _RESPONSE_RECURSIVE | (0 if known else 3)
    head = query[:2] + struct.pack("!5H", flags, 1, len(addresses), 0, 0)
    return head + query[12 : asked.end] + records


def addresses(message: bytes) -> list[str]:
    """The A and AAAA records of a response."""
    found: list[str] = []
    at = question(message).end
    for _ in range(struct.unpack_from("!H", message, 6)[0]):
        while message[at] and message[at] < 0xC0:
            at += 1 + message[at]
        at += 2 if message[at] else 1
        kind, _, _, length = struct.unpack_from("!HHIH", message, at)
        at += 10
        if kind in (A, AAAA):
            found.append(str(ip_address(message[at : at + length])))
        at += length
    return found


def resolve(journal: Journal, server: str, ident: int, name: str, kind: int = A, timeout_s: float = 2.0) -> list[str]:
    """Ask `server`; the addresses, or none where it answers so, refuses (ICMP) or keeps silent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout_s)
        sock.connect((server, 53))
        found: list[str] = []
        outcome = "answered"
        try:
            sock.send(ask(ident, name, kind))
            found = addresses(sock.recv(1500))
        except ConnectionRefusedError:
            outcome = "refused"
        except TimeoutError:
            outcome = "silent"
    journal.note("dns", name=name, type=_TYPES[kind], server=server, outcome=outcome, addresses=found)
    return found

"""Messages that others' programs made (`make_fixtures.py` says which and how), as captures: whole, on other ports, without their start."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idletalk.dissector import dissect
from idletalk.protocols.reading import know_messages
from idletalk.store import Store
from tests import made

FIXTURES = Path(__file__).parent / "fixtures" / "messages.json"
CLIENT, SERVER = "02:00:00:00:00:11", "02:00:00:00:00:22"
ACK, SYN = 0x10, 0x02
MOVED = 21_987
"""A port that no protocol is known by."""
CLIENT_PORT = 50_123


@dataclass(frozen=True, slots=True)
class Talk:
    """What one maker sends, and what it was asked to say: kind, fields, names of what is encrypted."""

    by: str
    protocol: str
    transport: str
    port: int
    pieces: tuple[bytes, ...]
    says: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...]


def talks() -> list[Talk]:
    """All of the file."""
    rows = json.loads(FIXTURES.read_text("utf-8"))
    return [
        Talk(
            *(row["by"], row["protocol"], row["transport"], row["port"]),
            tuple(bytes.fromhex(piece) for piece in row["pieces"]),
            tuple((kind, fields, tuple(encrypted)) for kind, fields, encrypted in row["says"]),
        )
        for row in rows
    ]


def address(number: int) -> str:
    """The client of a talk."""
    return f"10.1.0.{number + 1}"


def frames(number: int, talk: Talk, *, port: int | None = None, missing: int = 0) -> Iterator[tuple[float, bytes]]:
    """A talk from its client to one server, where asked to another port, and without the handshake and the first bytes."""
    port = port or talk.port
    source = 5353 if talk.port == port == 5353 else CLIENT_PORT
    client, server = (CLIENT, address(number), source), (SERVER, "10.0.0.9", port)
    time_s = 1_700_000_000.0 + number
    if talk.transport == "udp":
        for place, piece in enumerate(talk.pieces):
            yield time_s + place / 100, made.datagram(client, server, piece)
        return
    sequence = 1000
    if not missing:
        yield time_s, made.segment(client, server, sequence, SYN)
        yield time_s + 0.001, made.segment(server, client, 5000, SYN | ACK)
    sequence += 1
    left = missing
    for place, piece in enumerate(talk.pieces):
        kept = piece[left:]
        if kept:
            yield (
                time_s + 0.01 + place / 100,
                made.segment(client, server, sequence + len(piece) - len(kept), ACK, kept),
            )
        left = max(0, left - len(piece))
        sequence += len(piece)


def read(folder: Path, content: Sequence[tuple[float, bytes]], *, link_type: int = 1) -> Store:
    """The facts of a capture with the messages of vendors' protocols."""
    folder.mkdir()
    dissect([made.pcap(folder / "in.pcap", content, link_type=link_type)], folder)
    store = Store(folder)
    know_messages(store)
    return store

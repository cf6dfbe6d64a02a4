"""Captures of others with their ports changed, or without the first frames of each conversation."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAGICS = {0xA1B2C3D4: 1e6, 0xA1B23C4D: 1e9}
SECTION = b"\x0a\x0d\x0d\x0a"
INTERFACE, PACKET = 1, 6
"""Blocks of pcapng that matter here; their place stands for their time, whose unit would be an option."""
NETWORK_AT = {1: 14, 113: 16, 101: 0, 12: 0}
"""Bytes before the network layer, by link type: Ethernet, Linux cooked, raw IP."""
MOVED_FROM, MOVED_PORTS = 20_000, 9_973
"""Ports that no protocol is known by, but for a few that stand in no capture used here: prime, so that few coincide."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, its time, and the place of its ports where it is TCP or UDP."""

    time_s: float
    content: bytes
    ports_at: int | None
    link_type: int


def frames(capture: Path) -> Iterator[Frame]:
    """Frames of a capture of one interface (pcap or pcapng)."""
    content = capture.read_bytes()
    return _pcapng(content) if content.startswith(SECTION) else _pcap(content)


def _pcap(content: bytes) -> Iterator[Frame]:
    order = "<" if struct.unpack("<I", content[:4])[0] in MAGICS else ">"
    unit = MAGICS[struct.unpack(f"{order}I", content[:4])[0]]
    link_type = struct.unpack(f"{order}I", content[20:24])[0] & 0xFFFF
    place = 24
    while place + 16 <= len(content):
        seconds, part, length, _ = struct.unpack(f"{order}IIII", content[place : place + 16])
        frame = content[place + 16 : place + 16 + length]
        yield Frame(seconds + part / unit, frame, _ports_at(frame, link_type), link_type)
        place += 16 + length


def _pcapng(content: bytes) -> Iterator[Frame]:
    order = "<" if content[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    place, link_type = 0, 1
    while place + 12 <= len(content):
        kind, size = struct.unpack(f"{order}II", content[place : place + 8])
        block = content[place + 8 : place + size - 4]
        if kind == INTERFACE:
            link_type = struct.unpack(f"{order}H", block[:2])[0]
        elif kind == PACKET:
            _, _, _, length = struct.unpack(f"{order}IIII", block[:16])
            frame = block[20 : 20 + length]
            yield Frame(place / 1e6, frame, _ports_at(frame, link_type), link_type)
        place += size


def _ports_at(frame: bytes, link_type: int) -> int | None:
    start = NETWORK_AT[link_type]
    if link_type == 1 and frame[12:14] == b"\x81\x00":
        start += 4
    head = frame[start : start + 40]
    if len(head) < 28:
        return None
    is_first = head[6] & 0x1F == 0 and head[7] == 0
    if head[0] >> 4 == 4 and head[9] in (6, 17) and is_first:
        return start + (head[0] & 15) * 4
    return start + 40 if head[0] >> 4 == 6 and head[6] in (6, 17) else None


def moved(whole: Iterable[Frame]) -> Iterator[tuple[float, bytes]]:
    """The same frames between other ports; sums of transports no longer fit, which nobody reads."""
    for frame in whole:
        if (place := frame.ports_at) is None:
            yield frame.time_s, frame.content
            continue
        ports = struct.unpack(">HH", frame.content[place : place + 4])
        others = struct.pack(">HH", *(MOVED_FROM + port * 7 % MOVED_PORTS for port in ports))
        yield frame.time_s, frame.content[:place] + others + frame.content[place + 4 :]


def later(whole: Iterable[Frame], missing: int) -> Iterator[tuple[float, bytes]]:
    """Without the first frames of each conversation."""
    seen: Counter[frozenset[bytes]] = Counter()
    for frame in whole:
        if (place := frame.ports_at) is not None:
            key = frozenset({frame.content[place : place + 2], frame.content[place + 2 : place + 4]})
            seen[key] += 1
            if seen[key] <= missing:
                continue
        yield frame.time_s, frame.content


def midway(whole: Iterable[Frame]) -> Iterator[tuple[float, bytes]]:
    """Without the first half of each conversation's frames."""
    kept = list(whole)

    def conversation(frame: Frame) -> frozenset[bytes] | None:
        place = frame.ports_at
        return (
            None
            if place is None
            else frozenset({frame.content[place : place + 2], frame.content[place + 2 : place + 4]})
        )

    all_of = Counter(conversation(frame) for frame in kept)
    seen: Counter[frozenset[bytes] | None] = Counter()
    for frame in kept:
        key = conversation(frame)
        seen[key] += 1
        if key is None or seen[key] * 2 > all_of[key]:
            yield frame.time_s, frame.content

"""Several ranges of a thing in one body: multipart/byteranges (RFC 9110 14.6)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_HEAD_BYTES = 4096
"""Of the boundary and fields before a range: a few lines."""

MAX_INNER_RANGES = 10_000
"""Ranges of one body; RFC 9110 14.2 lets servers refuse far fewer."""

_HEAD = re.compile(rb"(?is)^(?:\r?\n)?--[^\r\n]+\r?\n(.*?)\r?\n\r?\n")
_RANGE = re.compile(rb"(?im)^content-range:[ \t]*bytes[ \t]+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class Inner:
    """A range within a body."""

    offset: int
    """of its first byte in the file"""
    first: int
    """its first byte in the whole"""
    length: int
    total: int | None
    """length of the whole, where it is told"""


def ranges_within(file: Path, start: int, length: int) -> Iterator[Inner]:
    """The ranges of a body of ``length`` bytes that begins at byte ``start`` of a file, up to the first that does not say what it is or goes beyond its end.

    Raises OSError where the file cannot be read.
    """
    place, end = start, start + length
    with file.open("rb") as body:
        for _ in range(MAX_INNER_RANGES):
            body.seek(place)
            head = _HEAD.match(body.read(min(MAX_HEAD_BYTES, end - place)))
            told = _RANGE.search(head[1]) if head else None
            if head is None or told is None:
                return
            first, last = int(told[1]), int(told[2])
            offset = place + head.end()
            inner = last - first + 1
            if inner <= 0:
                return
            yield Inner(offset, first, min(inner, end - offset), None if told[3] == b"*" else int(told[3]))
            place = offset + inner
            if place >= end:
                return

"""Things that were fetched in parts, put together byte by byte from the files of the parts."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Span = tuple[int, int]
"""First byte, and the one behind the last."""

BLOCK_BYTES = 1 << 20
"""Bytes that are copied and compared at a time."""


MAX_BYTES = 4 << 30
"""Of a thing: a part that begins beyond is left out. Twice the largest image that is to be kept; a lie of 18 digits must not
become a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes of a thing in a file: byte ``offset`` of the file is byte ``start`` of the thing."""

    file: Path
    start: int
    length: int
    missing: Sequence[Span]
    """ranges of the file that were not captured"""
    offset: int = 0
    sha256: str | None = None
    """of the body that it is a part of, where that is known: the same content at the same place again needs no second look"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """What the parts give together."""

    size_bytes: int
    missing: tuple[Span, ...]
    conflicting_bytes: int
    """bytes of which two parts say different things; the earlier part stands"""
    repeated_bytes: int
    """bytes that came in more than one part"""
    sha256: str | None
    """none where bytes are missing or the end is unknown"""
    sha1: str | None
    md5: str | None


def put_together(parts: Iterable[Part], target: Path, total: int | None) -> Artefact:
    """Write parts, in the order in which they came, into the new file ``target``; what is missing stays a hole.

    ``total`` is the length that was told; bytes beyond it are not written, and the file ends with the last
    byte that is there. Raises OSError where a file cannot be read or
    written.
    """
    limit = MAX_BYTES if total is None else min(total, MAX_BYTES)
    present: list[Span] = []
    conflicting = repeated = 0
    agreed: set[tuple[str, int, int]] = set()
    with target.open("xb") as made:
        target.chmod(0o600)
    with target.open("r+b") as made:
        for part in parts:
            same = None if part.sha256 is None or part.missing else (part.sha256, part.start, part.length)
            if same in agreed:
                low, high = _placed(part, limit)
                repeated += high - low
                continue
            before = conflicting
            with part.file.open("rb") as source:
                for low, high in _captured(part):
                    end = min(part.start + high, limit)
                    place = part.start + low
                    while place < end:
                        source.seek(place - part.start + part.offset)
                        data = source.read(min(BLOCK_BYTES, end - place))
                        if not data:
                            break
                        span = (place, place + len(data))
                        for first, last in _common(present, span):
                            made.seek(first)
                            ours = made.read(last - first)
                            theirs = data[first - place : last - place]
                            repeated += last - first
                            if ours != theirs:
                                conflicting += sum(a != b for a, b in zip(ours, theirs, strict=False))
                        for first, last in _without(present, span):
                            made.seek(first)
                            made.write(data[first - place : last - place])
                        present = _joined([*present, span])
                        place += len(data)
            if same is not None and conflicting == before and not _without(present, _placed(part, limit)):
                agreed.add(same)
        size = total if total is not None else max((high for _, high in present), default=0)
    missing = tuple(_gaps(present, size))
    is_whole = total is not None and not missing
    sha256, sha1, md5 = _hashes(target) if is_whole else (None, None, None)
    return Artefact(
        size_bytes=size,
        missing=missing,
        conflicting_bytes=conflicting,
        repeated_bytes=repeated,
        sha256=sha256,
        sha1=sha1,
        md5=md5,
    )


def whole(path: Path) -> Artefact:
    """A thing of which every byte is there. Raises OSError where it cannot be read."""
    sha256, sha1, md5 = _hashes(path)
    return Artefact(
        size_bytes=path.stat().st_size,
        missing=(),
        conflicting_bytes=0,
        repeated_bytes=0,
        sha256=sha256,
        sha1=sha1,
        md5=md5,
    )


def _placed(part: Part, limit: int) -> Span:
    """Where a part belongs in the thing."""
    return part.start, max(part.start, min(part.start + part.length, limit))


def _captured(part: Part) -> list[Span]:
    """Ranges of a part that were captured, counted from its own first byte."""
    whole = (part.offset, part.offset + part.length)
    return [(low - part.offset, high - part.offset) for low, high in _without(_joined(part.missing), whole)]


def _hashes(path: Path) -> tuple[str, str, str]:
    """SHA-256, SHA-1 and MD5; the last two only name what servers tell as such."""
    hashes = [hashlib.sha256(), *(hashlib.new(name, usedforsecurity=False) for name in ("sha1", "md5"))]
    with path.open("rb") as file:
        while data := file.read(BLOCK_BYTES):
            for each in hashes:
                each.update(data)
    sha256, sha1, md5 = (each.hexdigest() for each in hashes)
    return sha256, sha1, md5


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The same bytes as spans in order that neither touch nor overlap."""
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        elif low < high:
            joined.append((low, high))
    return joined


def _gaps(spans: Sequence[Span], length: int) -> list[Span]:
    """What spans leave of the first ``length`` bytes."""
    return _without(_joined(spans), (0, length))


def _common(spans: Sequence[Span], span: Span) -> list[Span]:
    low, high = span
    return [(max(low, a), min(high, b)) for a, b in spans if a < high and b > low]


def _without(spans: Sequence[Span], span: Span) -> list[Span]:
    """What spans, in order, leave of a span."""
    left: list[Span] = []
    place, high = span
    for a, b in spans:
        if b <= place or a >= high:
            continue
        if a > place:
            left.append((place, a))
        place = max(place, b)
    if place < high:
        left.append((place, high))
    return left

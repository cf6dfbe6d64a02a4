"""Content codings of HTTP undone in a file (RFC 9110 8.4.1)."""

import zlib
from pathlib import Path

MAX_DECODED_BYTES = 256 << 20
"""Of a thing: more than any flash of a camera or hub, and no bomb that fills a disk."""
MAX_RATIO = 100
"""Bytes made of one: images that are compressed at all give two to five."""
BLOCK_BYTES = 1 << 20

_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""Windows of zlib by coding: of deflate many servers leave zlib's own head away."""


def undone(coded: Path, coding: str | None) -> Path | None:
    """A new file beside ``coded`` with its content; none where the coding is not known here, a byte of it is wrong, or its end is
    missing, or where there is more than is kept. Raises OSError where a file cannot be read or written."""
    for window in _WINDOWS.get((coding or "").strip().lower(), ()):
        target = coded.with_suffix(".decoded")
        try:
            _decode(coded, target, window)
        except (zlib.error, ValueError):
            target.unlink()
        else:
            return target
    return None


def _decode(coded: Path, target: Path, window: int) -> None:
    """Raises ValueError where it is cut, or longer than is kept, or something else stands behind it."""
    limit = min(MAX_DECODED_BYTES, MAX_RATIO * coded.stat().st_size + BLOCK_BYTES)
    decoder = zlib.decompressobj(window)
    with coded.open("rb") as source, target.open("xb") as made:
        target.chmod(0o600)
        data = source.read(BLOCK_BYTES)
        while data and not decoder.eof:
            made.write(decoder.decompress(data, BLOCK_BYTES))
            if made.tell() > limit:
                raise ValueError("a decompression bomb, or more than is kept")
            data = decoder.unconsumed_tail or source.read(BLOCK_BYTES)
        made.write(decoder.flush())
        if not decoder.eof or decoder.unused_data or data:
            raise ValueError("cut, or not the whole")

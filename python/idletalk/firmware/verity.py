"""dm-verity: whether a payload has the root hash that a signed manifest names.

Source: Linux, Documentation/admin-guide/device-mapper/verity.rst (hash format 1: the salt stands before the block), and RAUC's
documentation, "Bundle Formats": the tree lies behind the payload, its size, salt and root hash are in the manifest.
"""

import configparser
import hashlib

BLOCK = 4096
"""Bytes of a block of data and of a block of hashes: RAUC uses no other."""


def fits_manifest(content: bytes, manifest: str) -> bool | None:
    """Whether the content, with its tree behind it, is the one that the manifest names. None: the manifest names no tree."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(manifest)
        bundle = parser["bundle"]
        root, salt = bytes.fromhex(bundle["verity-hash"]), bytes.fromhex(bundle["verity-salt"])
        size = len(content) - int(bundle["verity-size"])
    except (configparser.Error, KeyError, ValueError):
        return None
    return 0 < size <= len(content) and size % BLOCK == 0 and root_hash(content, size, salt) == root


def root_hash(content: bytes, size: int, salt: bytes) -> bytes:
    """The hash on top of the tree over the first ``size`` bytes, a multiple of the block."""
    salted = hashlib.sha256(salt)
    level = memoryview(content)[:size]
    while True:
        hashes: list[bytes] = []
        for at in range(0, len(level), BLOCK):
            digest = salted.copy()
            digest.update(level[at : at + BLOCK])
            hashes.append(digest.digest())
        if len(hashes) == 1:
            return hashes[0]
        packed = b"".join(hashes)
        level = memoryview(packed + bytes(-len(packed) % BLOCK))

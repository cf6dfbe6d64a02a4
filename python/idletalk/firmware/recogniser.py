"""The recogniser in the Rust core, and its reader of SquashFS: the only importer of both."""

import os
from pathlib import Path

import msgspec

from idletalk import _core
from idletalk.errors import IdletalkError
from idletalk.firmware.model import Recognised

MAX_READ_BYTES = 512 << 20
"""Bytes of an image that are read."""


def read(path: Path) -> tuple[bytes, int]:
    """The bytes of a file, of a larger one the first, and how many it has.

    Raises IdletalkError where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_READ_BYTES)
            return data, max(len(data), os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise IdletalkError(f"{path}: {error.strerror}") from None


def recognise(path: Path) -> Recognised:
    """Parts, checks, map, entropy and strings of a file.

    Raises IdletalkError where it cannot be read.
    """
    return recognise_bytes(*read(path))


def recognise_bytes(image: bytes, size_bytes: int) -> Recognised:
    """The same of bytes that were read; ``size_bytes`` is the whole file's."""
    return msgspec.json.decode(_core.recognise(image, size_bytes), type=Recognised)


def unsquash(
    path: Path, offset: int, folder: Path, *, max_files: int, max_bytes: int
) -> tuple[list[tuple[int, str]], int, int, str | None]:
    """Write the regular files of a SquashFS under numbers: [(number, stored name)], bytes, links and devices left out,
    why it stopped early.

    Raises OSError where it cannot be read or written.
    """
    return _core.unsquash(path, offset, folder, max_files=max_files, max_bytes=max_bytes)

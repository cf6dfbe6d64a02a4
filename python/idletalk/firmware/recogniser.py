"""The recogniser in the Rust core, and its reader of SquashFS: the only importer of both."""

from pathlib import Path

import msgspec

from idletalk import _core
from idletalk.errors import IdletalkError
from idletalk.firmware.model import Recognised


def recognise(path: Path) -> Recognised:
    """Parts, checks, map, entropy and strings of a file.

    Raises IdletalkError where it cannot be read.
    """
    try:
        return msgspec.json.decode(_core.recognise(path), type=Recognised)
    except OSError as error:
        raise IdletalkError(f"{path}: {error}") from None


def unsquash(
    path: Path, offset: int, folder: Path, *, max_files: int, max_bytes: int
) -> tuple[list[tuple[int, str]], int, int, str | None]:
    """Write the regular files of a SquashFS under numbers: [(number, stored name)], bytes, links and devices left out,
    why it stopped early.

    Raises OSError where it cannot be read or written.
    """
    return _core.unsquash(path, offset, folder, max_files=max_files, max_bytes=max_bytes)

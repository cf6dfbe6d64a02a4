"""The recogniser in the Rust core: the only importer of ``_core.recognise``."""

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

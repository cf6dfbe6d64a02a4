"""Firmware images: what they are, what is inside, what authenticates them. Knows no captures and no pages."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idletalk.firmware.examination import Options as Options
    from idletalk.firmware.examination import examine as examine
    from idletalk.firmware.model import Examination as Examination
    from idletalk.firmware.unpack import Unpackers as Unpackers

_HOMES = {
    "Examination": "idletalk.firmware.model",
    "Options": "idletalk.firmware.examination",
    "Unpackers": "idletalk.firmware.unpack",
    "examine": "idletalk.firmware.examination",
}

__all__ = ["Examination", "Options", "Unpackers", "examine"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: the processes that unpack need none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'idletalk.firmware' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)

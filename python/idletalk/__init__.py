"""idletalk: what IoT devices do on a network, from packet captures, with evidence.

>>> import idletalk
>>> analysis = idletalk.analyze(["home.pcapng"], out="home.idletalk")   # doctest: +SKIP
>>> [device.name for device in analysis.report.devices]                 # doctest: +SKIP
>>> analysis.sql("FROM peers WHERE scope = 'internet'")                 # doctest: +SKIP
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# the core's allocator reads it when the core is loaded; by default it keeps what a dissection has freed, some 300 MiB, until
# somebody frees again
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "10")

if TYPE_CHECKING:
    from idletalk.analysis import Analysis as Analysis
    from idletalk.analysis import analyze as analyze
    from idletalk.capture_info import info as info
    from idletalk.errors import IdletalkError as IdletalkError
    from idletalk.extraction import extract as extract
    from idletalk.provenance import Options as Options

_HOMES = {
    "Analysis": "idletalk.analysis",
    "Options": "idletalk.provenance",
    "analyze": "idletalk.analysis",
    "IdletalkError": "idletalk.errors",
    "extract": "idletalk.extraction",
    "info": "idletalk.capture_info",
}

__all__ = ["Analysis", "IdletalkError", "Options", "analyze", "extract", "info"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: ``idletalk --help`` must not wait for a database."""
    if name not in _HOMES:
        raise AttributeError(f"module 'idletalk' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)

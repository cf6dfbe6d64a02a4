"""How an analysis was made: its options, hashes, version and the 'now' of its judgements."""

import hashlib
import os
import stat
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from idletalk import labfile

HashChoice = Literal["auto", "cited", "all", "none"]

AUTO_HASH_BYTES = 1 << 30
"""Up to so many bytes of captures every file is hashed by default: half a second, beside the judging."""

HASHING_NICENESS = 10
"""Hashing takes what others leave of the processors: it has as long as they take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to analyze; the defaults are those of the command line."""

    lab: str | Path | None = None
    events: str | Path | None = None
    lookups: str | Path | None = None
    start: str | None = None
    end: str | None = None
    device: str | None = None
    phase: str | None = None
    as_of: str | None = None
    hash: HashChoice = "auto"
    threads: int = 0
    show_secrets: bool = False


def as_given(options: Options) -> Mapping[str, Any]:
    """The options that shape what the report says, for its provenance: never a place on this machine."""
    given = {
        "from": options.start,
        "to": options.end,
        "device": options.device,
        "phase": options.phase,
        "hash": options.hash,
        "as_of": options.as_of,
        "show_secrets": options.show_secrets or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def give_way() -> None:
    """Let other threads go before this one, where the system has a priority for each thread (Linux)."""
    with suppress(OSError, AttributeError):
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + HASHING_NICENESS)


def file_hashes(files: Sequence[Path], choice: HashChoice, cited: Collection[Path] = ()) -> dict[str, str]:
    """SHA-256 by path, of the files that the choice covers and that can be read.

    ``auto`` covers all where they are small together, and a single one, which any finding cites; else the `cited` ones: those that hold
    frames of findings.
    """
    if choice == "none":
        return {}
    sizes = {file: size for file in files if (size := _size(file)) is not None}
    if choice == "cited" or (choice == "auto" and len(files) > 1 and sum(sizes.values()) > AUTO_HASH_BYTES):
        sizes = {file: size for file, size in sizes.items() if file in cited}
    hashes: dict[str, str] = {}
    for file in sizes:
        try:
            with file.open("rb") as stream:
                hashes[str(file)] = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:  # the reader says so
            continue
    return hashes


def _size(file: Path) -> int | None:
    """Bytes of a regular file; none for anything else."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def program_version() -> str:
    """The version of idletalk."""
    return version("idletalk")


def now_of(options: Options, lab: labfile.Lab, end_ns: int | None) -> str | None:
    """The 'now' of judgements: ``--as-of``, else the capture's end."""
    if options.as_of:
        return datetime.fromtimestamp(labfile.parse_time(options.as_of, lab.zone) / 1e9, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    if end_ns is None:
        return None
    return datetime.fromtimestamp(end_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

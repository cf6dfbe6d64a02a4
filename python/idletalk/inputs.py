"""What a user names as captures: files, folders, globs, standard input and other streams."""

import glob
import os
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from idletalk.errors import IdletalkError

STANDARD_INPUT = "-"

SPOOLED_INPUT = "standard-input"
"""Name of the file that keeps standard input."""


def expand(names: Sequence[str], spool: Path) -> list[Path]:
    """The files that the names stand for, each once, whatever names it goes by.

    A folder stands for all files below it but hidden ones and those of analyses; what cannot be looked at in it is
    among them, so that the reader says so. Streams (``-``, pipes) are copied to ``spool``, since evidence needs a
    second look. A name that stands for nothing is an error.
    """
    found: list[Path] = []
    seen: set[object] = set()
    for name in names:
        for path in _files(name):
            identity = _identity(path)
            if identity not in seen:
                seen.add(identity)
                found.append(_spooled(path, spool) if is_stream(path) else path)
    return found


def is_stream(path: Path) -> bool:
    """Whether a path is standard input, or something else that can be read but once."""
    return str(path) == STANDARD_INPUT or ((mode := _mode(path)) is not None and _is_pipe(mode))


def default_folder(first: str) -> Path:
    """Where the analysis of captures goes, named after the first of them."""
    name = "standard-input" if is_stream(Path(first)) else Path(first.rstrip("/")).resolve().name
    stem = name.split(".")[0] if "*" not in name else "captures"
    return Path(f"{stem or 'captures'}.idletalk")


def as_named(text: str, spool: Path) -> str:
    """A text that holds paths of spooled streams, as the user knows them."""
    return text.replace(f"{spool}/{SPOOLED_INPUT}", "standard input").replace(f"{spool}/", "")


def size(path: Path) -> int:
    """Bytes of a file; none of what cannot be looked at."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _files(name: str) -> list[Path]:
    path = Path(name)
    if name == STANDARD_INPUT:
        return [path]
    mode = _mode(path)
    if mode is None and not _is_barred(path):
        matches = sorted(glob.glob(name, recursive=True)) if glob.has_magic(name) else []
        if not matches:
            raise IdletalkError(f"no such file, folder or pattern: {name}")
        return [file for match in matches for file in ([Path(match)] if _mode(Path(match)) is None else _files(match))]
    if mode is not None and stat.S_ISDIR(mode):
        files = _below(path)
        if not files:
            raise IdletalkError(f"the folder {name} holds no files")
        return files
    if mode is not None and (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)):
        raise IdletalkError(f"{name} is a device, not a capture: name a file, a folder or - for standard input")
    return [path]


def _below(folder: Path) -> list[Path]:
    """The files below a folder, with what cannot be looked at: links to nothing, folders that cannot be read."""
    found: list[Path] = []
    for place, inner, names in os.walk(folder, onerror=lambda error: found.append(Path(error.filename))):
        here = Path(place)
        if _mode(here / "report.json") is not None and _mode(here / "tables") is not None:
            inner.clear()
            continue
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            mode = _mode(here / name)
            if not name.startswith(".") and (mode is None or stat.S_ISREG(mode)):
                found.append(here / name)
    return sorted(found)


def _mode(path: Path) -> int | None:
    """What kind of thing a path leads to; none where it leads nowhere or cannot be looked at."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return None


def _is_barred(path: Path) -> bool:
    """Whether permissions hide what a path leads to."""
    try:
        path.stat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _is_pipe(mode: int) -> bool:
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _identity(path: Path) -> object:
    """What is the same for two names of one file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return path
    return status.st_dev, status.st_ino


def _spooled(path: Path, spool: Path) -> Path:
    """A stream, copied to a file of its name."""
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = SPOOLED_INPUT if str(path) in (STANDARD_INPUT, "/dev/stdin") else path.name
    target, copies = spool / name, 1
    while target.exists():
        copies += 1
        target = spool / f"{name}-{copies}"
    try:
        with target.open("xb") as file:
            if str(path) == STANDARD_INPUT:
                shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
            else:
                with path.open("rb") as stream:
                    shutil.copyfileobj(stream, file, 1 << 20)
    except OSError as error:
        raise IdletalkError(f"cannot keep {path} for a second look: {error.strerror}") from None
    return target

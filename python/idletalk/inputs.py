"""What a user names as captures: files, folders, globs, standard input."""

import glob
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from idletalk.errors import IdletalkError

STANDARD_INPUT = "-"


def expand(names: Sequence[str], spool: Path) -> list[Path]:
    """The files that the names stand for, without repetition.

    A folder stands for all files below it but hidden ones and those of analyses; ``-`` is copied to ``spool``, since
    evidence needs a second look. A name that stands for nothing is an error.
    """
    found: dict[Path, None] = {}
    for name in names:
        for path in _files(name, spool):
            found.setdefault(path)
    return list(found)


def _files(name: str, spool: Path) -> list[Path]:
    if name == STANDARD_INPUT:
        return [_spooled(spool)]
    path = Path(name)
    if path.is_dir():
        files = sorted(
            file for file in path.rglob("*") if file.is_file() and _is_candidate(file.relative_to(path), path)
        )
        if not files:
            raise IdletalkError(f"the folder {name} holds no files")
        return files
    if path.exists():
        return [path]
    matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]
    if not matches:
        raise IdletalkError(f"no such file, folder or pattern: {name}")
    return [file for match in matches for file in (_files(str(match), spool) if match.is_dir() else [match])]


def _is_candidate(inside: Path, folder: Path) -> bool:
    if any(part.startswith(".") for part in inside.parts):
        return False
    return not any(
        (folder / parent / "report.json").is_file() and (folder / parent / "tables").is_dir()
        for parent in inside.parents
    )


def _spooled(spool: Path) -> Path:
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = spool / "standard-input"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return path

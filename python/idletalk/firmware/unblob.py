"""What this package does not unpack itself goes to ``unblob``, where that is installed: as a program, below the child process.

unblob has no limit on what it writes, so its folder is watched; what it leaves is taken over as everything else is: regular files
only, under cleaned names, within the budget.
"""

import contextlib
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idletalk.firmware.forked import Forked
from idletalk.firmware.limits import LIMITS
from idletalk.firmware.model import Part, Recognised
from idletalk.firmware.streams import BLOCK, Budget, StopUnpacking, copied, safe_name, written
from idletalk.firmware.unblob_program import become

UNPACKABLE = ("archive", "compressed", "filesystem")
"""Categories of the recogniser that hold files."""
MIN_UNNAMED_BYTES = 512
"""Shorter stretches that nobody knows hold nothing: a sector, the smallest block of all file systems."""
LOOK_S = 0.2
"""Between two looks at what was written."""
MAX_TOLD = 20
"""Complaints of one run that are told."""
BLOCKS_OF_STAT = 512
"""stat(2)"""

_CARVED = re.compile(r"(\d+)-\d+\.(\w+)_extract")


@dataclass(frozen=True, slots=True)
class Unblobbed:
    """A file that unblob made."""

    name: str
    of: str


def not_ours(found: Recognised, ours: Mapping[str, object]) -> list[Part]:
    """Parts of known formats that hold files and have no extractor here, ``ours``, nor have parts that hold them."""
    return [part for part in found.parts if part.category in UNPACKABLE and not _is_ours(part, found.parts, ours)]


def has_unnamed(found: Recognised) -> bool:
    """Whether there are bytes that nobody knows."""
    unnamed = (region for region in found.map if region.part is None and region.kind in ("dense", "unknown"))
    return any(region.length >= MIN_UNNAMED_BYTES for region in unnamed)


def _is_ours(part: Part, parts: Sequence[Part], ours: Mapping[str, object]) -> bool:
    """Encrypted ones are nobody's."""
    if part.format in ours or part.encrypted == "yes":
        return True
    return part.parent is not None and _is_ours(parts[part.parent], parts, ours)


class Unblob:
    """The program and where it works."""

    def __init__(self, program: Path, folder: Path, until: float) -> None:
        """``folder`` is where all goes; ``until`` is when it must have ended, by the monotonic clock."""
        self._program, self._folder, self._until = program, folder, until
        self.complaints: list[str] = []

    def unpack(
        self, path: Path, done: Sequence[Part], sought: Sequence[Part], prefix: str, budget: Budget
    ) -> Iterator[Unblobbed]:
        """Unpack a file apart from the parts that are done; those that are sought and not found are told.

        Raises StopUnpacking where a limit on everything is reached.
        """
        place = self._folder / ".unblob"
        place.mkdir()
        try:
            piece = place / "piece"
            _copy_without(path, done, piece)
            self._run(piece, place, budget)
            piece.unlink()
            chunks = self._chunks(place / "report.json", sought)
            for source in _regular_files(place / "out"):
                inner = source.relative_to(place / "out").parts[1:]
                if carved := _CARVED.fullmatch(inner[0]) if inner else None:
                    start, handler, inner = int(carved[1]), carved[2], inner[1:]
                elif len(chunks) == 1:
                    [(start, _, handler)] = chunks
                else:
                    continue  # what it cut out and did not unpack
                if inner:
                    target = f"{prefix}{start:x}-{safe_name(handler)}/{safe_name('/'.join(inner))}"
                    with source.open("rb") as file:
                        name = written(self._folder, target, copied(file, LIMITS.file_bytes), budget)
                    yield Unblobbed(name, f"{handler} at {start:#x} (unblob)")
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _run(self, piece: Path, place: Path, budget: Budget) -> None:
        arguments = [
            "--extract-dir",
            str(place / "out"),
            "--report",
            str(place / "report.json"),
            "--log",
            str(place / "log"),
        ]
        arguments += ["--depth", "1", "--process-num", "1", "--randomness-depth", "0", str(piece)]
        environment = {
            "PATH": os.pathsep.join([str(self._program.resolve().parent), os.environ.get("PATH", "")]),
            "LC_ALL": "C.UTF-8",
            "HOME": str(place),
            "TMPDIR": str(place),
        }
        process = Forked(lambda: become(self._program, arguments, place, environment))
        try:
            self._watch(process, place / "out", budget)
        finally:
            process.end()

    def _watch(self, process: Forked, out: Path, budget: Budget) -> None:
        """Wait for the end. Raises StopUnpacking as soon as more was written than is left, or the time is over."""
        while not process.is_over(time.monotonic() + LOOK_S):
            if time.monotonic() > self._until:
                raise StopUnpacking("unblob took longer than it may: what was done before is there")
            files = blocks = 0
            for status in _sizes(out):
                files, blocks = files + 1, blocks + status
            if files > budget.files:
                raise StopUnpacking(f"unblob made more than {LIMITS.files} files: they were not kept")
            if blocks > budget.bytes:
                raise StopUnpacking(f"unblob wrote more than {LIMITS.bytes} bytes: they were not kept")

    def _miss(self, sought: Sequence[Part], chunks: Sequence[tuple[int, int, str]]) -> None:
        """Say what it did not recognise, though it is there."""
        for part in sought:
            found = any(start <= part.offset < end for start, end, _ in chunks)
            if not found and len(self.complaints) < MAX_TOLD:
                self.complaints.append(f"{part.format} at {part.offset:#x}: recognised, but unblob finds none there")

    def _chunks(self, report: Path, sought: Sequence[Part]) -> list[tuple[int, int, str]]:
        """What it recognised, (offset, end, format), and why something could not be unpacked, from its report."""
        try:
            tasks = json.loads(report.read_bytes())
            chunks: list[tuple[int, int, str]] = []
            for each in (each for task in tasks if task["task"]["depth"] == 0 for each in task["reports"]):
                if each["__typename__"] == "ChunkReport":
                    start, end = int(each["start_offset"]), int(each["end_offset"])
                    chunks.append((start, end, str(each["handler_name"])))
                    self._complain(each)
        except (OSError, ValueError, KeyError, TypeError):
            self.complaints.append("unblob ended without a report")
            return []
        self._miss(sought, chunks)
        return chunks

    def _complain(self, chunk: Mapping[str, Any]) -> None:
        for problem in chunk["extraction_reports"][: MAX_TOLD - len(self.complaints)]:
            what = f"{chunk['handler_name']} at {int(chunk['start_offset']):#x}"
            kind = problem["__typename__"]
            if kind == "ExtractorDependencyNotFoundReport":
                missing = ", ".join(str(name) for name in problem["dependencies"])
                self.complaints.append(f"{what}: unblob needs {missing}, see idletalk doctor")
            else:
                self.complaints.append(f"{what}: unblob says {kind}")


def _copy_without(path: Path, done: Sequence[Part], target: Path) -> None:
    """A copy in which parts that are done are holes, so that offsets stay."""
    skipped = sorted((part.offset, part.offset + part.length) for part in done if part.length and not part.truncated)
    size = path.stat().st_size
    with path.open("rb") as source, target.open("xb") as copy:
        at = 0
        for low, high in (*skipped, (size, size)):
            source.seek(at)
            copy.seek(at)
            while at < low and (block := source.read(min(BLOCK, low - at))):
                at += copy.write(block)
            at = max(at, high)
        copy.truncate(size)


def _regular_files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for path in (Path(place, name) for name in folders):
            if stat.S_ISDIR(path.lstat().st_mode):
                path.chmod(0o700)
        for path in (Path(place, name) for name in sorted(names)):
            if stat.S_ISREG(path.lstat().st_mode):
                path.chmod(0o600)
                yield path


def _sizes(folder: Path) -> Iterator[int]:
    """Bytes on the disk of all files, also while they come and go."""
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                yield Path(place, name).lstat().st_blocks * BLOCKS_OF_STAT

"""How each format is unpacked: regular files only, under cleaned names, within a budget. No links, no devices, no modes."""

import bz2
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from idletalk.firmware.limits import LIMITS
from idletalk.firmware.model import Part
from idletalk.firmware.recogniser import unsquash

BLOCK = 1 << 18
"""Bytes that are read and written at once."""
BOMB_FROM = 1 << 20
"""Shorter outputs are no bombs, whatever their ratio."""


class StopUnpacking(Exception):
    """A limit on everything was reached."""


class Budget:
    """Files and bytes that are left."""

    def __init__(self, files: int, count: int) -> None:
        """So many in all."""
        self.files, self.bytes = files, count

    def file(self) -> None:
        """One file more. Raises StopUnpacking where there may be no more."""
        self.files -= 1
        if self.files < 0:
            raise StopUnpacking(f"more than {LIMITS.files} files: the rest was not unpacked")

    def take(self, count: int) -> None:
        """So many bytes more. Raises StopUnpacking where there may be no more."""
        self.bytes -= count
        if self.bytes < 0:
            raise StopUnpacking(f"more than {LIMITS.bytes} bytes: the rest was not unpacked")


def safe_name(name: str) -> str:
    """A path inside of a folder: no root, no ``..``, no control characters, no endless names."""
    parts: list[str] = []
    for part in name.replace("\\", "/").split("/"):
        clean = re.sub(r"[^A-Za-z0-9._+@=,#~-]", "_", part)[: LIMITS.name_chars]
        if clean and clean.strip("."):
            parts.append(clean)
    return "/".join(parts[-LIMITS.depth * 4 :]) or "unnamed"


def written(folder: Path, name: str, blocks: Iterator[bytes], budget: Budget) -> str:
    """A new file under a name that is not taken; gives the name. Raises StopUnpacking where the budget is used up."""
    budget.file()
    place, number = folder / name, 0
    while place.exists() or any(parent.is_file() for parent in place.parents):
        # taken, also by a file that should be a folder: all on one level, with a number
        number += 1
        place = folder / f"{name.replace('/', '_')[-LIMITS.name_chars :]}~{number}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as target:
        for block in blocks:
            budget.take(len(block))
            target.write(block)
    return place.relative_to(folder).as_posix()


def copied(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """What a file has, up to a limit."""
    left = limit
    while left > 0 and (block := file.read(min(BLOCK, left))):
        left -= len(block)
        yield block


def _outputs(decoder: Any, block: bytes) -> Iterator[bytes]:
    """What one block of input gives, in blocks: zlib leaves what it did not read, the others keep it."""
    if hasattr(decoder, "unconsumed_tail"):
        while block and not decoder.eof:
            yield decoder.decompress(block, BLOCK)
            block = decoder.unconsumed_tail
        return
    yield decoder.decompress(block, BLOCK)
    while not decoder.eof and not decoder.needs_input:
        yield decoder.decompress(b"", BLOCK)


def _decoded(path: Path, part: Part, decoder: Any) -> Iterator[bytes]:
    """A stream decompressed. Raises ValueError for a bomb: too many bytes for what was read."""
    taken = given = 0
    with path.open("rb") as file:
        file.seek(part.offset)
        for block in copied(file, part.length or LIMITS.file_bytes):
            taken += len(block)
            for out in _outputs(decoder, block):
                given += len(out)
                if (given > BOMB_FROM and given > taken * LIMITS.ratio) or given > LIMITS.file_bytes:
                    raise ValueError(f"{given} bytes out of {taken}: a decompression bomb, or more than is unpacked")
                yield out
            if decoder.eof:
                return


Extractor = Callable[[Path, Part, Path, str, Budget], Iterator[str]]


def _stream(make: Callable[[], Any]) -> Extractor:
    def extract(path: Path, part: Part, folder: Path, prefix: str, budget: Budget) -> Iterator[str]:
        yield written(folder, prefix, _decoded(path, part, make()), budget)

    return extract


class _Slice(io.RawIOBase):
    """A part of a file as a file."""

    def __init__(self, path: Path, offset: int, length: int) -> None:
        super().__init__()
        self._file, self._start, self._length, self._at = path.open("rb"), offset, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._length)[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._length - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _slice(path: Path, part: Part) -> BinaryIO:
    length = part.length or path.stat().st_size - part.offset
    return io.BufferedReader(_Slice(path, part.offset, length))  # type: ignore[return-value]


def _zip(path: Path, part: Part, folder: Path, prefix: str, budget: Budget) -> Iterator[str]:
    with _slice(path, part) as file, zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or entry.flag_bits & 1:
                continue
            if entry.file_size > BOMB_FROM and entry.file_size > max(1, entry.compress_size) * LIMITS.ratio:
                raise ValueError(f"{entry.file_size} bytes out of {entry.compress_size}: a decompression bomb")
            with archive.open(entry) as inner:
                yield written(folder, f"{prefix}/{safe_name(entry.filename)}", copied(inner, LIMITS.file_bytes), budget)  # type: ignore[arg-type]


def _tar(path: Path, part: Part, folder: Path, prefix: str, budget: Budget) -> Iterator[str]:
    with _slice(path, part) as file, tarfile.open(fileobj=file, mode="r:") as archive:
        for entry in archive:
            inner = archive.extractfile(entry) if entry.isreg() else None
            if inner is not None:
                yield written(folder, f"{prefix}/{safe_name(entry.name)}", copied(inner, LIMITS.file_bytes), budget)  # type: ignore[arg-type]


def _cpio(path: Path, part: Part, folder: Path, prefix: str, budget: Budget) -> Iterator[str]:
    with _slice(path, part) as file:
        while len(header := file.read(110)) == 110 and header[:5] == b"07070":
            mode, size, named = (int(header[6 + 8 * i : 14 + 8 * i], 16) for i in (1, 6, 11))
            name = file.read(min(named, 4096)).rstrip(b"\0").decode("utf-8", "replace")
            file.seek(-(110 + named) % 4, 1)
            start = file.tell()
            if name == "TRAILER!!!":
                return
            if mode & 0o170000 == 0o100000:
                yield written(folder, f"{prefix}/{safe_name(name)}", copied(file, min(size, LIMITS.file_bytes)), budget)
            file.seek(start + size + -size % 4)


def _squashfs(path: Path, part: Part, folder: Path, prefix: str, budget: Budget) -> Iterator[str]:
    import tempfile

    with tempfile.TemporaryDirectory(dir=folder) as name:
        names, _, _, stopped = unsquash(
            path, part.offset, Path(name), max_files=max(0, budget.files), max_bytes=max(0, budget.bytes)
        )
        for number, stored in names:
            with (Path(name) / str(number)).open("rb") as file:
                yield written(folder, f"{prefix}/{safe_name(stored)}", copied(file, LIMITS.file_bytes), budget)
            (Path(name) / str(number)).unlink()
    if stopped:
        raise ValueError(stopped)


EXTRACTORS: dict[str, Extractor] = {
    "gzip": _stream(lambda: zlib.decompressobj(31)),
    "xz": _stream(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=256 << 20)),
    "lzma": _stream(lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 << 20)),
    "bzip2": _stream(bz2.BZ2Decompressor),
    "zip": _zip,
    "tar": _tar,
    "cpio": _cpio,
    "swupdate": _cpio,
    "squashfs": _squashfs,
}
"""By the format's name."""

"""The Rust core: nothing else crosses the seam."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TypeAlias

_Path: TypeAlias = str | PathLike[str]
_Leak: TypeAlias = tuple[int, str, str, str | None, str, bool, bytes | None]
_End: TypeAlias = tuple[str | None, str | None, int | None]

def dissect(
    paths: Sequence[_Path],
    out: _Path,
    *,
    threads: int = 0,
    ranges: Sequence[tuple[int, int]] = ...,
    only_captures: bool = False,
    spool: _Path | None = None,
    blind: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, int]: ...
def scan(
    sources: Sequence[tuple[int, _Path, str, Sequence[tuple[int, int, int, int]]]],
    out: _Path | None = None,
    *,
    frames: Sequence[tuple[int, int]] | None = None,
    ranges: Sequence[tuple[int, int]] | None = None,
    macs: Sequence[str] | None = None,
    hosts: Sequence[str] | None = None,
    flows: Sequence[tuple[str, str | None, int | None, _End, _End, int, int]] | None = None,
    layers: Sequence[str] | None = None,
    pcap: bool | None = None,
    max_frames: int = ...,
    application: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, list[tuple[int, int]]]: ...
def cut(
    sources: Sequence[tuple[int, _Path, str, Sequence[tuple[int, int, int, int]]]],
    parts: Sequence[tuple[_Path, Sequence[tuple[int, int]]]],
    *,
    application: str = "",
) -> list[int]: ...
def schema() -> list[tuple[str, str, list[tuple[str, str, bool, str]]]]: ...
def periods(
    times_s: Sequence[float], dead_s: float, rules: Mapping[str, float]
) -> list[tuple[float, float, list[int]]]: ...

class Contents:
    def __new__(cls, contents: Sequence[tuple[int, bytes, bool]]) -> Contents: ...
    def by_meaning(self, kinds: Mapping[str, str]) -> list[_Leak]: ...
    def by_value(self, known: Sequence[tuple[str, str, bool]], addresses: Sequence[str]) -> list[_Leak]: ...
    def told_by_several(self, tellers: Sequence[tuple[int, int, int | None]]) -> list[str]: ...

class Words:
    def __new__(cls, words: Sequence[tuple[str, str]]) -> Words: ...
    def stand_in(self, text: bytes) -> bool: ...
    def replaced(self, text: str) -> str: ...
    def replace_in(self, files: Sequence[_Path], skipped: Sequence[str]) -> None: ...

def recognise(image: bytes, size_bytes: int) -> bytes: ...
def unsquash(
    path: _Path, offset: int, folder: _Path, *, max_files: int, max_bytes: int
) -> tuple[list[tuple[int, str]], int, int, str | None]: ...

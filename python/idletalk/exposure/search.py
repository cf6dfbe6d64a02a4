"""Messages in, leaks out: values by meaning first, then everything that is known of the device, in every encoding.

The work is done by the Rust core (rust/exposure); here stands what is asked of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from idletalk import _core

MIN_KNOWN_CHARS = 5
"""Shorter values occur by chance in what else is said."""
SEARCHED = frozenset(
    {
        *("serial", "mac", "device_id", "imei", "ssid", "email", "token", "password"),
        *("latitude", "longitude", "model", "firmware"),
    }
)
"""Kinds of which a value, once known, is searched in the device's other messages."""
WHOLE = frozenset({"model", "firmware"})
"""Of these only a whole word counts: 1.2.3 is not told by 11.2.34."""


class Leak(NamedTuple):
    """A value in a content."""

    content: int
    kind: str
    text: str
    key: str | None
    encoding: str
    is_meant: bool
    """known by its meaning (key or format), else told elsewhere, by the link, or by the lab file"""
    raw: bytes | None
    """how it stands in the content, where the same bytes can be searched in others"""


class Contents:
    """Messages that are searched, each decoded once."""

    def __init__(self, contents: Iterable[tuple[int, bytes, bool]]) -> None:
        """`contents` are (id, bytes, whether a device got them, rather than sent them)."""
        self._contents = _core.Contents(list(contents))

    def by_meaning(self) -> list[Leak]:
        """Values that contents tell by key or format, and public addresses that STUN tells back."""
        return [Leak(*leak) for leak in self._contents.by_meaning(key_kinds())]

    def by_value(self, known: Mapping[str, str], public: Iterable[str]) -> list[Leak]:
        """Known values (kind by text) in every spelling and encoding, and public IPv4 addresses in what devices get."""
        wanted = [(text, kind, kind in WHOLE) for text, kind in sorted(known.items())]
        return [Leak(*leak) for leak in self._contents.by_value(wanted, sorted(public))]

    def told_by_several(self, tellers: Sequence[tuple[int, int, int | None]]) -> list[str]:
        """IPv4 addresses, in text or in bytes beside a port, that servers of at least two owners told alike.

        `tellers` are (id of a content, number of the owner of the server that sent it, port of the device that got it).
        """
        return self._contents.told_by_several(tellers)


class Words:
    """Words that are sought in texts, and what is said instead of each; for words that overlap one is said, that of the longest."""

    def __init__(self, said: Mapping[str, str]) -> None:
        """What is said instead, by the word."""
        self._words = _core.Words(list(said.items()))

    def stand_in(self, text: bytes) -> bool:
        """Whether one of them stands in a text."""
        return self._words.stand_in(text)

    def replaced(self, text: str) -> str:
        """The text with others in their place."""
        return self._words.replaced(text)

    def replace_in(self, tables: Sequence[Path], skipped: Collection[str]) -> None:
        """Replace them in all columns of texts and bytes of Parquet files but the `skipped` ones.

        A file is written aside and renamed; one that holds no word stays as it is. Raises OSError where a file cannot be read or
        written, or is no Parquet file.
        """
        self._words.replace_in(tables, sorted(skipped))


@cache
def key_kinds() -> dict[str, str]:
    """What a key means, by its name without case and signs (keys.tsv)."""
    kinds: dict[str, str] = {}
    for line in files("idletalk.exposure").joinpath("keys.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, names = line.split("\t")
            kinds.update(dict.fromkeys(names.split(), kind))
    return kinds

"""A class of values: Wireshark's fields for it, the table and column that hold ours, and how the former reads.

Wireshark prints numbers as words where it has some; its own lists of words (`tshark -G values`) turn them back.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

BRACKETED = re.compile(r".*\((\d+)\)", re.DOTALL)
"""A number behind its word or its hexadecimal form."""

Reading = Callable[..., Iterable[str]]
"""Texts of the fields of one frame, in their order, to values."""


def listed(text: str) -> list[str]:
    """All occurrences."""
    return text.split(",")


def first(text: str) -> list[str]:
    """The first occurrence: others are of what the message carries."""
    return text.split(",", 1)[:1]


def last(text: str) -> list[str]:
    """The last occurrence: others are of what carries the message."""
    return text.rsplit(",", 1)[-1:]


def number(text: str) -> list[str]:
    """Numbers as `0x1f`, `0x1f (31)`, `31 (0x1f)` or `word (31)`."""
    return [_number(part) for part in text.split(",")]


def _number(part: str) -> str:
    if found := BRACKETED.fullmatch(part):
        return found[1]
    word = part.split(" ", 1)[0]
    return str(int(word, 16)) if word.startswith("0x") else word


@dataclass(frozen=True, slots=True)
class Compared:
    """One class of values of messages."""

    kind: str
    """Its name: the protocol, `_`, what it is about."""
    fields: tuple[str, ...]
    table: str
    column: str
    """SQL: a value or a list of values, null for none."""
    told: Reading = listed
    words: str | None = None
    """The field whose list of words turns the first field's text into numbers."""

    def values(self, texts: tuple[str, ...], lists: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
        """What Wireshark's texts say, in our form; `lists` are its lists of words."""
        if self.words is not None:
            texts = (numbered(lists[self.words], texts[0]), *texts[1:])
        return self.told(*texts)


def value(kind: str, field: str, column: str, table: str | None = None, told: Reading = listed) -> Compared:
    """A value that both sides print alike, in the table of its protocol."""
    return Compared(kind, (field,), table or kind.partition("_")[0], column, told)


def word(kind: str, field: str, column: str, table: str | None = None, told: Reading = number) -> Compared:
    """A number that Wireshark prints as a word."""
    return Compared(kind, (field,), table or kind.partition("_")[0], column, told, words=field)


def numbered(numbers: Mapping[str, str], text: str) -> str:
    """Words as numbers; words may hold commas, so the longest that fits is taken. What the list lacks stays."""
    out = list[str]()
    while text:
        known = next((name for name in numbers if text == name or text.startswith(f"{name},")), None)
        found = known if known is not None else text.split(",", 1)[0]
        out.append(numbers.get(found, found))
        text = text[len(found) + 1 :]
    return ",".join(out)


@cache
def word_lists(fields: frozenset[str]) -> Mapping[str, Mapping[str, str]]:
    """Wireshark's lists of words of these fields: numbers by word, longest words first. One call takes a second."""
    found: dict[str, dict[str, str]] = {field: {} for field in fields}
    listing = subprocess.run(["tshark", "-G", "values"], capture_output=True, check=True).stdout
    names = "|".join(map(re.escape, sorted(fields))).encode()
    for line in re.finditer(rb"^V\t(" + names + rb")\t([^\t\n]*)\t(.*)$", listing, re.MULTILINE):
        field, number, words = (part.decode("utf-8", "replace") for part in line.groups())
        found[field].setdefault(words, str(int(number, 0)))
    return {name: dict(sorted(words.items(), key=lambda pair: -len(pair[0]))) for name, words in found.items()}

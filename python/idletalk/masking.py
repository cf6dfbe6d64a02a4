"""Secrets that were found in clear, masked in everything that an analysis shows: tables, report, pages.

Raw bytes stay in the folders that only their owner can read (evidence, messages).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, cast

import msgspec

from idletalk.exposure.mask import masked, spellings
from idletalk.exposure.search import Words
from idletalk.model import Report

MIN_CHARS = 6
"""Shorter secrets (a PIN) are replaced in other texts only behind the name that a message gives them: alone they would stand there by chance."""

BEHIND_NAMES = ("=", ":", ": ", '":', '": ', '":"', '": "', '="', ">", "%3D", "%3d")
"""What stands between a name and its value in queries, headers, JSON and XML."""

VALUE_SIGNS = "=:/\"'@&?#<>{[|"
"""What stands before a value in what was on the wire, and before no ordinary word of a sentence."""

LOOKED_DEPTH = 5
"""Levels of the report at which a part's JSON is looked through before its texts are, down to a device's peer or a finding's
evidence: each level costs a writing of the whole."""

STRUCTURAL = frozenset(
    {
        *(
            "flow",
            "source",
            "source_mac",
            "destination",
            "destination_mac",
            "protocol",
            "carrier",
            "kind",
            "device",
            "mac",
        ),
        *("originator", "originator_mac", "originator_known_by", "responder", "responder_mac", "community_id", "peer"),
        *("network", "transport", "application", "recognised_by", "scope", "told_by", "method", "version", "path"),
        *("address", "section", "packet_type", "ja3", "ja3s", "ja4", "sender", "sender_mac", "target_mac"),
        *("transfer", "sha256", "md5", "decoded_sha256", "spool", "framing", "left_out", "authentication"),
    }
)
"""Columns of addresses, names of protocols and the like, which hold no secret."""

Secrets = Sequence[tuple[str, str, str | None]]
"""(kind, text, name by which a message told it) of what was found."""


class Masks:
    """What is said instead of each secret, however it is spelt."""

    def __init__(self, secrets: Secrets, own_texts: Iterable[str] = ()) -> None:
        """Of what was found; a secret may hold another.

        A password is often a word such as *password* or *private*, with which sentences are written too. One that stands in
        `own_texts`, which no capture wrote, is replaced in a report only where a sign stands before it as before a value.
        """
        own_words = {word.lower() for text in own_texts for word in re.findall(r"\w+", text)}
        said: dict[str, str] = {}
        for kind, text, name in secrets:
            shown = masked(kind, text)
            if len(text) >= MIN_CHARS:
                said |= {word: shown for word in spellings(text) if word not in said}
            elif text and name:
                said |= {f"{name}{sign}{text}": f"{name}{sign}{shown}" for sign in BEHIND_NAMES}
        self._is_empty = not said
        self._in_tables = Words(said)
        said = dict(_told_from(own_words, said))
        self._words = Words(said)
        self._written = Words({msgspec.json.encode(word)[1:-1].decode(): "" for word in said})

    def over_tables(self, tables: Sequence[Path]) -> None:
        """Replace secrets in kept tables. HTTP fields that are credentials are masked as they are read."""
        if not self._is_empty:
            self._in_tables.replace_in(tables, STRUCTURAL)

    def over_report(self, report: Report) -> Report:
        """The report with secrets replaced in every text but ids."""
        return report if self._is_empty else cast("Report", self._replaced(report))

    def _may_hold(self, value: Any) -> bool:
        """Whether a part's JSON holds one as JSON writes it: what does not needs no look."""
        return self._written.stand_in(msgspec.json.encode(value))

    def _replaced(self, value: Any, depth: int = 0) -> Any:
        """The value with secrets replaced."""
        if isinstance(value, str):
            return self._words.replaced(value)
        if depth < LOOKED_DEPTH and not self._may_hold(value):
            return value

        def inner(part: Any) -> Any:
            return self._replaced(part, depth + 1)

        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: inner(getattr(value, field.name)) for field in fields(value)})
        if isinstance(value, dict):
            return {key: inner(part) for key, part in cast("dict[str, Any]", value).items()}
        if isinstance(value, tuple):
            return tuple(inner(part) for part in cast("tuple[Any, ...]", value))
        if isinstance(value, list):
            return [inner(part) for part in cast("list[Any]", value)]
        return value


def own_texts(report: Report) -> Iterator[str]:
    """What a report says of its questions: no capture wrote it, and its sentences have the same words."""
    for asked in report.questions:
        yield from (asked.question, asked.method, asked.limits)
        yield from (text for kind in asked.kinds for text in (kind.meaning, kind.would_change))


def _told_from(own_words: set[str], said: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What is said instead of each secret, in texts that have words of ours."""
    for word, shown in said.items():
        if word.lower() in own_words:
            yield from ((sign + word, sign + shown) for sign in VALUE_SIGNS)
        else:
            yield word, shown

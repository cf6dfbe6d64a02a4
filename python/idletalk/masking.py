"""Secrets that were found in clear, masked in everything that an analysis shows: tables, report, pages.

Raw bytes stay in the folders that only their owner can read (evidence, messages).
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, cast

import msgspec

from idletalk.exposure.mask import masked, spellings
from idletalk.exposure.search import replace_words, replacer
from idletalk.model import Report

MIN_CHARS = 6
"""Shorter secrets are not replaced in other texts, where they would stand by chance; where they were found they are masked."""

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

Secrets = Sequence[tuple[str, str]]
"""(kind, text) of what was found."""

Words = Mapping[str, str]
"""What is said instead of each spelling of each secret, the longest first."""


def said_instead(secrets: Secrets) -> Words:
    """What is said instead of each secret, however it is spelt, the longest first: one may hold another."""
    said: dict[str, str] = {}
    for kind, text in secrets:
        if len(text) >= MIN_CHARS:
            shown = masked(kind, text)
            said |= {word: shown for word in spellings(text) if word not in said}
    return dict(sorted(said.items(), key=lambda one: (-len(one[0]), one[0])))


def mask_tables(tables: Sequence[Path], words: Words) -> None:
    """Replace secrets in the texts of kept tables. HTTP fields that are credentials are masked as they are read."""
    if words:
        replace_words(tables, STRUCTURAL, words)


def mask_report(report: Report, words: Words) -> Report:
    """The report with secrets replaced in every text but ids."""
    if not words:
        return report
    return cast("Report", _replaced(report, _Sought(words)))


class _Sought:
    """Secrets that are sought in texts, and what is said instead of each."""

    def __init__(self, words: Words) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        self.masked = replacer(words)
        """a text without them"""
        self._written = BytesAhoCorasick([msgspec.json.encode(word)[1:-1] for word in words])

    def may_hold(self, value: Any) -> bool:
        """Whether a part's JSON holds one as JSON writes it: what does not needs no look."""
        return bool(self._written.find_matches_as_indexes(msgspec.json.encode(value)))


def _replaced(value: Any, sought: _Sought, depth: int = 0) -> Any:
    """The value with secrets replaced."""
    if isinstance(value, str):
        return sought.masked(value)
    if depth < LOOKED_DEPTH and not sought.may_hold(value):
        return value

    def inner(part: Any) -> Any:
        return _replaced(part, sought, depth + 1)

    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: inner(getattr(value, field.name)) for field in fields(value)})
    if isinstance(value, dict):
        return {key: inner(part) for key, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, tuple):
        return tuple(inner(part) for part in cast("tuple[Any, ...]", value))
    if isinstance(value, list):
        return [inner(part) for part in cast("list[Any]", value)]
    return value

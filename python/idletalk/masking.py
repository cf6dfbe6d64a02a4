"""Secrets that were found in clear, masked in everything that an analysis shows: tables, report, pages.

Raw bytes stay in the folders that only their owner can read (evidence, messages).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import msgspec

from idletalk.exposure.mask import masked, spellings
from idletalk.exposure.search import Held, words_in
from idletalk.model import Report
from idletalk.store import Store, quoted

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

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


def mask_tables(store: Store, secrets: Secrets) -> None:
    """Replace secrets in the texts of all tables. HTTP fields that are credentials are masked as they are read."""
    words = _words(secrets)
    if not words:
        return
    for file, columns in words_in(store.kept_tables(), STRUCTURAL, list(words)).items():
        store.rewrite(file, {column: _change(column, held, words) for column, held in columns.items()})


def _words(secrets: Secrets) -> dict[str, str]:
    """What is said instead of each secret, however it is spelt, the longest first: one may hold another."""
    said: dict[str, str] = {}
    for kind, text in secrets:
        if len(text) >= MIN_CHARS:
            shown = masked(kind, text)
            said |= dict.fromkeys(spellings(text) - said.keys(), shown)
    return dict(sorted(said.items(), key=lambda one: (-len(one[0]), one[0])))


def _change(column: str, held: Held, words: Mapping[str, str]) -> str:
    """SQL of a column whose texts hold secrets."""
    changed = "x" if held.is_list else f'"{column}"'
    for old in held.words:
        changed = f"replace({changed}, {quoted(old)}, {quoted(words[old])})"
    return f'list_transform("{column}", lambda x: {changed})' if held.is_list else changed


def mask_report(report: Report, secrets: Secrets) -> Report:
    """The report with secrets replaced in every text but ids."""
    words = _words(secrets)
    if not words:
        return report
    from ahocorasick_rs import BytesAhoCorasick

    pattern = re.compile("|".join(re.escape(text) for text in words))
    written = BytesAhoCorasick([msgspec.json.encode(text)[1:-1] for text in words])
    return cast("Report", _replaced(report, pattern, written, words))


def _replaced(
    value: Any, pattern: re.Pattern[str], written: "BytesAhoCorasick", words: Mapping[str, str], depth: int = 0
) -> Any:
    """The value with secrets replaced. `written` are the secrets as JSON writes them: what does not hold one needs no look."""
    if isinstance(value, str):
        return pattern.sub(lambda match: words[match[0]], value)
    if depth < LOOKED_DEPTH and not written.find_matches_as_indexes(msgspec.json.encode(value)):
        return value

    def inner(part: Any) -> Any:
        return _replaced(part, pattern, written, words, depth + 1)

    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: inner(getattr(value, field.name)) for field in fields(value)})
    if isinstance(value, dict):
        return {key: inner(part) for key, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, tuple):
        return tuple(inner(part) for part in cast("tuple[Any, ...]", value))
    if isinstance(value, list):
        return [inner(part) for part in cast("list[Any]", value)]
    return value

"""Secrets that were found in clear, masked in everything that an analysis shows: tables, report, pages.

Raw bytes stay in the folders that only their owner can read (evidence, messages).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from idletalk.exposure.mask import masked
from idletalk.model import Report
from idletalk.store import Store, quoted

MIN_CHARS = 6
"""Shorter secrets are not replaced in other texts, where they would stand by chance; where they were found they are masked."""

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
        *("address", "section", "packet_type", "ja3", "ja3s", "ja4", "sender", "sender_mac", "target_mac", "value"),
        *("transfer", "sha256", "md5", "decoded_sha256", "spool", "framing", "left_out", "file", "authentication"),
    }
)
"""Columns of addresses, names of protocols and the like, which hold no secret."""

Secrets = Sequence[tuple[str, str]]
"""(kind, text) of what was found."""


def mask_tables(store: Store, secrets: Secrets) -> None:
    """Replace secrets in the texts of all tables. HTTP fields that are credentials are masked as they are read."""
    words = {text: masked(kind, text) for kind, text in secrets if len(text) >= MIN_CHARS}
    pattern = "|".join(re.escape(text) for text in sorted(words, key=len, reverse=True))
    for file in store.kept_tables():
        source = f"read_parquet({quoted(str(file))})"
        changes = {
            row["column_name"]: change
            for row in store.ask(f"DESCRIBE FROM {source}")
            if row["column_type"] in ("VARCHAR", "VARCHAR[]") and row["column_name"] not in STRUCTURAL
            if (change := _change(store, source, row["column_name"], row["column_type"], pattern, words))
        }
        if changes:
            store.rewrite(file, changes)


def _change(store: Store, source: str, column: str, kind: str, pattern: str, words: Mapping[str, str]) -> str | None:
    """SQL of a column that holds what must be masked; none where it holds nothing of it."""
    text = f'"{column}"' if kind == "VARCHAR" else f'array_to_string("{column}", chr(10))'
    inner = f'"{column}"' if kind == "VARCHAR" else "x"

    def holds(expression: str) -> bool:
        # most columns repeat few texts
        distinct = f"(SELECT DISTINCT {text} AS text FROM {source} WHERE {text} IS NOT NULL)"
        return bool(store.ask(f"SELECT 1 FROM {distinct} WHERE regexp_matches(text, ?) LIMIT 1", expression))

    changed = inner
    if pattern and holds(pattern):
        for old in sorted(words, key=len, reverse=True):
            changed = f"replace({changed}, {quoted(old)}, {quoted(words[old])})"
    if changed == inner:
        return None
    return changed if kind == "VARCHAR" else f'list_transform("{column}", lambda x: {changed})'


def mask_report(report: Report, secrets: Secrets) -> Report:
    """The report with secrets replaced in every text but ids."""
    words = {text: masked(kind, text) for kind, text in secrets if len(text) >= MIN_CHARS}
    if not words:
        return report
    pattern = re.compile("|".join(re.escape(text) for text in sorted(words, key=len, reverse=True)))
    built = _replaced(msgspec.to_builtins(report), pattern, words)
    return msgspec.convert(built, Report)


def _replaced(value: Any, pattern: re.Pattern[str], words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(lambda match: words[match[0]], value)
    if isinstance(value, dict):
        return {key: _replaced(inner, pattern, words) for key, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_replaced(inner, pattern, words) for inner in cast("Sequence[Any]", value)]
    return value

"""Secrets that were found in clear, masked in everything that an analysis shows: tables, report, pages.

Raw bytes stay in the folders that only their owner can read (evidence, messages).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from idletalk.exposure.mask import masked
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
        *("address", "section", "packet_type", "ja3", "ja3s", "ja4", "sender", "sender_mac", "target_mac", "value"),
        *("transfer", "sha256", "md5", "decoded_sha256", "spool", "framing", "left_out", "file", "authentication"),
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
    pattern = "|".join(re.escape(text) for text in words)
    for file, kinds in _texts(store).items():
        held = _held(store, f"read_parquet({quoted(str(file))})", kinds, pattern)
        if held:
            store.rewrite(file, {column: _change(column, kinds[column], held[column], words) for column in held})


def _words(secrets: Secrets) -> dict[str, str]:
    """What is said instead of each secret, the longest first: one may hold another."""
    long = sorted((one for one in secrets if len(one[1]) >= MIN_CHARS), key=lambda one: -len(one[1]))
    return {text: masked(kind, text) for kind, text in long}


def _texts(store: Store) -> dict[Path, dict[str, str]]:
    """The kept tables that have rows, and the types of their columns of text by name; asked once, not table by table."""
    files = store.kept_tables()
    listed = ", ".join(quoted(str(file)) for file in files)
    rows = store.ask(f"SELECT file_name FROM parquet_file_metadata([{listed}]) WHERE num_rows > 0")
    filled = {row["file_name"] for row in rows}
    kinds: dict[str, dict[str, str]] = {}
    for row in store.ask(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name <> 'temp'"
        " AND data_type IN ('VARCHAR', 'VARCHAR[]') ORDER BY table_name, column_index"
    ):
        if row["column_name"] not in STRUCTURAL:
            kinds.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return {file: kinds[file.stem] for file in files if str(file) in filled and file.stem in kinds}


def _held(store: Store, source: str, kinds: Mapping[str, str], pattern: str) -> dict[str, list[str]]:
    """Texts with secrets in them by column: one walk tells the columns, and only of those the texts are taken.

    Most columns repeat few texts, and DuckDB looks at a text of a file's dictionary once.
    """
    asked = ", ".join(f"bool_or({_matches(column, kind)})" for column, kind in kinds.items())
    found = next(iter(store.ask(f"SELECT [{asked}] AS found FROM {source}", pattern)))["found"]
    held: dict[str, list[str]] = {}
    for column, kind in (item for item, is_found in zip(kinds.items(), found, strict=True) if is_found):
        text = f'"{column}"' if kind == "VARCHAR" else f'unnest("{column}")'
        distinct = f"SELECT DISTINCT {text} AS text FROM {source}"
        rows = store.ask(f"FROM ({distinct}) WHERE regexp_matches(text, $1)", pattern)
        if rows:
            held[column] = [row["text"] for row in rows]
    return held


def _matches(column: str, kind: str) -> str:
    """SQL: whether a text of the column holds a secret."""
    text = f'"{column}"' if kind == "VARCHAR" else f'array_to_string("{column}", chr(10))'
    return f"regexp_matches({text}, $1)"


def _change(column: str, kind: str, texts: Sequence[str], words: Mapping[str, str]) -> str:
    """SQL of a column whose texts hold secrets."""
    changed = f'"{column}"' if kind == "VARCHAR" else "x"
    for old, new in words.items():
        if any(old in text for text in texts):
            changed = f"replace({changed}, {quoted(old)}, {quoted(new)})"
    return changed if kind == "VARCHAR" else f'list_transform("{column}", lambda x: {changed})'


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

"""Rows of queries, and what they become."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from idletalk.bulk import Insertion
from idletalk.queried import Rows

T = TypeVar("T")
Row = Mapping[str, Any]
Ask = Callable[..., Rows]
"""``ask(sql, *parameters)``: the rows of a query over the facts and judgements, by column name."""


_EPOCH = datetime(1970, 1, 1)
"""UTC, without saying so: nothing is appended when it is written."""


def insert(ask: Ask, table: str, rows: Iterable[Sequence[object]]) -> None:
    """Add rows to a judged table."""
    ask(Insertion(table, [*rows]))


def iso(time_ns: int) -> str:
    """UTC nanoseconds since 1970 as ISO 8601 with nine digits."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{_utc(seconds)}.{rest:09d}Z"


def optional_iso(time_ns: int | None) -> str | None:
    """:func:`iso` of a time that can be missing."""
    return None if time_ns is None else iso(time_ns)


def optional_seconds(duration_ns: int | None) -> float | None:
    """Seconds of a duration in nanoseconds that can be missing."""
    return None if duration_ns is None else duration_ns / 1e9


def _utc(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


def by(rows: Sequence[Row], key: str, make: Callable[[Row], T]) -> dict[str, list[T]]:
    """Rows made into objects and grouped by a column, in the order in which they came."""
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(make(row))
    return groups

"""Rows that Python made, put into a table at once: DuckDB needs milliseconds for each statement and for each row of `executemany`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows for a table. Values become what its columns are: null, text, bytes, numbers, truth, and lists of these."""

    table: str
    rows: Sequence[Sequence[object]]

    def put(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Add them."""
        if self.rows:
            with connection.appender(self.table) as appender:
                appender.append_rows(self.rows)

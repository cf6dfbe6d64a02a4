"""Rows that Python made, as one statement: DuckDB needs milliseconds for each statement and for each row of `executemany`."""

from collections.abc import Iterable, Sequence


def insertion(table: str, rows: Iterable[Sequence[object]]) -> tuple[str, list[list[object]]] | None:
    """The statement that adds rows to a table, and its parameters, a list for each column; none where there are no rows.

    Values become what the table's columns are: null, text, bytes, numbers, truth, and lists of these.
    """
    columns = [list(column) for column in zip(*rows, strict=True)]
    if not columns:
        return None
    return f"INSERT INTO {table} SELECT {', '.join('unnest(?)' for _ in columns)}", columns

"""Queries that Ctrl-C stops: DuckDB, waiting in the main thread, can lose it."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

INTERRUPT_S = 0.1
"""Between two calls to a query to stop: it may not have begun when the first one came."""

FETCH_ROWS = 10_000
"""Rows taken at a time, after which a query can stop."""


@contextmanager
def interruptible() -> Generator[None]:
    """Ctrl-C while DuckDB works is Ctrl-C, not an error of a query."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        raise


def patiently(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Rows and column names of a query of any length, run in a thread of its own."""
    from concurrent.futures import ThreadPoolExecutor, wait

    stopped = threading.Event()
    with ThreadPoolExecutor(1) as apart:
        waiting = apart.submit(_fetch, connection, query, stopped)
        try:
            return waiting.result()
        except KeyboardInterrupt:
            stopped.set()
            while not waiting.done():
                connection.interrupt()
                wait([waiting], INTERRUPT_S)
            raise


def _fetch(
    connection: duckdb.DuckDBPyConnection, query: str, stopped: threading.Event
) -> tuple[list[tuple[Any, ...]], list[str]]:
    with interruptible():
        cursor = connection.execute(query)
        rows: list[tuple[Any, ...]] = []
        while (some := cursor.fetchmany(FETCH_ROWS)) and not stopped.is_set():
            rows.extend(some)
        return rows, [column[0] for column in cursor.description or ()]

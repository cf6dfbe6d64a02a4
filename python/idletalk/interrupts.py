"""Queries that stop: by Ctrl-C, which DuckDB, waiting in the main thread, can lose, or by a fault, which is a line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from idletalk.errors import IdletalkError

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

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


@contextmanager
def judging() -> Generator[None]:
    """What DuckDB cannot do while it judges is told in a line."""
    import duckdb

    try:
        with interruptible():
            yield
    except duckdb.Error as error:
        full = ", memory or disk space ran out" if isinstance(error, duckdb.OutOfMemoryException) else ""
        raise IdletalkError(f"the analysis could not be completed{full}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def together(
    works: Sequence[Callable[[], T]], connections: Sequence[duckdb.DuckDBPyConnection], stopped: threading.Event
) -> list[T]:
    """What works give that run at the same time, each in a thread of its own with queries on these connections.

    Ctrl-C, or a failure of one, sets `stopped` and stops the queries of all.
    """
    from concurrent.futures import ThreadPoolExecutor, wait

    with ThreadPoolExecutor(len(works)) as apart:
        waiting = [apart.submit(work) for work in works]
        try:
            return [one.result() for one in waiting]
        except BaseException:
            stopped.set()
            while not all(one.done() for one in waiting):
                for connection in connections:
                    connection.interrupt()
                wait(waiting, INTERRUPT_S)
            raise


def patiently(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Rows and column names of a query of any length, run in a thread of its own."""
    stopped = threading.Event()
    (answer,) = together([lambda: _fetch(connection, query, stopped)], [connection], stopped)
    return answer


def _fetch(
    connection: duckdb.DuckDBPyConnection, query: str, stopped: threading.Event
) -> tuple[list[tuple[Any, ...]], list[str]]:
    with interruptible():
        cursor = connection.execute(query)
        rows: list[tuple[Any, ...]] = []
        while (some := cursor.fetchmany(FETCH_ROWS)) and not stopped.is_set():
            rows.extend(some)
        return rows, [column[0] for column in cursor.description or ()]

"""Memory of the database, which statements side by side share: one that finds too little is done alone, and then with more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

LIMITS = ("250MB", "350MB", "440MB", "640MB")
"""What DuckDB may hold; it spills to disk beyond (the whole program's bound is 600 MiB). A statement that cannot be done with
the first while others run is tried alone with each; the last goes beyond that bound."""

ASKING_LIMIT = "180MB"
"""The same once what is asked becomes objects, of which a report of many devices has 150 MB (measured, as the bounds are)."""

KEEPING_LIMIT = "130MB"
"""The same while tables are written: writers of Parquet hold memory that DuckDB does not count, beside those objects."""


@dataclass(slots=True)
class Room:
    """Who uses it: many at a time, or one alone."""

    limit: str = LIMITS[0]
    """what DuckDB may hold while statements run side by side"""
    _running: int = 0
    _is_taken: bool = False
    _moved: threading.Condition = field(default_factory=threading.Condition)

    def run(self, connection: duckdb.DuckDBPyConnection, statement: Callable[[], T]) -> T:
        """What a statement gives that is done beside others, or else alone.

        Raises ``duckdb.OutOfMemoryException`` where the last limit is too little as well.
        """
        import duckdb

        with suppress(duckdb.OutOfMemoryException), self._beside():
            return statement()
        with self._alone():
            try:
                for limit in dict.fromkeys((self.limit, *LIMITS[:-1])):
                    with suppress(duckdb.OutOfMemoryException):
                        connection.execute(f"SET memory_limit = '{limit}'")
                        return statement()
                connection.execute(f"SET memory_limit = '{LIMITS[-1]}'")
                return statement()
            finally:
                self._bound(connection)

    def shrink(self, connection: duckdb.DuckDBPyConnection, limit: str) -> None:
        """Let DuckDB hold less from now on."""
        self.limit = limit
        with self._alone():
            self._bound(connection)

    def _bound(self, connection: duckdb.DuckDBPyConnection) -> None:
        import duckdb

        # what is held may not be to be spilled
        with suppress(duckdb.OutOfMemoryException):
            connection.execute(f"SET memory_limit = '{self.limit}'")

    @contextmanager
    def _beside(self) -> Generator[None]:
        with self._moved:
            self._moved.wait_for(lambda: not self._is_taken)
            self._running += 1
        try:
            yield
        finally:
            with self._moved:
                self._running -= 1
                self._moved.notify_all()

    @contextmanager
    def _alone(self) -> Generator[None]:
        with self._moved:
            self._moved.wait_for(lambda: not self._is_taken)
            self._is_taken = True
        try:
            with self._moved:
                self._moved.wait_for(lambda: self._running == 0)
            yield
        finally:
            with self._moved:
                self._is_taken = False
                self._moved.notify_all()

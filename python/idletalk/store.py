"""The folder of an analysis: Parquet tables, and DuckDB over them. The only module that knows DuckDB or the dissector."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from idletalk import _core
from idletalk.bulk import insertion
from idletalk.errors import IdletalkError
from idletalk.interrupts import interruptible, patiently

if TYPE_CHECKING:
    import duckdb

    from idletalk.behaviours import Behaviour

TABLES = "tables"
"""Folder of the Parquet files inside an analysis."""

MESSAGES = "messages"
"""Folder of the tables that hold raw content, which only their owner can read."""

SPOOL = "spool"
"""Folder of contents that were carried (see ``http_bodies.spool``), which only their owner can read."""

RAW_TABLES = ("payloads", "http_bodies", "dhcp_options")
"""Tables that hold raw content."""

MEMORY_LIMITS = ("320MB", "640MB")
"""What DuckDB may hold; it spills to disk beyond (the whole program's bound is 600 MiB). Where a statement cannot be done with
the first (millions of flows and hosts), it is tried again with the second, beyond that bound; then it is said that it cannot."""

MAX_HELD_SEGMENTS = 20_000
"""Segments of flows up to which views are held as tables: for so few it costs more to plan a view again than to make its
rows. There are up to two rows of such a view for a segment, each of 300 bytes or so: some 12 MB for a view."""

Mark: TypeAlias = tuple[int, int, int, int]
"""A place from which a file can be read: offset, frame, end of the descriptions, time of the frame before."""

Source: TypeAlias = tuple[int, Path, list[Mark]]
"""A capture file: its index, path and marks."""

Ticker: TypeAlias = Callable[[int, int], None]
"""Called with (bytes, frames) walked so far."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: what it means, and its type in SQL."""

    name: str
    type: str
    nullable: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of fact or judgement."""

    name: str
    meaning: str
    columns: tuple[Column, ...]


def fact_tables() -> tuple[Table, ...]:
    """Every table that the dissector writes."""
    return tuple(
        Table(name, meaning, tuple(Column(*column) for column in columns)) for name, meaning, columns in _core.schema()
    )


def dissect(
    paths: Sequence[Path],
    folder: Path,
    *,
    threads: int = 0,
    ranges: Sequence[tuple[int, int]] = (),
    only_captures: bool = False,
    contents: bool = True,
    progress: Ticker | None = None,
) -> dict[str, int]:
    """Write the facts of captures as Parquet into ``folder/tables``; gives the rows of each table.

    ``ranges`` are half-open UTC nanoseconds. ``contents``: keep what was carried as files too. A capture that cannot be read is a row of ``captures``.
    """
    tables = folder / TABLES
    tables.mkdir(mode=0o755, parents=True, exist_ok=True)
    spool = folder / SPOOL
    try:
        if contents:
            spool.mkdir(mode=0o700, exist_ok=True)
        counts = _core.dissect(
            list(paths),
            tables,
            threads=threads,
            ranges=list(ranges),
            only_captures=only_captures,
            spool=spool if contents else None,
            progress=progress,
        )
        messages = folder / MESSAGES
        messages.mkdir(mode=0o700, exist_ok=True)
        for table in RAW_TABLES:
            (tables / f"{table}.parquet").replace(messages / f"{table}.parquet")
    except OSError as error:
        raise IdletalkError(f"cannot write the tables into {tables}: {error}") from None
    return counts


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


class Store:
    """DuckDB over the tables of one analysis."""

    def __init__(self, folder: Path) -> None:
        """Open the tables in ``folder/tables``; each becomes a view of its name."""
        import duckdb

        self.folder = folder
        self._spill = tempfile.TemporaryDirectory(prefix="idletalk-spill-")
        self._limit = 0
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY_LIMITS[0],
                "autoload_known_extensions": "false",
                "temp_directory": self._spill.name,
            },
        )
        files = sorted(file for part in (TABLES, MESSAGES) for file in (folder / part).glob("*.parquet"))
        if not files:
            raise IdletalkError(f"{folder} is no analysis: it has no tables. Make one with: idletalk analyze CAPTURE")
        for file in files:
            self._execute(f'CREATE VIEW "{file.stem}" AS FROM read_parquet({quoted(str(file))})')

    def close(self) -> None:
        """Let go of the files."""
        self.connection.close()
        self._spill.cleanup()

    @contextmanager
    def beside(self) -> Generator[Store]:
        """The same for another thread: it knows what is kept, and no temporary table."""
        other = copy(self)
        other.connection = self.connection.cursor()
        try:
            yield other
        finally:
            other.connection.close()

    def ask(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query, by column name."""
        rows, names = self._execute(sql, list(parameters))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def answer(self, query: str) -> tuple[list[tuple[Any, ...]], list[str]]:
        """Rows and column names of a user's query: one statement, which reads, and no file but the tables."""
        import duckdb

        statements = self.connection.extract_statements(query)
        if not statements:
            raise IdletalkError("the query is empty")
        reads = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
        if len(statements) != 1 or statements[0].type not in reads:
            raise IdletalkError("a query is one statement that reads: SELECT, FROM, DESCRIBE, SUMMARIZE or EXPLAIN")
        self._protect()
        return patiently(self.connection, query)

    def _execute(
        self, sql: str | duckdb.Statement, parameters: Sequence[Any] | Mapping[str, Any] = ()
    ) -> tuple[list[tuple[Any, ...]], list[str]]:
        """Rows and column names; every statement goes through here."""
        import duckdb

        while True:
            try:
                with interruptible():
                    cursor = self.connection.execute(sql, parameters or None)
                    return cursor.fetchall(), [column[0] for column in cursor.description or ()]
            except duckdb.OutOfMemoryException:
                if self._limit + 1 >= len(MEMORY_LIMITS):
                    raise
                self._limit += 1
                self.connection.execute(f"SET memory_limit = '{MEMORY_LIMITS[self._limit]}'")

    def _protect(self) -> None:
        """Let a user's query reach the tables of this analysis and no other file."""
        folders = [str((self.folder / part).absolute()) for part in (TABLES, MESSAGES)]
        self._execute("SET allowed_directories = [?, ?]", folders)
        self._execute("SET enable_external_access = false")
        self._execute("SET lock_configuration = true")

    def fill(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Make a temporary table of rows that SQL needs to know (the lab file's devices, ...)."""
        self._execute(f"CREATE TEMP TABLE {table} ({columns})")
        if (made := insertion(table, rows)) is not None:
            self._execute(*made)

    def judge(self, behaviour: Behaviour) -> None:
        """Make the tables of a behaviour; their rows get their order when they are kept."""
        self.run(behaviour.sql())
        if behaviour.held and self.ask("SELECT count(*) AS n FROM flow_segments")[0]["n"] <= MAX_HELD_SEGMENTS:
            for view in behaviour.held:
                self._execute(f"CREATE TEMP TABLE held_{view} AS FROM {view}")
                self._execute(f"CREATE OR REPLACE TEMP VIEW {view} AS FROM held_{view}")

    def run(self, script: str) -> None:
        """Run the statements of a script; rows get their order when their table is kept."""
        self._execute("SET preserve_insertion_order = false")
        try:
            for statement in self.connection.extract_statements(script):
                self._execute(statement)
        finally:
            self._execute("SET preserve_insertion_order = true")

    def keep(self, tables: Iterable[str]) -> None:
        """Write judged tables beside the facts, sorted, so that the same capture gives the same bytes."""
        for table in tables:
            path = quoted(str(self.folder / TABLES / f"{table}.parquet"))
            self._execute(f"COPY (FROM {table} ORDER BY ALL) TO {path} (FORMAT parquet, COMPRESSION zstd)")

    def kept_tables(self) -> list[Path]:
        """The files of the tables that may be shown."""
        return sorted((self.folder / TABLES).glob("*.parquet"))

    def rewrite(self, file: Path, changes: Mapping[str, str]) -> None:
        """Write a kept table anew with other expressions for some columns."""
        aside = file.with_suffix(".new")
        told = ", ".join(f'{expression} AS "{column}"' for column, expression in changes.items())
        self._execute(
            f"COPY (SELECT * REPLACE ({told}) FROM read_parquet({quoted(str(file))}))"
            f" TO {quoted(str(aside))} (FORMAT parquet, COMPRESSION zstd)"
        )
        aside.replace(file)

    def restate(self, column: str, old: str, new: str) -> None:
        """Say ``new`` for ``old`` in a column of the table of captures: where files will lie, how streams are named."""
        told = f"replace({column}, {quoted(old)}, {quoted(new)})"
        self.rewrite(self.folder / TABLES / "captures.parquet", {column: told})

    def sources(self) -> list[Source]:
        """The readable capture files and the places from which each can be read again."""
        marks: dict[int, list[Mark]] = {}
        for row in self.ask("FROM frame_index ORDER BY capture, frame"):
            place = (row["offset"], row["frame"], row["described_to"], row["time_ns"])
            marks.setdefault(row["capture"], []).append(place)
        readable = self.ask("SELECT capture, path FROM captures WHERE error IS NULL ORDER BY capture")
        return [(row["capture"], Path(row["path"]), marks.get(row["capture"], [])) for row in readable]


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def scan(sources: Sequence[tuple[int, Path, str, list[Mark]]], **selection: Any) -> tuple[int, list[tuple[int, int]]]:
    """Frames of a selection, counted and written: see ``_core.scan``. Gives (selected, [(capture, frame) written])."""
    try:
        return _core.scan(list(sources), **selection)
    except OSError as error:
        raise IdletalkError(str(error)) from None


def cut(
    sources: Sequence[tuple[int, Path, str, list[Mark]]],
    parts: Sequence[tuple[Path, Sequence[tuple[int, int]]]],
    application: str,
) -> list[int]:
    """Frames by (capture, number) into several pcapng files; gives how many went into each."""
    try:
        return _core.cut(list(sources), list(parts), application=application)
    except OSError as error:
        raise IdletalkError(f"cannot write the evidence: {error}") from None

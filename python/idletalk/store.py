"""The folder of an analysis: Parquet tables, and DuckDB over them. The only module that knows DuckDB or the dissector."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from idletalk import _core
from idletalk.errors import IdletalkError

if TYPE_CHECKING:
    import duckdb

    from idletalk.behaviours import Behaviour

TABLES = "tables"
"""Folder of the Parquet files inside an analysis."""

MEMORY_LIMIT = "200MB"
"""What DuckDB may hold; it spills to disk beyond (the whole program's bound is 600 MiB)."""

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
    progress: Ticker | None = None,
) -> dict[str, int]:
    """Write the facts of captures as Parquet into ``folder/tables``; gives the rows of each table.

    ``ranges`` are half-open UTC nanoseconds. A capture that cannot be read is a row of ``captures``.
    """
    tables = folder / TABLES
    tables.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        return _core.dissect(
            list(paths), tables, threads=threads, ranges=list(ranges), only_captures=only_captures, progress=progress
        )
    except OSError as error:
        raise IdletalkError(f"cannot write the tables into {tables}: {error}") from None


class Store:
    """DuckDB over the tables of one analysis."""

    def __init__(self, folder: Path) -> None:
        """Open the tables in ``folder/tables``; each becomes a view of its name."""
        import duckdb

        self.folder = folder
        self._spill = tempfile.TemporaryDirectory(prefix="idletalk-spill-")
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY_LIMIT,
                "autoload_known_extensions": "false",
                "temp_directory": self._spill.name,
            },
        )
        files = sorted((folder / TABLES).glob("*.parquet"))
        if not files:
            raise IdletalkError(f"{folder} is no analysis: it has no tables. Make one with: idletalk analyze CAPTURE")
        for file in files:
            path = str(file).replace("'", "''")
            self.connection.execute(f"CREATE VIEW \"{file.stem}\" AS FROM read_parquet('{path}')")

    def close(self) -> None:
        """Let go of the files."""
        self.connection.close()
        self._spill.cleanup()

    def ask(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query, by column name."""
        cursor = self.connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def protect(self) -> None:
        """Let a user's query reach the tables of this analysis and no other file."""
        folder = str((self.folder / TABLES).absolute())
        self.connection.execute("SET allowed_directories = [?]", [folder])
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")

    def fill(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Make a temporary table of a few rows that SQL needs to know (the lab file's devices, ...)."""
        self.connection.execute(f"CREATE TEMP TABLE {table} ({columns})")
        kept = list(rows)
        if kept:
            marks = ", ".join("?" * len(kept[0]))
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", kept)

    def judge(self, behaviour: Behaviour) -> None:
        """Make the tables of a behaviour; their rows get their order when they are kept."""
        self.connection.execute("SET preserve_insertion_order = false")
        self.connection.execute(behaviour.sql())
        self.connection.execute("SET preserve_insertion_order = true")

    def keep(self, tables: Iterable[str]) -> None:
        """Write judged tables beside the facts, sorted, so that the same capture gives the same bytes."""
        for table in tables:
            path = str(self.folder / TABLES / f"{table}.parquet").replace("'", "''")
            self.connection.execute(f"COPY (FROM {table} ORDER BY ALL) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")

    def relocate(self, old: Path, new: Path) -> None:
        """Say in the table of captures that files below ``old`` (which will be renamed) lie below ``new``."""
        table = self.folder / TABLES / "captures.parquet"
        aside = table.with_suffix(".new")
        self.connection.execute(
            "COPY (SELECT * REPLACE (replace(path, $old, $new) AS path) FROM captures ORDER BY capture)"
            f" TO '{str(aside).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)",
            {"old": f"{old}/", "new": f"{new}/"},
        )
        aside.replace(table)

    def described(self, tables: Iterable[str]) -> tuple[Table, ...]:
        """Judged tables with the comments that their SQL gives them."""
        found: list[Table] = []
        for name in tables:
            meaning = self.ask("SELECT comment FROM duckdb_tables() WHERE table_name = ?", name)[0]["comment"]
            rows = self.ask(
                "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
                name,
            )
            columns = tuple(Column(r["column_name"], r["data_type"], True, r["comment"] or "") for r in rows)
            found.append(Table(name, meaning or "", columns))
        return tuple(found)


def scan(
    sources: Sequence[tuple[int, Path, str, list[tuple[int, int, int, int]]]], **selection: Any
) -> tuple[int, list[tuple[int, int]]]:
    """Frames of a selection, counted and written: see ``_core.scan``. Gives (selected, [(capture, frame) written])."""
    try:
        return _core.scan(list(sources), **selection)
    except OSError as error:
        raise IdletalkError(str(error)) from None

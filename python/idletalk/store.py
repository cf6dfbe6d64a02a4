"""The folder of an analysis: Parquet tables, and DuckDB over them. The only module that knows DuckDB."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from copy import copy
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from idletalk.bulk import Insertion
from idletalk.dissector import MESSAGES, TABLES, Mark, Source
from idletalk.errors import IdletalkError
from idletalk.interrupts import interruptible, patiently, together
from idletalk.queried import Rows
from idletalk.room import LIMITS, Room
from idletalk.statements import Line, changed, predecessors

if TYPE_CHECKING:
    import duckdb

    from idletalk.behaviours import Behaviour

FACTS = "memory.main"
"""Schema of the facts' views."""

JUDGED = "memory.judged"
"""Schema of what judging makes. It stands before the facts' own, so that a view of the same name stands for these."""

JUDGED_IN_FILE = "spilled.judged"
"""The same of many facts, in a file: its pages are packed, and leave the memory as it is wanted. What is known of a table's
nulls stays in memory where tables are held there: of ten million flows more than 100 MB."""

S = TypeVar("S")
T = TypeVar("T")

GIVES_BACK = {
    "allocator_background_threads": "true",
    "allocator_bulk_deallocation_flush_threshold": "32MB",
    "allocator_flush_threshold": "32MB",
}
"""Memory that DuckDB needs no more goes back to the system at once: as a rule it keeps some hundred megabytes, beyond its limit."""

MAX_AT_ONCE = 4
"""Statements side by side at most, and threads of all together: each holds memory, of which the database does not count all."""

MAX_SMALL_BYTES = 100_000_000
"""Files of facts up to which much is done side by side: of more each statement keeps all processors busy, and together they would
spill what one alone holds."""

MAX_HELD_SEGMENTS = 20_000
"""Segments of flows up to which views are held as tables: for so few it costs more to plan a view again than to make its
rows. There are up to two rows of such a view for a segment, each of 300 bytes or so: some 12 MB for a view."""


@cache
def parsed(script: str) -> tuple[duckdb.Statement, ...]:
    """The statements of a script. They belong to no connection, and can be made while captures are still being read."""
    import duckdb

    return tuple(duckdb.extract_statements(script))


class Store:
    """DuckDB over the tables of one analysis."""

    def __init__(self, folder: Path) -> None:
        """Open the tables in ``folder/tables``; each becomes a view of its name."""
        import duckdb

        self.folder = folder
        self._spill = tempfile.TemporaryDirectory(prefix="idletalk-spill-")
        self._room = Room()
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": LIMITS[0],
                "autoload_known_extensions": "false",
                "temp_directory": self._spill.name,
                **GIVES_BACK,
            },
        )
        files = sorted(file for part in (TABLES, MESSAGES) for file in (folder / part).glob("*.parquet"))
        if not files:
            raise IdletalkError(f"{folder} is no analysis: it has no tables. Make one with: idletalk analyze CAPTURE")
        self.is_small = sum(file.stat().st_size for file in files) <= MAX_SMALL_BYTES
        processors: int = min(MAX_AT_ONCE, self.ask("SELECT current_setting('threads')::INTEGER AS n")[0]["n"])
        self._at_once = processors if self.is_small else 1
        # as many threads for each: those that run beside others would only hand work to and fro
        self._execute(f"SET threads = {processors // self._at_once}")
        for file in files:
            self._execute(f'CREATE VIEW "{file.stem}" AS FROM read_parquet({quoted(str(file))})')
        self._judged = JUDGED if self.is_small else JUDGED_IN_FILE
        if not self.is_small:
            # nobody opens the file again: it needs neither a log nor its last state
            path = quoted(str(Path(self._spill.name, "judged.duckdb")))
            self._execute(f"ATTACH {path} AS spilled (RECOVERY_MODE no_wal_writes)")
            self._execute("SET checkpoint_on_detach = 'DISABLED'")
        self._execute(f"CREATE SCHEMA {self._judged}")
        self._search()

    def _search(self) -> None:
        """Let names be looked for where judged tables are, then among the facts."""
        self.connection.execute(f"SET search_path = '{self._judged},{FACTS}'")

    def close(self) -> None:
        """Let go of the files."""
        self.connection.close()
        self._spill.cleanup()

    @contextmanager
    def beside(self) -> Generator[Store]:
        """The same for another thread: it knows all but temporary tables."""
        other = copy(self)
        other.connection = self.connection.cursor()
        try:
            other._search()
            yield other
        finally:
            other.connection.close()

    def together(self, works: Sequence[Callable[[Store], T]]) -> list[T]:
        """What works give that ask side by side, as many at a time as there are processors."""
        given: dict[int, T] = {}

        def take(store: Store, number: int) -> None:
            given[number] = works[number](store)

        self._side_by_side(range(len(works)), [frozenset[int]()] * len(works), take)
        return [given[number] for number in range(len(works))]

    def _side_by_side(
        self, steps: Sequence[S], waits_for: Sequence[frozenset[int]], take: Callable[[Store, S], object]
    ) -> None:
        """Take steps on connections of their own, each when those are done that it waits for."""
        stopped = threading.Event()
        line = Line(waits_for, stopped)
        with ExitStack() as opened:
            stores = [opened.enter_context(self.beside()) for _ in range(max(1, min(self._at_once, len(steps))))]
            works = [partial(line.work, steps, partial(take, store)) for store in stores]
            together(works, [store.connection for store in stores], stopped)

    def ask(self, sql: str | Insertion, *parameters: Any) -> Rows:
        """The rows of a query, by column name; rows to add give none."""
        return Rows(*self._execute(sql, list(parameters)))

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
        self, sql: str | duckdb.Statement | Insertion, parameters: Sequence[Any] | Mapping[str, Any] = ()
    ) -> tuple[list[tuple[Any, ...]], list[str]]:
        """Rows and column names; every statement goes through here."""

        def done() -> tuple[list[tuple[Any, ...]], list[str]]:
            with interruptible():
                if isinstance(sql, Insertion):
                    sql.put(self.connection)
                    return [], []
                cursor = self.connection.execute(sql, parameters or None)
                return cursor.fetchall(), [column[0] for column in cursor.description or ()]

        return self._room.run(self.connection, done)

    def _protect(self) -> None:
        """Let a user's query reach the tables of this analysis and no other file."""
        folders = [str((self.folder / part).absolute()) for part in (TABLES, MESSAGES)]
        self._execute("SET allowed_directories = [?, ?]", folders)
        self._execute("SET enable_external_access = false")
        self._execute("SET lock_configuration = true")

    def fill(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Make a table of rows that SQL needs to know (the lab file's devices, ...)."""
        self._execute(f"CREATE TABLE {table} ({columns})")
        self._execute(Insertion(table, [*rows]))

    def judge(self, behaviours: Iterable[Behaviour]) -> None:
        """Make the tables of behaviours, side by side where they allow it; rows get their order when they are kept."""
        statements = [statement for behaviour in behaviours for statement in self._statements(behaviour)]
        with self._in_any_order():
            waits_for = predecessors(statement.query for statement in statements)
            self._side_by_side(statements, waits_for, lambda beside, statement: beside._execute(statement))

    def judge_apart(self, behaviour: Behaviour) -> None:
        """Make the tables of a behaviour of another package, which may have temporary ones that no other connection knows."""
        with self._in_any_order():
            for statement in self._statements(behaviour):
                self._execute(statement)

    def run(self, script: str) -> None:
        """Run the statements of a script one after another, beside what others ask; of many facts nobody does."""
        with nullcontext() if self.is_small else self._in_any_order():
            for statement in parsed(script):
                self._execute(statement)

    def _statements(self, behaviour: Behaviour) -> list[duckdb.Statement]:
        """Its script, and where there are few flows, rows for the views on which others build."""
        statements: list[duckdb.Statement] = []
        holds = self._segments <= MAX_HELD_SEGMENTS
        for statement in parsed(behaviour.sql()):
            statements.append(statement)
            if holds and (view := changed(statement.query)) in behaviour.held:
                held = f"CREATE TABLE held_{view} AS FROM {view}; CREATE OR REPLACE VIEW {view} AS FROM held_{view}"
                statements += parsed(held)
        return statements

    @cached_property
    def _segments(self) -> int:
        return self.ask("SELECT count(*) AS n FROM flow_segments")[0]["n"]

    @contextmanager
    def _in_any_order(self) -> Generator[None]:
        """Rows may be made in any order: of the whole database, so that nobody may ask for rows in theirs meanwhile."""
        self._execute("SET preserve_insertion_order = false")
        try:
            yield
        finally:
            self._execute("SET preserve_insertion_order = true")

    def keep(self, tables: Iterable[str]) -> None:
        """Write judged tables beside the facts, sorted, so that the same capture gives the same bytes."""
        for table in tables:
            path = quoted(str(self.folder / TABLES / f"{table}.parquet"))
            self._execute(f"COPY (FROM {table} ORDER BY ALL) TO {path} (FORMAT parquet, COMPRESSION zstd)")

    def shrink(self, limit: str) -> None:
        """Leave more memory to others from now on."""
        self._room.shrink(self.connection, limit)

    def forget(self) -> None:
        """Let go of all that was judged: the memory is wanted for the report. Tables that were kept are files."""
        self._execute(f"DROP SCHEMA {self._judged} CASCADE")
        self._execute(f"CREATE SCHEMA {self._judged}")

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

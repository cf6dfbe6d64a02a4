"""The dissector: captures in, tables of facts out, and frames of captures again. The only module that knows the Rust core's readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from idletalk import _core
from idletalk.errors import IdletalkError

TABLES = "tables"
"""Folder of the Parquet files inside an analysis."""

MESSAGES = "messages"
"""Folder of the tables that hold raw content, which only their owner can read."""

SPOOL = "spool"
"""Folder of contents that were carried (see ``http_bodies.spool``), which only their owner can read."""

RAW_TABLES = ("payloads", "http_bodies", "dhcp_options")
"""Tables that hold raw content."""

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

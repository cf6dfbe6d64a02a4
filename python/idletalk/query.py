"""SQL over an analysis, for people and for scripts."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from idletalk.errors import IdletalkError
from idletalk.report.text import clean

MAX_CELL_CHARS = 60
"""Longest cell of a printed table: eighty columns hold one such beside a short one."""


def find(folder: Path | None) -> Path:
    """The analysis folder meant: the one given, else the only one in this folder."""
    if folder is not None:
        return folder
    found = sorted(path.parent for path in Path().glob("*/report.json") if (path.parent / "tables").is_dir())
    if len(found) == 1:
        return found[0]
    if not found:
        raise IdletalkError("no analysis in this folder: name one, or make one with: idletalk analyze CAPTURE")
    raise IdletalkError(f"several analyses in this folder, name one: {', '.join(map(str, found))}")


def run(folder: Path, query: str) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Rows and column names of a query; a mistake in the SQL is an error that shows where."""
    import duckdb

    from idletalk.store import Store

    store = Store(folder)
    try:
        store.protect()
        cursor = store.connection.execute(query)
        return cursor.fetchall(), [column[0] for column in cursor.description or ()]
    except duckdb.Error as error:
        raise IdletalkError(str(error)) from None
    finally:
        store.close()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def to_json(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> str:
    """A JSON array of objects."""
    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=_plain, indent=1) + "\n"


def to_csv(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> str:
    """CSV with a header; text that a spreadsheet would take for a formula is quoted by an apostrophe."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
    return target.getvalue()


def _csv_cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = clean(value if isinstance(value, str) else json.dumps(value, default=_plain))
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def to_text(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> str:
    """A table with aligned columns; null is a dash."""
    cells = [[_text_cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(columns)]
    numeric = [
        any(isinstance(row[i], int | float) and not isinstance(row[i], bool) for row in rows)
        for i in range(len(columns))
    ]

    def line(row: Sequence[str]) -> str:
        return "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numeric, strict=True)).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *map(line, cells)]) + "\n"


def _text_cell(value: Any) -> str:
    if value is None:
        return "-"
    text = clean(value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False))
    return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - 1] + "…"

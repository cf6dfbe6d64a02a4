"""SQL over an analysis, for people and for scripts."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import Any, cast

from idletalk.errors import IdletalkError
from idletalk.report.text import clean

MAX_CELL_CHARS = 60
"""Longest cell of a printed table: eighty columns hold one such beside a short one."""


def find(folder: Path | None, query: str = "") -> Path:
    """The analysis folder meant: the one given, else this folder, else the only one in it. Where `query` names one instead, an error says so."""
    if folder is not None:
        if query and not is_analysis(folder) and is_analysis(Path(query)):
            raise IdletalkError("name the query first, then the folder: idletalk sql QUERY FOLDER")
        return folder
    if is_analysis(Path()):
        return Path()
    found = sorted(path.parent for path in Path().glob("*/report.json") if is_analysis(path.parent))
    if len(found) == 1:
        return found[0]
    if not found:
        raise IdletalkError("no analysis in this folder: name one, or make one with: idletalk analyze CAPTURE")
    raise IdletalkError(f"several analyses in this folder, name one: {', '.join(map(str, found))}")


def is_analysis(folder: Path) -> bool:
    """Whether a folder holds a report and its tables."""
    try:
        return (folder / "report.json").is_file() and (folder / "tables").is_dir()
    except OSError:  # no name of a file: too long
        return False


def run(folder: Path, query: str) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Rows and column names of a query; a mistake in the SQL is an error that shows where."""
    import duckdb

    from idletalk.store import Store

    store = Store(folder)
    try:
        return store.answer(query)
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
    """A JSON array of objects; a name that stands for several columns is numbered, what is no number is null."""
    names = list(_distinct(columns))
    objects = [dict(zip(names, map(_finite, row), strict=True)) for row in rows]
    return json.dumps(objects, default=_plain, indent=1, allow_nan=False) + "\n"


def _distinct(columns: Sequence[str]) -> Iterator[str]:
    """Column names of which none stands twice: ``n``, ``n_1``, ``n_2``."""
    taken: set[str] = set()
    for column in columns:
        name, number = column, 0
        while name in taken or (number and name in columns):
            number += 1
            name = f"{column}_{number}"
        taken.add(name)
        yield name


def _finite(value: Any) -> Any:
    """A value as JSON can hold it: NaN and infinities are null, keys are text."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        items = cast(dict[Any, Any], value).items()
        return {key if isinstance(key, str) else str(_plain(key)): _finite(inner) for key, inner in items}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in cast(Sequence[Any], value)]
    return value


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

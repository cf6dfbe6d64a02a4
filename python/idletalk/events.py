"""Events from a table (CSV) that a person kept: a line each with time, action and, where it is known, device."""

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from idletalk.errors import IdletalkError
from idletalk.labfile import Event

MAX_BYTES = 16 << 20
"""Longest table that is read."""
MINUTE_S = 60.0
_TO_THE_MINUTE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?!:)")
COLUMNS = ("time", "action", "device")
"""Columns, in this order where the first line does not name them."""


def read_events(path: Path) -> tuple[Event, ...]:
    """The events of a table; an error names the line that is wrong.

    Times are ISO 8601; without an offset they are local time of the lab. Without seconds the event lies in that minute.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise IdletalkError(f"{path} is no table of events: it is longer than 16 MiB")
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise IdletalkError(f"cannot read the events in {path}: {error}") from None
    return tuple(_events(lines, path))


def _events(lines: list[str], path: Path) -> Iterator[Event]:
    columns = COLUMNS
    try:
        for number, cells in enumerate(csv.reader(lines, skipinitialspace=True), 1):
            texts = [cell.strip() for cell in cells]
            if number == 1 and {"time", "action"} <= {text.lower() for text in texts}:
                columns = tuple(text.lower() for text in texts)
                continue
            if not any(texts):
                continue
            row = dict(zip(columns, texts, strict=False))
            if not row.get("action"):
                raise IdletalkError(f"{path}, line {number}: write time, action, device")
            try:
                time = datetime.fromisoformat(row["time"])
            except ValueError:
                raise IdletalkError(
                    f"{path}, line {number}: {row['time']!r} is no time: write it like 2021-05-06T14:00:00"
                ) from None
            within_s = MINUTE_S if _TO_THE_MINUTE.match(row["time"]) else 0.0
            yield Event(time=time, action=row["action"], device=row.get("device") or None, within_s=within_s)
    except csv.Error as error:
        raise IdletalkError(f"{path} is no table of events: {error}") from None

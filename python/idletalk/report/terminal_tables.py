"""Tables of the terminal: how they look, and those of the operating and updates conclusions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from idletalk.model import Report, UpdateRow
from idletalk.plural import counted
from idletalk.report.text import clean, human_bytes

if TYPE_CHECKING:
    from rich.table import Table

MAX_DEVICES = 20
"""Devices in a table; the report has all."""
MAX_NAME_CHARS = 18
"""Width of a device's name, which goes on in the next line."""
MIN_CHARS = 6
"""Of a column of words, which go on in the next line: fewer cannot be read."""
WIDE_RATIO = 3
"""Width of a column of many words, in those of others."""


def table_of(title: str, *columns: tuple[str, str]) -> Table:
    """An empty table; columns are (heading, left, right or wide)."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, expand=False)
    for name, side in columns:
        table.add_column(
            name,
            justify="right" if side == "right" else "left",
            overflow="fold",
            no_wrap=side == "right",
            ratio=WIDE_RATIO if side == "wide" else 1,
            max_width=MAX_NAME_CHARS if name == "device" else None,
        )
    return table


def fitted(table: Table, width: int) -> Table:
    """The table with the width of each column set, so that together they have `width`.

    Numbers are never broken, words where there is no other way. Where not even broken words leave room for all, columns at the end are left out, and the caption says which.
    """
    from rich.cells import cell_len
    from rich.text import Text

    wanted: list[int] = []
    whole_words: list[int] = []
    for column in table.columns:
        texts = [str(column.header), *(cell.plain for cell in column.cells if isinstance(cell, Text))]
        most = column.max_width or width
        wanted.append(min(max(map(cell_len, texts)), most))
        whole_words.append(min(max(cell_len(word) for text in texts for word in text.split(" ")), most))
    least = [
        full if column.no_wrap else min(full, MIN_CHARS) for full, column in zip(wanted, table.columns, strict=True)
    ]
    left_out: list[str] = []
    while len(least) > 1 and sum(least) + _between(len(least)) > width:
        least.pop()
        left_out.insert(0, str(table.columns.pop().header) or "the bars")
    room = max(0, width - _between(len(least)) - sum(least))
    while room and (short := _shorter(least, whole_words) or _shorter(least, wanted)):
        # what has least for its share gets the next character
        least[min(short, key=lambda n: (least[n] / (table.columns[n].ratio or 1), n))] += 1
        room -= 1
    for column, given in zip(table.columns, least, strict=True):
        column.width, column.max_width, column.ratio = given, None, None
    if left_out:
        told = f"no room here for: {', '.join(left_out)}; the report has all"
        table.caption = f"{table.caption}; {told}" if table.caption else told
    return table


def _shorter(widths: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The columns that have less than they want; those that were left out want nothing."""
    return [number for number, (given, most) in enumerate(zip(widths, wanted, strict=False)) if given < most]


def _between(columns: int) -> int:
    """Characters that are no column's: three between two, one at each end."""
    return 3 * (columns - 1) + 2


def add_row(table: Table, *cells: str) -> None:
    """Add a row of texts, none of which can move the cursor or colour the screen."""
    from rich.text import Text

    table.add_row(*(Text(clean(cell)) for cell in cells))


def operating(report: Report) -> Table:
    """What each action looks like on the wire."""
    table = table_of(
        "What actions look like (found: of the repetitions held back, by lengths and peers)",
        ("device", "left"),
        ("action", "left"),
        ("first packet", "left"),
        ("times", "right"),
        ("where", "left"),
        ("LAN", "left"),
        ("open", "left"),
        ("found", "right"),
        ("told apart", "left"),
    )
    words = {True: "yes", False: "no", None: "?"}
    rows = report.conclusions.operating or ()
    for row in rows[: 2 * MAX_DEVICES]:
        add_row(
            table,
            row.name,
            row.action,
            f"{row.first_packet} ?" if row.command_unseen else row.first_packet,
            str(row.repetitions),
            " ".join((*row.clouds, *row.countries)) or "-",
            " ".join(sorted({effect.split("/")[0] for effect in row.lan_effects})) or "-",
            words[row.already_open],
            "-" if row.recalled is None else f"{row.recalled} of {row.held_back}",
            words[row.distinguishable],
        )
    notes = [f"{len(rows) - 2 * MAX_DEVICES} more in the report"] if len(rows) > 2 * MAX_DEVICES else []
    if any(row.command_unseen for row in rows):
        notes.append("device ?: whether another in the LAN told it to cannot be seen here")
    if any(row.repetitions == 1 for row in rows):
        notes.append("from a single repetition no signature can be learnt")
    if rows:
        notes.append(_clocks(rows[0].clock_offset_s))
    table.caption = "; ".join(notes) or None
    return table


def _clocks(offset_s: float | None) -> str:
    """How far the clock of who noted the events is from the capture's."""
    if offset_s is None:
        return "clocks of notes and capture taken as the same: no offset could be estimated"
    return f"events were noted {abs(offset_s):.2f} s {'before' if offset_s >= 0 else 'after'} their first packets"


def unnamed(report: Report) -> Table:
    """What may be actions of devices without events."""
    table = table_of(
        "What may be actions (no events are known; it comes again at no regular time)",
        ("device", "left"),
        ("first packet", "left"),
        ("peer", "left"),
        ("service", "left"),
        ("bytes", "right"),
        ("times", "right"),
    )
    rows = report.conclusions.unnamed
    for row in rows[:MAX_DEVICES]:
        add_row(
            table,
            row.name,
            row.first_packet,
            row.peer_name,
            row.service,
            str(row.least_bytes) if row.least_bytes == row.most_bytes else f"{row.least_bytes}-{row.most_bytes}",
            str(row.times),
        )
    if len(rows) > MAX_DEVICES:
        table.caption = f"{len(rows) - MAX_DEVICES} more in the report"
    return table


AUTHENTICATED = {
    "signature verified": "signature",
    "signature present, key unknown": "signature, key unknown",
    "signature present, invalid": "invalid signature",
    "none found in image (only checksum or hash)": "nothing",
    "hash or MAC told out of band, matching": "a hash told another way",
    "hash told in clear, matching": "a hash told in clear",
    "undecidable (opaque or partial)": "undecidable",
}
"""What authenticates an image, in few words; the report has the whole verdict."""


def updates(report: Report) -> Table:
    """What firmware came in clear, could have come or did not come; devices without any are counted below."""
    table = table_of(
        "How they update (in clear; over TLS only possibly)",
        ("device", "left"),
        ("server", "left"),
        ("where", "left"),
        ("size", "right"),
        ("by", "left"),
        ("format", "left"),
        ("protected by", "left"),
    )
    rows = report.conclusions.updates or ()
    known = [row for row in rows if row.kind != "none"]
    # one that looks for its files under many names would fill the screen
    missed = [_missed(row) for row in known]
    alike = Counter(missed)
    seen = [row for place, row in enumerate(known) if row.kind != "failed" or missed[place] not in missed[:place]]
    for row in seen[:MAX_DEVICES]:
        add_row(
            table,
            row.name,
            row.server or "-",
            " ".join(part for part in (row.cloud, row.country) if part) or "unknown",
            "-" if row.size_bytes is None else human_bytes(row.size_bytes) + (" (holes)" if row.missing_bytes else ""),
            row.transport or "-",
            row.format or "unknown" if row.seen else f"({row.kind})",
            _protection(row, alike[_missed(row)]),
        )
    none = len(rows) - len(known)
    notes = [f"{len(seen) - MAX_DEVICES} more in the report"] if len(seen) > MAX_DEVICES else []
    if seen and none:
        notes.append(f"none seen for {counted(none, 'other device')}")
    table.caption = "; ".join(notes) or None
    return table


def _missed(row: UpdateRow) -> tuple[str, str | None, str | None, str]:
    """What is alike of the files that one server did not give to one device."""
    return row.device, row.server, row.transport, row.kind


def _protection(row: UpdateRow, alike: int) -> str:
    """What authenticates an image, or why that cannot be said."""
    if row.seen:
        return AUTHENTICATED.get(row.authenticated_by or "", "unknown")
    return "cannot be read" if row.kind == "possible" else f"did not come: {counted(alike, 'file')}"

"""Tables of the terminal: how they look, and those of the operating and updates conclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idletalk.model import Report
from idletalk.report.text import clean, human_bytes

if TYPE_CHECKING:
    from rich.table import Table

MAX_DEVICES = 20
"""Devices in a table; the report has all."""
MAX_NAME_CHARS = 18
"""Width of a device's name, which goes on in the next line."""


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
            min_width=26 if side == "wide" else None,
            max_width=MAX_NAME_CHARS if name == "device" else None,
        )
    return table


def add_row(table: Table, *cells: str) -> None:
    """Add a row of texts, none of which can move the cursor or colour the screen."""
    from rich.text import Text

    table.add_row(*(Text(clean(cell)) for cell in cells))


def operating(report: Report) -> Table:
    """What each action looks like on the wire."""
    table = table_of(
        "What actions look like (found again: by packet lengths alone, of the repetitions held back)",
        ("device", "left"),
        ("action", "left"),
        ("first packet", "left"),
        ("times", "right"),
        ("clouds", "left"),
        ("open", "left"),
        ("found again", "right"),
        ("told apart", "left"),
    )
    words = {True: "yes", False: "no", None: "?"}
    rows = report.conclusions.operating or ()
    for row in rows[: 2 * MAX_DEVICES]:
        add_row(
            table,
            row.name,
            row.action,
            row.first_packet,
            str(row.repetitions),
            ", ".join(row.clouds) or "-",
            words[row.already_open],
            "-" if row.recalled is None else f"{row.recalled} of {row.held_back}",
            words[row.distinguishable],
        )
    if len(rows) > 2 * MAX_DEVICES:
        table.caption = f"{len(rows) - 2 * MAX_DEVICES} more in the report"
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
        ("authenticated by", "left"),
    )
    rows = report.conclusions.updates or ()
    seen = [row for row in rows if row.kind != "none"]
    for row in seen[:MAX_DEVICES]:
        add_row(
            table,
            row.name,
            row.server or "-",
            " ".join(part for part in (row.cloud, row.country) if part) or "unknown",
            "-" if row.size_bytes is None else human_bytes(row.size_bytes) + (" (holes)" if row.missing_bytes else ""),
            row.transport or "-",
            row.format or "unknown" if row.seen else f"({row.kind})",
            AUTHENTICATED.get(row.authenticated_by or "", "unknown") if row.seen else row.sentence,
        )
    none = len(rows) - len(seen)
    if seen and none:
        table.caption = f"none seen for {none} other devices"
    return table

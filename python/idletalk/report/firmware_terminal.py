"""An examination of a firmware image in a page of a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from idletalk.firmware.model import Check, Examination, Part, Region
from idletalk.plural import counted
from idletalk.report.text import clean, human_bytes

if TYPE_CHECKING:
    from rich.console import Console

MAX_REGIONS = 30
"""Rows of the content map; the JSON has all."""
MAX_ROWS = 20
"""Rows of the other tables."""
BLOCKS = " ▁▂▃▄▅▆▇█"
CURVE_CHARS = 64
"""Width of the entropy curve."""


def print_examination(examination: Examination, folder: Path | None, console: Console | None = None) -> None:
    """Print the verdict first, then the map, certificates, keys, secrets, versions and hosts."""
    from rich.console import Console
    from rich.text import Text

    out = console or Console(highlight=False)

    def say(text: str, style: str = "") -> None:
        out.print(Text(clean(text), style=style))

    found, judged = examination.recognised, examination.judgement
    say(f"{examination.image}: {examination.format or 'not recognised'}, {human_bytes(found.size_bytes)}", "bold")
    say(f"authenticated by: {judged.authentication} ({judged.by})")
    say(f"integrity: {judged.integrity}    encrypted: {judged.encryption} ({judged.encryption_reason})")
    say(f"rollback: {judged.rollback}")
    say(judged.sentence, "bold")
    for note in examination.notes:
        say(f"- {note}")
    out.print()
    say("Content")
    _table(
        out,
        ("offset", "bytes", "what", "", "bits"),
        [_region_row(region, found.parts) for region in found.map[:MAX_REGIONS]],
        len(found.map),
    )
    say(f"entropy {curve(found.entropy.bits)} {found.entropy.total_bits:.2f} bits per byte")
    if examination.certificates:
        out.print()
        when = examination.as_of[:10] if examination.as_of else "no day"
        say(f"Certificates (as of {when}: {examination.as_of_source})")
        rows = [
            (
                _where(each.file, each.offset),
                each.subject,
                each.role,
                f"{each.not_before[:10]} to {each.not_after[:10]} {each.validity or ''}",
                "; ".join((each.key, each.trust, *each.weaknesses)),
            )
            for each in examination.certificates
        ]
        _table(out, ("where", "subject", "role", "valid", "key, trust"), rows[:MAX_ROWS], len(rows))
    keys = [key for key in examination.keys if key.state != "label only"]
    if keys:
        out.print()
        say("Private keys")
        rows = [
            (
                _where(key.file, key.offset),
                key.kind or "",
                key.state,
                f"of certificate {key.certificate[:16]}" if key.certificate else "",
            )
            for key in keys
        ]
        _table(out, ("where", "kind", "state", ""), rows[:MAX_ROWS], len(rows))
    if examination.secrets:
        out.print()
        say("Secrets")
        rows = [(_where(each.file, each.offset), each.kind, each.about, each.text) for each in examination.secrets]
        _table(out, ("where", "kind", "about", "text"), rows[:MAX_ROWS], len(rows))
    versions = list(
        dict.fromkeys(
            (text.name or "", text.version or "", text.sort or "")
            for text in examination.said
            if text.kind == "version"
        )
    )
    if versions:
        out.print()
        say("Software")
        _table(out, ("name", "version", "kind"), versions[:MAX_ROWS], len(versions))
    if examination.hosts:
        out.print()
        names = ", ".join(host.text for host in examination.hosts[:MAX_ROWS])
        more = len(examination.hosts) - MAX_ROWS
        say(f"Hosts: {names}{f' and {more} more' if more > 0 else ''}")
    worth = [file for file in examination.unpacking.files if file.worth_a_look]
    if examination.unpacking.done:
        out.print()
        say(
            f"Unpacked {counted(examination.unpacking.files_in_all, 'file')}, {human_bytes(examination.unpacking.bytes)}"
            f" ({examination.unpacking.isolation})"
        )
        for stopped in examination.unpacking.stopped[:MAX_ROWS]:
            say(f"- {stopped}")
        _table(
            out,
            ("file", "worth a look"),
            [(file.path, file.worth_a_look or "") for file in worth[:MAX_ROWS]],
            len(worth),
        )
    if folder is not None:
        say(f"Results: {folder}", "bold")


def _where(file: str, offset: int) -> str:
    return f"{file} @{offset}" if file else f"@{offset}"


def _region_row(region: Region, parts: tuple[Part, ...]) -> tuple[str, ...]:
    what, more = region.kind, ""
    if region.part is not None:
        part = parts[region.part]
        what = part.format + (" (cut)" if part.truncated else "")
        more = "; ".join((*_fields(part), *checks(part.checks)))
    elif region.value is not None:
        what = f"padding {region.value:#04x}"
    return f"{region.offset:#x}", str(region.length), what, more, f"{region.bits:.2f}"


def _fields(part: Part) -> Iterable[str]:
    for name in ("kind", "chip", "project", "name", "version", "compression", "architecture", "label", "partition"):
        value = part.fields.get(name)
        if isinstance(value, str) and value:
            yield f"{name} {value}" if name in ("version", "compression") else value


def checks(found: Iterable[Check]) -> Iterable[str]:
    """Checks in words."""
    for check in found:
        yield f"{check.name}: {check.verdict.replace('_', ', ')}"


def curve(bits: tuple[float, ...]) -> str:
    """Entropy as a line of blocks: full is 8 bits per byte."""
    if not bits:
        return ""
    width = min(CURVE_CHARS, len(bits))
    groups = [bits[index * len(bits) // width : (index + 1) * len(bits) // width] for index in range(width)]
    return "".join(BLOCKS[min(8, round(sum(group) / len(group)))] for group in groups)


def _table(out: Console, titles: tuple[str, ...], rows: Iterable[tuple[str, ...]], in_all: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in ("bytes", "bits", "offset") else "left")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    if table.row_count:
        out.print(table)
        if in_all > table.row_count:
            out.print(f"{in_all - table.row_count} more in firmware.json")

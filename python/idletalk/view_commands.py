"""``idletalk show`` and ``idletalk open``: an analysis that is there, in tables, and its evidence in Wireshark."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click

from idletalk.errors import IdletalkError

PARTS = ("devices", "peers", "flows", "findings", "idle", "updates", "actions")


def _parts(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The parts that a shell may complete to."""
    return [part for part in PARTS if part.startswith(incomplete)]


@click.command("show")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.argument("part", required=False, shell_complete=_parts)
@click.option("--device", help="Only of this device: id, MAC, name or address.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts: all columns.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: all columns.")
def show_command(folder: Path | None, part: str | None, device: str | None, as_json: bool, as_csv: bool) -> None:
    """Show a part of an analysis, or its summary.

    FOLDER is the analysis; without it, the one in this folder. PART is one of devices, peers, flows, findings, idle,
    updates, actions; it may stand before FOLDER too.

    \b
    Examples:
      idletalk show home.idletalk
      idletalk show home.idletalk findings --device plug1
      idletalk show peers --csv > peers.csv
    """
    from idletalk import query
    from idletalk.analysis import Analysis
    from idletalk.views import SHOWN, view

    folder, part = _in_order(folder, part)
    place = query.find(folder)
    analysis = Analysis(place)
    if part is None:
        if as_json or as_csv or device:
            raise IdletalkError(f"name the part to show: {', '.join(PARTS)}")
        from idletalk.report import print_summary

        print_summary(analysis.report, place)
        return
    rows = view(analysis, part, device)
    if as_json or as_csv:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        cells = [tuple(row.get(column) for column in columns) for row in rows]
        click.echo(query.to_json(cells, columns) if as_json else query.to_csv(cells, columns), nl=False)
        return
    if not rows:
        click.echo(f"no {part} in this analysis")
        return
    columns = SHOWN[part]
    click.echo(query.to_text([tuple(_cell(row[column]) for column in columns) for row in rows], columns), nl=False)


def _in_order(folder: Path | None, part: str | None) -> tuple[Path | None, str | None]:
    """Folder and part, whichever was named first."""
    from idletalk.analysis import REPORT

    first = None if folder is None else str(folder)
    if first in PARTS and not Path(first, REPORT).is_file():
        return None if part is None else Path(part), first
    if part is not None and part not in PARTS:
        raise IdletalkError(f"there is no part {part!r} to show: name one of {', '.join(PARTS)}")
    return folder, part


def _cell(value: Any) -> Any:
    """A list as words; everything else as it is."""
    return ", ".join(map(str, cast(Sequence[Any], value))) if isinstance(value, list | tuple) else value


@click.command("open")
@click.argument("finding")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--start", is_flag=True, help="Start Wireshark with the kept frames instead of printing commands.")
def open_command(finding: str, folder: Path | None, start: bool) -> None:
    """Print the Wireshark commands that show the evidence of FINDING (its id, or the beginning of it).

    The first command opens the frames that were kept, the others the captures with the filter that selects all frames.

    \b
    Examples:
      idletalk open firmware-in-clear-d408304f68
      idletalk open ntp-unanswered home.idletalk --start
    """
    import subprocess

    from idletalk import query
    from idletalk.analysis import Analysis
    from idletalk.views import finding as find

    place = query.find(folder)
    analysis = Analysis(place)
    found = find(analysis.report, finding)
    commands = [["wireshark", "-r", str(place / found.evidence.file)]] if found.evidence.file else []
    if start:
        if not commands:
            raise IdletalkError(f"{found.id} has no evidence file; without --start the filter is printed")
        try:
            subprocess.Popen(commands[0], start_new_session=True)
        except OSError:
            raise IdletalkError("wireshark cannot be started: install it (Debian: apt-get install wireshark)") from None
        return
    cited = analysis.sql(
        "SELECT path FROM captures WHERE list_contains(?, capture) ORDER BY capture", [*found.evidence.captures]
    )
    commands += [["wireshark", "-r", row["path"], "-Y", found.evidence.filter] for row in cited]
    from idletalk.report.text import clean

    click.echo(clean(f"# {found.severity}: {found.sentence} ({found.evidence.frames} frames)"))
    if found.evidence.filter_note:
        click.echo(clean(f"# the filter selects {found.evidence.filter_note}"))
    for command in commands:
        click.echo(clean(shlex.join(command)))

"""The command line: each command is a few lines over a public function."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from idletalk.errors import IdletalkError

if TYPE_CHECKING:
    from idletalk.provenance import HashChoice

EXIT_PARTIAL = 1
"""Something could not be read, or a behaviour of another package failed; the rest is there."""

PATHS = click.argument("paths", nargs=-1, required=True)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")

_ELSEWHERE = {
    "doctor": ("idletalk.firmware.command", "doctor_command", "Say which optional tools are there, and what for."),
    "firmware": ("idletalk.firmware.command", "firmware_command", "Examine firmware images."),
    "lookups": ("idletalk.lookups.command", "lookups_command", "List or add look-up data."),
    "mark": ("idletalk.rig.command", "mark_command", "Note in the lab file what you do, as you do it."),
    "open": ("idletalk.view_commands", "open_command", "Show the evidence of a finding in Wireshark."),
    "rig": ("idletalk.rig.command", "rig_command", "Set up or check a capture box."),
    "show": ("idletalk.view_commands", "show_command", "Show a part of an analysis."),
    "signatures": ("idletalk.signatures", "signatures_command", "Learn and match packet-level signatures."),
}
"""Commands that are loaded only when they are asked for: module, name in it, what the list of commands says of it."""


class _Commands(click.Group):
    """Loads the parts that few commands need only when they are asked for, and for none of them when commands are listed."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        from importlib import import_module

        module, name, _ = _ELSEWHERE[cmd_name]
        return getattr(import_module(module), name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_ELSEWHERE})

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        told = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        told |= {name: summary for name, (_, _, summary) in _ELSEWHERE.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(told.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="idletalk", prog_name="idletalk")
def main_group() -> None:
    """What your IoT devices say when nobody is using them.

    \b
    idletalk analyze captures/                 a report of a folder of captures
    idletalk info captures/*.pcap              what the files hold, as capinfos tells it
    idletalk extract captures/ --device plug1 -w plug1.pcapng
    idletalk show findings                     a part of an analysis; idletalk open FINDING: in Wireshark
    idletalk sql "SELECT name, vendor FROM devices"

    Exit codes: 0 all is well, 1 some input could not be read or a behaviour of another package failed (the rest was
    done), 2 nothing could be done.
    """


@main_group.command()
@PATHS
@click.option("--lab", type=click.Path(path_type=Path), help="Lab file: names, devices under test, phases, time zone.")
@click.option(
    "--events", type=click.Path(path_type=Path), help="Table (CSV: time, action, device) of what a person did."
)
@click.option(
    "--from", "start", metavar="TIME", help="Only frames from this time on (2021-05-06T14:00; local time of the lab)."
)
@click.option("--to", "end", metavar="TIME", help="Only frames before this time.")
@click.option("--device", help="Report only this device: MAC, name or address. Others' frames are still read.")
@click.option("--phase", help="Only frames of this phase of the lab file.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the report  [default: NAME.idletalk].")
@click.option("--force", is_flag=True, help="Overwrite an analysis that is there.")
@click.option(
    "--lookups", type=click.Path(path_type=Path, file_okay=False), help="Folder with look-up tables of your own."
)
@click.option(
    "--hash",
    "hash_choice",
    type=click.Choice(["auto", "cited", "all", "none"]),
    default="auto",
    show_default=True,
    help="Which capture files get a SHA-256; auto: all, up to 1 GiB together, or a single one, else those that findings cite (cited).",
)
@click.option("--as-of", metavar="TIME", help="The 'now' of judgements  [default: the capture's end].")
@click.option("--threads", type=click.IntRange(0), default=0, help="Threads  [default: one per processor, at most 8].")
@click.option("--show-secrets", is_flag=True, help="Do not mask secrets found in clear in the report and the tables.")
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
@AS_JSON
def analyze(
    paths: tuple[str, ...],
    lab: Path | None,
    events: Path | None,
    start: str | None,
    end: str | None,
    device: str | None,
    phase: str | None,
    out: Path | None,
    force: bool,
    lookups: Path | None,
    hash_choice: HashChoice,
    as_of: str | None,
    threads: int,
    show_secrets: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Read captures and write a report.

    PATHS are files, folders, patterns or - for standard input: pcap or pcapng, also in gzip, zstd or lz4. Several files
    are one capture in time order.

    \b
    Examples:
      idletalk analyze home.pcapng
      idletalk analyze iotdump_2021-05-*.pcap --lab lab.toml --phase idle
      tcpdump -i br0 -w - | idletalk analyze -
    """
    from idletalk.analysis import analyze as run
    from idletalk.behaviours.captures import damage
    from idletalk.inputs import default_folder
    from idletalk.progress import bar
    from idletalk.provenance import Options
    from idletalk.report import incomplete, print_summary, to_json, warnings

    options = Options(
        lab=lab,
        events=events,
        lookups=lookups,
        start=start,
        end=end,
        device=device,
        phase=phase,
        as_of=as_of,
        hash=hash_choice,
        threads=threads,
        show_secrets=show_secrets,
    )
    folder = out or default_folder(paths[0])
    with bar(shown=not quiet and not as_json) as progress:
        analysis = run(paths, folder, options, force=force, progress=progress)
    if as_json:
        sys.stdout.buffer.write(to_json(analysis.report))
    elif not quiet:
        print_summary(analysis.report, folder)
    faults = list(incomplete(analysis.report, damage(analysis.sql) if analysis.report.captures.faults else ()))
    for line in (*warnings(analysis.report), *faults):
        click.echo(line, err=True)
    if faults:
        raise SystemExit(EXIT_PARTIAL)


@main_group.command(short_help="What capture files hold, as capinfos tells it.")
@PATHS
@AS_JSON
def info(paths: tuple[str, ...], as_json: bool) -> None:
    """What capture files hold: format, interfaces, frames, times, rates, damage; of each, and of all together.

    \b
    Examples:
      idletalk info iotdump_2021-05-06__14.pcap
      idletalk info captures/ --json
    """
    from idletalk import capture_info as files

    found = files.info(paths)
    click.echo(files.to_json(found) if as_json else files.to_text(found))
    if found.faults:
        raise SystemExit(EXIT_PARTIAL)


@main_group.command(short_help="Write chosen frames to a new capture.")
@PATHS
@click.option("-w", "--write", "target", required=True, type=click.Path(path_type=Path), help="File to write.")
@click.option("--device", multiple=True, help="Frames of this device: MAC, or its name, address or lab name.")
@click.option("--host", multiple=True, metavar="ADDRESS", help="Frames of this IP address.")
@click.option("--flow", multiple=True, metavar="ID", help="Frames of this flow (id as in the table flows).")
@click.option("--frames", metavar="LIST", help="These frames: 1,5-9, or CAPTURE:1,5-9 where there are several files.")
@click.option("--protocol", multiple=True, help="Frames of this protocol: an application, transport or network layer.")
@click.option("--from", "start", metavar="TIME", help="From this time on.")
@click.option("--to", "end", metavar="TIME", help="Before this time.")
@click.option("--lab", type=click.Path(path_type=Path), help="Lab file: names of devices, time zone.")
@click.option("--pcap", is_flag=True, help="Write pcap instead of pcapng (one link type only, no comments).")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@AS_JSON
def extract(paths: tuple[str, ...], target: Path, force: bool, as_json: bool, **selection: Any) -> None:
    """Write the frames that match all conditions to a new capture; each carries its origin in a comment.

    PATHS are captures. Times and original lengths stay exact.

    \b
    Examples:
      idletalk extract captures/ --device 50:c7:bf:00:00:01 -w plug.pcapng
      idletalk extract home.pcap --protocol dns --from 2021-05-06T14:00 -w dns.pcapng
      idletalk extract home.pcap --frames 1,5-9 -w five.pcap --pcap
    """
    from idletalk.extraction import Wanted
    from idletalk.extraction import extract as run

    found = run(paths, target, Wanted(**selection), force=force)
    if as_json:
        import json

        click.echo(json.dumps({"selected": found, "file": str(target)}))
    else:
        click.echo(f"{found} frames to {target}")


@main_group.command(short_help="Ask an analysis in SQL.")
@click.argument("query")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@AS_JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def sql(query: str, folder: Path | None, as_json: bool, as_csv: bool) -> None:
    """Ask an analysis in SQL (DuckDB; tables in docs/tables.md).

    FOLDER is the analysis; without it, the one in this folder.

    \b
    Examples:
      idletalk sql "SELECT name, vendor, tx_bytes FROM devices ORDER BY 3 DESC" home.idletalk
      idletalk sql "FROM peers WHERE scope = 'internet'" --csv > peers.csv
    """
    from idletalk import query as tables

    rows, columns = tables.run(tables.find(folder, query), query)
    click.echo(
        tables.to_json(rows, columns)
        if as_json
        else tables.to_csv(rows, columns)
        if as_csv
        else tables.to_text(rows, columns),
        nl=False,
    )


@main_group.command(short_help="Make a shell complete commands and options.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands and options.

    \b
    Examples:
      idletalk completion bash > ~/.local/share/bash-completion/completions/idletalk
      idletalk completion fish > ~/.config/fish/completions/idletalk.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(main_group, {}, "idletalk", "_IDLETALK_COMPLETE").source())


@main_group.command()
def schema() -> None:
    """Print the JSON Schema of report.json.

    \b
    Example:
      idletalk schema > report.schema.json
    """
    import json

    from idletalk.report.json import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


def main() -> None:
    """Run the command line; a mistake of the user is one line and exit code 2, Ctrl-C is 130."""
    for stream in (sys.stdout, sys.stderr):
        # where the terminal's encoding has no sign for a character, another stands for it
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        main_group.main(standalone_mode=False)
    except IdletalkError as error:
        click.echo(f"idletalk: {error}", err=True)
        raise SystemExit(2) from None
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("idletalk: stopped", err=True)
        raise SystemExit(130) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None

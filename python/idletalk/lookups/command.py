"""``idletalk lookups``: which look-ups there are and of what day, and adding one's own."""

from pathlib import Path

import click

FOLDER_OPTION = click.option(
    "--lookups",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of your own look-ups in place of the one in your home.",
)


@click.group("lookups", invoke_without_command=True)
@FOLDER_OPTION
@click.pass_context
def lookups_command(context: click.Context, folder: Path | None) -> None:
    """List the look-up data, its sources and dates; 'add' converts your own, which then goes first.

    \b
    Examples:
      idletalk lookups
      idletalk lookups add dbip-country-lite-2026-11.mmdb
    """
    context.obj = folder
    if context.invoked_subcommand is None:
        from idletalk.lookups.tables import list_sources

        for source in list_sources(folder):
            facts = (source.date or "no date", source.tells.value, source.name, source.licence, source.url)
            click.echo("\t".join(facts).rstrip())


@lookups_command.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--lookups",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write the tables to; it is made if it does not exist.",
)
@click.pass_obj
def add_command(group_folder: Path | None, files: tuple[Path, ...], folder: Path | None) -> None:
    """Convert FILES (.mmdb of MaxMind or DB-IP, ip2asn .tsv or .tsv.gz of iptoasn.com), once.

    \b
    Example:
      idletalk lookups add ip2asn-combined.tsv.gz
    """
    from idletalk.lookups.convert import convert, user_folder

    target = folder or group_folder or user_folder()
    for source in convert(files, target):
        click.echo(f"{source.date}\t{source.tells}\t{source.name}\t{target / source.file}")

"""``idletalk firmware``: what is in an image, and what somebody in the middle could change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from idletalk.errors import IdletalkError

if TYPE_CHECKING:
    from idletalk.firmware.examination import Options
    from idletalk.firmware.model import Examination

MAX_COMPARED = 20
"""Texts shown of one respect in which two images differ; --json has all."""


@click.command("firmware")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the results  [default: IMAGE.idletalk-firmware].",
)
@click.option(
    "--as-of", metavar="TIME", help="The 'now' of judgements on certificates  [default: the image's newest date]."
)
@click.option(
    "--unpack/--no-unpack", default=True, show_default=True, help="Unpack what can be, in a process with limits."
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A public key (PEM, DER), or a control device tree of U-Boot, to verify signatures with.",
)
@click.option("--told", multiple=True, metavar="HASH", help="An MD5, SHA-1 or SHA-256 that came another way.")
@click.option("--channel", help="How the image came, e.g. http or tls.")
@click.option("--show-secrets", is_flag=True, help="Write credentials out instead of masking them.")
@click.option("--compare", is_flag=True, help="Two IMAGES: what the second changes.")
@click.option(
    "--sbom",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write the components of the IMAGE as CycloneDX JSON to this file.",
)
@click.option("--force", is_flag=True, help="Overwrite results that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts; keep no folder.")
def firmware_command(
    images: tuple[Path, ...],
    out: Path | None,
    as_of: str | None,
    unpack: bool,
    keys: tuple[Path, ...],
    told: tuple[str, ...],
    channel: str | None,
    show_secrets: bool,
    compare: bool,
    sbom: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Examine firmware IMAGES: formats, map, certificates, secrets, and what authenticates them.

    \b
    Examples:
      idletalk firmware update.bin
      idletalk firmware update.bin --as-of 2026-11-01 --key vendor.pem
      idletalk firmware --compare old.bin new.bin
      idletalk firmware update.bin --sbom update.cdx.json
    """
    import msgspec

    from idletalk.firmware.examination import Options
    from idletalk.firmware.results import examine_aside, folder_of, told_hashes, write

    options = Options(
        as_of=as_of,
        unpack=unpack,
        show_secrets=show_secrets,
        channel=channel,
        told=told_hashes(told),
        keys=keys,
    )
    if compare:
        _compare(images, options, as_json)
        return
    if sbom is not None and len(images) != 1:
        raise IdletalkError("--sbom takes one image: a component list is of one")
    if as_json:
        for image in images:
            examination = examine_aside(image, options)
            click.echo(msgspec.json.encode(examination))
            _write_components(examination, sbom)
        return
    from idletalk.report.firmware_terminal import print_examination

    for image in images:
        folder = folder_of(image, out, several=len(images) > 1, force=force)
        examination = write(image, options, folder)
        print_examination(examination, folder)
        _write_components(examination, sbom)


def _write_components(examination: Examination, target: Path | None) -> None:
    """Write the component list, if it is wanted."""
    if target is None:
        return
    import msgspec

    from idletalk.firmware.components import cyclonedx
    from idletalk.provenance import program_version

    content = msgspec.json.format(msgspec.json.encode(cyclonedx(examination, program_version())), indent=1)
    try:
        target.write_bytes(content + b"\n")
    except OSError as error:
        raise IdletalkError(f"cannot write {target}: {error.strerror}") from None


def _compare(images: tuple[Path, ...], options: Options, as_json: bool) -> None:
    """Print what the second image has that the first has not, and the other way round."""
    import msgspec

    from idletalk.firmware.comparison import compare
    from idletalk.firmware.results import examine_aside
    from idletalk.report.text import clean

    if len(images) != 2:
        raise IdletalkError("--compare takes two images: the old one and the new one")
    differences = compare(*(examine_aside(image, options) for image in images))
    if as_json:
        click.echo(msgspec.json.encode(differences))
        return
    for difference in differences:
        click.echo(f"{difference.about}:")
        for sign, texts in (("-", difference.gone), ("+", difference.new)):
            for text in texts[:MAX_COMPARED]:
                click.echo(f"  {sign} {clean(text)}")
            if len(texts) > MAX_COMPARED:
                click.echo(f"  {sign} {len(texts) - MAX_COMPARED} more")
    if not differences:
        click.echo("Nothing that is looked at differs.")


@click.command("doctor")
def doctor_command() -> None:
    """Say which optional tools are there, what each is for, and which Debian package has it.

    \b
    Example:
      idletalk doctor
    """
    from idletalk.firmware.tools import TOOLS, found_program

    for tool in TOOLS:
        place = found_program(tool.name)
        click.echo(f"{tool.name}\t{place or 'missing'}\t{tool.use}" + ("" if place else f"\t{tool.mend}"))

"""``idletalk rig`` and ``idletalk mark``: set up a capture box, look at it, and note what one does."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from idletalk.errors import IdletalkError

SETTINGS = "rig.json"
"""What `rig init` was told, for `rig check`."""


@click.group("rig")
def rig_command() -> None:
    """Set up a bridged access point that records everything, and say what is wrong with one.

    \b
    Examples:
      idletalk rig init --country DE --ssid testbed --out box
      idletalk rig check --settings box/rig.json
    """


@rig_command.command("init")
@click.option("--wifi", help="Interface of the access point  [default: asked, else the one found, else wlan0].")
@click.option("--wired", help="Interface towards the router  [default: asked, else the one found, else eth0].")
@click.option("--bridge", default="br0", show_default=True, help="Bridge of both, where the capture listens.")
@click.option("--ssid", help="Name of the Wi-Fi network  [default: asked, else idletalk].")
@click.option("--country", help="Two letters: which Wi-Fi channels are allowed  [default: asked].")
@click.option("--channel", default=6, show_default=True, help="Wi-Fi channel; most IoT devices know 1 to 13 only.")
@click.option("--folder", default="/var/lib/idletalk/captures", show_default=True, help="Where captures go.")
@click.option("--keep-gb", default=20, show_default=True, help="Disk budget: the oldest files beyond it are deleted.")
@click.option("--keep-days", type=int, help="Delete files older than this.")
@click.option(
    "--without-port",
    "ports",
    multiple=True,
    type=int,
    default=(22,),
    show_default=True,
    help="Ports of the box's own sessions, not recorded.",
)
@click.option("--box-mac", help="MAC of the box  [default: that of the wired interface, if it is here].")
@click.option("--mac", "macs", multiple=True, help="Record only this device (again for more); what that hides is said.")
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the passphrase  [default: asked].",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("idletalk-rig"),
    show_default=True,
    help="Folder for the files.",
)
@click.option("--install", is_flag=True, help="Put the files in place and start the box (root).")
def init_command(
    wifi: str | None,
    wired: str | None,
    ssid: str | None,
    country: str | None,
    passphrase_file: Path | None,
    ports: tuple[int, ...],
    macs: tuple[str, ...],
    box_mac: str | None,
    out: Path,
    install: bool,
    **given: Any,
) -> None:
    """Write the configurations of hostapd, systemd-networkd and the capture service into a folder.

    On a terminal it asks for interfaces, network name, country and passphrase where these are not given; the rest has
    defaults. Nothing is installed without --install. The passphrase is never printed; it stands in one file that only its
    owner can read.
    """
    from idletalk.rig.init import read_passphrase, write_box
    from idletalk.rig.interfaces import found, own_mac
    from idletalk.rig.settings import Settings

    asked = {"--country": country, "--passphrase-file": passphrase_file}
    missing = [option for option, value in asked.items() if value is None]
    if missing and not sys.stdin.isatty():
        raise IdletalkError(f"nobody can be asked here (no terminal): give {' and '.join(missing)}")
    here = found()
    wifi = _settled(wifi, "Wi-Fi interface of the access point", *here.wifi, "wlan0")
    wired = _settled(wired, "Interface towards the router", *here.wired, "eth0")
    settings = Settings(
        wifi=wifi,
        wired=wired,
        ssid=_settled(ssid, "Name of the Wi-Fi network", "idletalk"),
        country=_settled(country, "Country in which the box stands (two letters)"),
        without_ports=ports,
        macs=macs,
        box_mac=box_mac or own_mac(wired),
        **given,
    )
    if passphrase_file is None:
        passphrase = click.prompt("Passphrase of the Wi-Fi network", hide_input=True, confirmation_prompt=True)
    else:
        passphrase = read_passphrase(passphrase_file)
    made = write_box(settings, passphrase, out)
    click.echo(f"{len(made)} files are in {out}, how to install and undo them in {out / 'INSTALL'}.")
    click.echo(f"{settings.wifi} and {settings.wired} become {settings.bridge}; captures go to {settings.folder}.")
    for sentence in settings.hidden():
        click.echo(f"Note: {sentence}")
    if install:
        from idletalk.rig.init import install as put_in_place

        put_in_place(out, made)
        click.echo("The box is installed and started; look at it with: idletalk rig check")


def _settled(given: str | None, question: str, *proposed: str) -> str:
    """What was given; else what a person at the terminal says, who is proposed the first; else that."""
    if given is not None:
        return given
    if sys.stdin.isatty():
        return click.prompt(question, default=proposed[0] if proposed else None)
    return proposed[0]


@rig_command.command("check")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="rig.json of the box  [default: /etc/idletalk/rig.json].",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What tcpdump printed  [default: the service's journal].",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
def check_command(settings_file: Path | None, log: Path | None, as_json: bool) -> None:
    """Look at the box that this runs on, and say in sentences what is wrong. Exit code 1 where something is."""
    import json
    import time

    from idletalk.rig.box import look
    from idletalk.rig.check import problems
    from idletalk.rig.init import read_settings

    settings = read_settings(settings_file or Path("/etc/idletalk") / SETTINGS)
    now = time.time()  # before looking, which takes its time
    found = problems(settings, look(settings, log), now)
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in found]))
    else:
        for problem in found:
            click.echo(problem.sentence)
        if not found:
            click.echo("Nothing is wrong that can be seen from here.")
    if found:
        raise SystemExit(1)


@click.command("mark")
@click.argument("action", required=False)
@click.option("--device", help="Which device, by its name in the lab file.")
@click.option("--at", metavar="TIME", help="When it was  [default: now].")
@click.option(
    "--lab",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("lab.toml"),
    show_default=True,
    help="Lab file.",
)
@click.option("--list", "as_list", is_flag=True, help="List the events instead.")
def mark_command(action: str | None, device: str | None, at: str | None, lab: Path, as_list: bool) -> None:
    """Note in the lab file what you do, as you do it.

    \b
    Examples:
      idletalk mark "plug on" --device plug1
      idletalk mark "door opened" --device door --at 2021-05-06T14:03:20
      idletalk mark --list
    """
    from idletalk.rig.mark import add_mark, marks

    if as_list:
        for mark in marks(lab):
            click.echo(f"{mark.time.isoformat()}\t{mark.device or '-'}\t{mark.action}")
        return
    if action is None:
        raise IdletalkError('say what you did, like: idletalk mark "plug on" --device plug1')
    mark = add_mark(lab, action, device, at)
    click.echo(f"{mark.time.isoformat()} {mark.action}{f' ({mark.device})' if mark.device else ''}, in {lab}")

"""The capture service of `idletalk rig init`, run without systemd: its own command line, its user's rights, its environment.

Takes the service's file as it is written for a real box, so that what runs here is what runs there.
"""

import os
import shlex
from collections.abc import Iterator

UNIT = "/etc/systemd/system/idletalk-capture.service"
NOBODY = 65534
"""Number of the user that owns nothing: here in place of the user of the capture's own that a box has."""


def _said(unit: str, key: str) -> Iterator[str]:
    """All values of a key in a unit file."""
    return (line.removeprefix(f"{key}=") for line in unit.splitlines() if line.startswith(f"{key}="))


def _words(line: str) -> list[str]:
    """A command line as systemd.service(5) splits it: quotes, then doubled percent and dollar signs."""
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]


def _rights(unit: str, key: str) -> str:
    """Capabilities as setpriv(1) writes them."""
    (names,) = _said(unit, key)
    return ",".join(f"+{name.removeprefix('CAP_').lower()}" for name in names.split())


def preparations(unit: str) -> list[list[str]]:
    """What the service runs first, as root (`+`); all of it may fail (`-`)."""
    return [_words(line.lstrip("+-")) for line in _said(unit, "ExecStartPre")]


def command(unit: str) -> list[str]:
    """The capture's command line, without the rights that it runs with."""
    (line,) = _said(unit, "ExecStart")
    return _words(line)


def confined(unit: str, words: list[str]) -> list[str]:
    """These words, run with no more rights than the service has, and in its environment."""
    ambient = _rights(unit, "AmbientCapabilities")
    (mask,) = _said(unit, "UMask")
    return [
        "setpriv", "--pdeathsig=KILL", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
        f"--bounding-set=-all,{_rights(unit, 'CapabilityBoundingSet')}", f"--inh-caps=-all,{ambient}",
        f"--ambient-caps=-all,{ambient}", "--no-new-privs",
        "env", *_said(unit, "Environment"), "sh", "-c", f'umask {mask} && exec "$@"', "sh", *words,
    ]  # fmt: skip


def give_to_capture(folder: os.PathLike[str]) -> None:
    """Make a folder the capture's, as the box's tmpfiles.d does."""
    os.chown(folder, NOBODY, NOBODY)

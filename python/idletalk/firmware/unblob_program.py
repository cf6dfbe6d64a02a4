"""The program unblob: begun from its file, or, where it is of the same Python, loaded once for all the processes that are copies of this one."""

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from idletalk.firmware.tools import found_program

NAME = "unblob"
AHEAD = b"\n"
"""Given to the process of which others are copies: an image is to come that this program unpacks. It is not answered."""


def program() -> Path | None:
    """Where unblob is: beside this Python, or on the path."""
    place = found_program(NAME)
    return Path(place) if place else None


def homes(place: Path) -> tuple[Path, ...]:
    """Folders that a Python program of an environment needs: the environment itself, and the Python that it was made of."""
    environment = place.resolve().parent.parent
    python = environment / "bin" / "python"
    return (environment, python.resolve().parent.parent) if python.exists() else ()


@cache
def loaded(place: Path) -> Callable[[], object] | None:
    """What the program begins with, where it is of this Python's environment. Loading takes a second, which copies of this process save."""
    if place.parent != Path(sys.executable).parent:
        return None
    from importlib.metadata import entry_points

    gc.disable()  # nothing of what is loaded is garbage, and looking for it is a fifth of the time
    try:
        # a program that cannot be loaded says so when it is run
        with suppress(Exception):
            for point in entry_points(group="console_scripts", name=NAME):
                return point.load()
    finally:
        gc.freeze()
        gc.enable()
    return None


def become(place: Path, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Be the program from now on, in a folder, with nothing to read and nobody who hears what it says."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(folder)
    if (begin := loaded(place)) is None:
        os.execve(place, [NAME, *arguments], environment)  # noqa: S606  what it is given holds no shell
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [NAME, *arguments]
    begin()

"""A box to break."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.rig.namespaced import Box


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the capture's user may pass, other than pytest's own."""
    with TemporaryDirectory(prefix="idletalk-rig-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def box(folder: Path) -> Iterator[Box]:
    """A sound box that writes a file an hour."""
    made = Box(folder)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def quick_box(folder: Path) -> Iterator[Box]:
    """A sound box that writes a file every second, and on which somebody speaks all the time."""
    made = Box(folder, rotate_s=1, chatter=True)
    try:
        yield made
    finally:
        made.close()

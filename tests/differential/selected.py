"""What display filters select in a capture, as Wireshark counts it: all filters in one walk over the frames.

Takes a capture and filters; gives the frames of each, and their bytes on the wire.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

FILTERS_AT_ONCE = 500
"""Filters of one walk: a command line holds some megabytes."""
TABLE = re.compile(r"^Filter: ([^\n]*)\n(.*?)^={3,}$", re.MULTILINE | re.DOTALL)
"""A table of protocols as tshark prints it."""
OUTERMOST = re.compile(r"^\S+ +frames:(\d+) bytes:(\d+)$", re.MULTILINE)
"""A line of the table that stands in no other protocol: each frame is counted in one of these."""


def selected(capture: Path, filters: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Frames and bytes by filter. Frames are read twice, as Wireshark does before it filters."""
    left = iter(set(filters))
    told: dict[str, tuple[int, int]] = {}
    while some := list(islice(left, FILTERS_AT_ONCE)):
        told.update(_walk(capture, some))
        assert told.keys() >= set(some)
    return told


def _walk(capture: Path, filters: Iterable[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    asked = [word for one in filters for word in ("-z", f"io,phs,{one}")]
    with TemporaryDirectory(prefix="tshark-") as profile:
        done = subprocess.run(
            ["tshark", "-n", "-2", "-q", "-r", str(capture), *asked],
            env=dict(os.environ, WIRESHARK_CONFIG_DIR=profile, TZ="UTC", LC_ALL="C.UTF-8"),
            capture_output=True,
            text=True,
            check=True,
        )
    for display_filter, lines in TABLE.findall(done.stdout):
        counts = [(int(frames), int(size)) for frames, size in OUTERMOST.findall(lines)]
        yield display_filter, (sum(frames for frames, _ in counts), sum(size for _, size in counts))

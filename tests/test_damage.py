"""Captures of others, cut anywhere and with bits flipped: facts come out, in a bounded time and memory."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import idletalk
from tests import made
from tests.differential.comparison import CAPTURES, tagged

SUFFIXES = frozenset({".pcap", ".pcapng", ".cap", ".trace", ".dmp"})
CUTS = int(os.environ.get("IDLETALK_CUTS", "2"))
"""Places at which each capture is cut; in each copy some bits are flipped."""
TAGS = os.environ.get("IDLETALK_TAGS", "").split()
"""Of each of these tags of MANIFEST.tsv some captures are taken instead: all places of a protocol at leisure."""
OF_EACH_TAG = 4
MAX_TAGGED_BYTES = 64 << 10
SEED = 20
FLIPS = 8
MAX_BYTES = 1 << 20
"""Larger captures are not damaged here: they hold what smaller ones hold."""
MAX_SECONDS_A_FILE = 10.0
"""Of processor time: a busy machine lets one wait."""
MAX_KILOBYTES = 600 << 10
"""The program's own bound of memory."""

WORK = r"""
import re, shutil, sys, time
from pathlib import Path
from idletalk import _core
folder = Path(sys.argv[1])
slowest = 0.0
for capture in sorted(folder.glob("*.damaged")):
    tables = folder / "tables"
    tables.mkdir()
    began = time.process_time()
    _core.dissect([capture], tables, threads=1)
    slowest = max(slowest, time.process_time() - began)
    shutil.rmtree(tables)
# of this program alone: the greatest size that getrusage tells begins with the parent's
print(slowest, re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content up to a random place, with some bits flipped."""
    part = bytearray(content[: chance.randrange(1, len(content) + 1)])
    for _ in range(FLIPS):
        part[chance.randrange(len(part))] ^= 1 << chance.randrange(8)
    return bytes(part)


def chosen() -> list[Path]:
    """Malformed captures, and every tenth of the others, of a moderate size; or some of each tag that was asked for."""
    if TAGS:
        small = {tag: [path for path in tagged([tag]) if 0 < path.stat().st_size <= MAX_TAGGED_BYTES] for tag in TAGS}
        return sorted({path for paths in small.values() for path in sorted(paths)[:OF_EACH_TAG]})
    files = sorted(path for path in CAPTURES.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    files = [path for path in files if 0 < path.stat().st_size <= MAX_BYTES]
    return [path for number, path in enumerate(files) if "malformed" in path.parts or number % 10 == 0]


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="no captures of others beside the checkout")
@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a program is read as Linux tells it")
def test_damaged_captures_neither_crash_nor_hang_nor_fill_the_memory(tmp_path: Path) -> None:
    for place, capture in enumerate(chosen()):
        content = capture.read_bytes()
        for cut in range(CUTS):
            chance = random.Random(f"{SEED} {capture.name} {cut}")
            (tmp_path / f"{place}-{cut}.damaged").write_bytes(damaged(content, chance))
    done = subprocess.run([sys.executable, "-c", WORK, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "panicked" not in done.stderr
    slowest, kilobytes = done.stdout.split()
    print(f"{len(list(tmp_path.glob('*.damaged')))} files, slowest {slowest} s, {kilobytes} kB")
    assert float(slowest) < MAX_SECONDS_A_FILE
    assert int(kilobytes) < MAX_KILOBYTES


@pytest.mark.parametrize("told", [300 << 20, 0xFFFFFFFF])
def test_a_length_on_the_wire_that_no_frame_has_adds_nothing(told: int, tmp_path: Path) -> None:
    sent = made.datagram((made.PLUG, "192.168.1.2", 50_000), (made.GATEWAY, "198.18.0.9", 7_000), bytes(20))
    file = made.pcap(tmp_path / "in.pcap", [(float(n), sent) for n in range(3)])
    raw = bytearray(file.read_bytes())
    # the original length of the second record
    at = 24 + 16 + len(sent) + 12
    raw[at : at + 4] = told.to_bytes(4, "little")
    file.write_bytes(raw)
    report = idletalk.analyze([file], tmp_path / "out").report
    assert (report.captures.packets, report.captures.bytes) == (3, 3 * len(sent))
    assert [fault.kind for fault in report.captures.faults] == ["BadLength"]
    kinds = {one.kind for one in report.cannot_be_seen}
    assert "bad_lengths" in kinds
    assert not kinds & {"damaged", "snaplen"}

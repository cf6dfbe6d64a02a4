"""`python -m tests.differential.bodies [--only GLOB] [--tag NAME ...]`: HTTP bodies that tshark exports, looked for by SHA-256 among those that idletalk puts together.

Of each body that tshark exports idletalk must have one with the same bytes, as sent or without its content encoding. Those that it has not
are printed with their first bytes. How many idletalk has whole beside is counted too (ranges, sides of which tshark sees no request).
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from idletalk.dissector import dissect

from .comparison import captures, missing, tagged

FIRST_BYTES = 40


@dataclass(frozen=True, slots=True)
class Result:
    """Of a capture: what both have, what only idletalk has whole, and what only tshark has (bytes and how it begins)."""

    capture: str
    both: int
    only_ours: int
    only_theirs: tuple[tuple[int, bytes], ...]


def exported(capture: Path, folder: Path) -> Iterator[bytes]:
    """Bodies that tshark exports; none where it cannot read the file.

    Where it lost a message, or a connection turned to something else, it exports each segment that follows, or what it takes for a body in
    it: those are left out.
    """
    run = ["tshark", "-n", "-r", str(capture)]
    subprocess.run([*run, "-q", "--export-objects", f"http,{folder}"], check=False, capture_output=True)
    files = sorted(folder.iterdir())
    if not files:
        return
    later = [*run, "-Y", "http && !http.request && !http.response", "-T", "fields", "-e", "tcp.payload"]
    payloads = subprocess.run(later, check=False, capture_output=True, text=True).stdout.split()
    pieces = {bytes.fromhex(payload) for line in payloads for payload in line.split(",")}
    for file in files:
        content = file.read_bytes()
        if content and not any(piece.endswith(content) for piece in pieces):
            yield content


def compare(capture: Path) -> Result:
    """Holds the bodies of a capture against one another, each as often as it occurs."""
    with tempfile.TemporaryDirectory() as name:
        (theirs := Path(name) / "theirs").mkdir()
        (ours := Path(name) / "ours").mkdir()
        dissect([capture], ours)
        rows = duckdb.execute(
            f"SELECT sha256, decoded_sha256 FROM '{next(ours.rglob('http_bodies.parquet'))}'"
            " WHERE is_complete AND length_bytes > 0"
        ).fetchall()
        left = Counter(rows)
        both, only_theirs = 0, list[tuple[int, bytes]]()
        for content in exported(capture, theirs):
            digest = hashlib.sha256(content).hexdigest()
            found = next((row for row in left if left[row] > 0 and digest in row), None)
            if found is None:
                only_theirs.append((len(content), content[:FIRST_BYTES]))
            else:
                left[found] -= 1
                both += 1
        return Result(str(capture), both, left.total(), tuple(only_theirs))


def main() -> int:
    """Prints what differs, and the sums; 1 where tshark has a body that idletalk has not."""
    options = argparse.ArgumentParser(prog="python -m tests.differential.bodies", description=__doc__)
    options.add_argument("--only", default="*", metavar="GLOB", help="captures whose path fits")
    options.add_argument("--tag", nargs="*", metavar="NAME", help="captures whose tags hold one of these")
    options.add_argument("--processes", type=int, default=1, metavar="N")
    chosen = options.parse_args()
    if reason := missing():
        print(reason)
        return 2
    total = Counter[str]()
    wanted = tagged(chosen.tag or ())
    paths = [path for path in captures(chosen.only) if not chosen.tag or path in wanted]
    with ProcessPoolExecutor(chosen.processes) as pool:
        for result in pool.map(compare, paths):
            total["captures with bodies"] += bool(result.both or result.only_ours or result.only_theirs)
            total["both"] += result.both
            total["only idletalk"] += result.only_ours
            total["only tshark"] += len(result.only_theirs)
            for size, start in result.only_theirs:
                print(f"{result.capture}: {size} bytes, {start!r}", flush=True)
    print(*(f"{name}: {count}" for name, count in total.items()), sep="\n")
    return int(total["only tshark"] > 0)


if __name__ == "__main__":
    sys.exit(main())

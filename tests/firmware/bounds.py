"""Time and memory that images made to hurt cost, whole examination and unpacking included.

    python -m tests.firmware.bounds [NAME...]

Each is examined by a program of its own; memory is the most that it or a child of it had at once.
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.firmware.made import declared_squashfs, noise

MEGABYTE = 1 << 20


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _random(path: Path) -> None:
    block = [noise(MEGABYTE, seed) for seed in range(16)]
    with path.open("wb") as file:
        for number in range(512):
            file.write(number.to_bytes(4, "little") + block[number % 16][4:])


def _zeros(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(512 * MEGABYTE)


def _sparse(path: Path) -> None:
    """A SquashFS that holds a file of 4 GB without a block."""
    root = path.parent / "root"
    root.mkdir()
    with (root / "hole").open("wb") as file:
        file.truncate(4 << 30)
    (root / "name").write_text("value\n")
    subprocess.run(["mksquashfs", root, path, "-quiet", "-no-progress"], check=True, capture_output=True)


def _bomb(path: Path) -> None:
    inner = gzip.compress(bytes(64 * MEGABYTE), 9)
    path.write_bytes(gzip.compress(inner * 32, 9))


def _patterns(path: Path) -> None:
    """Nothing but beginnings."""
    starts = [b"\x1f\x8b\x08", b"-----BEGIN A-----", b"hsqs", b"PK\x03\x04", b"\x30\x82", b"BZh91AY&SY", b"070701"]
    path.write_bytes(b"".join(starts) * (64 * MEGABYTE // len(b"".join(starts))))


IMAGES: dict[str, Callable[[Path], object]] = {
    "0 bytes": _empty,
    "512 MiB of random bytes": _random,
    "512 MiB of zeros": _zeros,
    "SquashFS that declares 4 GiB, sparse": declared_squashfs,
    "SquashFS with a sparse file of 4 GiB": _sparse,
    "gzip in gzip, 2 GiB": _bomb,
    "64 MiB of beginnings": _patterns,
}


def measured(path: Path, folder: Path) -> tuple[float, float, int, int]:
    """Seconds on the clock and of the processor, bytes of memory, and the exit code."""
    command = [Path(sys.executable).parent / "idletalk", "firmware", path, "--out", folder]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, child.returncode


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", choices=[*IMAGES, []])
    wanted = parser.parse_args()
    for name in wanted.names or IMAGES:
        with tempfile.TemporaryDirectory() as place:
            path, folder = Path(place) / "image.bin", Path(place) / "out"
            IMAGES[name](path)
            clock, processor, memory, code = measured(path, folder)
            kept = sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
            print(
                f"{name}: {clock:.1f} s, {processor:.1f} s of the processor, {memory / MEGABYTE:.0f} MiB of memory,"
                f" {kept / MEGABYTE:.0f} MiB kept, exit code {code}",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""Speed and claims of the recogniser beside binwalk's, on contents of which it is known what is in them.

    python -m tests.firmware.against_binwalk [--megabytes 100] [--turns 3] [IMAGE...]

Both are started as programs, start-up included, in turns; the shortest processor time counts. Without IMAGE the contents
are made: random bytes, zeros, programs and libraries of this machine, and an image as devices have it (boot image, SquashFS, keys,
padding, random tail).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from idletalk.firmware.recogniser import recognise
from idletalk.firmware.tools import found_program
from tests.firmware.made import noise, uimage

MEGABYTE = 1_000_000


def made(folder: Path, size: int) -> Iterator[Path]:
    """One file of each content."""
    contents = {
        "image": _image(folder, size * MEGABYTE),
        "programs": _programs(size * MEGABYTE),
        "zeros": (bytes(MEGABYTE) for _ in range(size)),
        "random": (noise(MEGABYTE, seed) for seed in range(size)),
    }
    for name, blocks in contents.items():
        with (folder / name).open("wb") as file:
            file.writelines(blocks)
        yield folder / name


def _programs(size: int) -> Iterator[bytes]:
    for path in sorted(Path("/usr/bin").iterdir()):
        if size > 0 and path.is_file() and not path.is_symlink():
            block = path.read_bytes()[:size]
            size -= len(block)
            yield block


def _image(folder: Path, size: int) -> Iterator[bytes]:
    root = folder / "root"
    root.mkdir()
    total = 0
    for path in sorted(Path("/usr/bin").iterdir()):
        if path.is_file() and not path.is_symlink() and total < size:
            (root / path.name).write_bytes(path.read_bytes())
            total += path.stat().st_size
    subprocess.run(
        ["mksquashfs", root, folder / "squashfs", "-comp", "xz", "-quiet", "-no-progress"],
        check=True,
        capture_output=True,
    )
    squashfs = (folder / "squashfs").read_bytes()
    boot = uimage()
    yield boot + b"\xff" * (65536 - len(boot)) + squashfs
    left = size - 65536 - len(squashfs)
    yield b"\xff" * (left // 2)
    yield noise(max(0, left - left // 2))


def processor_s(*command: str | Path) -> float:
    """Seconds of a program, of the user and of the system."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def claims(binwalk: str, path: Path) -> Counter[str]:
    """What binwalk says, by the first word."""
    told = subprocess.run([binwalk, path], check=True, capture_output=True, text=True).stdout
    lines = (line.split(None, 2) for line in told.splitlines())
    return Counter(line[2].split(",")[0][:40] for line in lines if len(line) == 3 and line[0].isdigit())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("images", nargs="*", type=Path)
    wanted = parser.parse_args()
    binwalk, ours = found_program("binwalk"), Path(sys.executable).parent / "idletalk"
    if binwalk is None:
        sys.exit("binwalk is not installed")
    scan = "import sys; from idletalk import _core; _core.recognise(sys.argv[1])"
    with tempfile.TemporaryDirectory() as place:
        for path in wanted.images or made(Path(place), wanted.megabytes):
            times = [
                (
                    processor_s(binwalk, path),
                    processor_s(sys.executable, "-I", "-c", scan, path),
                    processor_s(ours, "firmware", path, "--no-unpack", "--json"),
                )
                for _ in range(wanted.turns)
            ]
            theirs, scanned, examined = (min(column) for column in zip(*times, strict=True))
            print(
                f"{path.name} ({path.stat().st_size / 1e6:.0f} MB): binwalk {theirs:.2f} s; scan {scanned:.2f} s,"
                f" {theirs / scanned:.1f} times faster; whole examination {examined:.2f} s, {theirs / examined:.1f} times",
                flush=True,
            )
            print(f"  binwalk claims {dict(claims(binwalk, path).most_common(12))}")
            print(f"  idletalk claims {dict(Counter(part.format for part in recognise(path).parts).most_common(12))}")


if __name__ == "__main__":
    main()

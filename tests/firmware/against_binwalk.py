"""Speed and claims of the recogniser beside binwalk's, on contents of which it is known what is in them.

    python -m tests.firmware.against_binwalk [--megabytes 100] [--turns 3] [IMAGE...]

Both are started as programs, start-up included, in turns; the shortest time of each counts, on the clock and of the processor. Without
IMAGE the contents are made: an image as devices have it (boot image, SquashFS, padding, random tail), vendors' images one behind the
other, programs of this machine, text, zeros, random bytes.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from idletalk.firmware.recogniser import recognise
from idletalk.firmware.tools import found_program
from tests.firmware.made import (
    ameba_z_ota,
    beken_rbl,
    esp32,
    esp8266_ota,
    hikvision,
    marvell,
    mcuboot,
    noise,
    tuya_single,
    uimage,
    zigbee,
)

MEGABYTE = 1_000_000


def made(folder: Path, size: int) -> Iterator[Path]:
    """One file of each content."""
    contents = {
        "image": _image(folder, size * MEGABYTE),
        "vendors": _vendors(size * MEGABYTE),
        "programs": _files("/usr/bin", "*", size * MEGABYTE),
        "text": _files("/usr/lib/python3", "*.py", size * MEGABYTE),
        "zeros": (bytes(MEGABYTE) for _ in range(size)),
        "random": (noise(MEGABYTE, seed) for seed in range(size)),
    }
    for name, blocks in contents.items():
        with (folder / name).open("wb") as file:
            file.writelines(blocks)
        yield folder / name


def _files(folder: str, pattern: str, size: int) -> Iterator[bytes]:
    """Files one behind the other, again and again where there are too few."""
    paths = [path for path in sorted(Path(folder).rglob(pattern)) if path.is_file() and not path.is_symlink()]
    for path in itertools.cycle(paths):
        block = path.read_bytes()[:size]
        size -= len(block)
        yield block
        if size <= 0:
            return


def _vendors(size: int) -> Iterator[bytes]:
    """Images of vendors' formats, each with padding to the next sector of flash."""
    makers = (esp32, esp8266_ota, tuya_single, beken_rbl, ameba_z_ota, marvell, hikvision, uimage, mcuboot, zigbee)
    for make in itertools.cycle(makers):
        image = make()
        block = (image + b"\xff" * (-len(image) % 4096))[:size]
        size -= len(block)
        yield block
        if size <= 0:
            return


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


def seconds(*command: str | Path) -> tuple[float, float]:
    """Of a program: on the clock, and of the processor for the user and the system."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after, clock = os.times(), time.perf_counter() - started
    return clock, after.children_user - before.children_user + after.children_system - before.children_system


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
    scan = "import sys; from idletalk import _core; d = open(sys.argv[1], 'rb').read(); _core.recognise(d, len(d))"
    with tempfile.TemporaryDirectory() as place:
        for path in wanted.images or made(Path(place), wanted.megabytes):
            commands = {
                "binwalk": (binwalk, path),
                "scan": (sys.executable, "-I", "-c", scan, path),
                "whole examination": (ours, "firmware", path, "--no-unpack", "--json"),
            }
            turns = [{name: seconds(*command) for name, command in commands.items()} for _ in range(wanted.turns)]
            best = {name: [min(turn[name][i] for turn in turns) for i in (0, 1)] for name in commands}
            print(f"{path.name} ({path.stat().st_size / 1e6:.0f} MB), s on the clock and of the processor:", flush=True)
            for name, (clock, processor) in best.items():
                ratios = f"{best['binwalk'][0] / clock:.1f} and {best['binwalk'][1] / processor:.1f} times faster"
                print(
                    f"  {name}: {clock:.2f} and {processor:.2f}{'' if name == 'binwalk' else f', {ratios}'}", flush=True
                )
            print(f"  binwalk claims {dict(claims(binwalk, path).most_common(12))}")
            print(f"  idletalk claims {dict(Counter(part.format for part in recognise(path).parts).most_common(12))}")


if __name__ == "__main__":
    main()

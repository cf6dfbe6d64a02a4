"""That no vendor's format is claimed where none is: on random bytes and on ordinary files of this machine.

    python -m tests.firmware.against_ordinary [--random-megabytes 512] FILE_OR_FOLDER...

Prints every claim of the categories that only images have; on random bytes every claim at all.
"""

import argparse
import tempfile
from pathlib import Path

from idletalk.errors import IdletalkError
from idletalk.firmware.recogniser import recognise
from tests.firmware.against_openssl import files_of
from tests.firmware.made import noise

VENDORS = ("firmware", "patch", "table", "filesystem")
FILE_MEGABYTES = 64


def random_claims(megabytes: int) -> list[str]:
    """Of files of random bytes."""
    claimed: list[str] = []
    with tempfile.NamedTemporaryFile() as file:
        for seed in range(-(-megabytes // FILE_MEGABYTES)):
            file.seek(0)
            file.write(noise(min(FILE_MEGABYTES, megabytes) << 20, 1000 + seed))
            file.flush()
            claimed += [
                f"random {seed}: {part.format} at {part.offset:#x}" for part in recognise(Path(file.name)).parts
            ]
    return claimed


def main() -> None:
    """Look and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--random-megabytes", type=int, default=512)
    parser.add_argument("paths", nargs="*")
    wanted = parser.parse_args()
    claimed = random_claims(wanted.random_megabytes) if wanted.random_megabytes else []
    files = size = 0
    for path in files_of(wanted.paths):
        try:
            found = recognise(path)
        except IdletalkError:
            continue
        files, size = files + 1, size + found.read_bytes
        claimed += [f"{path}: {part.format} at {part.offset:#x}" for part in found.parts if part.category in VENDORS]
    print(f"{wanted.random_megabytes} MiB of random bytes, {files} files of {size / 1e6:.0f} MB: {len(claimed)} claims")
    print(*claimed, sep="\n")


if __name__ == "__main__":
    main()

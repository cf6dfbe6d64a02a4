"""`python -m tests.differential.later SHARE FOLDER [--only GLOB]`: each capture without its first part, for a comparison of
connections that are under way as a capture begins: `IDLETALK_CAPTURES=FOLDER python -m tests.differential`.
"""

import argparse
import subprocess
from pathlib import Path

from .comparison import CAPTURES, captures

MAX_BYTES = 3_000_000
"""Larger captures take long, and are of the same homes."""


def main() -> int:
    """Write the captures; 0 where there is at least one."""
    options = argparse.ArgumentParser(prog="python -m tests.differential.later", description=__doc__)
    options.add_argument("share", type=float, help="share of the frames that is left out, from 0 to 1")
    options.add_argument("folder", type=Path, help="where the captures are written")
    options.add_argument("--only", default="*", metavar="GLOB", help="captures whose path fits")
    chosen = options.parse_args()
    written = 0
    for path in captures(chosen.only):
        frames = count(path) if path.stat().st_size <= MAX_BYTES else 0
        if left_out := int(frames * chosen.share):
            target = chosen.folder / path.relative_to(CAPTURES)
            target.parent.mkdir(parents=True, exist_ok=True)
            cut = ["editcap", str(path), str(target), f"1-{left_out}"]
            written += subprocess.run(cut, capture_output=True, check=False).returncode == 0
    print(f"{written} captures in {chosen.folder}")
    return 0 if written else 1


def count(path: Path) -> int:
    """Frames of a capture; 0 where capinfos knows none."""
    command = ["capinfos", "-c", "-M", "-T", "-r", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return int(told[-1]) if told and told[-1].isdigit() else 0


if __name__ == "__main__":
    raise SystemExit(main())

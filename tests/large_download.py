"""What downloads cost: memory of a large one beside a small one, and the share of an analysis without any.

    python -m tests.large_download [--megabytes 2000] [CAPTURE_WITHOUT_DOWNLOADS...]

Memory is the greatest of an analysis and of the processes that it starts. The shares are processor time: of keeping what was carried while
dissecting (best of several runs, one thread), and of putting images together and examining them, in an analysis of the captures that are named.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import idletalk
from idletalk.dissector import dissect
from idletalk.image_pages import Kept
from idletalk.images import begin_images
from idletalk.store import Store
from tests.test_downloads import large, peak_mebibytes

RUNS = 7
SMALL_MEGABYTES = 80
"""More than what is examined of an image."""


def share(captures: list[Path], out: Path) -> float:
    """Of the processor time of an analysis."""
    spent = [0.0]

    def timed(store: Store, folder: Path, _apart: Executor) -> Callable[[Store], tuple[Kept, ...]]:
        started = time.process_time()
        with ThreadPoolExecutor(1) as alone:
            kept = begin_images(store, folder, alone)(store)
        spent[0] += time.process_time() - started
        return lambda _beside: kept

    started = time.process_time()
    with mock.patch("idletalk.assemble.begin_images", timed):
        idletalk.analyze(captures, out)
    return spent[0] / (time.process_time() - started)


def keeping(captures: list[Path], out: Path) -> float:
    """What keeping contents adds to dissecting, as a share of it."""
    best = {True: float("inf"), False: float("inf")}
    for run in range(RUNS):
        for contents in best:
            started = time.process_time()
            dissect(captures, out / f"{run}-{contents}", threads=1, contents=contents)
            best[contents] = min(best[contents], time.process_time() - started)
    return best[True] / best[False] - 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("captures", nargs="*", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if wanted.captures:
            print(f"keeping contents adds to dissecting: {keeping(wanted.captures, folder):.1%}", flush=True)
            print(f"share of images in an analysis: {share(wanted.captures, folder / 'share'):.1%}", flush=True)
        for megabytes in (SMALL_MEGABYTES, wanted.megabytes):
            capture = large(folder / f"{megabytes}.pcap", megabytes)
            peak = peak_mebibytes(capture, folder / f"{megabytes}")
            [row] = idletalk.Analysis(folder / f"{megabytes}").sql("SELECT is_complete, size_bytes FROM images")
            print(
                f"download of {row['size_bytes'] / 1e6:.0f} MB, complete {row['is_complete']}: {peak:.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()

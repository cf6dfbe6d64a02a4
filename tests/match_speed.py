"""`python -m tests.match_speed`: how long signatures need to be searched in a capture of 100 MB that `bench` makes.

The signatures are those that the demo's events teach; the capture repeats real flows of the demo's kinds under other addresses.
"""

import argparse
import tempfile
import time
from pathlib import Path

from bench.maker import make

import idletalk
from idletalk.signatures import learnt, matches
from tests.conftest import DEMO, ROOT

PACKETS = 460_000
"""About 100 MB."""
TURNS = 3


def main() -> int:
    """Make, analyse, search, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.match_speed", description=__doc__)
    parser.add_argument("--packets", type=int, default=PACKETS)
    packets = parser.parse_args().packets
    with tempfile.TemporaryDirectory() as folder:
        lab = idletalk.Options(lab=DEMO / "lab.toml", lookups=ROOT / "lab")
        signatures = learnt(idletalk.analyze(sorted(DEMO.glob("*.pcap.gz")), Path(folder, "demo"), lab).folder)
        made = make(Path(folder, "made.pcap"), packets)
        began = time.process_time()
        analysis = idletalk.analyze([made.path], Path(folder, "made"))
        analysed_s = time.process_time() - began
        spent: list[tuple[float, float, int]] = []
        for _ in range(TURNS):
            clock, processor = time.perf_counter(), time.process_time()
            found = matches(signatures, analysis.folder)
            spent.append((time.perf_counter() - clock, time.process_time() - processor, len(found)))
        (bursts,) = analysis.sql("SELECT count(*) AS n FROM bursts")
    clock_s, processor_s, hits = min(spent)
    print(
        f"{made.frame_bytes / 1e6:.0f} MB, {made.packets} packets, {made.flows} flows, {bursts['n']} bursts; analysis"
        f" {analysed_s:.2f} s of processor time\n{len(signatures)} signatures: {clock_s:.2f} s on the clock,"
        f" {processor_s:.2f} s of processor time, {made.packets / processor_s / 1e6:.1f} million packets a second; {hits} matches"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

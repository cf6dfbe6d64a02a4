"""``python -m bench``: make the captures, run the programs side by side, print the tables, exit 1 when a target is missed."""

import argparse
import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from bench.hostile import CAPTURES, make_hostile, make_month
from bench.maker import Made, make, version
from bench.measure import Run, Runs, machine, run, side_by_side, warm
from bench.peers import IDLETALK, commands, idletalk
from bench.targets import memory, table, verdicts

OUT = Path(__file__).parent / "out"
PACKETS = 3_000_000
LARGE_ROUNDS = 16
"""Rounds of the mix that make 10 GB."""
SLOW = ("tshark -q -z conv,ip", "nfstream")
"""On the large capture these would take minutes a round."""


def main() -> int:
    """Run what is asked for."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--large", action="store_true", help="also the 10 GB capture (needs 11 GB of disk)")
    options.add_argument(
        "--memory", action="store_true", help="also captures made to hurt, and a month of hourly files"
    )
    options.add_argument("--only", choices=["quick", "small", "large", "memory"], help="nothing else")
    options.add_argument("--rounds", type=int, default=5, help="how often each program runs  [5]")
    options.add_argument(
        "--skip", action="append", default=[], metavar="NAME", help="leave out programs whose name begins so"
    )
    chosen = options.parse_args()
    wanted = {"quick", "small"} | ({"large"} if chosen.large else set()) | ({"memory"} if chosen.memory else set())
    wanted = {chosen.only} if chosen.only else wanted
    OUT.mkdir(exist_ok=True)
    print(f"machine: {machine()}")
    met = True
    if "quick" in wanted:
        quick(chosen.rounds)
    for size, rounds in (("small", 1), ("large", LARGE_ROUNDS)):
        if size in wanted:
            met &= compare(made(size, rounds), size, chosen.rounds, tuple(chosen.skip))
    if "memory" in wanted:
        met &= hurt()
    return 0 if met else 1


def quick(rounds: int) -> None:
    """A small capture, where starting and planning are most of the time: the demo capture as one file."""
    capture = OUT / "demo.pcapng"
    files = sorted((Path(__file__).parent.parent / "demo").glob("*.pcap.gz"))
    subprocess.run(["mergecap", "-w", str(capture), *map(str, files)], check=True)
    print(f"\n## quick: the demo capture, {capture.stat().st_size / 1e6:.1f} MB, {rounds} rounds\n")
    named = commands(capture, OUT / "quick.idletalk", "")
    chosen = {name: command for name in (IDLETALK, "tshark -q -z conv,ip") if (command := named[name])}
    warm([capture])
    print(table(side_by_side(chosen, rounds), []))


def made(size: str, rounds: int) -> Made:
    """The made capture, made anew only when the maker or its templates changed."""
    path, card = OUT / f"{size}.pcap", OUT / f"{size}.json"
    if card.exists() and path.exists():
        known = json.loads(card.read_text())
        if known.pop("version") == version():
            return Made(**{**known, "path": path})
    began = time.perf_counter()
    # in a process of its own: the kernel counts a parent's memory as its children's until they run their program
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        what = apart.submit(make, path, PACKETS, rounds).result()
    card.write_text(json.dumps({**asdict(what), "path": path.name, "version": version()}))
    print(f"made {path.name} in {time.perf_counter() - began:.0f} s")
    return what


def compare(what: Made, size: str, rounds: int, skip: tuple[str, ...]) -> bool:
    """All programs on one capture; says whether the targets are met."""
    print(
        f"\n## {size}: {what.packets:,} packets, {what.path.stat().st_size / 1e9:.2f} GB, "
        f"{what.frame_bytes / what.packets:.0f} bytes on average, {what.flows:,} flows, {rounds} rounds\n"
    )
    analysis = OUT / f"{size}.idletalk"
    all_commands = commands(what.path, analysis, what.device)
    left_out = (*skip, *(SLOW if size == "large" else ()))
    chosen = {name: command for name, command in all_commands.items() if not name.startswith(left_out or ("\0",))}
    warm([what.path])
    found = side_by_side({name: command for name, command in chosen.items() if command}, rounds)
    print(table(found, [name for name, command in chosen.items() if command is None]))
    lines, met = verdicts(size, found)
    print("\n".join(["", *lines]))
    wrong = faults(what, analysis)
    print(f"- records: {'as the maker counts them' if not wrong else 'WRONG: ' + '; '.join(wrong)}")
    return met and not wrong


def faults(what: Made, analysis: Path) -> list[str]:
    """Where the tables of an analysis differ from what the maker put into the capture."""
    import idletalk as program

    ask = program.Analysis(analysis).sql
    counted = {
        "packets": ask("SELECT sum(frames)::BIGINT AS n FROM captures")[0]["n"],
        "packets in flows": ask("SELECT sum(originator_packets + responder_packets)::BIGINT AS n FROM flows")[0]["n"],
        "flows": ask("SELECT count(*) AS n FROM flows")[0]["n"],
        "weirds": ask("SELECT count(*) AS n FROM weirds")[0]["n"],
        **{name: ask(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in what.records},
    }
    made = {"packets": what.packets, "packets in flows": what.packets, "flows": what.flows, "weirds": 0, **what.records}
    return [f"{name}: made {made[name]}, found {n}" for name, n in counted.items() if made[name] != n]


def hurt() -> bool:
    """Peak memory of idletalk on captures made to hurt; says whether it stays in its bound."""
    print("\n## memory\n")
    met = True
    for name in [*CAPTURES, "month"]:
        path = OUT / (f"hostile-{name}-{version()}" + (".pcap" if name in CAPTURES else ""))
        if not path.exists():
            for old in OUT.glob(f"hostile-{name}-*"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            if name in CAPTURES:
                make_hostile(name, path)
            else:
                source = made("small", 1).path
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
                    apart.submit(make_month, source, path).result()
        analysis = OUT / f"hostile-{name}.idletalk"
        try:
            one: Run = run(idletalk([path], analysis))
        except RuntimeError as error:
            print(f"{name}: FAILED: {str(error).splitlines()[-1]}", flush=True)
            met = False
            continue
        line, ok = memory(Runs(IDLETALK, (one,)))
        print(f"{name}: {one.wall_s:.1f} s\n{line}", flush=True)
        met &= ok
    return met


if __name__ == "__main__":
    sys.exit(main())

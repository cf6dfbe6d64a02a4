"""`python -m tests.lab.seeds --seeds 10`: the lab over seeds that nobody has seen, and a run in which nothing is planted.

Prints what was found, missed and invented, by kind of idle finding, kind of value and encoding, and what came out about
actions. Needs root and what the lab needs (lab/README.md). Runs that `--out` holds already are only judged.
"""

import argparse
import random
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen

from lab.needs import missing
from tests.lab.runs import Outcome, analysed, judged, live

SEEDS = range(1000, 1_000_000)
"""Where unseen seeds are drawn from: small ones stand in tests and in the demo."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.seeds", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many to draw at random")
    parser.add_argument("--seed", dest="named", action="append", default=[], help="this one instead (again for more)")
    parser.add_argument("--minutes", default="1.5", help="wall minutes of the idle phase")
    parser.add_argument("--rounds", default="10", help="repetitions of each action")
    parser.add_argument("--lose", default="0", help="TCP packets of a thousand that the gateway loses")
    parser.add_argument("--jobs", type=int, default=3, help="runs side by side")
    parser.add_argument("--out", type=Path, required=True, help="folder for runs and analyses")
    return parser.parse_args()


def _live_all(asked: dict[str, list[str]], out: Path, jobs: int) -> None:
    """Run what is not there yet, some at a time."""
    waiting = [name for name in asked if not (out / name / "truth.json").exists()]
    running: dict[str, Popen[bytes]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            name = waiting.pop(0)
            running[name] = live(out / name, *asked[name])
        for name, run in list(running.items()):
            if run.poll() is not None:
                del running[name]
                print(f"run {name} ended with {run.returncode}", flush=True)
        time.sleep(0.5)


def _judge(name: str, out: Path) -> Outcome:
    folder = out / f"{name}.idletalk"
    shutil.rmtree(folder, ignore_errors=True)
    outcome = judged(*analysed(out / name, folder))
    print(f"{name}: {len(outcome.faults)} faults", flush=True)
    for fault in outcome.faults:
        print(f"    {fault}", flush=True)
    return outcome


def _print(title: str, outcome: Outcome) -> None:
    print(f"\n{title}\n\n| kind | found | missed | invented |\n|---|---|---|---|")
    for kind, figures in sorted(outcome.kinds.items()):
        print(f"| {kind} | {' | '.join(map(str, figures))} |")
    if not outcome.actions:
        return
    print("\n| actions | right | wrong | not said |\n|---|---|---|---|")
    for question, verdicts in outcome.actions.items():
        print(f"| {question} | {verdicts.right} | {len(verdicts.wrong)} | {verdicts.unknown} |")
    recall = outcome.recall
    print(
        f"\nsignatures: {recall.recalled} of {recall.held_back} held-back repetitions found;"
        f" {recall.idle} matches in {recall.idle_days:.1f} idle days of the own device;"
        f" {recall.foreign} in {recall.foreign_packets} packets of devices of other kinds"
        f" ({recall.foreign_blind} if neither names nor networks were known)"
    )


def main() -> int:
    """Run, judge, print; 1 where something was missed or invented."""
    asked = _arguments()
    reason = missing()
    if reason is not None:
        print(f"the lab cannot run: {reason}", file=sys.stderr)
        return 2
    seeds: Sequence[str] = asked.named or [str(seed) for seed in random.SystemRandom().sample(SEEDS, asked.seeds)]
    print(f"seeds: {' '.join(seeds)}", flush=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    runs = {
        seed: [seed, "--minutes", asked.minutes, "--rounds", asked.rounds, "--each-way", "--lose", asked.lose]
        for seed in seeds
    }
    null = [seeds[0], "--minutes", asked.minutes, "--rounds", "0", "--no-updates", "--null"]
    _live_all({"null": null} | runs, asked.out, asked.jobs)
    nothing, whole = _judge("null", asked.out), Outcome()
    judged_seeds = [seed for seed in seeds if (asked.out / seed / "truth.json").exists()]
    for seed in judged_seeds:
        whole.add(_judge(seed, asked.out))
    _print("Nothing planted", nothing)
    for seed in seeds:
        if seed not in judged_seeds:
            print(f"{seed}: the run ended early, and is not judged; the same command again begins it again")
    _print(f"{len(judged_seeds)} seeds", whole)
    return 1 if nothing.faults or whole.faults else 0


if __name__ == "__main__":
    sys.exit(main())

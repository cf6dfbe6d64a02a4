"""`python -m tests.differential [--only GLOB] [--tag NAME ...] [--class NAME] [--show N]`: the comparison, printed."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

from . import claims, exemptions
from .comparison import Outcome, captures, compare_all, missing, table, tagged
from .facts import Difference

SLOWEST = 5


def main() -> int:
    """Runs the comparison; 0 when nothing differs without a reason."""
    options = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    options.add_argument("--only", default="*", metavar="GLOB", help="captures whose path fits")
    options.add_argument(
        "--tag", nargs="*", metavar="NAME", help="captures whose tags in MANIFEST.tsv hold one of these"
    )
    options.add_argument("--class", dest="kind", default="*", metavar="NAME", help="classes of values to show")
    options.add_argument("--show", type=int, default=50, metavar="N", help="mismatches to print")
    options.add_argument("--processes", type=int, default=None, metavar="N")
    options.add_argument("--all", type=Path, metavar="FILE", help="write all mismatches there, tab-separated")
    chosen = options.parse_args()
    if reason := missing():
        print(reason)
        return 2
    began = time.monotonic()
    paths = captures(chosen.only)
    if chosen.tag:
        wanted = tagged(chosen.tag)
        paths = [path for path in paths if path in wanted]
    outcomes = list(compare_all(paths, chosen.processes))
    names = {outcome.capture for outcome in outcomes}
    verdict = exemptions.judge(
        (one for outcome in outcomes for one in outcome.differences),
        [line for line in exemptions.load() if line.capture in names or (chosen.only == "*" and not chosen.tag)],
    )
    print(table(outcomes, verdict.exempt, verdict.mismatches))
    print_troubles(outcomes)
    print(f"{len(outcomes)} captures in {time.monotonic() - began:.0f} s")
    for reason, count in verdict.by_reason.most_common():
        print(f"exempt {reason}: {count}")
    shown = [one for one in verdict.mismatches if fnmatch(one.kind, chosen.kind)]
    print_mismatches(shown, chosen.show)
    print(*verdict.stale, sep="\n")
    false = claims.report(outcomes)
    if chosen.all:
        chosen.all.write_text("".join(f"{line(one)}\n" for one in shown), encoding="utf-8")
    return 1 if verdict.mismatches or verdict.stale or false else 0


def line(one: Difference) -> str:
    """A mismatch as a line."""
    return f"{one.capture}\t{one.kind}\t{one.frame}\t{one.subject}\tours {one.ours}\ttshark {one.theirs}"


def print_mismatches(mismatches: list[Difference], limit: int) -> None:
    """The first mismatches, and how many captures have more."""
    for one in mismatches[:limit]:
        print(line(one))
    if len(mismatches) > limit:
        by_capture = Counter(one.capture for one in mismatches)
        print(f"... {len(mismatches) - limit} more; most in")
        for capture, count in by_capture.most_common(20):
            print(f"  {count:6} {capture}")


def print_troubles(outcomes: list[Outcome]) -> None:
    """Captures that Wireshark did not read, and the slowest ones of each side."""
    for trouble, count in Counter(outcome.trouble for outcome in outcomes if outcome.trouble).most_common():
        named = [outcome.capture for outcome in outcomes if outcome.trouble == trouble]
        print(f"{count} not compared, {trouble}: {' '.join(named[:40])}")
    for side, cost in (("idletalk", "our_s"), ("sharkd", "their_s")):
        slow = sorted(outcomes, key=lambda outcome: -getattr(outcome, cost))[:SLOWEST]
        total = sum(getattr(outcome, cost) for outcome in outcomes)
        print(f"{side}: {total:.0f} s; slowest", ", ".join(f"{o.capture} {getattr(o, cost):.2f} s" for o in slow))


if __name__ == "__main__":
    sys.exit(main())

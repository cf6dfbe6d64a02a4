"""Flows that we name by their content and Wireshark names otherwise, over all captures: a part of `python -m tests.differential`.

Wireshark goes by ports where it does not look at contents, so it is no truth: a line of `claims.tsv` says of which pairs of names it is wrong
or says the same in another word, and why. What is left is counted as a false claim of ours. (nDPI's words: `tests.differential.labels`.)
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from .facts import Facts

if TYPE_CHECKING:
    from .comparison import Outcome

EXEMPTIONS = Path(__file__).with_name("claims.tsv")
SAME = {
    "classicstun": "stun",
    "gquic": "quic",
    "http2": "http",
    "pop": "pop3",
    "srtcp": "rtcp",
    "srtp": "rtp",
    "wg": "wireguard",
}
"""Wireshark's words for the same."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A flow that both name, differently."""

    capture: str
    frame: int
    flow: str
    ours: str
    theirs: str


def claims(capture: str, mine: Facts, other: Facts) -> Iterator[Claim]:
    """Flows of a capture for which no name is the same."""
    for flow, names in mine.flows.items():
        theirs = {SAME.get(name, name) for name in other.flows.get(flow, {})}
        if theirs and theirs.isdisjoint(names):
            yield Claim(capture, min(names.values()), flow, "+".join(sorted(names)), "+".join(sorted(theirs)))


@dataclass(frozen=True, slots=True)
class Line:
    """Pairs of names that are no false claims of ours: patterns of the capture, of our name and of Wireshark's."""

    capture: str
    ours: str
    theirs: str
    reason: str


def load(path: Path = EXEMPTIONS) -> list[Line]:
    """Reads the list."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Line(row["capture"], row["ours"], row["theirs"], row["reason"]) for row in rows]


def judge(found: Iterable[Claim], lines: Iterable[Line]) -> tuple[list[Claim], Counter[Line]]:
    """Those that no line explains, and how many each explains."""
    known, left = Counter[Line](dict.fromkeys(lines, 0)), list[Claim]()
    for one in found:
        pairs = ((one.capture, "capture"), (one.ours, "ours"), (one.theirs, "theirs"))
        line = next((line for line in known if all(fnmatch(text, getattr(line, name)) for text, name in pairs)), None)
        if line is None:
            left.append(one)
        else:
            known[line] += 1
    return left, known


def report(outcomes: Iterable[Outcome]) -> list[Claim]:
    """Prints how the flows are named; gives the claims that nothing explains."""
    outcomes = list(outcomes)
    left, known = judge((one for outcome in outcomes for one in outcome.claims), load())
    for one in left:
        print(f"{one.capture}\t{one.frame}\t{one.flow}\tours {one.ours}\tWireshark {one.theirs}")
    for line, count in known.most_common():
        print(f"named otherwise {count}: {line.ours}, by Wireshark {line.theirs}: {line.reason}")
    both, differ = sum(outcome.named for outcome in outcomes), sum(len(outcome.claims) for outcome in outcomes)
    print(f"{both} flows that both name, {differ} of them otherwise, {len(left)} unexplained")
    return left

"""The versioned list of values on which idletalk and tshark differ for a reason: `exemptions.tsv`."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .facts import Difference

PATH = Path(__file__).with_name("exemptions.tsv")
MAX_SHARE = 0.01
"""Share of the compared values that may be exempt."""
ALL_FRAMES = "*"


@dataclass(frozen=True, slots=True)
class Exemption:
    """`values` differences of a class in one capture that begin at `frame` (or anywhere, `*`), and why."""

    capture: str
    kind: str
    frame: str
    values: int
    reason: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Differences, by whether a line of the list speaks of them."""

    exempt: Counter[str]
    by_reason: Counter[str]
    mismatches: list[Difference]
    stale: list[str]


def load(path: Path = PATH) -> list[Exemption]:
    """Reads the list."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Exemption(row["capture"], row["class"], row["frame"], int(row["values"]), row["reason"], row["explanation"])
            for row in rows
        ]


def judge(found: Iterable[Difference], exemptions: Iterable[Exemption]) -> Verdict:
    """Sorts differences. A line whose number of values no longer fits is stale, and covers nothing beyond it."""
    groups: dict[tuple[str, str, str], list[Difference]] = {}
    left: dict[Difference, None] = {}
    for difference in found:
        left[difference] = None
        for frame in (str(difference.frame), ALL_FRAMES):
            groups.setdefault((difference.capture, difference.kind, frame), []).append(difference)
    exempt: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    stale: list[str] = []
    for line in exemptions:
        covered = [one for one in groups.get((line.capture, line.kind, line.frame), []) if one in left]
        place = f"{line.capture} {line.kind} frame {line.frame}"
        if not covered:
            stale.append(f"{place}: equal now, remove this line")
        elif len(covered) != line.values:
            stale.append(f"{place}: {len(covered)} values differ, the line says {line.values}")
        for one in covered[: line.values]:
            del left[one]
            exempt[line.kind] += 1
            by_reason[line.reason] += 1
    return Verdict(exempt, by_reason, list(left), stale)

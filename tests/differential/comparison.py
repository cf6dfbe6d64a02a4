"""All captures through both sides: which values were compared, which differ, which files were trouble."""

from __future__ import annotations

import csv
import multiprocessing
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from . import ours, theirs
from .claims import Claim, claims
from .facts import Difference, Facts, Reading, differences
from .sharkd import Sharkd, SharkdError

CAPTURES = Path(os.environ.get("IDLETALK_CAPTURES", Path(__file__).parents[3] / "shared" / "captures"))
"""Captures that others made; optional, beside the checkout."""
NOT_CAPTURES = frozenset({".csv", ".md", ".out", ".tsv", ".txt"})
"""Endings of the notes that lie between the captures."""


@dataclass(slots=True)
class Outcome:
    """One capture."""

    capture: str
    compared: Counter[str] = field(default_factory=Counter[str])
    beyond: Counter[str] = field(default_factory=Counter[str])
    """What idletalk read in frames that no dissector of Wireshark claims."""
    differences: list[Difference] = field(default_factory=list[Difference])
    claims: list[Claim] = field(default_factory=list[Claim])
    """Flows that both name, differently."""
    named: int = 0
    """Flows that both name."""
    trouble: str | None = None
    """Why Wireshark's side is missing: it does not know the format, or it crashed."""
    our_s: float = 0.0
    their_s: float = 0.0


def missing() -> str | None:
    """Why the comparison cannot run here, if so."""
    if shutil.which("sharkd") is None:
        return "sharkd is not installed (Debian: wireshark-common)"
    if not CAPTURES.is_dir():
        return f"no captures at {CAPTURES}"
    return None


def captures(pattern: str = "*") -> list[Path]:
    """Every capture whose path below the folder fits, largest first (so that processes end together)."""
    files = (path for path in CAPTURES.rglob("*") if path.suffix not in NOT_CAPTURES and path.is_file())
    chosen = [path for path in files if fnmatch(str(path.relative_to(CAPTURES)), pattern)]
    return sorted(chosen, key=lambda path: (-path.stat().st_size, path))


def tagged(tags: Sequence[str]) -> set[Path]:
    """Captures that the list beside them gives one of these tags."""
    with (CAPTURES / "MANIFEST.tsv").open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {CAPTURES / row["path"] for row in rows if set(tags) & set(row["tags"].split(","))}


_server: list[Sharkd] = []


def compare(path: Path) -> Outcome:
    """One capture through both sides."""
    outcome = Outcome(str(path.relative_to(CAPTURES)))
    began = time.perf_counter()
    mine, is_decoded = ours.dissect(path)
    outcome.our_s = time.perf_counter() - began
    if not _server:
        _server.append(Sharkd())
    began = time.perf_counter()
    try:
        frames = _server[0].open(path)
        other = None if frames is None else theirs.read(_server[0], is_decoded)
    except SharkdError as error:
        outcome.trouble, other = f"sharkd failed: {error}", None
    outcome.their_s = time.perf_counter() - began
    if other is None:
        outcome.trouble = outcome.trouble or "Wireshark does not know the format"
        return outcome
    outcome.named = len(mine.flows.keys() & other.facts.flows.keys())
    outcome.claims = list(claims(outcome.capture, mine, other.facts))
    mine = _comparable(mine, other, outcome)
    outcome.compared.update(kind for kind, _ in mine.values.keys() | other.facts.values.keys())
    outcome.differences = list(differences(outcome.capture, mine, other.facts))
    return outcome


def _comparable(mine: Facts, other: Reading, outcome: Outcome) -> Facts:
    """Our facts without those that Wireshark does not look at or does not tell in full."""
    kept = Facts()
    for (kind, subject), fact in mine.values.items():
        is_message = kind in ours.MESSAGES or kind == "rtp"
        if is_message and fact.frame in other.unclaimed:
            outcome.beyond[kind] += 1
        elif not (is_message and (fact.frame, kind) in other.cut):
            kept.values[kind, subject] = fact
    return kept


def compare_all(paths: Sequence[Path], processes: int | None = None) -> Iterator[Outcome]:
    """All captures, in the order given."""
    number = processes or os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with context.Pool(number) as pool:
        yield from pool.imap(compare, paths)


def table(outcomes: Iterable[Outcome], exempt: Counter[str], mismatches: Iterable[Difference]) -> str:
    """Values by class: compared, equal, exempt, mismatches, and beyond what Wireshark looks at."""
    compared, beyond = Counter[str](), Counter[str]()
    for outcome in outcomes:
        compared.update(outcome.compared)
        beyond.update(outcome.beyond)
    wrong = Counter(one.kind for one in mismatches)
    lines = [f"{'class':14} {'compared':>9} {'equal':>9} {'exempt':>7} {'mismatch':>8} {'beyond':>7}"]
    for kind in (*sorted(compared), "all"):
        of = [count.total() if kind == "all" else count[kind] for count in (compared, exempt, wrong, beyond)]
        equal = of[0] - of[1] - of[2]
        lines.append(f"{kind:14} {of[0]:9} {equal:9} {of[1]:7} {of[2]:8} {of[3]:7}")
    return "\n".join(lines)

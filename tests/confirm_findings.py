"""Whether Wireshark selects by each finding's filter what idletalk counted.

    python -m tests.confirm_findings [--apart] CAPTURE_OR_FOLDER ...

All captures of a folder are one analysis; with ``--apart`` each is its own. For each kind of finding: how many there are, how many
filters select exactly the counted frames, how many select more or fewer and say what (``filter_note``), and how many are wrong: they
select another number. Wrong ones are named, and the exit code is 1. Needs mergecap and tshark.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import idletalk
from idletalk.errors import IdletalkError
from idletalk.filters import FEWER
from idletalk.model import Finding
from tests.device_days import CAPTURES, sets
from tests.differential.selected import selected

OUTCOMES = ("exact", "more, and said", "fewer, and said", "wrong")


def outcomes(analysis: idletalk.Analysis, files: Sequence[Path]) -> Iterator[tuple[Finding, str, int]]:
    """Each finding, what became of its filter, and how many frames that selects in the files put together."""
    whole = analysis.folder / "whole.pcapng"
    subprocess.run(["mergecap", "-w", str(whole), *map(str, files)], check=True, capture_output=True)
    try:
        counted = selected(whole, (finding.evidence.filter for finding in analysis.report.findings))
    finally:
        whole.unlink()
    for finding in analysis.report.findings:
        frames, _ = counted[finding.evidence.filter]
        yield finding, _outcome(finding, frames), frames


def _outcome(finding: Finding, frames: int) -> str:
    if frames == finding.evidence.frames:
        return "exact"
    note = finding.evidence.filter_note
    if frames < finding.evidence.frames:
        return "fewer, and said" if note and FEWER in note else "wrong"
    return "more, and said" if note and note != FEWER else "wrong"


def _sets(names: Sequence[str], *, apart: bool) -> Iterator[list[Path]]:
    for place in map(Path, names):
        if place.is_dir():
            yield from sets(place, apart=apart)
        elif place.suffix in (*CAPTURES, ".gz"):
            yield [place]


def main(arguments: Sequence[str]) -> int:
    """Analyse, ask, print."""
    counts: Counter[tuple[str, str]] = Counter()
    for files in _sets([one for one in arguments if one != "--apart"], apart="--apart" in arguments):
        with tempfile.TemporaryDirectory() as place:
            try:
                analysis = idletalk.analyze(files, Path(place) / "out", idletalk.Options(hash="none"))
            except IdletalkError as error:
                print(f"{files[0]}: {error}", file=sys.stderr)
                continue
            for finding, outcome, frames in outcomes(analysis, files):
                counts[finding.kind, outcome] += 1
                if outcome == "wrong":
                    told = f"{finding.evidence.frames} counted, {frames} selected by {finding.evidence.filter}"
                    print(f"{files[0]}: {finding.id}: {told}", flush=True)
    print(f"| kind | {' | '.join(OUTCOMES)} |\n|---|{'---:|' * len(OUTCOMES)}")
    for kind in sorted({kind for kind, _ in counts}):
        print(f"| {kind} | {' | '.join(str(counts[kind, outcome]) for outcome in OUTCOMES)} |")
    totals = [sum(n for (_, outcome), n in counts.items() if outcome == wanted) for wanted in OUTCOMES]
    print(f"| all | {' | '.join(map(str, totals))} |")
    return 1 if totals[-1] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

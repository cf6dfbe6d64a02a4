"""What searching for exposed values costs beside dissecting: processor time, the best of some runs, each folder as one analysis.

    python -m tests.exposure_cost [--runs 2] FOLDER_OR_CAPTURE...

Searching is all that the question of exposure does: its tables, decoding, the search, its claims.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import idletalk
from idletalk.asking import Asking
from idletalk.dissector import dissect
from idletalk.store import Store

SEARCH = "exposure"


class Clock:
    """Processor time of calls, by name."""

    def __init__(self) -> None:
        self.spent = {"dissect": 0.0, SEARCH: 0.0}

    def of(self, function: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        """The function, timed where `name` of its arguments is one of these."""

        def timed(*given: Any, **named: Any) -> Any:
            started = time.process_time()
            result = function(*given, **named)
            if (key := name(*given)) in self.spent:
                self.spent[key] += time.process_time() - started
            return result

        return timed


def cost(captures: Path, out: Path) -> dict[str, float]:
    """Seconds of the processor for dissecting and for searching in one analysis."""
    clock = Clock()
    judge = clock.of(Store.judge, lambda _store, behaviour: behaviour.name)
    answer = clock.of(Asking.answer, lambda _asking, behaviour, *_rest: behaviour.name)
    with (
        mock.patch("idletalk.dissector.dissect", clock.of(dissect, lambda *_given: "dissect")),
        mock.patch.object(Store, "judge", judge),
        mock.patch.object(Asking, "answer", answer),
    ):
        idletalk.analyze([captures], out)
    return clock.spent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("captures", nargs="+", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for captures in wanted.captures:
            runs = [cost(captures, Path(place) / f"{captures.name} {run}") for run in range(wanted.runs)]
            best = {key: min(run[key] for run in runs) for key in runs[0]}
            share = best[SEARCH] / best["dissect"]
            print(
                f"{captures.name}: dissecting {best['dissect']:.2f} s, searching {best[SEARCH]:.2f} s ({share:.0%})",
                flush=True,
            )


if __name__ == "__main__":
    main()

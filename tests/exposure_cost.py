"""What exposure costs beside dissecting: processor time, the best of some runs, each folder as one analysis.

    python -m tests.exposure_cost [--runs 2] FOLDER_OR_CAPTURE...

Searching is decoding the contents and finding values in them; the whole question has its tables and claims too. Statements are
run one after another and images before them, so that time can be told apart.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb

import idletalk
from idletalk.asking import Asking
from idletalk.behaviours import exposure
from idletalk.dissector import dissect
from idletalk.exposure.search import Contents
from idletalk.images import begin_images
from idletalk.store import Store

DISSECTING, SEARCHING, QUESTION = "dissecting", "searching", "the whole question"


class Clock:
    """Processor time of calls, by name."""

    def __init__(self) -> None:
        self.spent = {DISSECTING: 0.0, SEARCHING: 0.0, QUESTION: 0.0}

    @contextmanager
    def running(self, name: str) -> Generator[None]:
        """Counts what is done meanwhile."""
        started = time.process_time()
        try:
            yield
        finally:
            self.spent[name] += time.process_time() - started

    def of(self, function: Callable[..., Any], name: str, counts: Callable[..., bool]) -> Callable[..., Any]:
        """The function, timed where its arguments say that it counts."""

        def timed(*given: Any, **named: Any) -> Any:
            if not counts(*given):
                return function(*given, **named)
            with self.running(name):
                return function(*given, **named)

        return timed


def cost(captures: Path, out: Path) -> dict[str, float]:
    """Seconds of the processor in one analysis."""
    clock = Clock()
    own = {statement.query for statement in duckdb.extract_statements(exposure.BEHAVIOUR.sql())}

    def is_own(_store: Store, statement: str | duckdb.Statement, *_given: Any) -> bool:
        return isinstance(statement, duckdb.Statement) and statement.query in own

    def is_asked(_asking: Asking, behaviour: Any, *_given: Any) -> bool:
        return behaviour is exposure.BEHAVIOUR

    def always(*_given: Any) -> bool:
        return True

    timed = (
        (Store, "_execute", QUESTION, is_own),
        (Asking, "answer", QUESTION, is_asked),
        (Contents, "__init__", SEARCHING, always),
        (Contents, "by_meaning", SEARCHING, always),
        (Contents, "by_value", SEARCHING, always),
    )

    def at_once(store: Store, *given: Any) -> Callable[[Store], Any]:
        kept = begin_images(store, *given)(store)
        return lambda _beside: kept

    with ExitStack() as stack:
        stack.enter_context(mock.patch("idletalk.store.MAX_AT_ONCE", 1))
        stack.enter_context(mock.patch("idletalk.assemble.begin_images", at_once))
        stack.enter_context(mock.patch("idletalk.dissector.dissect", clock.of(dissect, DISSECTING, always)))
        for owner, method, name, counts in timed:
            stack.enter_context(mock.patch.object(owner, method, clock.of(getattr(owner, method), name, counts)))
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
            shares = ", ".join(
                f"{key} {best[key]:.3f} s ({best[key] / best[DISSECTING]:.0%})" for key in (SEARCHING, QUESTION)
            )
            print(f"{captures.name}: dissecting {best[DISSECTING]:.2f} s, {shares}", flush=True)


if __name__ == "__main__":
    main()

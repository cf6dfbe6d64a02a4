"""`python -m tests.where_time_goes CAPTURE...`: the parts of an analysis, by clock and processor.

Parts run one after another; what runs beside them (hashes, images, evidence, tables that are written, masks) is in the part beside which it runs. Seconds of the processor are
of the whole process, with the threads of the dissector and the database; child processes that unpack images are not in them.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import idletalk

PARTS = (
    ("idletalk.dissector.dissect", "dissecting: frames to tables of facts"),
    ("idletalk.assemble.prepare", "tables of the behaviours (SQL)"),
    ("idletalk.asking.Asking.answers", "claims (SQL and Python), search for values, devices"),
    ("idletalk.masking.Masks.over_report", "masks in the report"),
    ("idletalk.report.write_report", "report.json and the page"),
)
"""What is timed by the name under which it is called, and what it does."""

Spent = dict[str, tuple[float, float]]
"""Seconds on the clock and of the processor, by part."""


def timed(function: Callable[..., Any], part: str, spent: Spent) -> Callable[..., Any]:
    """The same function, which adds what it took."""

    def timing(*given: Any, **named: Any) -> Any:
        clock, processor = time.perf_counter(), time.process_time()
        try:
            return function(*given, **named)
        finally:
            before = spent.get(part, (0.0, 0.0))
            spent[part] = (before[0] + time.perf_counter() - clock, before[1] + time.process_time() - processor)

    return timing


def parts(captures: Sequence[str]) -> Spent:
    """What each part of an analysis takes, and all of it."""
    from pkgutil import resolve_name

    spent: Spent = {}
    patches = [patch(name, timed(resolve_name(name), part, spent)) for name, part in PARTS]
    with tempfile.TemporaryDirectory() as folder:
        for one in patches:
            one.start()
        try:
            timed(idletalk.analyze, "all", spent)([*captures], Path(folder, "out"), idletalk.Options(hash="none"))
        finally:
            for one in patches:
                one.stop()
    return spent


def main(captures: Sequence[str]) -> int:
    """Analyse and print."""
    spent = parts(captures)
    print("| part | clock | processor |\n|---|---:|---:|")
    told = [spent.get(part, (0.0, 0.0)) for _, part in PARTS]
    clocks, processors = (sum(values) for values in zip(*told, strict=True))
    spent["the rest: images, look-ups, the capture as a whole"] = (
        spent["all"][0] - clocks,
        spent["all"][1] - processors,
    )
    for part, (clock, processor) in sorted(spent.items(), key=lambda one: one[0] == "all"):
        print(f"| {part} | {clock:.2f} s | {processor:.2f} s |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

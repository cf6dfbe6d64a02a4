"""The whole way in one call: captures in, an analysis folder out; and an analysis that is there already."""

import gc
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from idletalk import inputs, labfile
from idletalk.aside import aside, check_target, writing
from idletalk.errors import IdletalkError
from idletalk.events import read_events
from idletalk.model import Device, Finding, Report
from idletalk.provenance import Options, as_given
from idletalk.report.text import human_bytes

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from idletalk.store import Store

REPORT = "report.json"

LARGE_BYTES = 1 << 30
"""Captures beside which nothing else is loaded: they have flows in memory that take more than a second of waiting is worth."""

SPOOL = "captures"
"""Folder of the streams that were read, inside an analysis."""

MAX_UNLOOKED = 1_000_000
"""Objects made until Python looks for garbage in cycles (700 by default): the rows and pages of an analysis are many, and hold none."""

SWITCH_S = 0.0005
"""Seconds that a thread computes before another gets the interpreter (0.005 by default): most only hand on what the database and the
core give, and these wait meanwhile."""

Progress = Callable[[str, float], None]
"""Called with (what is being done, share of it from 0 to 1)."""


class Analysis:
    """An analysis folder: its report as objects, its tables as relations, and SQL over them."""

    def __init__(self, folder: str | Path, report: Report | None = None) -> None:
        """Open a folder that :func:`analyze` made; ``report`` is what its report holds, where that is known already."""
        self.folder = Path(folder)
        self._store: Store | None = None
        self.report: Report = _read(self.folder) if report is None else report

    def findings(
        self, *, device: str | None = None, kind: str | None = None, severity: str | None = None
    ) -> list[Finding]:
        """The findings, the gravest first: all, or those of a device (any of its names), a kind, a severity."""
        owner = None if device is None else self.device(device).id
        return [
            finding
            for finding in self.report.findings
            if owner in (None, finding.device) and kind in (None, finding.kind) and severity in (None, finding.severity)
        ]

    def device(self, name: str) -> Device:
        """A device by any of its names, MACs or addresses; :class:`IdletalkError` where there is none, or several."""
        from idletalk.views import devices_called

        found = devices_called(self.report, name)
        if len(found) > 1:
            raise IdletalkError(f"several devices are called {name!r}: {', '.join(device.id for device in found)}")
        return found[0]

    def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a query over the tables (docs/tables.md), by column name; ``values`` stand for its ``?``."""
        return list(self._opened().ask(query, *values))

    def tables(self) -> list[str]:
        """Names of the tables that :meth:`table` and :meth:`sql` know."""
        rows = self.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name")
        return [row["view_name"] for row in rows]

    def table(self, name: str) -> "DuckDBPyRelation":
        """A table as a DuckDB relation: ``.arrow()``, ``.df()`` and ``.pl()`` give it to Arrow, pandas and polars."""
        if name not in self.tables():
            raise IdletalkError(f"no table is called {name}; there are: {', '.join(self.tables())}")
        return self._opened().connection.view(name)

    def close(self) -> None:
        """Let go of the tables; they are opened again when they are asked for."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> Self:
        """The analysis itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go of the tables."""
        self.close()

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from idletalk.report.notebook import notebook

        return notebook(self.report)

    def _opened(self) -> "Store":
        if self._store is None:
            from idletalk.store import Store

            self._store = Store(self.folder)
        return self._store


def analyze(
    paths: Sequence[str | Path],
    out: str | Path,
    options: Options | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Analysis:
    """Analyze captures and write the folder ``out``: report.json, report.html, tables/.

    ``paths`` are files, folders, patterns or ``-``. The folder is written aside and renamed when it is whole. Raises
    :class:`IdletalkError` when nothing can be read, ``out`` exists (and not ``force``), or the lab file is wrong.
    """
    chosen = options or Options()
    out = Path(out)
    check_target(out, REPORT, force=force)
    lab = labfile.read_lab(Path(chosen.lab) if chosen.lab else None)
    if chosen.events is not None:
        lab = labfile.with_events(lab, read_events(Path(chosen.events)))
    with aside(out) as partial:
        files = inputs.expand([str(path) for path in paths], partial / SPOOL)
        with _seldom_collecting(), _often_switching():
            report = _run(files, partial, out, lab, chosen, progress or (lambda _what, _share: None))
    return Analysis(out, report)


def _read(folder: Path) -> Report:
    import msgspec

    path = folder / REPORT
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError:
        raise IdletalkError(
            f"{folder} is no analysis: make one with: idletalk analyze CAPTURE --out {folder}"
        ) from None
    except msgspec.DecodeError as error:
        raise IdletalkError(f"{path} is not a report of this version of idletalk ({error}); analyze again") from None


@contextmanager
def _seldom_collecting() -> Generator[None]:
    thresholds = gc.get_threshold()
    gc.set_threshold(MAX_UNLOOKED, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


@contextmanager
def _often_switching() -> Generator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def _run(files: list[Path], partial: Path, out: Path, lab: labfile.Lab, options: Options, progress: Progress) -> Report:
    from idletalk.dissector import dissect

    # what judges and draws is loaded while the core reads, which needs no interpreter; no daemon: a module that is
    # still loading when the program ends would abort it
    warm = threading.Event()
    warming = threading.Thread(target=_warm, args=(warm,))
    total = sum(inputs.size(file) for file in files) or 1
    if total < LARGE_BYTES:
        warming.start()
    ranges = _ranges(lab, options)
    began = time.monotonic()

    def read(done: int, _frames: int) -> None:
        rate = human_bytes(done / max(time.monotonic() - began, 1e-3))
        progress(f"reading captures, {rate}/s", min(1.0, done / total))

    dissect(files, partial, threads=options.threads, ranges=ranges, progress=read)
    progress("judging", 0.0)
    if total >= LARGE_BYTES:
        warming.start()
    warm.wait()
    from idletalk.assemble import assembled
    from idletalk.interrupts import judging
    from idletalk.report import write_report

    has_streams = any(file.is_relative_to(partial) for file in files)
    with judging():
        if has_streams:
            spool = partial / SPOOL
            _restate(partial, "error", {f"{spool / inputs.SPOOLED_INPUT}:": "standard input:", f"{spool}/": ""})
        with assembled(partial, files, lab, options, as_given(options)) as report, writing(out):
            write_report(report, partial)
        if has_streams:
            _restate(partial, "path", {f"{partial}/": f"{out}/"})
    progress("judging", 1.0)
    return report


def _restate(folder: Path, column: str, words: Mapping[str, str]) -> None:
    from idletalk.store import Store

    facts = Store(folder)
    try:
        for old, new in words.items():
            facts.restate(column, old, new)
    finally:
        facts.close()


def _warm(warm: threading.Event) -> None:
    """Load what judges and draws, say so, and read the scripts, for which nobody needs to wait."""
    # what fails fails again where it is used, unless the program is at its end
    with suppress(Exception):
        try:
            for module in ("duckdb", "idletalk.assemble"):
                import_module(module)
            from idletalk.report.html import page_template

            page_template()
        finally:
            warm.set()
        from idletalk.behaviours import BEHAVIOURS
        from idletalk.store import parsed

        for behaviour in BEHAVIOURS:
            parsed(behaviour.sql())


def _ranges(lab: labfile.Lab, options: Options) -> list[tuple[int, int]]:
    """The half-open time ranges to which options cut the capture; none: all of it."""
    ranges = lab.phase_ranges(options.phase) if options.phase else []
    if options.start is None and options.end is None:
        return ranges
    low, high = labfile.time_range(options.start, options.end, lab.zone)
    if low >= high:
        raise IdletalkError("--from lies behind --to: nothing is left")
    cut = [(max(low, a), min(high, b)) for a, b in ranges] if ranges else [(low, high)]
    return [(a, b) for a, b in cut if a < b] or [(0, 0)]

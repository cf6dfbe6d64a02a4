"""The whole way in one call: captures in, an analysis folder out; and an analysis that is there already."""

import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from idletalk import inputs, labfile
from idletalk.errors import IdletalkError
from idletalk.model import Report
from idletalk.provenance import Options, as_given

REPORT = "report.json"

Progress = Callable[[str, float], None]
"""Called with (what is being done, share of it from 0 to 1)."""


class Analysis:
    """An analysis folder: its report, and SQL over its tables."""

    def __init__(self, folder: Path) -> None:
        """Open a folder that :func:`analyze` made."""
        import msgspec

        self.folder = folder
        path = folder / REPORT
        try:
            self.report: Report = msgspec.json.decode(path.read_bytes(), type=Report)
        except OSError:
            raise IdletalkError(
                f"{folder} is no analysis: make one with: idletalk analyze CAPTURE --out {folder}"
            ) from None
        except msgspec.DecodeError as error:
            raise IdletalkError(
                f"{path} is not a report of this version of idletalk ({error}); analyze again"
            ) from None

    def sql(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query over the tables (docs/tables.md), by column name."""
        from idletalk.store import Store

        store = Store(self.folder)
        try:
            return store.ask(query)
        finally:
            store.close()


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
    _check_target(out, force=force)
    lab = labfile.read_lab(chosen.lab)
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}.partial")
    partial.mkdir(mode=0o755, parents=True)
    try:
        files = inputs.expand([str(path) for path in paths], partial / "captures")
        _run(files, partial, out, lab, chosen, progress or (lambda _what, _share: None))
        if out.exists():
            aside = out.with_name(f".{out.name}.{secrets.token_hex(4)}.old")
            out.rename(aside)
            partial.rename(out)
            shutil.rmtree(aside)
        else:
            partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Analysis(out)


def _check_target(out: Path, *, force: bool) -> None:
    if not out.exists():
        return
    if not force:
        raise IdletalkError(f"{out} exists: give another folder with --out, or overwrite it with --force")
    if not ((out / REPORT).is_file() and (out / "tables").is_dir()):
        raise IdletalkError(
            f"{out} exists and is no analysis of ours: it is not overwritten, give another folder with --out"
        )


def _run(files: list[Path], partial: Path, out: Path, lab: labfile.Lab, options: Options, progress: Progress) -> None:
    from idletalk import store

    # what judges and draws is loaded while the core reads, which needs no interpreter
    warming = threading.Thread(target=_warm, daemon=True)
    warming.start()
    total = sum(file.stat().st_size for file in files if file.exists()) or 1
    ranges = _ranges(lab, options)
    store.dissect(
        files,
        partial,
        threads=options.threads,
        ranges=ranges,
        progress=lambda done, _frames: progress("reading captures", min(1.0, done / total)),
    )
    progress("judging", 0.0)
    warming.join()
    from idletalk.assemble import assemble
    from idletalk.report import write_report

    report = assemble(partial, files, lab, options, as_given(options))
    write_report(report, partial)
    if any(file.is_relative_to(partial) for file in files):
        spooled = store.Store(partial)
        spooled.relocate(partial, out)
        spooled.close()
    progress("judging", 1.0)


def _warm() -> None:
    for module in ("duckdb", "idletalk.assemble"):
        import_module(module)
    from idletalk.report.html import page_template

    page_template()


def _ranges(lab: labfile.Lab, options: Options) -> list[tuple[int, int]]:
    """The half-open time ranges to which options cut the capture; none: all of it."""
    ranges = lab.phase_ranges(options.phase) if options.phase else []
    if options.start is None and options.end is None:
        return ranges
    low = labfile.parse_time(options.start, lab.zone) if options.start else -(2**63)
    high = labfile.parse_time(options.end, lab.zone) if options.end else 2**63 - 1
    if low >= high:
        raise IdletalkError("--from lies behind --to: nothing is left")
    cut = [(max(low, a), min(high, b)) for a, b in ranges] if ranges else [(low, high)]
    return [(a, b) for a, b in cut if a < b] or [(0, 0)]

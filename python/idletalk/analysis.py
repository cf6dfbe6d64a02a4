"""The whole way in one call: captures in, an analysis folder out; and an analysis that is there already."""

import hashlib
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from idletalk import inputs, labfile
from idletalk.errors import IdletalkError
from idletalk.model import Report

HashChoice = Literal["auto", "cited", "all", "none"]

AUTO_HASH_BYTES = 256 << 20
"""Up to so many bytes of captures every file is hashed by default: about a quarter of a second of work."""

REPORT = "report.json"

Progress = Callable[[str, float], None]
"""Called with (what is being done, share of it from 0 to 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to analyze; the defaults are those of the command line."""

    lab: Path | None = None
    lookups: Path | None = None
    start: str | None = None
    end: str | None = None
    device: str | None = None
    phase: str | None = None
    as_of: str | None = None
    hash: HashChoice = "auto"
    threads: int = 0


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
        _run(files, partial, lab, chosen, progress or (lambda _what, _share: None))
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


def _run(files: list[Path], partial: Path, lab: labfile.Lab, options: Options, progress: Progress) -> None:
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
    progress("judging", 1.0)


def _warm() -> None:
    import duckdb  # noqa: F401

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


def as_given(options: Options) -> Mapping[str, Any]:
    """The options that shape what the report says, for its provenance: never a place on this machine."""
    given = {
        "from": options.start,
        "to": options.end,
        "device": options.device,
        "phase": options.phase,
        "hash": options.hash,
        "as_of": options.as_of,
    }
    return {name: value for name, value in given.items() if value is not None}


def file_hashes(files: Sequence[Path], choice: HashChoice) -> dict[str, str]:
    """SHA-256 by path, of the files that the choice covers."""
    total = sum(file.stat().st_size for file in files if file.is_file())
    if choice in ("none", "cited") or (choice == "auto" and total > AUTO_HASH_BYTES):
        return {}
    hashes: dict[str, str] = {}
    for file in files:
        if file.is_file():
            with file.open("rb") as stream:
                hashes[str(file)] = hashlib.file_digest(stream, "sha256").hexdigest()
    return hashes


def program_version() -> str:
    """The version of idletalk."""
    return version("idletalk")


def now_of(options: Options, lab: labfile.Lab, end_ns: int | None) -> str | None:
    """The 'now' of judgements: ``--as-of``, else the capture's end."""
    if options.as_of:
        return datetime.fromtimestamp(labfile.parse_time(options.as_of, lab.zone) / 1e9, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    if end_ns is None:
        return None
    return datetime.fromtimestamp(end_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

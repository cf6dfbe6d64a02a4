"""Pages over a report: JSON, HTML, terminal. No new facts here, and no queries."""

from pathlib import Path

from idletalk.model import Report
from idletalk.report.html import render_html
from idletalk.report.json import to_json
from idletalk.report.terminal import incomplete, print_summary, warnings

__all__ = ["incomplete", "print_summary", "to_json", "warnings", "write_report"]


def write_report(report: Report, folder: Path) -> None:
    """Write report.json and report.html into ``folder``."""
    (folder / "report.json").write_bytes(to_json(report))
    (folder / "report.html").write_text(render_html(report), "utf-8")

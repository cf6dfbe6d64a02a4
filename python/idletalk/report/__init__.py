"""Pages over a report: JSON, HTML, terminal. No new facts here, and no queries."""

from pathlib import Path

from idletalk.model import Report
from idletalk.report.html import render_html
from idletalk.report.json import json_parts, to_json
from idletalk.report.terminal import incomplete, print_summary, warnings

__all__ = ["incomplete", "print_summary", "to_json", "warnings", "write_report"]


def write_report(report: Report, folder: Path) -> None:
    """Write report.json and report.html into ``folder``."""
    with (folder / "report.json").open("wb") as file:
        file.writelines(json_parts(report))
    (folder / "report.html").write_text(render_html(report), "utf-8")

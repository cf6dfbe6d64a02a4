"""report.html: one file that opens offline."""

from idletalk.model import Report


def render_html(report: Report) -> str:
    return ""

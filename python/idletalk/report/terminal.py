"""The conclusions in a page of a terminal."""
from idletalk.model import Report


def print_summary(report: Report) -> None:
    print(report.captures.packets)

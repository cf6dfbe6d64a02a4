"""A device's hours by day, as a picture: a row a local day, a column an hour, the darker the more bytes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from idletalk.model import Device, Report
from idletalk.report.charts import LABEL_WIDTH, SHADES, shade, svg

CELL_WIDTH, CELL_HEIGHT = 26, 14
TOP = 18
HOURS = 24
MAX_DAYS = 62
"""Rows of the picture, two months: the last ones of a longer capture."""


def days_of(report: Report, most: int) -> Callable[[Device], Markup]:
    """What draws a device's days: of the first `most` devices, where the capture has more than one local day; else nothing."""
    zone = ZoneInfo(report.provenance.timezone)
    shown = {device.id for device in report.devices[:most]}
    cells: dict[str, dict[tuple[str, int], int]] = {}
    for volume in report.hours:
        if volume.device in shown:
            local = datetime.fromisoformat(volume.hour).astimezone(zone)
            # when clocks are put back, two hours of a day share a number
            place, own = (local.strftime("%Y-%m-%d"), local.hour), cells.setdefault(volume.device, {})
            own[place] = own.get(place, 0) + volume.tx_bytes + volume.rx_bytes
    days = sorted({day for own in cells.values() for day, _ in own})[-MAX_DAYS:]
    if len(days) < 2:
        return lambda _device: Markup("")
    return lambda device: Markup(  # noqa: S704  drawn and escaped there
        _drawn(cells[device.id], days, f"Bytes of {device.name} by day and hour") if device.id in cells else ""
    )


def _drawn(cells: dict[tuple[str, int], int], days: Sequence[str], title: str) -> str:
    """One path for each shade: a cell is a few bytes, so that months of many devices do not fill the page."""
    top = max(cells.values())
    paths: dict[int, list[str]] = {}
    for row, day in enumerate(days):
        for hour in range(HOURS):
            step = shade(cells.get((day, hour), 0), top)
            x, y = LABEL_WIDTH + hour * CELL_WIDTH, TOP + row * CELL_HEIGHT
            paths.setdefault(step, []).append(f"M{x} {y}h{CELL_WIDTH - 1}v{CELL_HEIGHT - 1}h{1 - CELL_WIDTH}z")
    body = [
        f'<text class="axis" x="{LABEL_WIDTH + hour * CELL_WIDTH}" y="12">{hour:02d}:00</text>'
        for hour in range(0, HOURS, 3)
    ]
    body += [
        f'<text x="{LABEL_WIDTH - 8}" y="{TOP + row * CELL_HEIGHT + 11}" text-anchor="end">{day}</text>'
        for row, day in enumerate(days)
    ]
    # hours without bytes have an outline, so that the grid shows on any ground
    outline = ' stroke="currentColor" stroke-opacity="0.15"'
    body += [
        f'<path class="shade{step}"{"" if step else outline} d="{"".join(paths[step])}"/>'
        for step in range(SHADES + 1)
        if step in paths
    ]
    return svg(LABEL_WIDTH + HOURS * CELL_WIDTH, TOP + len(days) * CELL_HEIGHT, title, body)

"""Charts as SVG text: drawn for reading, in the page's own colours, each with a table beside it in the page.

Colours come from CSS classes, so that light, dark and print each have their own. Text is escaped here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from math import log10

from idletalk.plural import counted
from idletalk.report.text import clean, human_bytes, within

BAR_HEIGHT = 22
LABEL_WIDTH = 170
VALUE_WIDTH = 150
CHART_WIDTH = 860
FONT_SIZE = 12
"""Of text in a chart, as page.css has it."""
LABEL_EMS = (LABEL_WIDTH - 8) / FONT_SIZE
"""Room for a device's name."""
CELL_HEIGHT = 18
MAX_COLUMNS = 168
"""Columns of the heat map: a week of hours. More hours share a column."""
SHADES = 6
"""Steps of the heat map and the map; more cannot be told apart by eye."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of the ranking: bytes sent and received."""

    label: str
    link: str
    sent: int
    received: int


def text_of(value: str) -> str:
    """Text that cannot leave its place in the page."""
    return escape(clean(value), quote=True)


def svg(width: float, height: float, title: str, body: list[str]) -> str:
    """A chart of these parts, with a title for those who do not see it."""
    # what is an image has nothing in it that can be reached by keyboard
    role = "group" if any("<a " in part for part in body) else "img"
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="{role}" aria-label="{text_of(title)}">'
        f"<title>{text_of(title)}</title>{''.join(body)}</svg>"
    )


def ranking(bars: Sequence[Bar], title: str) -> str:
    """Horizontal bars: what each device sent (dark) and received (light), linear from zero."""
    top = max((bar.sent + bar.received for bar in bars), default=0) or 1
    room = CHART_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    body: list[str] = []
    for row, bar in enumerate(bars):
        y = row * BAR_HEIGHT
        sent, received = room * bar.sent / top, room * bar.received / top
        middle = y + BAR_HEIGHT / 2 + 4
        body.append(
            f'<a href="#{text_of(bar.link)}"><text x="{LABEL_WIDTH - 8}" y="{middle:g}" text-anchor="end">{text_of(within(bar.label, LABEL_EMS))}</text></a>'
            f'<rect class="sent" x="{LABEL_WIDTH}" y="{y + 3}" width="{sent:.1f}" height="{BAR_HEIGHT - 6}">'
            f"<title>{text_of(bar.label)}: {human_bytes(bar.sent)} sent</title></rect>"
            f'<rect class="received" x="{LABEL_WIDTH + sent:.1f}" y="{y + 3}" width="{received:.1f}" height="{BAR_HEIGHT - 6}">'
            f"<title>{text_of(bar.label)}: {human_bytes(bar.received)} received</title></rect>"
            f'<text class="value" x="{LABEL_WIDTH + sent + received + 6:.1f}" y="{middle:g}">'
            f"{human_bytes(bar.sent)} + {human_bytes(bar.received)}</text>"
        )
    return svg(CHART_WIDTH, max(1, len(bars)) * BAR_HEIGHT, title, body)


def shade(value: int, top: int) -> int:
    """A step from 0 (nothing) to SHADES, logarithmic: a camera's stream must not hide a sensor's whisper."""
    if value <= 0 or top <= 0:
        return 0
    if top <= 10:
        return SHADES
    span = min(4.0, log10(top))  # four decades are enough to tell
    place = 1 - (log10(top) - log10(max(1, value))) / span
    return max(1, min(SHADES, 1 + int(place * SHADES)))


@dataclass(frozen=True, slots=True)
class Heat:
    """Bytes by device and hour: `rows` are (label, link, bytes by hours since `first_s`), seconds of the Unix epoch."""

    rows: Sequence[tuple[str, str, Mapping[int, int]]]
    first_s: int
    hours: int
    zone: tzinfo

    @property
    def per_column(self) -> int:
        """Hours that share a column."""
        return max(1, -(-self.hours // MAX_COLUMNS))

    def columns(self) -> list[tuple[str, str, dict[int, int]]]:
        """The rows with bytes by column."""
        return [(label, link, _grouped(cells, self.per_column)) for label, link, cells in self.rows]

    def when(self, column: int) -> str:
        """Local time at which a column begins."""
        return _local(self.first_s + column * self.per_column * 3600, self.zone)


def heat_map(heat: Heat, title: str) -> str:
    """Bytes by device and hour, labelled by local time."""
    columns = max(1, -(-heat.hours // heat.per_column))
    room = CHART_WIDTH - LABEL_WIDTH
    width = min(36.0, room / columns)
    sums = heat.columns()
    top = max((value for _, _, cells in sums for value in cells.values()), default=0)
    body = _hour_axis(heat, columns, width)
    for row, (label, link, cells) in enumerate(sums):
        y = 22 + row * CELL_HEIGHT
        body.append(
            f'<a href="#{text_of(link)}"><text x="{LABEL_WIDTH - 8}" y="{y + 13}" text-anchor="end">{text_of(within(label, LABEL_EMS))}</text></a>'
            f'<rect class="shade0" x="{LABEL_WIDTH}" y="{y}" width="{columns * width:.1f}" height="{CELL_HEIGHT - 2}"/>'
        )
        for column, value in sorted(cells.items()):
            body.append(
                f'<rect class="shade{shade(value, top)}" x="{LABEL_WIDTH + column * width:.1f}" y="{y}" width="{max(0.8, width - 0.6):.1f}"'
                f' height="{CELL_HEIGHT - 2}"><title>{text_of(label)}, {heat.when(column)}: {human_bytes(value)}</title></rect>'
            )
    return svg(CHART_WIDTH, 24 + max(1, len(sums)) * CELL_HEIGHT, title, body)


def _grouped(cells: Mapping[int, int], per_column: int) -> dict[int, int]:
    sums: dict[int, int] = {}
    for hour, value in cells.items():
        sums[hour // per_column] = sums.get(hour // per_column, 0) + value
    return sums


def _hour_axis(heat: Heat, columns: int, width: float) -> list[str]:
    """Labels that keep 90 units apart; midnight shows the date."""
    every = max(1, -(-90 // int(width * 1 or 1)))
    labels: list[str] = []
    for column in range(0, columns, every):
        x = LABEL_WIDTH + column * width
        labels.append(
            f'<line class="tick" x1="{x:.1f}" y1="14" x2="{x:.1f}" y2="20"/>'
            f'<text class="axis" x="{x:.1f}" y="11">{heat.when(column)}</text>'
        )
    return labels


def _local(time_s: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(time_s, zone).strftime("%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    label: str
    value: int


def shares(parts: Sequence[Share], title: str) -> str:
    """One bar cut into parts, the largest first; what is too small for a colour of its own is put together."""
    total = sum(part.value for part in parts)
    if not total:
        return ""
    ordered = sorted(parts, key=lambda part: (-part.value, part.label))
    kept, rest = ordered[:5], ordered[5:]
    if rest:
        kept.append(Share(counted(len(rest), "other"), sum(part.value for part in rest)))
    body: list[str] = []
    x = 0.0
    for index, part in enumerate(kept):
        width = CHART_WIDTH * part.value / total
        percent = 100 * part.value / total
        body.append(
            f'<rect class="part{index}" x="{x:.1f}" y="0" width="{max(0.0, width - 1):.1f}" height="20">'
            f"<title>{text_of(part.label)}: {human_bytes(part.value)}, {percent:.1f} %</title></rect>"
        )
        if width > 9 * len(part.label) + 40:
            body.append(
                f'<text class="inpart{index}" x="{x + 6:.1f}" y="14">{text_of(part.label)} {percent:.0f} %</text>'
            )
        x += width
    return svg(CHART_WIDTH, 20, title, body)

"""What a device does at regular times, as a picture: a dot for each period on a logarithmic axis of time."""

from collections.abc import Sequence
from math import log10, sqrt

from idletalk.model import Cadence
from idletalk.report.charts import svg, text_of
from idletalk.report.text import human_duration

WIDTH, HEIGHT = 860, 64
BASE = 40
TICKS_S = (1, 10, 60, 600, 3600, 21_600, 86_400)
LONGEST_S = 200_000.0
LEAST_RADIUS, GREATEST_RADIUS = 3.0, 13.0


def rhythm(cadences: Sequence[Cadence], title: str) -> str:
    """The picture: where a dot stands tells the period, how large it is the share of the device's payload."""
    if not cadences:
        return ""
    body = [f'<line class="tick" x1="20" y1="{BASE}" x2="{WIDTH - 20}" y2="{BASE}"/>']
    body += [
        f'<line class="tick" x1="{_x(tick):.1f}" y1="{BASE}" x2="{_x(tick):.1f}" y2="{BASE + 5}"/>'
        f'<text class="axis" x="{_x(tick):.1f}" y="{BASE + 18}" text-anchor="middle">{human_duration(tick)}</text>'
        for tick in TICKS_S
    ]
    body += [
        f'<circle class="beat" cx="{_x(one.period_s):.1f}" cy="{BASE - 14}" r="{_radius(one):.1f}">'
        f"<title>{text_of(one.what)}, {text_of(one.peer or 'to all')}: every {human_duration(one.period_s)}, {one.repetitions} times</title></circle>"
        for one in sorted(cadences, key=lambda one: -(one.payload_share or 0.0))
    ]
    return svg(WIDTH, HEIGHT, title, body)


def _x(seconds: float) -> float:
    share = log10(min(max(seconds, 1.0), LONGEST_S)) / log10(LONGEST_S)
    return 20 + (WIDTH - 40) * share


def _radius(one: Cadence) -> float:
    return LEAST_RADIUS + (GREATEST_RADIUS - LEAST_RADIUS) * sqrt(min(1.0, one.payload_share or 0.0))

"""How much of what each device carries is encrypted, as bars of equal length."""

from collections.abc import Sequence

from idletalk.model import Device
from idletalk.report.charts import BAR_HEIGHT, CHART_WIDTH, LABEL_EMS, LABEL_WIDTH, VALUE_WIDTH, svg, text_of
from idletalk.report.text import human_bytes, within

VERDICTS = (
    ("encrypted", "encrypted"),
    ("mixed", "partly encrypted"),
    ("cleartext", "in clear"),
    ("unknown", "not known"),
)
"""Verdicts in the order in which they are drawn, with the words for them."""


def portions(devices: Sequence[tuple[Device, str]], title: str) -> str:
    """A bar for each device with its link; a device that carried nothing has none."""
    body: list[str] = []
    rows = [(device, link, device.payload) for device, link in devices if device.payload is not None]
    room = CHART_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    for row, (device, link, carried) in enumerate(rows):
        y = row * BAR_HEIGHT
        body.append(
            f'<a href="#{text_of(link)}"><text x="{LABEL_WIDTH - 8}" y="{y + BAR_HEIGHT / 2 + 4:g}" text-anchor="end">{text_of(within(device.name, LABEL_EMS))}</text></a>'
            f'<text class="value" x="{LABEL_WIDTH + room + 6}" y="{y + BAR_HEIGHT / 2 + 4:g}">{human_bytes(carried.total)}</text>'
        )
        x = float(LABEL_WIDTH)
        for kind, word in VERDICTS:
            value = getattr(carried, kind)
            width = room * value / carried.total if value else 0.0
            if value:
                body.append(
                    f'<rect class="{kind}" x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{BAR_HEIGHT - 6}">'
                    f"<title>{text_of(device.name)}: {human_bytes(value)} {word}, {100 * value / carried.total:.1f} %</title></rect>"
                )
            x += width
    return svg(CHART_WIDTH, max(1, len(rows)) * BAR_HEIGHT, title, body) if rows else ""

"""Pictures of an image as SVG: which bytes were captured, what is where, how random it is."""

from collections.abc import Sequence

from idletalk.model import Image, ImageRegion
from idletalk.report.charts import CHART_WIDTH, svg, text_of
from idletalk.report.text import human_bytes

BAR_HEIGHT = 26
CURVE_HEIGHT = 90
MAX_BITS = 8.0
"""Bits per byte of random bytes."""
MIN_WIDTH = 0.8
"""A hole of one byte must show."""
_KINDS = {"padding": "shade0", "text": "shade2", "dense": "shade6", "unknown": "shade1"}
_PART_COLOURS = 6


def byte_map(image: Image) -> str:
    """What of an image was captured: holes are gaps in the bar."""
    holes = list(zip(image.missing[::2], image.missing[1::2], strict=False))
    size = image.size_bytes or 1
    body = [f'<rect class="present" x="0" y="0" width="{CHART_WIDTH}" height="{BAR_HEIGHT}"/>']
    for low, high in holes:
        width = max(MIN_WIDTH, CHART_WIDTH * (high - low) / size)
        body.append(
            f'<rect class="hole" x="{CHART_WIDTH * low / size:.1f}" y="0" width="{width:.1f}" height="{BAR_HEIGHT}">'
            f"<title>bytes {low} to {high - 1}: {human_bytes(high - low)} not captured</title></rect>"
        )
    return svg(CHART_WIDTH, BAR_HEIGHT, f"{image.missing_bytes} of {image.size_bytes} bytes were not captured", body)


def content_map(image: Image) -> str:
    """What is where, and below it the entropy along the image."""
    size = max((region.offset + region.length for region in image.regions), default=0) or image.size_bytes or 1
    formats = list(dict.fromkeys(region.what for region in image.regions if region.kind == "part"))
    body = [_region(region, size, formats) for region in image.regions]
    body += _curve(image.entropy_bits)
    return svg(CHART_WIDTH, BAR_HEIGHT + CURVE_HEIGHT + 16, "What is in the image, and how random its bytes are", body)


def _region(region: ImageRegion, size: int, formats: Sequence[str]) -> str:
    colour = (
        f"part{formats.index(region.what) % _PART_COLOURS}"
        if region.kind == "part"
        else _KINDS.get(region.kind, "shade1")
    )
    x, width = CHART_WIDTH * region.offset / size, CHART_WIDTH * region.length / size
    label = ""
    if width > 8 * len(region.what) + 8:
        inside = f"in{colour}" if region.kind == "part" else ""
        label = f'<text class="{inside}" x="{x + 4:.1f}" y="17">{text_of(region.what)}</text>'
    return (
        f'<rect class="{colour}" x="{x:.1f}" y="0" width="{max(MIN_WIDTH, width - 0.4):.1f}" height="{BAR_HEIGHT}">'
        f"<title>{text_of(region.what)} at byte {region.offset}, {human_bytes(region.length)}</title></rect>{label}"
    )


def _curve(bits: Sequence[float]) -> list[str]:
    top, bottom = BAR_HEIGHT + 12, BAR_HEIGHT + CURVE_HEIGHT
    axis = [
        f'<line class="tick" x1="0" y1="{y}" x2="{CHART_WIDTH}" y2="{y}"/><text class="axis" x="2" y="{y - 2}">{label}</text>'
        for y, label in ((top, "8 bits per byte"), (bottom, "0"))
    ]
    if not bits:
        return axis
    step = CHART_WIDTH / max(1, len(bits))
    points = " ".join(
        f"{(index + 0.5) * step:.1f},{bottom - (bottom - top) * min(value, MAX_BITS) / MAX_BITS:.1f}"
        for index, value in enumerate(bits)
    )
    return [*axis, f'<polyline class="curve" points="{points}"/>']

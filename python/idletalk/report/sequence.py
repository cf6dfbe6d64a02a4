"""An action as a sequence diagram, drawn as SVG: who says what to whom, how long after the first packet."""

from collections.abc import Sequence

from idletalk.model import ActionStep, OperatingRow
from idletalk.report.charts import text_of
from idletalk.report.text import short

LANE = 210
TOP = 46
STEP = 34
MAX_STEPS = 12
"""Steps drawn; the table has all."""
MAX_LENGTHS = 4
"""Packets of a step whose lengths are written on its arrow."""


def sequence(row: OperatingRow) -> str:
    """The diagram of one action: a line for the device and for each peer, an arrow for each step."""
    steps = row.steps[:MAX_STEPS]
    lanes = ["", *dict.fromkeys(step.peer for step in steps)]
    names = {"": row.name, **{step.peer: step.peer_name for step in steps}}
    width, height = 90 + LANE * len(lanes), TOP + STEP * len(steps) + 20
    title = f"{row.name}: {row.action}, first packet from {row.first_packet}"
    body: list[str] = []
    for number, lane in enumerate(lanes):
        x = 90 + LANE * number + LANE / 2
        body.append(
            f'<text x="{x:g}" y="16" text-anchor="middle">{text_of(short(names[lane], 28))}</text>'
            f'<line class="axis" x1="{x:g}" y1="24" x2="{x:g}" y2="{height - 8}"/>'
        )
    device_x = 90 + LANE / 2
    for number, step in enumerate(steps):
        y = TOP + STEP * number + 12
        peer_x = 90 + LANE * lanes.index(step.peer) + LANE / 2
        start, end = (device_x, peer_x) if step.by_device else (peer_x, device_x)
        tip = 7 if end > start else -7
        body.append(
            f'<text x="8" y="{y + 4:g}">{step.latency_s * 1000:.0f} ms</text>'
            f'<line class="arrow" x1="{start:g}" y1="{y}" x2="{end:g}" y2="{y}"/>'
            f'<path class="tip" d="M{end:g} {y}l{-tip} -4v8z"/>'
            f'<text x="{(start + end) / 2:g}" y="{y - 5}" text-anchor="middle">{text_of(_said(step))}</text>'
        )
    return (
        f'<svg class="chart sequence" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{text_of(title)}">'
        f"<title>{text_of(title)}</title>{''.join(body)}</svg>"
    )


def _said(step: ActionStep) -> str:
    told = lengths(step.least, step.most, MAX_LENGTHS)
    return short(f"{step.service} {told}", 40)


def lengths(least: Sequence[int], most: Sequence[int], limit: int) -> str:
    """Lengths of packets with their ranges: > from the device, < to it."""
    parts = [
        f"{'>' if low > 0 else '<'}{abs(low) if low == high else f'{min(abs(low), abs(high))}-{max(abs(low), abs(high))}'}"
        for low, high in list(zip(least, most, strict=True))[:limit]
    ]
    return " ".join(parts) + (" …" if len(least) > limit else "")

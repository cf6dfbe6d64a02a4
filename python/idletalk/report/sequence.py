"""Actions as sequence diagrams, drawn as SVG: who says what to whom, how long after the first packet; on beside off."""

from collections.abc import Iterator, Sequence

from idletalk.model import ActionStep, OperatingRow
from idletalk.plural import counted
from idletalk.report.charts import FONT_SIZE, text_of
from idletalk.report.text import human_duration, short, within

GUTTER = 72
"""Width of the times at the left of a diagram."""
MARGIN = 58
"""Space beside the first and the last lane, for their names."""
LANE = 176
BETWEEN = 24
"""Space between two diagrams."""
TOP = 62
STEP = 46
MAX_STEPS = 12
"""Steps drawn; report.json has all, and the diagram says how many more."""
MAX_LENGTHS = 4
"""Packets of a step whose lengths are written on its arrow."""
NAME_EMS = (LANE - 8) / FONT_SIZE
"""Room for a name between two lanes."""
MAX_NOTE_CHARS = 48

_Key = tuple[str, str, bool]
"""What makes two steps the same in both diagrams: service, peer's name, who begins."""


def pairs(rows: Sequence[OperatingRow]) -> Iterator[tuple[OperatingRow, ...]]:
    """Rows that are drawn together: an action and its opposite that came in the same way; others alone."""
    drawn = [row for row in rows if row.steps]
    place = 0
    while place < len(drawn):
        one = drawn[place]
        other = next(iter(drawn[place + 1 : place + 2]), None)
        is_pair = other is not None and (one.device, one.first_packet) == (other.device, other.first_packet)
        members = (one, other) if is_pair and other is not None and other.counterpart == one.action else (one,)
        yield members
        place += len(members)


def sequence(rows: Sequence[OperatingRow]) -> str:
    """The diagram of an action, or of two beside each other: a line for the device and for each peer, an arrow a step.

    Steps that both have stand at the same height; lengths that tell them apart are marked.
    """
    keys = _keys(rows)
    shown = keys[:MAX_STEPS]
    lines = max(len(_ended(row)) for row in rows) + (len(keys) > len(shown))
    height = TOP + STEP * len(shown) + 16 + 16 * lines
    body: list[str] = []
    left = 0
    for row in rows:
        others = [other for other in rows if other is not row]
        panel, width = _panel(row, others, shown)
        body.append(f'<g transform="translate({left} 0)">{panel}</g>')
        left += width + BETWEEN
    if len(keys) > len(shown):
        more = counted(len(keys) - len(shown), "more step")
        body.append(f'<text class="value" x="8" y="{height - 8}">{more} in report.json</text>')
    width = left - BETWEEN
    title = " beside ".join(f"{row.name}: {row.action}, first packet from {row.first_packet}" for row in rows)
    return (
        f'<svg class="chart sequence" style="--own:{width}px" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{text_of(title)}">{"".join(body)}</svg>'
    )


def _ended(row: OperatingRow) -> list[str]:
    """Lines about streams that end."""
    return [line for told in row.streams_ended for line in told.split(": ", 1)]


def _key(step: ActionStep) -> _Key:
    return step.service, step.peer_name, step.by_device


def _keys(rows: Sequence[OperatingRow]) -> list[_Key]:
    """The steps of all rows, in order of time; those that two have once."""
    after: dict[_Key, float] = {}
    for row in rows:
        for step in row.steps:
            after[_key(step)] = min(step.latency_s, after.get(_key(step), step.latency_s))
    return sorted(after, key=lambda key: (after[key], key))


def _panel(row: OperatingRow, others: Sequence[OperatingRow], keys: Sequence[_Key]) -> tuple[str, int]:
    """One action's half of the diagram, and its width."""
    steps = [step for step in row.steps if _key(step) in keys]
    lanes = {"": GUTTER + MARGIN}
    for step in steps:
        lanes.setdefault(step.peer_name, GUTTER + MARGIN + LANE * len(lanes))
    bottom = TOP + STEP * len(keys)
    body = [f'<text class="action" x="8" y="16">{text_of(within(row.action, NAME_EMS))}</text>']
    for name, x in lanes.items():
        step = next((step for step in steps if step.peer_name == name), None)
        where = ", ".join(part for part in (step.provider, step.country) if part) if step else "the device"
        body.append(
            f'<text x="{x}" y="34" text-anchor="middle">{text_of(within(name or row.name, NAME_EMS))}</text>'
            f'<text class="value" x="{x}" y="49" text-anchor="middle">{text_of(within(where, NAME_EMS))}</text>'
            f'<line class="axis" x1="{x}" y1="56" x2="{x}" y2="{bottom}"/>'
        )
    theirs = {_key(step): step for other in others for step in other.steps}
    for step in steps:
        y = TOP + STEP * keys.index(_key(step)) + 18
        body.append(_arrow(step, theirs.get(_key(step)), row.repetitions, y, (lanes[""], lanes[step.peer_name])))
    for number, told in enumerate(_ended(row)):
        body.append(f'<text x="8" y="{TOP + STEP * len(keys) + 12 + 16 * number}">{text_of(told)}</text>')
    return "".join(body), GUTTER + LANE * (len(lanes) - 1) + 2 * MARGIN + 30


def _arrow(step: ActionStep, other: ActionStep | None, repetitions: int, y: int, ends: tuple[int, int]) -> str:
    """A step: its arrow, what is said above it, how the connection stood below it, its time at the left."""
    start, end = ends if step.by_device else ends[::-1]
    tip = 7 if end > start else -7
    middle = (start + end) / 2
    least, most = (f"{1000 * after:.0f}" for after in step.latency_range_s)
    varies = "" if least == most else f'<text class="value" x="8" y="{y + 18}">{least}-{most}</text>'
    return (
        f"<g><title>{text_of(_spacing(step))}</title>"
        f'<text x="8" y="{y + 4}">{step.latency_s * 1000:.0f} ms</text>{varies}'
        f'<line class="arrow" x1="{start}" y1="{y}" x2="{end}" y2="{y}"/>'
        f'<path class="tip" d="M{end} {y}l{-tip} -4v8z"/>'
        f'<text class="said" x="{middle:g}" y="{y - 5}" text-anchor="middle">{_said(step, other)}</text>'
        f'<text class="said value" x="{middle:g}" y="{y + 15}" text-anchor="middle">{text_of(_note(step, repetitions))}</text></g>'
    )


def _said(step: ActionStep, other: ActionStep | None) -> str:
    """The service and the first packets' lengths, those marked that overlap with none of the opposite action."""
    told = text_of(step.service)
    for place, (low, high) in enumerate(list(zip(step.least, step.most, strict=True))[:MAX_LENGTHS]):
        is_apart = (
            other is not None and place < len(other.least) and (high < other.least[place] or other.most[place] < low)
        )
        text = text_of(lengths([low], [high], 1))
        told += f' <tspan class="apart">{text}</tspan>' if is_apart else f" {text}"
    return told + (" …" if len(step.least) > MAX_LENGTHS else "")


def _note(step: ActionStep, repetitions: int) -> str:
    """How the connection stood, whether it lasts, and how many repetitions show it where not all do."""
    parts: list[str] = []
    if step.was_open is not None:
        parts.append(f"open, seen for {human_duration(step.open_s or 0)}" if step.was_open else "new connection")
    if step.is_stream:
        kbit_s = 8 * (step.tx_bytes + step.rx_bytes) / step.duration_s / 1000
        parts.append(f"{kbit_s:.0f} kbit/s for {human_duration(step.duration_s)}")
    if step.repetitions < repetitions:
        parts.append(f"{step.repetitions} of {repetitions} times")
    return short("; ".join(parts), MAX_NOTE_CHARS)


def _spacing(step: ActionStep) -> str:
    """Each packet with its length and the time before it, for those who point at the arrow."""
    packets: list[str] = []
    for place, (low, high) in enumerate(zip(step.least, step.most, strict=True)):
        told = lengths([low], [high], 1)
        if place:
            least, gap, most = (times[place] / 1000 for times in (step.least_gaps_us, step.gaps_us, step.most_gaps_us))
            told += f" after {gap:.0f} ms ({least:.0f}-{most:.0f})"
        packets.append(told)
    return f"{step.service} with {step.peer_name}: {', '.join(packets)}"


def lengths(least: Sequence[int], most: Sequence[int], limit: int) -> str:
    """Lengths of packets with their ranges: > from the device, < to it."""
    parts = [
        f"{'>' if low > 0 else '<'}{abs(low) if low == high else f'{min(abs(low), abs(high))}-{max(abs(low), abs(high))}'}"
        for low, high in list(zip(least, most, strict=True))[:limit]
    ]
    return " ".join(parts) + (" …" if len(least) > limit else "")

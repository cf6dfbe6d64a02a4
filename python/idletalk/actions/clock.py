"""How far the clock of who wrote down the events is from the capture's."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from math import floor
from statistics import median

from idletalk.actions.burst import NS_PER_S, Burst, Event

MAX_OFFSET_S = 60.0
"""Offsets that are looked for: a notebook without NTP; more is a mistake that a person sees."""
STEP_S = 0.5
RIVALS_S = 600.0
"""Further offsets that are counted, though none is believed: where events come at regular times, each offset has others that
explain as much, and no packet says which is right."""
RIVAL_SHARE = 0.8
"""Share of the best offset's events from which on another one explains as much."""
MIN_EVENTS = 3
"""Events that must agree before an offset is believed."""
MIN_SHARE = 0.6
"""Share of events that must agree."""
NEAR_S = (-1.0, -0.5, 0.0)
"""Offsets of clocks that agree: a person is not exact to the second."""
RARE_S = 120.0
"""Kinds of bursts that come more often than this say nothing of events."""
WIDTH_S = 2.0
"""Events agree whose bursts begin within this time after the offset."""


def offset_ns(events: Mapping[str, Sequence[Event]], bursts: Mapping[str, Sequence[Burst]]) -> int | None:
    """What to add to the events' times, so that rare bursts follow at once; none where that cannot be told.

    Without better evidence the clocks are taken as the same: an offset is believed only when clearly more events
    agree with it than with none, and with no other. Events of which only the minute is known say nothing.
    """
    gaps: list[list[float]] = []
    for device, own in events.items():
        times = _rare(bursts.get(device, ()))
        for event in (event for event in own if not event.within_ns):
            low = bisect_left(times, event.time_ns - int(RIVALS_S * NS_PER_S))
            high = bisect_left(times, event.time_ns + int(RIVALS_S * NS_PER_S))
            gaps.append([(time - event.time_ns) / NS_PER_S for time in times[low:high]])
    agreeing = _agreeing(gaps)
    steps = [low for low in agreeing if abs(low) <= MAX_OFFSET_S]
    best = min(steps, key=lambda low: (-agreeing[low], abs(low)), default=0.0)
    if not gaps or agreeing.get(best, 0) < max(MIN_EVENTS, MIN_SHARE * len(gaps)):
        return None
    near = max(agreeing.get(low, 0) for low in NEAR_S)
    if near >= MIN_SHARE * agreeing[best]:
        best = min(NEAR_S, key=lambda low: (-agreeing.get(low, 0), low))
    elif any(abs(low - best) > WIDTH_S and times >= RIVAL_SHARE * agreeing[best] for low, times in agreeing.items()):
        return None
    firsts = [min(gap for gap in those if best <= gap < best + WIDTH_S) for those in gaps if _has(those, best)]
    return int(median(firsts) * NS_PER_S)


def _agreeing(gaps: Sequence[Sequence[float]]) -> dict[float, int]:
    """How many events each offset explains: those with a burst within :data:`WIDTH_S` after it. Only offsets that explain some."""
    counts: Counter[int] = Counter()
    for those in gaps:
        last = {floor(gap / STEP_S) for gap in those}
        width = int(WIDTH_S / STEP_S)
        counts.update({step - before for step in last for before in range(width)})
    return {step * STEP_S: times for step, times in counts.items()}


def _has(gaps: Sequence[float], low: float) -> bool:
    return any(low <= gap < low + WIDTH_S for gap in gaps)


def _rare(bursts: Sequence[Burst]) -> list[int]:
    """The times of bursts of rare kinds, ascending."""
    if not bursts:
        return []
    span_s = max((bursts[-1].first_ns - bursts[0].first_ns) / NS_PER_S, 1.0)
    counts: dict[tuple[str, bool], int] = {}
    for burst in bursts:
        counts[burst.place, burst.starts] = counts.get((burst.place, burst.starts), 0) + 1
    most = max(span_s / RARE_S, 1.0)
    return [burst.since_ns for burst in bursts if counts[burst.place, burst.starts] <= most]

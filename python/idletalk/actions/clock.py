"""How far the clock of who wrote down the events is from the capture's."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from statistics import median

from idletalk.actions.burst import NS_PER_S, Burst, Event

MAX_OFFSET_S = 60.0
"""Offsets that are looked for: a notebook without NTP; more is a mistake that a person sees."""
STEP_S = 0.5
MIN_EVENTS = 3
"""Events that must agree before an offset is believed."""
MIN_SHARE = 0.6
"""Share of events that must agree."""
RARE_S = 120.0
"""Kinds of bursts that come more often than this say nothing of events."""
WIDTH_S = 2.0
"""Events agree whose bursts begin within this time after the offset."""


def offset_ns(events: Mapping[str, Sequence[Event]], bursts: Mapping[str, Sequence[Burst]]) -> int | None:
    """What to add to the events' times, so that rare bursts follow at once; none where that cannot be told.

    Without better evidence the clocks are taken as the same: an offset is believed only when clearly more events
    agree with it than with none.
    """
    gaps: list[list[float]] = []
    for device, own in events.items():
        times = _rare(bursts.get(device, ()))
        for event in own:
            low = bisect_left(times, event.time_ns - int(MAX_OFFSET_S * NS_PER_S))
            high = bisect_left(times, event.time_ns + int(MAX_OFFSET_S * NS_PER_S))
            gaps.append([(time - event.time_ns) / NS_PER_S for time in times[low:high]])
    steps = [step * STEP_S for step in range(int(-MAX_OFFSET_S / STEP_S), int(MAX_OFFSET_S / STEP_S) + 1)]
    agreeing = {low: sum(any(low <= gap < low + WIDTH_S for gap in those) for those in gaps) for low in steps}
    if not gaps or max(agreeing.values()) < max(MIN_EVENTS, MIN_SHARE * len(gaps)):
        return None
    near = max(agreeing[low] for low in (-1.0, -0.5, 0.0))
    best = min(steps, key=lambda low: (-agreeing[low], abs(low)))
    if near >= MIN_SHARE * agreeing[best]:
        best = min((-1.0, -0.5, 0.0), key=lambda low: (-agreeing[low], low))
    firsts = [min(gap for gap in those if best <= gap < best + WIDTH_S) for those in gaps if _has(those, best)]
    return int(median(firsts) * NS_PER_S)


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

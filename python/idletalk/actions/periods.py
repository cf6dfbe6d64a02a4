"""Periods in a train of events: times in, periods out. What is asked of a period stands here; rust/periods searches."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import sqrt

from idletalk import _core

MIN_REPETITIONS = 8
"""Events before a period is claimed; seven intervals that agree. Of our choice: fewer agree by chance too often."""
MAX_EVENTS = 2000
"""Events of a train that are looked at."""
TOLERANCE = 0.1
"""Share of the period by which one interval may differ from it: timers of small devices drift and wait for others."""
MAX_JITTER = 0.2
"""Jitter of a period that is told by its multiple."""
MAX_MISSED = 2
"""Events in a row that may be missing inside a run (loss, capture drops)."""
NEIGHBOURS = 4
"""Later events to which intervals are measured: more than one, so that other events in between hide nothing."""
BIN = 1.05
"""Ratio of neighbouring bins of the histogram: half the tolerance."""
MIN_IN_BIN = 4
"""Intervals that a bin and its neighbours hold, at least, to be tried; and a tenth of the events."""
MAX_CANDIDATES = 12
"""Fullest bins that are tried."""
MAX_PERIODS = 3
"""Periods searched in one train."""
MIN_SHARE = 0.2
"""Share of all events that are in runs of the period, at least: less is a coincidence of a few."""
MIN_LOCAL_SHARE = 0.4
"""The same of the events between its first and its last run: half of two periods that go on together, less losses."""
MIN_RUN = 4
"""Events of a run, at least."""
MAX_CHANCE = 1e-4
"""Probability that chance alone makes so many links, at most, over all candidates."""
SHORTER = 0.75
"""A shorter period is taken instead of a longer one when the share of events that it links is at least this part of its; instead of
its multiple, when it is this part of that."""
MIN_PERIOD_S = 1.0
"""Shorter ones are within a burst."""
DENSE_SHARE = 0.75
"""Share of the intervals, and of the time, that a period below :data:`MIN_PERIOD_S` fills where it goes on, at least. Of our choice:
a burst of two in each period makes half of the intervals alike; a tenth of events lost leaves four fifths."""
EVENER = 0.5
"""Spread of a period, as a share of that of the intervals in it, below which these are parts of it: the errors of a clock's ticks
are as wide over many ticks as over one, or wider. Of our choice."""

WINDOW = 200
"""Events that tell which of two periods goes on at a place."""

_RULES = {
    "min_repetitions": MIN_REPETITIONS,
    "max_events": MAX_EVENTS,
    "tolerance": TOLERANCE,
    "max_jitter": MAX_JITTER,
    "max_missed": MAX_MISSED,
    "neighbours": NEIGHBOURS,
    "bin_ratio": BIN,
    "min_in_bin": MIN_IN_BIN,
    "max_candidates": MAX_CANDIDATES,
    "max_periods": MAX_PERIODS,
    "min_share": MIN_SHARE,
    "min_local_share": MIN_LOCAL_SHARE,
    "min_run": MIN_RUN,
    "max_chance": MAX_CHANCE,
    "shorter": SHORTER,
    "min_period_s": MIN_PERIOD_S,
}


@dataclass(frozen=True, slots=True)
class Period:
    """A period that was found."""

    period_s: float
    jitter: float
    """half the spread between the first and the ninth tenth of the intervals, as a share of the period"""
    events: tuple[int, ...]
    """places of its events in the train"""


def apart(times_s: Sequence[float]) -> list[int]:
    """The places of events that lie :data:`MIN_PERIOD_S` behind the one kept before: what comes together is one event."""
    kept: list[int] = []
    for place, time in enumerate(times_s):
        if not kept or time - times_s[kept[-1]] >= MIN_PERIOD_S:
            kept.append(place)
    return kept


def bursts(times_s: Sequence[float]) -> list[int]:
    """The places of events behind a pause: one that is longer than :data:`MIN_PERIOD_S`, and than a late tick of what goes on without."""
    gaps = _intervals(times_s)
    pause = max(MIN_PERIOD_S, (1 + 2 * TOLERANCE) * _usual([gap for gap in gaps if gap < MIN_PERIOD_S]))
    return [0, *(place for place, gap in enumerate(gaps, start=1) if gap >= pause)]


def is_made_by_thinning(period: Period, times_s: Sequence[float], places: Sequence[int]) -> bool:
    """Whether a period of what :func:`apart` kept (`places` of all events) is a multiple of one that is shorter than
    :data:`MIN_PERIOD_S`: most intervals of all events behind its own are of one length below that, and they fill its time."""
    gaps = _gaps(period, times_s, places)
    usual = _usual(gaps)
    if not 0 < usual < MIN_PERIOD_S:
        return False
    # pairs, such as the questions for both kinds of address, count as one event
    single = [gap for gap in gaps if gap > TOLERANCE * usual]
    alike = _alike(single, usual, usual)
    is_dense = len(alike) >= DENSE_SHARE * len(single) and sum(alike) >= DENSE_SHARE * sum(gaps)
    return is_dense and not _is_evener(period, times_s, places, usual)


def _is_evener(period: Period, times_s: Sequence[float], places: Sequence[int], usual: float) -> bool:
    """Whether a period is much evener than the intervals of which it is a multiple, as it is where several messages have one clock."""
    stretch = times_s[places[period.events[0]] : places[period.events[-1]] + 1]
    ticks = [stretch[0], *(time for before, time in pairwise(stretch) if time - before > TOLERANCE * usual)]
    parts = round(period.period_s / usual)
    whole = [after - before for before, after in zip(ticks, ticks[parts:], strict=False)]
    fits, single = _alike(whole, period.period_s, usual), _alike(_intervals(ticks), usual, usual)
    return len(fits) >= DENSE_SHARE * len(whole) and _spread(fits) < EVENER * _spread(single)


def _intervals(times_s: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(times_s)]


def _alike(lengths: Sequence[float], wanted: float, usual: float) -> list[float]:
    """Those of a length: each of the two events may come early or late by what it may of the `usual` interval."""
    return [length for length in lengths if abs(length - wanted) <= 2 * TOLERANCE * usual]


def _spread(lengths: Sequence[float]) -> float:
    """What lies between the first and the ninth tenth."""
    ordered = sorted(lengths)
    return ordered[len(ordered) * 9 // 10] - ordered[len(ordered) // 10] if ordered else 0.0


def _gaps(period: Period, times_s: Sequence[float], places: Sequence[int]) -> list[float]:
    """The intervals of all events that begin within a period after one of its events, each once; without the pauses between runs."""
    gaps: list[float] = []
    end = 0
    for event in period.events:
        begin = max(end, places[event])
        end = max(begin, bisect_left(times_s, times_s[places[event]] + period.period_s))
        gaps += _intervals(times_s[begin : end + 1])
    return [gap for gap in gaps if gap <= (1 + TOLERANCE) * period.period_s]


def _usual(gaps: Sequence[float]) -> float:
    """The interval that half of the time is spent in or below: the many short ones of bursts weigh little."""
    ordered = sorted(gaps)
    spent = list(accumulate(ordered))
    return ordered[bisect_left(spent, spent[-1] / 2)] if ordered else 0.0


def turn(times_s: Sequence[float], old_s: float, new_s: float) -> tuple[int, int]:
    """The places of the last event of an old and of the first of a new period, in a train that begins with the one and ends with the
    other; those of the whole train's ends where nothing tells."""
    low, high = 0, len(times_s) - 1
    while high - low > 2 * WINDOW:
        middle = (low + high) // 2
        # half a window on each side, of which one may be of the other period
        seen = [one.period_s for one in periods(times_s[middle - WINDOW // 2 : middle + WINDOW // 2])]
        is_old, is_new = (any(abs(one - wanted) <= TOLERANCE * wanted for one in seen) for wanted in (old_s, new_s))
        if is_old and is_new:
            low, high = middle - WINDOW // 2, middle + WINDOW // 2
        if is_old == is_new:
            break
        low, high = (middle, high) if is_old else (low, middle)
    if high - low >= MAX_EVENTS:
        return low, high
    found = periods(times_s[low : high + 1])
    olds = [one.events[-1] for one in found if abs(one.period_s - old_s) <= TOLERANCE * old_s]
    news = [one.events[0] for one in found if abs(one.period_s - new_s) <= TOLERANCE * new_s]
    ends = (low + max(olds, default=0), low + min(news, default=high - low))
    return ends if ends[0] <= ends[1] else (low, high)


def periods(times_s: Sequence[float], dead_s: float = 0.0) -> list[Period]:
    """The periods of a train of ascending times, the one with most events first found; ``dead_s`` is what :func:`dead_time` says."""
    found = _core.periods(times_s, dead_s, _RULES)
    return [Period(period_s, jitter, tuple(events)) for period_s, jitter, events in found]


def dead_time(times_s: Sequence[float], places: Sequence[int], *, extends: bool) -> float:
    """Seconds in which an event that is kept, of `places`, lets no other be one, on average; :data:`MIN_PERIOD_S` at most as such.

    Random events that are kept apart are more regular than random ones: their mean interval is longer by this. Where those that are left
    out make the time longer (`extends`, as :func:`bursts` does), intervals have a variance of 1 - 2 times the share of it in their mean
    (a counter of type II); the same variance have those of a longer time that is not made longer.
    """
    if not times_s:
        return 0.0
    mean, of_all = ((times_s[-1] - times_s[0]) / number for number in (len(places), len(times_s)))
    dead = min(mean - of_all, MIN_PERIOD_S)
    if not extends or mean <= 0:
        return dead
    return mean * (1 - sqrt(max(0.0, 1 - 2 * dead / mean)))

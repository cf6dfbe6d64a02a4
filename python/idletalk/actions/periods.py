"""Periods in a train of events: times in, periods out, without numpy.

A period P is told by its links: an event has a link where another follows it after P, give or take a tenth. Candidates
come from a histogram of the times between an event and each of the next few. How many links chance would make follows
from the train's own rate (a Poisson process); a period stands where links are far more than that (Chernoff's bound of the
binomial tail, corrected for the number of candidates), and where enough events form runs, in which single events may be
missing. Events of a period that was found are taken out, and what is left is searched again: so two periods at one peer,
and a period that changes, are told apart. Silence, gaps and missing days only end runs.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from statistics import median

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
"""A shorter period is taken instead of its multiple when the share of events that it links is at least this part of its."""
MIN_PERIOD_S = 1.0
"""Shorter ones are within a burst."""


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


def periods(times_s: Sequence[float]) -> list[Period]:
    """The periods of a train of ascending times, the one with most events first found."""
    left = list(range(min(len(times_s), MAX_EVENTS)))
    found: list[Period] = []
    while len(left) >= MIN_REPETITIONS and len(found) < MAX_PERIODS:
        one = _strongest([times_s[place] for place in left])
        if one is None:
            break
        found.append(Period(one.period_s, one.jitter, tuple(left[place] for place in one.events)))
        taken = set(found[-1].events)
        left = [place for place in left if place not in taken]
    return found


def _strongest(times: Sequence[float]) -> Period | None:
    candidates = _candidates(times)
    rate = _rate(times)
    tried: list[tuple[float, float, list[float], list[list[int]]]] = []
    for candidate in candidates:
        period, links = candidate, _links(times, candidate)
        if links:  # the middle of the links is a better candidate
            period = median(links.values())
            links = _links(times, period)
        if not links or period < MIN_PERIOD_S:
            continue
        # what lies before and behind may have another period, of which this one is a part
        low, high = min(links), max(links) + 1
        runs = _runs(times, period, low, high)
        inside, between = sum(map(len, runs)), high - low
        if (
            inside >= max(MIN_REPETITIONS, MIN_SHARE * len(times), MIN_LOCAL_SHARE * between)
            and _tail(len(times) - 1, len(links), 1 - exp(-rate * period * 2 * TOLERANCE)) * len(candidates)
            < MAX_CHANCE
        ):
            tried.append((len(links) / between, period, sorted(links.values()), runs))
    if not tried:
        return None
    most = max(share for share, *_ in tried)
    _, period, ordered, runs = min((one for one in tried if one[0] >= SHORTER * most), key=lambda one: one[1])
    spread = ordered[len(ordered) * 9 // 10] - ordered[len(ordered) // 10]
    found = Period(period, spread / 2 / period, tuple(sorted(place for run in runs for place in run)))
    return _undivided(times, found)


def _undivided(times: Sequence[float], found: Period) -> Period:
    """The part of a period at which all events of its stretch come, if they do so less regularly: the sum of several
    uneven intervals is more even than they are."""
    low, high = found.events[0], found.events[-1]
    gaps = sorted(later - time for time, later in zip(times[low:high], times[low + 1 : high + 1], strict=True))
    middle = median(gaps)
    parts = found.period_s / middle
    jitter = (gaps[len(gaps) * 9 // 10] - gaps[len(gaps) // 10]) / 2 / middle
    if round(parts) < 2 or abs(parts - round(parts)) > TOLERANCE * parts or jitter > MAX_JITTER:
        return found
    return Period(middle, jitter, tuple(range(low, high + 1)))


def _candidates(times: Sequence[float]) -> list[float]:
    """The middles of the fullest bins of the histogram of intervals."""
    bins: dict[int, list[float]] = {}
    for place, time in enumerate(times):
        for later in times[place + 1 : place + 1 + NEIGHBOURS]:
            gap = later - time
            if gap >= MIN_PERIOD_S:
                bins.setdefault(int(log(gap) / log(BIN)), []).append(gap)
    sums = {n: len(gaps) + len(bins.get(n - 1, ())) + len(bins.get(n + 1, ())) for n, gaps in bins.items()}
    full = [n for n, count in sums.items() if count >= max(MIN_IN_BIN, len(times) // 10)]
    fullest = sorted(full, key=lambda n: (-sums[n], n))[:MAX_CANDIDATES]
    return [median(bins[n]) for n in fullest]


def _rate(times: Sequence[float]) -> float:
    """Events per second while there are any: from the middle interval, which gaps do not change."""
    gaps = [later - time for time, later in pairwise(times)]
    middle = median(gaps)
    # the middle of exponential intervals is ln 2 of their mean
    return log(2) / middle if middle > 0 else float("inf")


def _links(times: Sequence[float], period: float) -> dict[int, float]:
    """The intervals from each event, by its place, to the one that follows after the period."""
    links: dict[int, float] = {}
    for place, time in enumerate(times):
        after = _nearest(times, time + period, period * TOLERANCE, place + 1)
        if after is not None:
            links[place] = times[after] - time
    return links


def _nearest(times: Sequence[float], wanted: float, slack: float, low: int) -> int | None:
    """The place of the event nearest to a time, within a slack, from a place on."""
    at = bisect_left(times, wanted, low)
    near = [place for place in (at - 1, at) if low <= place < len(times) and abs(times[place] - wanted) <= slack]
    return min(near, key=lambda place: (abs(times[place] - wanted), place)) if near else None


def _runs(times: Sequence[float], period: float, low: int, high: int) -> list[list[int]]:
    """Runs of events a period apart between two places, in which some may be missing; an event is in one run."""
    taken: set[int] = set()
    runs: list[list[int]] = []
    for start in range(low, high + 1):
        if start in taken:
            continue
        run = [start]
        while (after := _next(times, run[-1], period, taken)) is not None and after <= high:
            run.append(after)
        if len(run) >= MIN_RUN:
            taken.update(run)
            runs.append(run)
    return runs


def _next(times: Sequence[float], place: int, period: float, taken: set[int]) -> int | None:
    for steps in range(1, MAX_MISSED + 2):
        after = _nearest(times, times[place] + steps * period, period * TOLERANCE, place + 1)
        if after is not None and after not in taken:
            return after
    return None


def _tail(trials: int, hits: int, chance: float) -> float:
    """Bound of the probability of at least so many hits (Chernoff, by relative entropy)."""
    share = hits / trials
    if share <= chance or chance >= 1:
        return 1.0
    if share >= 1:
        return chance**trials
    entropy = share * log(share / chance) + (1 - share) * log((1 - share) / (1 - chance))
    return exp(-trials * entropy)

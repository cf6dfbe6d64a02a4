"""Which bursts are an action's: those of kinds that come far more often after events than at other times."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import comb

from idletalk.actions.burst import EARLIER_NS, NS_PER_S, Burst, Event, Window, begin, begins, between, part
from idletalk.actions.causes import CAUSE_S, with_causes

BEFORE_S = 2.0
"""Packets before the event's time that may be its own: who writes down the time is not exact to the second."""
AFTER_S = 15.0
"""Packets after it: PingPong (Trimananda et al., NDSS 2020) looks at 15 s after an event."""
NEXT_S = 0.5
"""A window ends so long before the next event of the device."""
EPSILON_BYTES = 10
"""Lengths of one kind differ by at most so much from the next: PingPong's DBSCAN distance."""
MIN_OWN = 5
"""Bursts with a first packet of exactly one length from which on they are a kind: what a device says again and again."""
UNKNOWN = 1 << 40
"""The cluster of a length that no burst begins with."""
ANY = 1 << 41
"""The cluster of all lengths together, for what begins with another length each time."""
MAX_RATE = 0.05
"""Bursts of any length that the background puts into a window, at most, for what begins with another length each time."""
MAX_CHANCE = 0.01
"""Probability that the background alone shows a kind in so many windows, at most."""
MANY = 5
"""Repetitions from which on the number of kinds that are looked at counts."""
MIN_SHARE = 0.2
"""Share of an action's repetitions that show a kind, at least: the same action can come in several ways."""

KindKey = tuple[str, bool, int]


class Kinds:
    """Kinds of bursts of one device: place, who begins, and a cluster of the first packet's length."""

    def __init__(self, bursts: Sequence[Burst]) -> None:
        """Cluster the first lengths of a device's bursts."""
        lengths: dict[tuple[str, bool], dict[int, int]] = {}
        firsts = Counter((burst.place, burst.starts, _first(burst)) for burst in bursts)
        for (place, starts, length), times in firsts.items():
            lengths.setdefault((place, starts), {})[length] = times
        self._clusters: dict[tuple[str, bool, int], int] = {}
        for (place, starts), those in lengths.items():
            cluster, last = 0, None
            for length, times in sorted(those.items()):
                if times >= MIN_OWN:
                    self._clusters[place, starts, length] = -1 - length
                    continue
                if last is not None and length - last > EPSILON_BYTES:
                    cluster += 1
                self._clusters[place, starts, length] = cluster
                last = length

    def of(self, burst: Burst) -> KindKey:
        """The kind of a burst."""
        place, starts, length = burst.place, burst.starts, _first(burst)
        cluster = self._clusters.get((place, starts, length))
        return place, starts, self._nearest(place, starts, length) if cluster is None else cluster

    def _nearest(self, place: str, starts: bool, length: int) -> int:
        """The cluster of a length that no burst begins with; a kind of exactly one length has no neighbours."""
        near = (length + sign * by for by in range(1, EPSILON_BYTES + 1) for sign in (-1, 1))
        found = (self._clusters.get((place, starts, one)) for one in near)
        return next((one for one in found if one is not None and one >= 0), UNKNOWN)


def _first(burst: Burst) -> int:
    return abs(burst.lengths[0]) if burst.lengths else 0


def windows(events: Sequence[Event], offset_ns: int) -> list[Window]:
    """The windows of a device's events, in time order."""
    ordered = sorted(events, key=lambda event: (event.time_ns, event.action))
    found: list[Window] = []
    for place, event in enumerate(ordered):
        low = event.time_ns + offset_ns - int(BEFORE_S * NS_PER_S)
        high = event.time_ns + event.within_ns + offset_ns + int(AFTER_S * NS_PER_S)
        if place + 1 < len(ordered):
            high = min(high, ordered[place + 1].time_ns + offset_ns - int(NEXT_S * NS_PER_S))
        if found:
            low = max(low, found[-1].high_ns)
        found.append(Window(event, low, max(low, high)))
    return found


def beyond(
    bursts: Sequence[Burst], all_windows: Sequence[Window], observed_s: float
) -> Mapping[Window, tuple[Burst, ...]]:
    """For each window the bursts that the background does not explain, in time order."""
    kinds = Kinds(bursts)
    inside = {window: between(bursts, window.low_ns, window.high_ns) for window in all_windows}
    counts: dict[KindKey, int] = {}
    for burst in bursts:
        for key in _keys(kinds, burst):
            counts[key] = counts.get(key, 0) + 1
    for those in inside.values():
        for burst in those:
            for key in _keys(kinds, burst):
                counts[key] -= 1
    length_s = sum(window.high_ns - window.low_ns for window in all_windows) / NS_PER_S
    outside_s = max(observed_s - length_s, 1.0)
    kept: dict[str | None, set[KindKey]] = {}
    rare: set[KindKey] = set()
    # by action, and all together: an app that is used for one action in five shows in the sum of them
    for action in (*sorted({window.event.action for window in all_windows}), None):
        repetitions = [window for window in all_windows if action in (window.event.action, None)]
        mean_s = sum(w.high_ns - w.low_ns for w in repetitions) / NS_PER_S / len(repetitions)
        expected = {key: count * mean_s / outside_s for key, count in counts.items()}
        shown: dict[KindKey, int] = {}
        for window in repetitions:
            for key in {key for burst in inside[window] for key in _keys(kinds, burst)}:
                shown[key] = shown.get(key, 0) + 1
        # the more kinds are looked at, the more come by chance (Bonferroni); few repetitions could not show so much
        limit = MAX_CHANCE / len(shown) if len(repetitions) >= MANY and shown else MAX_CHANCE
        kept[action] = {
            key
            for key, times in shown.items()
            if (key[2] != ANY or expected[key] < MAX_RATE)
            and times >= MIN_SHARE * len(repetitions)
            and at_least(times, len(repetitions), chance_of(expected[key])) < limit
            # once in many is chance, whatever the background: what came once was never seen to repeat
            and (times > 1 or len(repetitions) < 3)
        }
        # what shows another action of the device may show this one too
        rare |= {key for key in kept[action] if expected[key] < MAX_RATE}
    own: dict[Window, tuple[Burst, ...]] = {}
    for window in all_windows:
        mine = kept[window.event.action]
        nearby = between(bursts, window.low_ns - EARLIER_NS, window.high_ns)
        parts = [_own_part(kinds, mine, rare, burst, window) for burst in nearby if burst.last_ns >= window.low_ns]
        own[window] = tuple(sorted((p for p in parts if p is not None), key=lambda p: (p.first_ns, p.capture, p.frame)))
    causes = {key: (count + 1) * CAUSE_S / outside_s for key, count in counts.items()}
    return with_causes(_led(own), bursts, lambda burst: causes[kinds.of(burst)])


def _led(own: Mapping[Window, tuple[Burst, ...]]) -> Mapping[Window, tuple[Burst, ...]]:
    """Without what stands before an action by chance: what comes from a place whose bursts elsewhere follow others.

    Elsewhere is with the same action; where that shows the place too seldom, with all actions of the device.
    """
    repetitions = Counter(window.event.action for window in own)
    shown: Counter[tuple[str | None, str, bool]] = Counter()
    led: Counter[tuple[str | None, str, bool]] = Counter()
    for window, bursts in own.items():
        for action in (window.event.action, None):
            shown.update({(action, burst.place, burst.starts) for burst in bursts})
            if bursts:
                first = min(bursts, key=begin)
                led[action, first.place, first.starts] += 1

    def leads(window: Window, burst: Burst) -> bool:
        key: tuple[str | None, str, bool] = window.event.action, burst.place, burst.starts
        if shown[key] < MIN_SHARE * repetitions[window.event.action]:
            key = None, burst.place, burst.starts
        return 2 * led[key] > shown[key]

    kept: dict[Window, tuple[Burst, ...]] = {}
    for window, bursts in own.items():
        leaders = [burst for burst in bursts if leads(window, burst)]
        start = begin(min(leaders, key=begin)) if leaders else None
        kept[window] = tuple(burst for burst in bursts if start is None or begin(burst) >= start)
    return kept


def _keys(kinds: Kinds, burst: Burst) -> tuple[KindKey, KindKey]:
    return kinds.of(burst), (burst.place, burst.starts, ANY)


def _own_part(
    kinds: Kinds, mine: Collection[KindKey], rare: Collection[KindKey], burst: Burst, window: Window
) -> Burst | None:
    """The burst, or its end where the action came less than a second after something of the background; else none.

    An end that is no answer to what comes before it goes first, then one of the action's own kinds; an answer is no begin of
    what only other actions show.
    """
    kept = {*mine, *rare}
    whole, of_any_length = _keys(kinds, burst)
    is_inside = burst.first_ns >= window.low_ns
    if is_inside and whole in kept:
        return burst
    ends = list(_ends(kinds, kept, burst, window))
    anew = [end for place, end in ends if begins(burst, place)]
    own = [end for _, end in ends if kinds.of(end) in mine]
    # who began the burst begins the action too, later in it
    by_same = [end for end in own if end.starts == burst.starts]
    whole_or_none = [burst] if is_inside and of_any_length in kept else []
    no_answers = [end for place, end in ends if (burst.lengths[place] > 0) == (burst.lengths[place - 1] > 0)]
    return next(iter([*anew, *by_same, *whole_or_none, *own, *no_answers]), None)


def _ends(kinds: Kinds, kept: Collection[KindKey], burst: Burst, window: Window) -> Iterator[tuple[int, Burst]]:
    """Ends of a burst that are kinds of the action, with the place of their first packet."""
    for place in range(1, len(burst.lengths)):
        end = part(burst, place)
        is_inside = window.low_ns <= end.first_ns < window.high_ns
        if is_inside and kinds.of(end) in kept and kinds.of(end)[2] != UNKNOWN:
            yield place, end


def chance_of(expected: float) -> float:
    """Probability of one or more, at most, where so many are expected, whatever makes them (Markov's inequality).

    For random events it would be less, but what has a period shorter than a window is in each.
    """
    return min(1.0, expected)


def at_least(hits: int, trials: int, chance: float) -> float:
    """Probability of at least so many hits (binomial)."""
    if trials > 200:  # far more than a person repeats: the first hits decide
        hits, trials = hits * 200 // trials, 200
    return sum(comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(hits, trials + 1))

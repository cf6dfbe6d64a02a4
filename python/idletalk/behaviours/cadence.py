"""What does each device do at regular times?"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count

from idletalk.actions import periods
from idletalk.behaviours.behaviour import Ask, Behaviour, Row, by, insert, iso
from idletalk.behaviours.finding import Claim, Scene
from idletalk.model import Cadence

MAX_LOOKS = 8
"""Changes of a period for which what was not looked at is read."""

Between = Callable[[Row, float, float, int, int], tuple[int, int]]
"""Narrows a change: (train, period before, period after, last event before, first after) to these two events."""

NS_PER_S = 1_000_000_000


def _judge(ask: Ask, _scene: Scene) -> Iterable[Claim]:
    """Fills the table; to be regular is a property of a device and no fault, so that no claim follows."""
    totals = {
        row["device"]: row["bytes"]
        for row in ask(
            "SELECT device, sum(originator_payload_bytes + responder_payload_bytes)::BIGINT AS bytes"
            " FROM flow_ends JOIN flows USING (flow) GROUP BY device"
        )
    }
    trains = ask(
        "SELECT t.train, t.device, t.peer, t.what, t.events, t.is_sampled,"
        " list_transform(l.events, lambda event: event.time_ns) AS times, list_transform(l.events, lambda event: event.bytes) AS bytes"
        " FROM trains AS t JOIN looked_at AS l USING (train) ORDER BY t.events, t.device, t.peer NULLS FIRST, t.what"
    )
    between = partial(_between, ask, count())
    found = [one for train in trains for one in _cadences(train, totals, between)]
    insert(ask, "cadences", found)
    return ()


def _cadences(train: Row, totals: dict[str, int], between: Between) -> Iterable[tuple[object, ...]]:
    """The rows of one train."""
    times_ns: list[int] = train["times"]
    times = [(time_ns - times_ns[0]) / NS_PER_S for time_ns in times_ns]
    places, found = _found(times)
    # first and last event of each
    ends = [(times_ns[places[period.events[0]]], times_ns[places[period.events[-1]]]) for period in found]
    earlier = [_before(ends, number) for number in range(len(found))]
    for number, before in enumerate(earlier):
        if before is not None and train["is_sampled"]:
            turn = between(train, found[before].period_s, found[number].period_s, ends[before][1], ends[number][0])
            ends[before], ends[number] = (ends[before][0], turn[0]), (turn[1], ends[number][1])
    # what comes together is one event, with the bytes of all
    bounds = dict(zip(places, [*places[1:], len(times)], strict=True))
    for number, period in enumerate(found):
        own = [places[event] for event in period.events]
        payload = sum(sum(train["bytes"][place : bounds[place]]) for place in own)
        total = totals.get(train["device"], 0)
        before = earlier[number]
        yield (
            *(train[column] for column in ("device", "peer", "what")),
            period.period_s,
            period.jitter,
            len(period.events),
            round(train["events"] * len(places) / len(times)),
            len(places) if train["is_sampled"] else None,
            *ends[number],
            payload or None,
            payload / total if payload and total else None,
            *((found[before].period_s, ends[before][1]) if before is not None else (None, None)),
        )


def _found(times: Sequence[float]) -> tuple[list[int], list[periods.Period]]:
    """Events by their places, and their periods in order of time: of what begins after a pause, or else of what lies a second apart."""
    places = periods.bursts(times)
    found = periods.periods([times[place] for place in places], periods.dead_time(times, places, extends=True))
    if not found:
        places = periods.apart(times)
        told = periods.periods([times[place] for place in places], periods.dead_time(times, places, extends=False))
        found = [period for period in told if not periods.is_made_by_thinning(period, times, places)]
    return places, sorted(found, key=lambda period: period.events[0])


def _before(ends: Sequence[tuple[int, int]], number: int) -> int | None:
    """Which period this one took the place of: of those that ended before it began, the last one."""
    first, _ = ends[number]
    return max(
        (other for other in range(number) if ends[other][1] <= first), key=lambda other: ends[other][1], default=None
    )


def _between(
    ask: Ask, looks: Iterator[int], train: Row, old_s: float, new_s: float, low_ns: int, high_ns: int
) -> tuple[int, int]:
    """Last event of an old and first of a new period, where those in between were not looked at: they are now."""
    if next(looks) >= MAX_LOOKS:
        return low_ns, high_ns
    (row,) = ask(
        "SELECT list(time_ns ORDER BY time_ns) AS times FROM train_events WHERE train = ? AND time_ns BETWEEN ? AND ?",
        train["train"],
        low_ns,
        high_ns,
    )
    times_ns: list[int] = row["times"]
    low, high = periods.turn([(time_ns - low_ns) / NS_PER_S for time_ns in times_ns], old_s, new_s)
    return times_ns[low], times_ns[high]


def cadences(ask: Ask) -> dict[str, list[Cadence]]:
    """The cadences of each device, the shortest period first."""
    rows = ask("FROM cadences ORDER BY device, period_s, peer NULLS FIRST, what, first_ns")
    return by(rows, "device", _cadence)


def _cadence(row: Row) -> Cadence:
    return Cadence(
        peer=row["peer"],
        what=row["what"],
        period_s=row["period_s"],
        jitter_ratio=row["jitter_ratio"],
        repetitions=row["repetitions"],
        events=row["events"],
        looked_at=row["looked_at"],
        first=iso(row["first_ns"]),
        last=iso(row["last_ns"]),
        payload_share=row["payload_share"],
        before_s=row["before_s"],
        before_last=iso(row["before_last_ns"]) if row["before_last_ns"] is not None else None,
    )


BEHAVIOUR = Behaviour(
    name="cadence",
    question="What does each device do at regular times, how regularly, and what share of its payload is that?",
    method=(
        "Events are DNS queries by name, NTP requests, SSDP searches, MQTT pings, echo requests, and the bursts of a service by "
        "who begins them and by the length of their first packet, for each device and peer. A period is told by its links: an "
        f"event is linked where another follows after the period, give or take {periods.TOLERANCE:.0%}. Candidates come from a "
        f"histogram of the times to the next {periods.NEIGHBOURS} events. A period is claimed from {periods.MIN_REPETITIONS} "
        f"repetitions on, in runs of at least {periods.MIN_RUN} events where up to {periods.MAX_MISSED} in a row may be missing, if "
        "chance (a Poisson process of the same rate, in which nothing comes for a second after an event where such events count as one; "
        "Chernoff's bound of the binomial tail, over all candidates) would make so many "
        f"links with a probability below {periods.MAX_CHANCE:g}. Its events are taken out and the rest is searched again: so two "
        "periods at one peer are told apart, and a period that changes has its time: between the last event of the one and the first "
        "of the other. Gaps and missing days end runs, nothing else."
    ),
    limits=(
        "Events that lie less than a second apart are one; so is a burst of any length that has a period. A change by less than a tenth is jitter. Of more than 2000 events four "
        "stretches are looked at, shorter ones where there are many such trains: repetitions and shares are of those. Periods below a second, with a jitter beyond a tenth, or of fewer "
        "repetitions are not claimed. To be regular is a property of a device, no fault: there are no findings."
    ),
    tables=("cadences",),
    judge=_judge,
)

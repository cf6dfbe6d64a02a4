"""What does each device do at regular times?"""

from collections.abc import Iterable

from idletalk.actions import periods
from idletalk.behaviours.behaviour import Ask, Behaviour, Row, by, insert, iso
from idletalk.behaviours.finding import Claim, Scene
from idletalk.model import Cadence

MAX_ROWS = 60_000
"""Events that are looked at in all: about a second of work; trains with most events go last."""

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
        "WITH looked AS (FROM trains ORDER BY events, device, peer NULLS FIRST, what, time_ns, bytes LIMIT ?)"
        " SELECT device, peer, what, events, list(time_ns ORDER BY time_ns, bytes) AS times, list(bytes ORDER BY time_ns, bytes) AS bytes"
        " FROM looked GROUP BY device, peer, what, events ORDER BY events, device, peer NULLS FIRST, what",
        MAX_ROWS,
    )
    insert(ask, "cadences", [found for train in trains for found in _cadences(train, totals)])
    return ()


def _cadences(train: Row, totals: dict[str, int]) -> Iterable[tuple[object, ...]]:
    """The rows of one train."""
    times_ns: list[int] = train["times"]
    times = [(time_ns - times_ns[0]) / NS_PER_S for time_ns in times_ns]
    places = periods.apart(times)
    found = sorted(periods.periods([times[place] for place in places]), key=lambda period: period.events[0])
    before: periods.Period | None = None
    for period in found:
        # what comes together is one event, with the bytes of all
        bounds = dict(zip(places, [*places[1:], len(times)], strict=True))
        own = [places[number] for number in period.events]
        payload = sum(sum(train["bytes"][place : bounds[place]]) for place in own)
        total = totals.get(train["device"], 0)
        follows = before is not None and period.events[0] >= before.events[-1]
        yield (
            *(train[column] for column in ("device", "peer", "what")),
            period.period_s,
            period.jitter,
            len(period.events),
            round(train["events"] * len(places) / len(times)),
            times_ns[own[0]],
            times_ns[own[-1]],
            payload or None,
            payload / total if payload and total else None,
            before.period_s if before is not None and follows else None,
        )
        before = period


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
        first=iso(row["first_ns"]),
        last=iso(row["last_ns"]),
        payload_share=row["payload_share"],
        before_s=row["before_s"],
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
        "chance (a Poisson process of the same rate, Chernoff's bound of the binomial tail, over all candidates) would make so many "
        f"links with a probability below {periods.MAX_CHANCE:g}. Its events are taken out and the rest is searched again: so two "
        "periods at one peer are told apart, and a period that changes has its time. Gaps and missing days end runs, nothing else."
    ),
    limits=(
        "Events that lie less than a second apart are one. Periods below a second, with a jitter beyond a tenth, or of fewer "
        "repetitions are not claimed. To be regular is a property of a device, no fault: there are no findings."
    ),
    tables=("cadences",),
    judge=_judge,
)

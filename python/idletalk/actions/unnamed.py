"""Actions that nobody named: bursts beyond the background that come again and again, at no regular time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from idletalk.actions import periods
from idletalk.actions.background import KindKey, Kinds
from idletalk.actions.burst import NS_PER_S, Burst

USERS = ("cloud", "phone")
"""Peers through whom people act."""
HEARERS = ("cloud", "phone", "neighbour")
"""Peers to whom a sensor reports."""
MIN_TIMES = 3
"""Bursts of a kind, at least: what came twice may be chance."""
MIN_REPORTS = periods.MIN_REPETITIONS
"""The same of what the device begins by itself: with fewer nobody could see a timer."""
MIN_IRREGULAR = 1 / 3
"""Share of those that no timer explains, at least: a few beside a timer are its own that came late."""
ALONE_S = 2.0
"""Silence of the device before a report: what follows something else sooner is part of it."""
MAX_PER_DAY = 50.0
"""A person does not use a device more often; in less than a day of capture, so many in all."""
MAX_OFFERED = 20
"""Kinds of one device that are offered, those that came most often."""
MIN_SILENCE_S = 5.0
"""Bursts of one kind that come closer are one use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unnamed:
    """Bursts of a kind that may be an action."""

    peer: str
    peer_kind: str
    service: str
    first_packet: str
    least_bytes: int
    most_bytes: int
    """range of the first packet's payload length"""
    times: int
    first_ns: int
    last_ns: int


def unnamed(bursts: Sequence[Burst], observed_s: float) -> list[Unnamed]:
    """What may be actions of a device, of all its bursts in time order: what somebody else begins, on a cloud's connection or from a
    phone (an answer about the time or a name is no action), and what the device reports on a connection that was open, at no regular time."""
    kinds = Kinds(bursts)
    most = most_reports(observed_s) * MIN_IRREGULAR
    told = [burst for burst in bursts if burst.sender in USERS and burst.lengths and not burst.is_common]
    found = [
        _offered(uses)
        for members in _by_kind(kinds, told).values()
        if MIN_TIMES <= len(uses := _uses(members)) <= most and not _in_step(uses)
    ]
    reports = list(_reports(bursts))
    in_step = {burst for members in _by_place(reports).values() for burst in _in_step(members)}
    for members in _by_kind(kinds, reports).values():
        timed = _in_step(members) | in_step
        irregular = [burst for burst in members if burst not in timed]
        uses = _uses(irregular)
        if MIN_REPORTS <= len(uses) <= most and len(irregular) >= MIN_IRREGULAR * len(members):
            found.append(_offered(uses))
    return sorted(found, key=lambda one: (-one.times, one.service, one.peer, one.least_bytes))[:MAX_OFFERED]


def most_reports(observed_s: float) -> float:
    """How often a device can say the same thing, if a share of :data:`MIN_IRREGULAR` of it is to be a person's doing."""
    return MAX_PER_DAY * max(1.0, observed_s / 86_400) / MIN_IRREGULAR


def _reports(bursts: Sequence[Burst]) -> Iterator[Burst]:
    """What a device says first, after a silence, on a connection that was open: not what it answers, and no session of its own."""
    silent_since_ns = -(2**63)
    for burst in bursts:
        is_alone = burst.first_ns - silent_since_ns >= ALONE_S * NS_PER_S
        silent_since_ns = max(silent_since_ns, burst.last_ns)
        is_open = burst.first_ns - burst.flow_first_ns >= NS_PER_S or burst.began is False
        if (
            burst.starts
            and burst.lengths
            and is_alone
            and is_open
            and not burst.is_common
            and burst.peer_kind in HEARERS
        ):
            yield burst


def _by_kind(kinds: Kinds, bursts: Sequence[Burst]) -> dict[KindKey, list[Burst]]:
    groups: dict[KindKey, list[Burst]] = {}
    for burst in bursts:
        groups.setdefault(kinds.of(burst), []).append(burst)
    return groups


def _by_place(bursts: Sequence[Burst]) -> dict[str, list[Burst]]:
    """A timer's messages may have several lengths, as a counter has more digits."""
    groups: dict[str, list[Burst]] = {}
    for burst in bursts:
        groups.setdefault(burst.place, []).append(burst)
    return groups


def _in_step(bursts: Sequence[Burst]) -> set[Burst]:
    """The bursts that come at a regular time; all, where they are too many to be looked at."""
    if len(bursts) > periods.MAX_EVENTS:
        return set(bursts)
    times = [(burst.first_ns - bursts[0].first_ns) / NS_PER_S for burst in bursts]
    return {bursts[number] for period in periods.periods(times) for number in period.events}


def _uses(bursts: Sequence[Burst]) -> list[Burst]:
    return [
        burst
        for place, burst in enumerate(bursts)
        if place == 0 or burst.first_ns - bursts[place - 1].first_ns >= MIN_SILENCE_S * NS_PER_S
    ]


def _offered(uses: Sequence[Burst]) -> Unnamed:
    lengths = [abs(burst.lengths[0]) for burst in uses]
    return Unnamed(
        peer=uses[0].peer,
        peer_kind=uses[0].peer_kind,
        service=uses[0].service,
        first_packet=uses[0].sender,
        least_bytes=min(lengths),
        most_bytes=max(lengths),
        times=len(uses),
        first_ns=uses[0].first_ns,
        last_ns=uses[-1].first_ns,
    )

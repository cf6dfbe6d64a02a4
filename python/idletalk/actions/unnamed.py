"""Actions that nobody named: bursts beyond the background that come again and again, at no regular time."""

from collections.abc import Sequence
from dataclasses import dataclass

from idletalk.actions import periods
from idletalk.actions.background import Kinds
from idletalk.actions.burst import NS_PER_S, Burst

USERS = ("cloud", "phone")
"""Peers through whom people act."""
MIN_TIMES = 3
"""Bursts of a kind, at least: what came twice may be chance."""
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
    """What may be actions of a device: somebody else begins, on a cloud's connection or from a phone, at no regular time."""
    kinds = Kinds(bursts)
    groups: dict[tuple[str, bool, int], list[Burst]] = {}
    for burst in bursts:
        # what a device begins by itself is its own doing, as far as this capture tells
        if burst.sender in USERS and burst.lengths:
            groups.setdefault(kinds.of(burst), []).append(burst)
    most = MAX_PER_DAY * max(1.0, observed_s / 86_400)
    found: list[Unnamed] = []
    for members in groups.values():
        uses = [
            burst
            for place, burst in enumerate(members)
            if place == 0 or burst.first_ns - members[place - 1].first_ns >= MIN_SILENCE_S * NS_PER_S
        ]
        if not MIN_TIMES <= len(uses) <= most:
            continue
        if periods.periods([(burst.first_ns - uses[0].first_ns) / NS_PER_S for burst in uses]):
            continue
        lengths = [abs(burst.lengths[0]) for burst in uses]
        found.append(
            Unnamed(
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
        )
    return sorted(found, key=lambda one: (-one.times, one.service, one.peer, one.least_bytes))[:MAX_OFFERED]

"""What the repetitions of an action have in common: its steps in order, with what varies."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from idletalk.actions.burst import NS_PER_S, Burst, begin

MIN_SHARE = 0.5
"""Share of the repetitions that show a step, at least."""
SHOWN_PACKETS = 8
"""Packets of a step whose lengths are told."""
MIN_STREAM_PACKETS = 20
MIN_STREAM_S = 1.0
"""What lasts so long with so many packets is a stream: an exchange of messages is over before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Bursts at one place of the chain over the repetitions."""

    place: str
    peer: str
    peer_kind: str
    service: str
    by_device: bool
    repetitions: int
    latency_s: float
    """median time after the action's first packet"""
    latency_range_s: tuple[float, float]
    """least and greatest"""
    least: tuple[int, ...]
    most: tuple[int, ...]
    """range of each packet's length, positive where the device sent"""
    gaps_us: tuple[int, ...]
    """median time before each packet"""
    least_gaps_us: tuple[int, ...]
    most_gaps_us: tuple[int, ...]
    was_open: bool | None
    """the connection was open before the action; none where the service has no connections"""
    open_s: float | None
    """median age of the connection, as far as seen"""
    tx_bytes: int
    rx_bytes: int
    packets: int
    duration_s: float

    @property
    def is_stream(self) -> bool:
        """It lasts."""
        return self.packets >= MIN_STREAM_PACKETS and self.duration_s >= MIN_STREAM_S


def first_sender(bursts: Sequence[Burst]) -> str:
    """Who sent the first packet of a repetition, as seen from this capture point."""
    return min(bursts, key=begin).sender if bursts else "unknown"


def steps(repetitions: Sequence[Sequence[Burst]]) -> list[Step]:
    """The steps of an action, by their time after its first packet."""
    groups: dict[tuple[str, bool], dict[int, list[tuple[int, Burst]]]] = {}
    for number, bursts in enumerate(repetitions):
        if bursts:
            start_ns = min(burst.since_ns for burst in bursts)
            for burst in bursts:
                members = groups.setdefault((burst.place, burst.starts), {})
                members.setdefault(number, []).append((burst.first_ns - start_ns, burst))
    found = [
        _step(starts, members)
        for (_, starts), members in groups.items()
        if len(members) >= MIN_SHARE * len(repetitions)
    ]
    return sorted(found, key=lambda step: (step.latency_s, step.place, step.by_device))


def _step(starts: bool, members: dict[int, list[tuple[int, Burst]]]) -> Step:
    # of several bursts of one repetition the first tells lengths, and all tell volume
    first = [min(those, key=lambda pair: pair[0]) for those in members.values()]
    bursts = [burst for _, burst in first]
    shortest = min(min(len(burst.lengths) for burst in bursts), SHOWN_PACKETS)
    columns = [[burst.lengths[place] for burst in bursts] for place in range(shortest)]
    gaps = [[burst.gaps_us[place] for burst in bursts] for place in range(shortest)]
    after_s = [after / NS_PER_S for after, _ in first]
    ages = [(burst.first_ns - burst.flow_first_ns) / NS_PER_S for burst in bursts]
    known = [burst for burst in bursts if burst.began is not None]
    open_before = sum(burst.began is False or burst.first_ns - burst.flow_first_ns > NS_PER_S for burst in known)
    volumes = [[burst for _, burst in those] for those in members.values()]
    return Step(
        place=bursts[0].place,
        peer=bursts[0].peer,
        peer_kind=bursts[0].peer_kind,
        service=bursts[0].service,
        by_device=starts,
        repetitions=len(members),
        latency_s=median(after_s),
        latency_range_s=(min(after_s), max(after_s)),
        least=tuple(min(column) for column in columns),
        most=tuple(max(column) for column in columns),
        gaps_us=tuple(int(median(column)) for column in gaps),
        least_gaps_us=tuple(min(column) for column in gaps),
        most_gaps_us=tuple(max(column) for column in gaps),
        was_open=2 * open_before > len(known) if known else None,
        open_s=median(ages) if known else None,
        tx_bytes=int(median(sum(burst.tx_bytes for burst in those) for those in volumes)),
        rx_bytes=int(median(sum(burst.rx_bytes for burst in those) for those in volumes)),
        packets=int(median(sum(burst.packets for burst in those) for those in volumes)),
        duration_s=median(max(b.last_ns for b in those) - min(b.first_ns for b in those) for those in volumes)
        / NS_PER_S,
    )

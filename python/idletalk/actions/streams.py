"""Streams that end when something is done: a camera's video after "off"."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from idletalk.actions.background import MAX_CHANCE, at_least, chance_of
from idletalk.actions.burst import NS_PER_S, Burst, Window
from idletalk.actions.steps import MIN_SHARE, MIN_STREAM_PACKETS, MIN_STREAM_S

BEFORE_S = 0.5
"""A stream whose last packet came so long before the action's first one may have been ended by it: orders take ways that this
capture point does not see."""
AFTER_S = 5.0
"""The same after it: what goes on longer was not ended by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A stream that ends with an action."""

    peer: str
    service: str
    repetitions: int
    latency_s: float
    """median time from the action's first packet to the stream's last"""
    duration_s: float
    tx_bytes: int
    rx_bytes: int


def ended(
    repetitions: Sequence[tuple[Window, Sequence[Burst]]], bursts: Sequence[Burst], observed_s: float
) -> list[Ended]:
    """Streams that end with at least half of the repetitions, and more often than chance lets them."""
    streams = [burst for burst in bursts if burst.packets >= MIN_STREAM_PACKETS and _duration_s(burst) >= MIN_STREAM_S]
    places: dict[str, dict[int, tuple[int, Burst]]] = {}
    for number, (_, own) in enumerate(repetitions):
        if own:
            start_ns = min(burst.since_ns for burst in own)
            for stream in streams:
                after_s = (stream.last_ns - start_ns) / NS_PER_S
                if stream.first_ns < start_ns and -BEFORE_S <= after_s <= AFTER_S:
                    places.setdefault(stream.place, {})[number] = stream.last_ns - start_ns, stream
    found: list[Ended] = []
    for place, members in places.items():
        times = sum(stream.place == place for stream in streams) - len(members)
        chance = chance_of(times * (BEFORE_S + AFTER_S) / max(observed_s, 1.0))
        if (
            len(members) >= MIN_SHARE * len(repetitions)
            and at_least(len(members), len(repetitions), chance) < MAX_CHANCE
        ):
            found.append(_ended(members))
    return sorted(found, key=lambda one: (one.latency_s, one.service, one.peer))


def _duration_s(burst: Burst) -> float:
    return (burst.last_ns - burst.first_ns) / NS_PER_S


def _ended(members: dict[int, tuple[int, Burst]]) -> Ended:
    streams = [stream for _, stream in members.values()]
    return Ended(
        peer=streams[0].peer,
        service=streams[0].service,
        repetitions=len(streams),
        latency_s=median(after for after, _ in members.values()) / NS_PER_S,
        duration_s=median(_duration_s(stream) for stream in streams),
        tx_bytes=int(median(stream.tx_bytes for stream in streams)),
        rx_bytes=int(median(stream.rx_bytes for stream in streams)),
    )

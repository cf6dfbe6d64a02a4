"""Packet-level signatures, in the manner of PingPong (Trimananda et al., NDSS 2020): what is learnt from repetitions of an
action is the lengths and directions of a few packets and who sent and got them, without addresses, so that it can be searched in
any capture (match.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from idletalk.actions.burst import COMMON, NS_PER_S, Burst
from idletalk.actions.carrier import Carrier, carrier

MIN_TRAINING = 2
"""Repetitions to learn from, at least: of one, nobody knows what varies."""
MIN_SHARE = 0.8
"""Share of the training repetitions in which a sequence must stand."""
HALF = 0.5
"""The same where what so many show tells the action from the background, and what more of them show does not."""
MAX_PACKETS = 4
"""Packets of a sequence: two pairs."""
MAX_SEQUENCES = 3
EPSILON_BYTES = 10
"""How much more a length may vary that does vary: as much again, or so much (PingPong's distance)."""
MANY = 5
"""Repetitions from which on a length that never varied is taken to be always the same; below, a few digits may be others."""
FEW_BYTES = 3
MAX_WIDTH_BYTES = 64
"""A length that varies more is content, as of a picture, and no sign of the action."""
ASKED_BY_ALL = COMMON - {"mdns", "ssdp"}
"""Services whose answers are as long as the server likes: announcements are the device's own."""
SLACK = 1.5
"""How much longer than in training an action may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Packets in a row of one flow."""

    service: str
    carrier: Carrier
    packets: tuple[tuple[int, int], ...]
    """(least, most) length of each, negative from the peer"""
    gaps_us: tuple[tuple[int, int], ...]
    """(least, most) time before each in training, microseconds; what comes before the first says nothing"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Sequences that follow one another within a time."""

    action: str
    first_packet: str
    sequences: tuple[Exchange, ...]
    within_s: float
    learnt_from: int


def learn(action: str, first_packet: str, repetitions: Sequence[Sequence[Burst]]) -> list[Signature]:
    """Signatures that the repetitions allow: those that most of them show first, of these those with room for other lengths,
    of these the simplest; none where the repetitions have nothing in common, or are too few."""
    ways = [_Way(*way) for way in product((MIN_SHARE, HALF), (True, False), (True, False))]
    return list(dict.fromkeys(one for way in ways for one in _learn(action, first_packet, repetitions, way)))


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to learn."""

    share: float
    """of the repetitions that a sequence must stand in"""
    has_all: bool
    """the range of a length holds all that were seen, not those alone that lie together"""
    is_wide: bool
    """it has room for lengths that were not seen"""


def _learn(action: str, first_packet: str, repetitions: Sequence[Sequence[Burst]], way: _Way) -> list[Signature]:
    if len(repetitions) < MIN_TRAINING or not all(repetitions):
        return []
    groups: dict[tuple[str, str, bool], dict[int, Burst]] = {}
    for number, bursts in enumerate(repetitions):
        for burst in bursts:
            key = (burst.service, burst.peer if burst.peer_kind == "group" else burst.peer_kind, burst.starts)
            if burst.lengths:
                groups.setdefault(key, {}).setdefault(number, burst)
    longest_s = max((bursts[-1].first_ns - bursts[0].first_ns) / NS_PER_S for bursts in repetitions)
    found: list[tuple[int, Exchange, bool]] = []
    for (service, _, _), members in groups.items():
        after = sorted(burst.first_ns - repetitions[number][0].first_ns for number, burst in members.items())
        enough = way.share * len(repetitions)
        exchange = _common(service, list(members.values()), enough, way)
        if len(members) >= enough and exchange.packets:
            found.append((after[len(after) // 2], exchange, service.split("/")[0] in ASKED_BY_ALL))
    found.sort(key=lambda one: (one[0], one[1].service))
    telling = [one for _, one, says_little in found if not says_little][:MAX_SEQUENCES]
    telling = telling or [one for _, one, _ in found[:MAX_SEQUENCES]]
    # how long a question is that all ask tells its name; how long the answer is, is the server's affair
    exchanges = [one if one in telling else _cut(one, 1) for _, one, _ in found][:MAX_SEQUENCES]
    alone = [(_cut(one, size),) for size in range(2, MAX_PACKETS + 1) for one in telling if len(one.packets) >= size]
    together = [
        tuple(_cut(one, size) for one in chosen)
        for count in range(2, len(exchanges) + 1)
        for size in range(1, MAX_PACKETS + 1)
        for chosen in combinations(exchanges, count)
        if any(one in telling for one in chosen)
    ]
    # a packet alone says little: many devices send one of such a length
    single = [(_cut(one, 1),) for one in telling]
    return [
        Signature(
            action=action,
            first_packet=first_packet,
            sequences=sequences,
            within_s=1.0 + SLACK * longest_s,
            learnt_from=len(repetitions),
        )
        for sequences in dict.fromkeys([*alone, *together, *single])
    ]


def _cut(exchange: Exchange, size: int) -> Exchange:
    return replace(exchange, packets=exchange.packets[:size], gaps_us=exchange.gaps_us[:size])


def _common(service: str, bursts: Sequence[Burst], enough: float, way: _Way) -> Exchange:
    """The first packets that `enough` bursts have in the same directions, with the range of their lengths.

    The range has room for lengths that were not seen: as much again, at most the distance; where it is wide the whole
    distance as soon as half of it was seen, and some digits where it varies at all, or where few repetitions were and nothing
    varied in them yet.
    """
    peers = carrier(bursts)
    packets: list[tuple[int, int]] = []
    gaps: list[tuple[int, int]] = []
    varies = False
    for place in range(MAX_PACKETS):
        by_way: dict[bool, list[Burst]] = {}
        for burst in bursts:
            if place < len(burst.lengths):
                by_way.setdefault(burst.lengths[place] > 0, []).append(burst)
        bursts = max(by_way.values(), key=len, default=list[Burst]())
        if len(bursts) < enough:
            break
        if not way.has_all:
            together = _together(bursts, place)
            # lengths that differ from time to time lie together by chance
            is_one = together[-1].lengths[place] - together[0].lengths[place] <= FEW_BYTES
            bursts = together if is_one and len(together) >= enough else bursts
        lengths = [burst.lengths[place] for burst in bursts]
        low, high = min(lengths), max(lengths)
        if high - low > MAX_WIDTH_BYTES:
            break
        extra = min(EPSILON_BYTES, high - low)
        if way.is_wide and high - low >= EPSILON_BYTES // 2:
            extra = EPSILON_BYTES
        elif way.is_wide and (high > low or (len(bursts) < MANY and not varies)):
            extra = max(extra, FEW_BYTES)
        varies |= high > low
        sign = 1 if low > 0 else -1
        least, most = sorted((abs(low), abs(high)))
        packets.append(tuple(sorted((sign * max(1, least - extra), sign * (most + extra)))))  # pyright: ignore[reportArgumentType]
        spaces = [burst.gaps_us[place] for burst in bursts]
        gaps.append((min(spaces), max(spaces)))
    return Exchange(service=service, carrier=peers, packets=tuple(packets), gaps_us=tuple(gaps))


def _together(bursts: Sequence[Burst], place: int) -> list[Burst]:
    """The most bursts of which a packet's lengths lie together, none farther from the next than the distance."""
    groups: list[list[Burst]] = []
    for burst in sorted(bursts, key=lambda one: one.lengths[place]):
        if groups and burst.lengths[place] - groups[-1][-1].lengths[place] <= EPSILON_BYTES:
            groups[-1].append(burst)
        else:
            groups.append([burst])
    return max(groups, key=len)

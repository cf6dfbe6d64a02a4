"""Packet-level signatures, in the manner of PingPong (Trimananda et al., NDSS 2020): what is learnt from repetitions of an
action is the lengths and directions of a few packets, without addresses, so that it can be searched in any capture."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from idletalk.actions.burst import NS_PER_S, PAUSE_US, Burst, part

MIN_TRAINING = 2
"""Repetitions to learn from, at least: of one, nobody knows what varies."""
MIN_SHARE = 0.8
"""Share of the training repetitions in which a sequence must stand."""
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
SLACK = 1.5
"""How much longer than in training an action may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Packets in a row of one flow: (least, most) length of each, negative from the peer."""

    service: str
    packets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Sequences that follow one another within a time."""

    action: str
    first_packet: str
    sequences: tuple[Exchange, ...]
    within_s: float
    learnt_from: int


def learn(action: str, first_packet: str, repetitions: Sequence[Sequence[Burst]]) -> list[Signature]:
    """Signatures that the repetitions allow, those with room for other lengths first, of these the simplest first; none
    where the repetitions have nothing in common, or are too few."""
    wide, narrow = (_learn(action, first_packet, repetitions, is_wide) for is_wide in (True, False))
    return list(dict.fromkeys([*wide, *narrow]))


def _learn(action: str, first_packet: str, repetitions: Sequence[Sequence[Burst]], is_wide: bool) -> list[Signature]:
    if len(repetitions) < MIN_TRAINING or not all(repetitions):
        return []
    groups: dict[tuple[str, str, bool], dict[int, Burst]] = {}
    for number, bursts in enumerate(repetitions):
        for burst in bursts:
            key = (burst.service, burst.peer if burst.peer_kind == "group" else burst.peer_kind, burst.starts)
            if burst.lengths:
                groups.setdefault(key, {}).setdefault(number, burst)
    longest_s = max((bursts[-1].first_ns - bursts[0].first_ns) / NS_PER_S for bursts in repetitions)
    found: list[tuple[int, Exchange]] = []
    for (service, _, _), members in groups.items():
        after = sorted(burst.first_ns - repetitions[number][0].first_ns for number, burst in members.items())
        packets = _common(list(members.values()), MIN_SHARE * len(repetitions), is_wide)
        if len(members) >= MIN_SHARE * len(repetitions) and packets:
            found.append((after[len(after) // 2], Exchange(service=service, packets=packets)))
    found.sort(key=lambda pair: (pair[0], pair[1].service))
    exchanges = [exchange for _, exchange in found[:MAX_SEQUENCES]]
    alone = [(_cut(one, size),) for size in range(2, MAX_PACKETS + 1) for one in exchanges if len(one.packets) >= size]
    together = [
        tuple(_cut(one, size) for one in chosen)
        for count in range(2, len(exchanges) + 1)
        for size in range(1, MAX_PACKETS + 1)
        for chosen in combinations(exchanges, count)
    ]
    # a packet alone says little: many devices send one of such a length
    single = [(_cut(one, 1),) for one in exchanges]
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
    return Exchange(service=exchange.service, packets=exchange.packets[:size])


def _common(bursts: Sequence[Burst], enough: float, is_wide: bool) -> tuple[tuple[int, int], ...]:
    """The first packets that `enough` bursts have in the same directions, with the range of their lengths.

    The range has room for lengths that were not seen: as much again, at most the distance; where it `is_wide` the whole
    distance as soon as half of it was seen, and some digits where it varies at all, or where few repetitions were and nothing
    varied in them yet.
    """
    packets: list[tuple[int, int]] = []
    varies = False
    for place in range(MAX_PACKETS):
        by_way: dict[bool, list[Burst]] = {}
        for burst in bursts:
            if place < len(burst.lengths):
                by_way.setdefault(burst.lengths[place] > 0, []).append(burst)
        bursts = max(by_way.values(), key=len, default=list[Burst]())
        if len(bursts) < enough:
            break
        lengths = [burst.lengths[place] for burst in bursts]
        low, high = min(lengths), max(lengths)
        if high - low > MAX_WIDTH_BYTES:
            break
        extra = min(EPSILON_BYTES, high - low)
        if is_wide and high - low >= EPSILON_BYTES // 2:
            extra = EPSILON_BYTES
        elif is_wide and (high > low or (len(bursts) < MANY and not varies)):
            extra = max(extra, FEW_BYTES)
        varies |= high > low
        sign = 1 if low > 0 else -1
        least, most = sorted((abs(low), abs(high)))
        packets.append(tuple(sorted((sign * max(1, least - extra), sign * (most + extra)))))  # pyright: ignore[reportArgumentType]
    return tuple(packets)


def match(signature: Signature, bursts: Sequence[Burst]) -> list[tuple[Burst, ...]]:
    """Where the signature stands in bursts in time order, each burst from its packet on; places within one action's time
    are one."""
    found: list[tuple[Burst, ...]] = []
    free_ns = -(2**63)
    first = signature.sequences[0]
    within_ns = int(signature.within_s * NS_PER_S)
    for place, burst in enumerate(bursts):
        at = _place(first, burst) if burst.first_ns >= free_ns else None
        if at is None:
            continue
        begun = part(burst, at)
        members, taken = [begun], [burst]
        for sequence in signature.sequences[1:]:
            after = _following(sequence, bursts, place, begun.first_ns, within_ns, taken)
            if after is None:
                break
            members.append(after)
            taken.append(after)
        if len(members) == len(signature.sequences):
            found.append(tuple(members))
            free_ns = begun.first_ns + within_ns
    return found


def _following(
    sequence: Exchange, bursts: Sequence[Burst], place: int, start_ns: int, within_ns: int, taken: Sequence[Burst]
) -> Burst | None:
    """The burst of a sequence within the time after the first; bursts that begin together may come in any order."""
    low = place
    while low > 0 and start_ns - bursts[low - 1].first_ns <= NS_PER_S:
        low -= 1
    for later in bursts[low:]:
        if later.first_ns - start_ns > within_ns:
            return None
        if later not in taken and _place(sequence, later) is not None:
            return later
    return None


def _place(sequence: Exchange, burst: Burst) -> int | None:
    """Where the packets stand in a row: at the burst's begin, or after a pause in it."""
    if burst.service != sequence.service:
        return None
    wanted = sequence.packets
    return next(
        (
            at
            for at in range(len(burst.lengths) - len(wanted) + 1)
            if (at == 0 or burst.gaps_us[at] >= PAUSE_US)
            and all(low <= length <= high for length, (low, high) in zip(burst.lengths[at:], wanted, strict=False))
        ),
        None,
    )

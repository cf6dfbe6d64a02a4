"""Packet-level signatures, in the manner of PingPong (Trimananda et al., NDSS 2020): what is learnt from repetitions of an
action is the lengths and directions of a few packets, without addresses, so that it can be searched in any capture."""

from collections.abc import Sequence
from dataclasses import dataclass

from idletalk.actions.burst import NS_PER_S, Burst

MIN_TRAINING = 2
"""Repetitions to learn from, at least: of one, nobody knows what varies."""
MIN_SHARE = 0.8
"""Share of the training repetitions in which a sequence must stand."""
MAX_PACKETS = 4
"""Packets of a sequence: two pairs."""
MAX_SEQUENCES = 3
EPSILON_BYTES = 10
"""A length that varies may vary by so much more (PingPong's distance); one that does not must be exact."""
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


def learn(action: str, first_packet: str, repetitions: Sequence[Sequence[Burst]]) -> Signature | None:
    """The signature of repetitions; none where they have nothing in common, or are too few."""
    if len(repetitions) < MIN_TRAINING:
        return None
    groups: dict[tuple[str, str, bool], list[tuple[int, int, Burst]]] = {}
    for number, bursts in enumerate(repetitions):
        taken: set[tuple[str, str, bool]] = set()
        for burst in bursts:
            key = (burst.service, burst.peer if burst.peer_kind == "group" else burst.peer_kind, burst.starts)
            if burst.lengths and key not in taken:
                taken.add(key)
                groups.setdefault(key, []).append((number, burst.first_ns - bursts[0].first_ns, burst))
    found: list[tuple[int, Exchange]] = []
    for (service, _, _), members in groups.items():
        packets = _common([burst for _, _, burst in members])
        if len(members) >= MIN_SHARE * len(repetitions) and packets:
            found.append(
                (
                    sorted(after for _, after, _ in members)[len(members) // 2],
                    Exchange(service=service, packets=packets),
                )
            )
    if not found:
        return None
    found.sort(key=lambda pair: (pair[0], pair[1].service))
    # a packet alone says little: pairs first
    chosen = sorted(found, key=lambda pair: (len(pair[1].packets) < 2, pair[0]))[:MAX_SEQUENCES]
    chosen.sort(key=lambda pair: (pair[0], pair[1].service))
    longest_s = max((bursts[-1].first_ns - bursts[0].first_ns) / NS_PER_S for bursts in repetitions)
    return Signature(
        action=action,
        first_packet=first_packet,
        sequences=tuple(sequence for _, sequence in chosen),
        within_s=1.0 + SLACK * longest_s,
        learnt_from=len(repetitions),
    )


def _common(bursts: Sequence[Burst]) -> tuple[tuple[int, int], ...]:
    """The first packets that all bursts have in the same directions, with the range of their lengths."""
    packets: list[tuple[int, int]] = []
    for place in range(MAX_PACKETS):
        lengths = [burst.lengths[place] for burst in bursts if place < len(burst.lengths)]
        if len(lengths) < len(bursts) or len({length > 0 for length in lengths}) > 1:
            break
        low, high = min(lengths), max(lengths)
        extra = EPSILON_BYTES if low != high else 0
        sign = 1 if low > 0 else -1
        least, most = sorted((abs(low), abs(high)))
        packets.append(tuple(sorted((sign * max(1, least - extra), sign * (most + extra)))))  # pyright: ignore[reportArgumentType]
    return tuple(packets)


def match(signature: Signature, bursts: Sequence[Burst]) -> list[tuple[Burst, ...]]:
    """Where the signature stands in bursts in time order; places within one action's time are one."""
    found: list[tuple[Burst, ...]] = []
    free_ns = -(2**63)
    first = signature.sequences[0]
    within_ns = int(signature.within_s * NS_PER_S)
    for place, burst in enumerate(bursts):
        if burst.first_ns < free_ns or not _stands(first, burst):
            continue
        members = [burst]
        for sequence in signature.sequences[1:]:
            after = _following(sequence, bursts, place, burst.first_ns, within_ns, members)
            if after is None:
                break
            members.append(after)
        if len(members) == len(signature.sequences):
            found.append(tuple(members))
            free_ns = burst.first_ns + within_ns
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
        if later not in taken and _stands(sequence, later):
            return later
    return None


def _stands(sequence: Exchange, burst: Burst) -> bool:
    """Whether the packets stand in a row among the burst's first ones."""
    if burst.service != sequence.service:
        return False
    wanted = sequence.packets
    return any(
        all(low <= length <= high for length, (low, high) in zip(burst.lengths[at:], wanted, strict=False))
        for at in range(len(burst.lengths) - len(wanted) + 1)
    )

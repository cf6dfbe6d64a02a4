"""Where a signature stands in the bursts of a device, and on what that rests."""

from collections.abc import Sequence
from dataclasses import dataclass

from idletalk.actions.burst import NS_PER_S, Burst, begins, part
from idletalk.actions.carrier import Basis, agreement
from idletalk.actions.signature import Exchange, Signature

MORE = 3
"""Times as long as in training a packet may take, where no name tells whose conversation it is; and a device a third as long
to answer, which is its own time and not the network's."""
LATE_US = 300_000
"""And so much more: a packet that is sent again comes at least 200 ms late (Linux; 1 s by RFC 6298 2.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A place where a signature stands."""

    bursts: tuple[Burst, ...]
    """one for each sequence, each from the sequence's first packet on"""
    basis: Basis
    """what tells the peers, of the sequence of which most is told"""


def match(signature: Signature, bursts: Sequence[Burst]) -> list[Match]:
    """Where the signature stands in bursts in time order; places within one action's time are one."""
    found: list[Match] = []
    free_ns = -(2**63)
    first = signature.sequences[0]
    within_ns = int(signature.within_s * NS_PER_S)
    for place, burst in enumerate(bursts):
        begun = _stands(first, burst) if burst.first_ns >= free_ns else None
        if begun is None:
            continue
        members = [begun]
        for sequence in signature.sequences[1:]:
            taken = [member.whole for member in members]
            after = _following(sequence, bursts, place, begun.burst.first_ns, within_ns, taken)
            if after is None:
                break
            members.append(after)
        if len(members) == len(signature.sequences):
            basis = min((member.basis for member in members), key=list(Basis).index)
            found.append(Match(bursts=tuple(member.burst for member in members), basis=basis))
            free_ns = begun.burst.first_ns + within_ns
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a sequence stands."""

    whole: Burst
    burst: Burst
    """from the sequence's first packet on"""
    basis: Basis


def _following(
    sequence: Exchange, bursts: Sequence[Burst], place: int, start_ns: int, within_ns: int, taken: Sequence[Burst]
) -> _Place | None:
    """The burst of a sequence within the time after the first; bursts that begin together may come in any order."""
    low = place
    while low > 0 and start_ns - bursts[low - 1].first_ns <= NS_PER_S:
        low -= 1
    for number in range(low, len(bursts)):
        later = bursts[number]
        if later.first_ns - start_ns > within_ns:
            return None
        if later not in taken and (found := _stands(sequence, later)) is not None:
            return found
    return None


def _stands(sequence: Exchange, burst: Burst) -> _Place | None:
    """Where the packets stand in a row, at the burst's begin or after a pause in it, with a peer that can be the same."""
    if burst.service != sequence.service:
        return None
    wanted = sequence.packets
    places = [
        at
        for at in range(len(burst.lengths) - len(wanted) + 1)
        if begins(burst, at)
        and all(low <= length <= high for length, (low, high) in zip(burst.lengths[at:], wanted, strict=False))
    ]
    basis = agreement(sequence.carrier, burst) if places else None
    if basis is None:
        return None
    at = next((at for at in places if basis is Basis.NAME or _is_timely(sequence, burst, at)), None)
    return None if at is None else _Place(burst, part(burst, at), basis)


def _is_timely(sequence: Exchange, burst: Burst, at: int) -> bool:
    """Whether packets follow each other as soon as they did in training."""
    for number, (least, most) in enumerate(sequence.gaps_us[1:], 1):
        gap = burst.gaps_us[at + number]
        is_answer = burst.lengths[at + number - 1] < 0 < burst.lengths[at + number]
        if gap > MORE * most + LATE_US or (is_answer and MORE * gap < least):
            return False
    return True

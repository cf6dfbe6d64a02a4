"""All that is found out about the actions of one device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from idletalk.actions.background import beyond, windows
from idletalk.actions.burst import EARLIER_NS, Burst, Event, Window, between
from idletalk.actions.match import match
from idletalk.actions.opposites import counterpart
from idletalk.actions.signature import MIN_SHARE, Signature, learn
from idletalk.actions.steps import Step, first_sender, steps
from idletalk.actions.streams import Ended, ended

MIN_HELD_BACK = 2
"""Repetitions of each of two actions, at least, that tell whether they can be told apart."""
APART = 0.9
"""Share of them whose own signature alone stands, from which on they can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An action of a device in one of the ways in which it comes: by who sends first."""

    device: str
    action: str
    first_packet: str
    events: int
    """events of the action, in whatever way"""
    repetitions: tuple[tuple[Window, tuple[Burst, ...]], ...]
    steps: tuple[Step, ...]
    ended: tuple[Ended, ...]
    """streams that end with it"""
    signature: Signature | None
    held_back: int
    recalled: int
    false_matches: int | None
    """places in the second half of the bursts, outside all windows of the device, where the signature stands; none without one"""
    distinguishable: bool | None
    counterpart: str | None


def acts(device: str, events: Sequence[Event], bursts: Sequence[Burst], offset_ns: int, observed_s: float) -> list[Act]:
    """The actions of a device."""
    all_windows = windows(events, offset_ns)
    own = beyond(bursts, all_windows, observed_s)
    variants: dict[tuple[str, str], list[tuple[Window, tuple[Burst, ...]]]] = {}
    totals: dict[str, int] = {}
    for window in all_windows:
        totals[window.event.action] = totals.get(window.event.action, 0) + 1
        variants.setdefault((window.event.action, first_sender(own[window])), []).append((window, own[window]))
    middle = bursts[len(bursts) // 2].first_ns if bursts else 0
    signatures = {
        key: _chosen(key, members[0::2], bursts, all_windows, middle) if key[1] != "unknown" else None
        for key, members in variants.items()
    }
    found: list[Act] = []
    for (action, first), members in sorted(variants.items()):
        signature = signatures[action, first]
        held_back = [window for window, _ in members[1::2]]
        other = counterpart(action, {name for name, who in variants if who == first})
        found.append(
            Act(
                device=device,
                action=action,
                first_packet=first,
                events=totals[action],
                repetitions=tuple(members),
                steps=tuple(steps([those for _, those in members])),
                ended=tuple(ended(members, bursts, observed_s)),
                signature=signature,
                held_back=len(held_back),
                recalled=sum(_shows(signature, bursts, window) for window in held_back) if signature else 0,
                false_matches=_outside(signature, between(bursts, middle, 2**63), all_windows) if signature else None,
                counterpart=other,
                distinguishable=_apart(action, other, first, variants, signatures, bursts) if other else None,
            )
        )
    return found


def _shows(signature: Signature | None, bursts: Sequence[Burst], window: Window) -> bool:
    if signature is None:
        return False
    # what was over before the window is an action of its own, and would hide one that follows soon
    nearby = [
        burst for burst in between(bursts, window.low_ns - EARLIER_NS, window.high_ns) if burst.last_ns >= window.low_ns
    ]
    return any(window.low_ns <= found.bursts[0].first_ns < window.high_ns for found in match(signature, nearby))


def _outside(signature: Signature, bursts: Sequence[Burst], all_windows: Sequence[Window]) -> int:
    """Matches that no event explains."""
    return sum(
        not any(window.low_ns <= found.bursts[0].first_ns < window.high_ns for window in all_windows)
        for found in match(signature, bursts)
    )


def _chosen(
    key: tuple[str, str],
    training: Sequence[tuple[Window, tuple[Burst, ...]]],
    bursts: Sequence[Burst],
    all_windows: Sequence[Window],
    middle_ns: int,
) -> Signature | None:
    """Of the signatures that repetitions allow, the one that stands seldom where it should not and misses few of them.

    One that misses as few as a sequence may (:data:`MIN_SHARE`) and tells this action from others is better than one that misses
    none and does not: what follows an action, as a report to the cloud, is often the same for its opposite. That is looked
    up in the windows of other actions in training, and in the first half of the capture: the second half is for the test.
    """
    before = between(bursts, -(2**63), middle_ns)
    others = [window for window in all_windows if window.event.action != key[0]][0::2]

    def faults(candidate: Signature) -> tuple[int, bool, int]:
        missed = sum(not _shows(candidate, bursts, window) for window, _ in training)
        confused = sum(_shows(candidate, bursts, window) for window in others)
        too_many = max(0, missed + ceil(MIN_SHARE * len(training)) - len(training))
        # to be mistaken for others once less is chance, and no reason for a longer signature
        is_confused = confused > max(1, (1 - APART) * len(others))
        return too_many + _outside(candidate, before, all_windows), is_confused, missed

    best: tuple[tuple[int, bool, int], Signature] | None = None
    for candidate in learn(*key, [those for _, those in training]):
        found = faults(candidate)
        if best is None or found < best[0]:
            best = found, candidate
        if not any(found):
            break
    return best[1] if best else None


def _apart(
    action: str,
    other: str,
    first: str,
    variants: Mapping[tuple[str, str], Sequence[tuple[Window, tuple[Burst, ...]]]],
    signatures: Mapping[tuple[str, str], Signature | None],
    bursts: Sequence[Burst],
) -> bool | None:
    """Whether signatures tell an action from its counterpart, by the repetitions that were held back."""
    mine, theirs = signatures[action, first], signatures[other, first]
    tests = [(window, mine, theirs) for window, _ in variants[action, first][1::2]]
    tests += [(window, theirs, mine) for window, _ in variants[other, first][1::2]]
    if mine is None or theirs is None or len(tests) < 2 * MIN_HELD_BACK:
        return None
    right = sum(_shows(its, bursts, window) and not _shows(rival, bursts, window) for window, its, rival in tests)
    return right >= APART * len(tests)


def false_per_day(act: Act, observed_s: float) -> float | None:
    """False matches in a day, over the half of the capture in which they are counted."""
    if act.false_matches is None or observed_s <= 0:
        return None
    return act.false_matches * 86_400 / (observed_s / 2)

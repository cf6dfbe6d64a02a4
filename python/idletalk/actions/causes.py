"""What came just before a device began to act: a command that too few repetitions show to be told from the background by itself."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from idletalk.actions.burst import NS_PER_S, Burst, Window, begin, between

CAUSE_S = 0.5
"""Time within which a device acts on what it was told: devices answer within some hundredths of a second, and resolve a name or open
a connection at once."""
MAX_CHANCE = 0.01
"""Times, over all repetitions of an action, that a kind of the background comes so near before by chance, at most."""
OTHERS = frozenset({"cloud", "phone", "neighbour", "gateway"})
"""Who can tell a device to act: a single peer that speaks first."""


def with_causes(
    own: Mapping[Window, tuple[Burst, ...]], bursts: Sequence[Burst], expected: Callable[[Burst], float]
) -> Mapping[Window, tuple[Burst, ...]]:
    """The repetitions that a device seems to begin, each with what another sent it right before, where that is no chance.

    `expected` gives how often a burst of the same kind begins in :data:`CAUSE_S` of the background. In a window of many seconds one
    command in ten repetitions is no sign; in the half second before the device does what it does after all others, it is.
    """
    repetitions = Counter(window.event.action for window in own)
    return {
        window: _with_cause(those, bursts, expected, repetitions[window.event.action]) for window, those in own.items()
    }


def _with_cause(
    own: tuple[Burst, ...], bursts: Sequence[Burst], expected: Callable[[Burst], float], repetitions: int
) -> tuple[Burst, ...]:
    first = min(own, key=begin, default=None)
    if first is None or first.sender != "device":
        return own
    cut = {(burst.capture, burst.frame) for burst in own}
    causes = [
        burst
        for burst in between(bursts, first.since_ns - int(CAUSE_S * NS_PER_S), first.since_ns)
        # the begin of a burst that goes on as the action was found to be no part of it; a command is answered
        if (burst.capture, burst.frame) not in cut
        and burst.sender in OTHERS
        and max(burst.lengths, default=0) > 0
        and repetitions * expected(burst) < MAX_CHANCE
    ]
    return (*causes[-1:], *own)

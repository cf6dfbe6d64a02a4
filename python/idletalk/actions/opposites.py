"""Actions that undo each other, told by their names: what is held side by side."""

from collections.abc import Collection, Iterator

OPPOSITES = (("on", "off"), ("open", "close"), ("unlock", "lock"), ("start", "stop"), ("up", "down"))
"""Words that make two actions a pair, the one that begins something first."""
BEFORE = "_ -"
"""What stands before the word where the action has a longer name."""


def counterpart(action: str, actions: Collection[str]) -> str | None:
    """The opposite action, by its name, where it is one of these."""
    return next((stem + other for stem, _, other in _pairs(action) if stem + other in actions), None)


def order(action: str) -> tuple[str, int, str]:
    """A key by which an action and its opposite stand together, the one that begins something first."""
    stem, place, other = next(_pairs(action), (action, 0, ""))
    return stem + min(action.removeprefix(stem), other), place, action


def _pairs(action: str) -> Iterator[tuple[str, int, str]]:
    """(what stands before the word, the word's place in its pair, the other word)."""
    for pair in OPPOSITES:
        for place, word in enumerate(pair):
            stem = action.removesuffix(word)
            if stem != action and (not stem or stem[-1] in BEFORE):
                yield stem, place, pair[1 - place]

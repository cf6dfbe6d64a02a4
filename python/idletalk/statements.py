"""Statements of SQL side by side: each waits for those that make what it mentions, and for no other."""

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z_]\w*")
"""Names stand in strings too: ``query_table('internet_hosts')``."""

_CHANGED = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?P<kind>TABLE|VIEW|MACRO)|INSERT\s+INTO|UPDATE|DELETE\s+FROM|DROP\s+\w+)"
    r'\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"?(?P<name>\w+)',
    re.IGNORECASE,
)
"""How a statement begins that makes or changes a table, a view or a macro, and which."""

_SEEN_THROUGH = frozenset({"VIEW", "MACRO"})
"""Who asks these asks what they mention."""


def changed(text: str) -> str | None:
    """The table, view or macro that a statement makes or changes; none: it is not known."""
    begins = _CHANGED.match(text)
    return begins["name"].lower() if begins else None


def predecessors(texts: Iterable[str]) -> list[frozenset[int]]:
    """For each statement the numbers of those before it that must be done: they change what it mentions, or mention what it changes.

    A statement of which it is not known what it changes waits for all, and all wait for it. The scripts of all behaviours are read
    once, however many analyses a program makes.
    """
    return list(_predecessors(tuple(texts)))


@lru_cache(maxsize=8)
def _predecessors(texts: tuple[str, ...]) -> tuple[frozenset[int], ...]:
    changers: dict[str, int] = {}
    askers: dict[str, set[int]] = {}
    behind: dict[str, frozenset[str]] = {}
    barrier: int | None = None
    found: list[frozenset[int]] = []
    for number, text in enumerate(texts):
        begins = _CHANGED.match(text)
        if begins is None:
            found.append(frozenset(range(number)))
            barrier = number
            continue
        name = begins["name"].lower()
        words = {word.lower() for word in _NAME.findall(text)}
        for word in list(words):
            words |= behind.get(word, frozenset())
        waits = {changers[word] for word in words if word in changers} | askers.pop(name, set())
        found.append(frozenset(waits | ({barrier} if barrier is not None else set())))
        changers[name] = number
        for word in words - {name}:
            askers.setdefault(word, set()).add(number)
        kind = (begins["kind"] or "").upper()
        if kind:
            behind[name] = frozenset(words - {name}) if kind in _SEEN_THROUGH else frozenset()
    return tuple(found)


@dataclass(slots=True)
class Line:
    """Steps that several workers take, each when those before it are done."""

    waits_for: Sequence[frozenset[int]]
    stopped: threading.Event
    """set from outside, or by the first step that fails: no other is begun"""
    _begun: set[int] = field(default_factory=set[int])
    _done: set[int] = field(default_factory=set[int])
    _moved: threading.Condition = field(default_factory=threading.Condition)

    def work(self, steps: Sequence[T], take: Callable[[T], object]) -> None:
        """Take steps until none is left, or until one fails, whoever took it."""
        while (number := self._next()) is not None:
            try:
                take(steps[number])
            except BaseException:
                self.stopped.set()
                raise
            finally:
                with self._moved:
                    self._done.add(number)
                    self._moved.notify_all()

    def _next(self) -> int | None:
        with self._moved:
            while not self.stopped.is_set() and len(self._begun) < len(self.waits_for):
                for number, before in enumerate(self.waits_for):
                    if number not in self._begun and before <= self._done:
                        self._begun.add(number)
                        return number
                self._moved.wait()
            return None

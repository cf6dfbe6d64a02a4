"""The behaviours of an analysis: idletalk's own side by side, then those of other packages, each of which costs its own question only when it fails."""

import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from idletalk.behaviours import Behaviour, installed, unloadable
from idletalk.behaviours.finding import Claim, Scene
from idletalk.behaviours.rows import Ask
from idletalk.model import BEHAVIOUR_FAILED, Blindness
from idletalk.store import Store

MAX_REASON_CHARS = 200
"""Of what an exception says: one can hold a whole query."""

Answer = tuple[list[Claim], dict[str, str | None]]
"""Claims, and for each device without any why the capture cannot answer (none: it can, and there is nothing)."""

Work = Callable[[Store], None]
"""What is done with a store of its own."""


def _behaviours() -> list[Behaviour]:
    return list(installed())


def _not_loaded() -> list[Blindness]:
    return [_failed(*names, reason) for names, reason in unloadable()]


@dataclass(slots=True)
class Asking:
    """Who is asked, and who failed. A failure of idletalk's own behaviours is raised: it is a mistake of ours."""

    asked: list[Behaviour] = field(default_factory=_behaviours)
    """those that have not failed"""
    failures: list[Blindness] = field(default_factory=_not_loaded)
    """a sentence for each that has: who, why, and what to do"""

    def prepare(self, store: Store) -> None:
        """Make the tables of all."""
        store.judge(self._own())
        for behaviour in self._brought():
            with self._guarded(behaviour):
                store.judge_apart(behaviour)

    def _own(self) -> list[Behaviour]:
        return [behaviour for behaviour in self.asked if behaviour.package is None]

    def _brought(self) -> list[Behaviour]:
        return [behaviour for behaviour in self.asked if behaviour.package is not None]

    def answer(self, behaviour: Behaviour, ask: Ask, scene: Scene) -> Answer | None:
        """What a behaviour claims of the devices that are judged, and of which others it cannot tell; none where it failed."""
        with self._guarded(behaviour):
            made = list(behaviour.judge(ask, scene))
            _check(behaviour, made)
            claims = [claim for claim in made if claim.device in scene.subjects]
            silent = set(scene.subjects) - {claim.device for claim in claims}
            hidden = {device: behaviour.hidden(scene, device) for device in scene.subjects if device in silent}
            return claims, hidden
        return None

    def answers(
        self, store: Store, scene: Scene, *, waits: bool, soon: Sequence[Work] = (), late: Sequence[Work] = ()
    ) -> list[tuple[Behaviour, Answer]]:
        """What those say who wait for images and others' answers, or those who do not: idletalk's own side by side, with
        what else is done meanwhile, soon or as late as may be; then the others.
        """
        own = [behaviour for behaviour in self._own() if behaviour.waits == waits]
        # those that take longest are begun first: of the others, those that build on most
        long = [behaviour for behaviour in own[::-1] if behaviour.is_long]
        short = [behaviour for behaviour in own[::-1] if not behaviour.is_long]
        given: dict[str, Answer | None] = {}

        def ask(behaviour: Behaviour) -> Work:
            def work(store: Store) -> None:
                given[behaviour.name] = self.answer(behaviour, store.ask, scene)

            return work

        store.together([*map(ask, long), *soon, *map(ask, short), *late])
        answers = [(behaviour, given[behaviour.name]) for behaviour in own]
        brought = [behaviour for behaviour in self._brought() if behaviour.waits == waits]
        answers += [(behaviour, self.answer(behaviour, store.ask, scene)) for behaviour in brought]
        return [(behaviour, answer) for behaviour, answer in answers if answer is not None]

    def keep_brought(self, store: Store) -> None:
        """Write the tables of other packages' behaviours, which may fail."""
        for behaviour in self._brought():
            with self._guarded(behaviour):
                store.keep(behaviour.tables)

    def keep(self, store: Store) -> None:
        """Write the tables of idletalk's own."""

        def write(table: str) -> Work:
            return lambda beside: beside.keep([table])

        store.together([write(table) for behaviour in self._own() for table in behaviour.tables])

    @contextmanager
    def _guarded(self, behaviour: Behaviour) -> Generator[None]:
        try:
            yield
        except Exception as error:
            if behaviour.package is None:
                raise
            self.asked.remove(behaviour)
            self.failures.append(_failed(behaviour.name, behaviour.package, _reason(error)))


def _check(behaviour: Behaviour, claims: Sequence[Claim]) -> None:
    """Raises where a claim could not become a finding."""
    declared = {kind.name for kind in behaviour.kinds}
    for claim in claims:
        if claim.kind not in declared:
            told = ", ".join(sorted(declared)) or "none"
            raise ValueError(f"it claims the kind {claim.kind}, which its kinds do not declare (declared: {told})")
        if claim.frames < 1 or not claim.kept:
            raise ValueError(f"it claims {claim.kind} without a frame as evidence")


def _reason(error: Exception) -> str:
    """An exception in a line: what it says, and where in the code that is not ours it came about."""
    said = next(iter(str(error).splitlines()), "")[:MAX_REASON_CHARS]
    places = [
        f"{Path(frame.f_code.co_filename).name} line {line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_globals.get("__name__", "").startswith("idletalk.")
    ]
    where = f" at {places[-1]}" if places else ""
    return f"{type(error).__name__}{where}{': ' if said else ''}{said}"


def _failed(name: str, package: str, reason: str) -> Blindness:
    return Blindness(
        kind=BEHAVIOUR_FAILED,
        sentence=f"The behaviour {name} of the package {package} failed, so its question is not answered ({reason})."
        f" Update that package or remove it: pip uninstall {package}",
    )

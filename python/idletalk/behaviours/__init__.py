"""Judgements: one question a module, its SQL beside it. Facts in, answers out; no files, no pages, no network.

To add one: a module with a ``BEHAVIOUR``, its ``.sql`` beside it, a line in :data:`BEHAVIOURS`. Other packages add theirs by
an entry point of the group ``idletalk.behaviours`` (docs/adding-a-behaviour.md).
"""

from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points

from idletalk.behaviours import (
    cadence,
    connections,
    encryption,
    exposure,
    facts,
    fallback,
    flows,
    handshakes,
    inventory,
    lateral,
    misconfiguration,
    operating,
    peers,
    protocols,
    services,
    sweeps,
    timesync,
    traffic,
    transfers,
    update_signs,
    updates,
)
from idletalk.behaviours.behaviour import Ask, Behaviour

BEHAVIOURS: tuple[Behaviour, ...] = (
    flows.BEHAVIOUR,
    protocols.BEHAVIOUR,
    inventory.BEHAVIOUR,
    facts.BEHAVIOUR,
    traffic.BEHAVIOUR,
    peers.BEHAVIOUR,
    encryption.BEHAVIOUR,
    timesync.BEHAVIOUR,
    handshakes.BEHAVIOUR,
    misconfiguration.BEHAVIOUR,
    fallback.BEHAVIOUR,
    sweeps.BEHAVIOUR,
    lateral.BEHAVIOUR,
    services.BEHAVIOUR,
    exposure.BEHAVIOUR,
    cadence.BEHAVIOUR,
    connections.BEHAVIOUR,
    operating.BEHAVIOUR,
    transfers.BEHAVIOUR,
    update_signs.BEHAVIOUR,
    updates.BEHAVIOUR,
)
"""Every behaviour, in the order in which their tables build on one another."""


def installed() -> tuple[Behaviour, ...]:
    """These, and those of other packages that are installed, which come last: they may build on all tables of these."""
    return (*BEHAVIOURS, *_brought()[0])


def unloadable() -> tuple[tuple[tuple[str, str], str], ...]:
    """What other packages announce and cannot be asked: ((name, package), reason)."""
    return _brought()[1]


@cache
def _brought() -> tuple[tuple[Behaviour, ...], tuple[tuple[tuple[str, str], str], ...]]:
    found: list[Behaviour] = []
    faults: list[tuple[tuple[str, str], str]] = []
    taken = {behaviour.name for behaviour in BEHAVIOURS}
    for point in entry_points(group="idletalk.behaviours"):
        package = point.dist.name if point.dist else point.value
        try:
            other = point.load()
        except Exception as error:
            faults.append(((point.name, package), f"{type(error).__name__} when it was loaded: {error}"))
            continue
        if not isinstance(other, Behaviour):
            faults.append(((point.name, package), f"{point.value} is no Behaviour"))
        elif other.name in taken:
            faults.append(((point.name, package), f"another behaviour has the name {other.name}"))
        else:
            taken.add(other.name)
            found.append(replace(other, package=package, waits=True))
    return tuple(found), tuple(faults)


__all__ = ["BEHAVIOURS", "Ask", "Behaviour", "installed", "unloadable"]

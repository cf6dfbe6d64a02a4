"""Judgements: one question a module, its SQL beside it. Facts in, answers out; no files, no pages, no network.

To add one: a module with a ``BEHAVIOUR``, its ``.sql`` beside it, a line in :data:`BEHAVIOURS`. Other packages add theirs by
an entry point of the group ``idletalk.behaviours`` (docs/adding-a-behaviour.md).
"""

from functools import cache
from importlib.metadata import entry_points

from idletalk.behaviours import (
    cadence,
    encryption,
    exposure,
    facts,
    fallback,
    flows,
    inventory,
    lateral,
    misconfiguration,
    operating,
    peers,
    protocols,
    services,
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
    misconfiguration.BEHAVIOUR,
    fallback.BEHAVIOUR,
    lateral.BEHAVIOUR,
    services.BEHAVIOUR,
    exposure.BEHAVIOUR,
    cadence.BEHAVIOUR,
    operating.BEHAVIOUR,
    transfers.BEHAVIOUR,
    update_signs.BEHAVIOUR,
    updates.BEHAVIOUR,
)
"""Every behaviour, in the order in which their tables build on one another."""


@cache
def installed() -> tuple[Behaviour, ...]:
    """These, and those of other packages that are installed, which come last: they may build on all tables of these."""
    others = (point.load() for point in entry_points(group="idletalk.behaviours"))
    return (*BEHAVIOURS, *(other for other in others if isinstance(other, Behaviour)))


__all__ = ["BEHAVIOURS", "Ask", "Behaviour", "installed"]

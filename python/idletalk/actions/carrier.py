"""Who is at the other end of an exchange, as far as it can be told without addresses, and whether another one can be the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from idletalk.actions.burst import Burst
from idletalk.lookups.domains import registrable_domain

REACHES = {"cloud": "internet", "phone": "lan", "neighbour": "lan", "gateway": "lan", "group": "group"}
"""Where a peer is, by its kind: which of a home's devices is a phone is known in the capture of one's own lab alone."""

MAX_REMEMBERED = 4096
"""Peers whose domains are remembered: each burst asks for them anew."""


class Basis(StrEnum):
    """On what a match rests beside lengths, directions and service; the best comes first."""

    NAME = "name"
    """the peer's registrable domain is one of those in training"""
    NETWORK = "network"
    """names are not seen; the peer's AS number is one of those in training"""
    LAN = "lan"
    """the peer is in the LAN, as in training"""
    NOTHING = "nothing"
    """neither names nor networks are known, or the service's peers say little"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """The peers that an exchange had in training."""

    reach: str
    """internet, lan, group; empty: not known, or it does not matter"""
    domains: tuple[str, ...] = ()
    """registrable domains of their names: behind them a service has other hosts in other regions; empty: no name was seen"""
    networks: tuple[int, ...] = ()
    """AS numbers that announce their addresses; empty: not known"""


@lru_cache(maxsize=MAX_REMEMBERED)
def domains(names: tuple[str, ...]) -> frozenset[str]:
    """The registrable domains of names."""
    found = (registrable_domain(name, by_default_rule=True) for name in names)
    return frozenset(domain for domain in found if domain)


def carrier(bursts: Iterable[Burst]) -> Carrier:
    """The peers of the same exchange in several repetitions."""
    those = list(bursts)
    reaches = {_reach(burst) for burst in those}
    return Carrier(
        reach=reaches.pop() if len(reaches) == 1 else "",
        domains=tuple(sorted(frozenset[str]().union(*(domains(burst.names) for burst in those)))),
        networks=tuple(sorted({burst.network for burst in those if burst.network is not None})),
    )


def agreement(wanted: Carrier, burst: Burst) -> Basis | None:
    """What speaks for the same peer; none where something speaks against it.

    A name that is another one does, whatever the network; without names another network does. What is not known speaks for nothing.
    """
    reach = _reach(burst)
    if wanted.reach and reach and wanted.reach != reach:
        return None
    if reach == "internet":
        known = domains(burst.names)
        if wanted.domains and known:
            return Basis.NAME if known.intersection(wanted.domains) else None
        if wanted.networks and burst.network is not None:
            return Basis.NETWORK if burst.network in wanted.networks else None
    return Basis.LAN if reach and reach != "internet" and wanted.reach else Basis.NOTHING


def _reach(burst: Burst) -> str:
    return "" if burst.is_common else REACHES.get(burst.peer_kind, "")

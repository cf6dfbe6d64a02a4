"""A burst as a device sees it, and an action of its user."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

NS_PER_S = 1_000_000_000
PAUSE_US = 100_000
"""What comes so long after the packet before is no answer to it, and may begin something: devices answer within some
hundredths of a second."""

ROUND_TRIP_US = 300_000
"""What a peer sends so long after the device is no answer to it: twice the 150 ms one way that most users find acceptable in a call
(ITU-T G.114), and few clouds are farther away."""

EARLIER_NS = 60 * NS_PER_S
"""Bursts that began so long before a window can reach into it."""

MAX_REMEMBERED = 4096
"""Services and peers whose places are remembered: each burst is asked for its own several times."""

COMMON = frozenset({"dns", "mdns", "ntp", "ssdp", "dhcp", "dhcpv6", "icmp"})
"""Services whose peer says little: they are asked wherever they are found."""


class Burst(NamedTuple):
    """What was said with one peer without a longer silence. A tuple: there are tens of thousands, which are made and looked up."""

    capture: int
    frame: int
    first_ns: int
    last_ns: int
    peer: str
    host: str
    """the peer's name, where one is known: behind one name are often many addresses that serve in turn; else its address"""
    peer_kind: str
    """who the peer is: cloud, phone, neighbour, gateway, group (multicast or broadcast)"""
    service: str
    """application or transport, and the port"""
    starts: bool
    """the device sent the first packet with payload"""
    opens: bool | None
    """the device opened the flow"""
    lengths: tuple[int, ...]
    """payload lengths of the first packets, positive where the device sent"""
    gaps_us: tuple[int, ...]
    packets: int
    tx_bytes: int
    rx_bytes: int
    flow: str
    flow_first_ns: int
    began: bool | None
    """the start of the connection is in the capture; none where the protocol has none"""
    names: tuple[str, ...] = ()
    """all names of the peer; empty: none was seen"""
    network: int | None = None
    """AS number that announces the peer's address; none: not known, or no address of the Internet"""

    @property
    def place(self) -> str:
        """What tells services apart: the peer too, unless it says little."""
        return _place(self.service, self.host)

    @property
    def is_common(self) -> bool:
        """Whether its service is one of :data:`COMMON`."""
        return _is_common(self.service)

    @property
    def sender(self) -> str:
        """Who sent the first packet: whoever opened the connection, where that lies in this burst."""
        is_new = self.began and abs(self.first_ns - self.flow_first_ns) < NS_PER_S
        by_device = self.opens if is_new and self.opens is not None else self.starts
        return "device" if by_device else self.peer_kind

    @property
    def since_ns(self) -> int:
        """When it began to be seen: with the connection's handshake, where that lies just before."""
        near = 0 <= self.first_ns - self.flow_first_ns < NS_PER_S
        return self.flow_first_ns if near else self.first_ns


@lru_cache(maxsize=MAX_REMEMBERED)
def _is_common(service: str) -> bool:
    return service.split("/")[0] in COMMON


@lru_cache(maxsize=MAX_REMEMBERED)
def _place(service: str, host: str) -> str:
    return service if _is_common(service) else f"{service} {host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a person did, by the person's clock."""

    time_ns: int
    action: str
    within_ns: int = 0
    """how long after the time it may have been"""


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which an event shows."""

    event: Event
    low_ns: int
    high_ns: int


def begin(burst: Burst) -> tuple[int, int, int]:
    """When a burst began to be seen, for order."""
    return burst.since_ns, burst.capture, burst.frame


def begins(burst: Burst, place: int) -> bool:
    """Whether something may begin with a packet of a burst: its first one, or one that is no answer to the packet before."""
    if place == 0:
        return True
    is_peers_turn = burst.lengths[place] < 0 < burst.lengths[place - 1]
    return burst.gaps_us[place] >= (ROUND_TRIP_US if is_peers_turn else PAUSE_US)


def part(burst: Burst, place: int) -> Burst:
    """The burst from one of its packets on; the frame stays that of its begin."""
    if place == 0:
        return burst
    return burst._replace(
        first_ns=burst.first_ns + sum(burst.gaps_us[: place + 1]) * 1000,
        starts=burst.lengths[place] > 0,
        lengths=burst.lengths[place:],
        gaps_us=(0, *burst.gaps_us[place + 1 :]),
        packets=burst.packets - place,
    )


def between(bursts: Sequence[Burst], low_ns: int, high_ns: int) -> Sequence[Burst]:
    """The bursts of a list ordered by time that begin in a half-open range."""
    low = bisect_left(bursts, low_ns, key=lambda burst: burst.first_ns)
    return bursts[low : bisect_left(bursts, high_ns, key=lambda burst: burst.first_ns)]

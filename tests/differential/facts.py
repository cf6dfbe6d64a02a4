"""What both sides tell of one capture: values under a class and a subject, with the frame where each begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

MISSING = "-"
"""Stands for a value that one side does not have."""

ONCE = ("serial", "san")
"""Values of certificates: stated once a frame, since Wireshark also shows those that a revocation status repeats."""

LAYERS = ("eth", "arp", "ip", "ipv6", "tcp", "udp", "icmp", "icmpv6")
"""Layers whose frames are counted."""

DECODED_LINK_TYPES = frozenset(
    {
        "ether",
        "ieee-802-11",
        "ieee-802-11-radiotap",
        "linux-sll",
        "linux-sll2",
        "loop",
        "null",
        "ppi",
        "ppp",
        "pppoes",
        "rawip",
        "rawip4",
        "rawip6",
    }
)
"""Link types that idletalk decodes (SPEC: Ethernet, Linux cooked, raw IP, loopback, PPP, 802.11), as capinfos names
them. Of a capture with any other, only frames and times are compared."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A value and the first frame that contributes to it (0: the whole file)."""

    value: int | str
    frame: int = 0


Key = tuple[str, str]
"""Value class and subject: `("tcp", "10.0.0.1:80 > 10.0.0.2:5000 packets")`."""


@dataclass(slots=True)
class Facts:
    """Values of one capture, as one side sees them."""

    values: dict[Key, Fact] = field(default_factory=dict[Key, Fact])
    flows: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """What content told of each flow (transport and ends): names of applications, with the first frame of each."""

    def name(self, transport: str, ends: Iterable[str], application: str, frame: int) -> None:
        """States what a flow is."""
        flow = f"{transport} {' '.join(sorted(ends))}"
        self.flows.setdefault(flow, {}).setdefault(application, frame)

    def set(self, kind: str, subject: str, value: int | str, frame: int = 0) -> None:
        """States a value."""
        self.values[kind, subject] = Fact(value, frame)

    def add(self, kind: str, subject: str, amount: int, frame: int) -> None:
        """Adds to a counter; its frame stays the earliest."""
        before = self.values.get((kind, subject))
        if before is None:
            self.values[kind, subject] = Fact(amount, frame)
        else:
            self.values[kind, subject] = Fact(int(before.value) + amount, min(before.frame, frame))

    def add_traffic(self, kind: str, subject: str, packets: int, size_bytes: int, frame: int) -> None:
        """Adds frames and their bytes of one direction."""
        if packets:
            self.add(kind, f"{subject} packets", packets, frame)
            self.add(kind, f"{subject} bytes", size_bytes, frame)

    def mention(self, kind: str, frame: int, text: str) -> None:
        """States that a frame (the one that completes the message) says something; saying it twice counts twice."""
        self.add(kind, f"{frame} {text}", 1, frame)


@dataclass(slots=True)
class Reading:
    """What Wireshark makes of a capture."""

    facts: Facts = field(default_factory=Facts)
    unclaimed: set[int] = field(default_factory=set[int])
    """Frames whose payload no dissector of Wireshark claims: what we read there cannot be compared."""
    cut: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    """Frames and classes for which Wireshark's text is longer than it tells."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value on which the two sides disagree."""

    capture: str
    kind: str
    subject: str
    frame: int
    ours: int | str
    theirs: int | str


def differences(capture: str, ours: Facts, theirs: Facts) -> Iterator[Difference]:
    """Values that are not the same on both sides, in order."""
    nothing = Fact(MISSING)
    keys: Mapping[Key, None] = dict.fromkeys([*theirs.values, *ours.values])
    for key in sorted(keys):
        mine, other = ours.values.get(key, nothing), theirs.values.get(key, nothing)
        if mine.value != other.value:
            frame = other.frame if other is not nothing else mine.frame
            yield Difference(capture, key[0], key[1], frame, mine.value, other.value)

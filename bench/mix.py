"""What the made captures hold: how many flows of each kind, and its share of the packets.

The demo capture has its clock bent, so that pings and time servers are too many of its packets. These shares were
chosen by hand to look like a home's: connections to clouds and video first, then the chatter on the link.
"""

from dataclasses import dataclass

from bench.templates import ICMP, TCP, UDP


@dataclass(frozen=True, slots=True)
class Kind:
    """Flows of one kind."""

    name: str
    protocol: int
    ports: tuple[int, ...]
    """One end has one of these; none: any."""
    flows: int
    share: float
    """Of the packets."""
    fixed_ports: bool = False
    """Both ends have fixed ports or none, so that two flows must differ in their addresses."""


MIX = (
    Kind("tls", TCP, (443,), 1000, 0.40),
    Kind("mqtt", TCP, (1883,), 200, 0.08),
    Kind("http", TCP, (80,), 300, 0.12),
    Kind("plug", TCP, (9999,), 100, 0.01),
    Kind("stream", TCP, (9000,), 100, 0.07),
    Kind("video", UDP, (9648, 5769), 240, 0.16),
    Kind("stun", UDP, (3478,), 100, 0.005),
    Kind("dns", UDP, (53,), 940, 0.03),
    Kind("ntp", UDP, (123,), 800, 0.01),
    Kind("ssdp", UDP, (1900,), 100, 0.03),
    Kind("mdns", UDP, (5353,), 20, 0.01, fixed_ports=True),
    Kind("dhcp", UDP, (67,), 20, 0.005, fixed_ports=True),
    Kind("icmp", ICMP, (), 40, 0.03, fixed_ports=True),
    Kind("arp", 0, (), 40, 0.04, fixed_ports=True),
)

DEVICES = 40
"""Devices that the flows are spread over; each kind with fixed ports has at most so many flows a template."""

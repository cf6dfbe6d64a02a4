"""Layers of a frame, as `frame.protocols` tells them, and which of them carry a class of messages.

Rules: a frame counts for a layer by its outermost occurrence: the first of arp, ip and ipv6, and the transport directly
behind it (IPv6 extension headers are passed). What lies in a tunnel, or is quoted by an ICMP error, counts neither as
layer nor as conversation nor as application message. A fragment is `ip` alone; the frame that completes the datagram is
also its transport, and says what the message says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ANY = "*"
"""Whatever is above: ICMP carries data, or quotes."""
CARRIERS: dict[str, frozenset[tuple[str, str]]] = {
    "dns": frozenset({("udp", "dns"), ("tcp", "dns"), ("udp", "mdns"), ("udp", "llmnr")}),
    "tls": frozenset({("tcp", "tls")}),
    "dtls": frozenset({("udp", "dtls")}),
    "quic": frozenset({("udp", "quic")}),
    "http": frozenset({("tcp", "http")}),
    "http2": frozenset({("tcp", "http"), ("tcp", "http2")}),
    **{name: frozenset({("udp", name)}) for name in ("coap", "dhcp", "dhcpv6", "nbns", "ntp", "rtcp", "snmp", "ssdp")},
    **{name: frozenset({("udp", name)}) for name in ("syslog", "tftp")},
    **{name: frozenset({("tcp", name)}) for name in ("mqtt", "rtsp", "ssh")},
    "sip": frozenset({("udp", "sip"), ("tcp", "sip")}),
    "stun": frozenset({("tcp", "stun"), ("udp", "stun"), ("udp", "classicstun")}),
    "wireguard": frozenset({("udp", "wg")}),
    "rtp": frozenset({("udp", "rtp")}),
    **{name: frozenset({(name, ANY)}) for name in ("icmp", "icmpv6")},
    **{name: frozenset({("", name)}) for name in ("arp", "eapol", "igmp", "lldp")},
}
"""Transport and dissector above it under which a class of messages counts (so no QUIC, no HTTP inside TLS)."""

EXTENSION_HEADERS = frozenset({"ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr", "ah", "ipv6.nxt"})
PROXIES, PROXIED = ("http", "socks"), ("tls", "http")
"""What CONNECT and SOCKS carry counts as if they were not there."""
LINK_PROTOCOLS = frozenset({"eapol", "lldp"})
"""Protocols directly above the link whose messages are compared."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Outermost layers of a frame."""

    is_ethernet: bool
    network: Literal["arp", "ip", "ipv6", ""]
    transport: Literal["tcp", "udp", "icmp", "icmpv6", ""]
    application: str


def outermost(protocols: str) -> Stack:
    """Reads `frame.protocols`, by the rules above."""
    names = protocols.split(":")
    place = next((index for index, name in enumerate(names) if name in ("arp", "ip", "ipv6")), None)
    if place is None:
        behind = [name for name in names if name in LINK_PROTOCOLS]
        return Stack("eth" in names, "", "", behind[0] if behind else "")
    network = names[place]
    behind = [name for name in names[place + 1 :] if name not in EXTENSION_HEADERS]
    transport = behind[0] if behind and behind[0] in ("tcp", "udp", "icmp", "icmpv6") and network != "arp" else ""
    above = behind[1:] if transport else []
    while len(above) > 1 and above[0] in PROXIES and above[1] in PROXIED:
        above = above[1:]
    if not transport:
        # IGMP and tunnels stand where the transport would be
        above = [network] if network == "arp" else behind
    application = above[0] if above else ""
    return Stack("eth" in names[:place], network, transport, application)  # pyright: ignore[reportArgumentType]


def carries(stack: Stack, protocol: str) -> bool:
    """Whether a frame of these layers may say something of a protocol."""
    return not CARRIERS[protocol].isdisjoint(((stack.transport, stack.application), (stack.transport, ANY)))

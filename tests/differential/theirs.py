"""Wireshark's facts about one capture, through sharkd.

Rules: a frame counts for a layer by its outermost occurrence, which `frame.protocols` tells: the first of arp, ip and
ipv6, and the transport directly behind it (IPv6 extension headers are passed). What lies in a tunnel, or is quoted by
an ICMP error, counts neither as layer nor as conversation nor as application message. A fragment is `ip` alone; the
frame that completes the datagram is also its transport, and says what the message says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from .facts import ONCE, Facts
from .sharkd import MAX_TEXT_BYTES, Sharkd

BASE_FIELDS = (
    "frame.number",
    "frame.time_epoch",
    "frame.len",
    "frame.protocols",
    "eth.src",
    "eth.dst",
    "sll.src.eth",
    "wlan.sa",
    "wlan.da",
    "wlan.fc.type_subtype",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.stream",
    "udp.srcport",
    "udp.dstport",
    "udp.stream",
)
"""Asked of every frame, first occurrence: the outermost header's."""

MESSAGE_FIELDS = {
    "dns.qry.name": "dns_name",
    "dns.a": "dns_a",
    "dns.aaaa": "dns_aaaa",
    "dns.cname": "dns_cname",
    "tls.handshake.extensions_server_name": "tls_sni",
    "tls.handshake.extensions_alpn_str": "tls_alpn",
    "tls.handshake.extensions.supported_version": "tls_version",
    "tls.handshake.ciphersuite": "tls_cipher",
    "tls.alert_message.desc": "tls_alert",
    "tls.handshake.ja3": "tls_ja3",
    "tls.handshake.ja3s": "tls_ja3s",
    "x509af.serialNumber": "tls_serial",
    "x509ce.dNSName": "tls_san",
    "dtls.handshake.extensions_server_name": "dtls_sni",
    "dtls.handshake.extensions_alpn_str": "dtls_alpn",
    "dtls.handshake.extensions.supported_version": "dtls_version",
    "dtls.handshake.ciphersuite": "dtls_cipher",
    "dtls.alert_message.desc": "dtls_alert",
    "dtls.handshake.ja3": "dtls_ja3",
    "dtls.handshake.ja3s": "dtls_ja3s",
    "http.request.method": "http_method",
    "http.host": "http_host",
    "http.request.uri": "http_uri",
    "http.response.code": "http_status",
    "dhcp.option.hostname": "dhcp_hostname",
}
"""Fields of application messages, all occurrences, and the class of values that they are."""

HANDSHAKE_TYPES = ("tls.handshake.type", "dtls.handshake.type")
CLIENT_HELLO = "Client Hello"
CERTIFICATE = re.compile("Certificate(?: \\(fragment\\))?")
CARRIERS: dict[str, frozenset[tuple[str, str]]] = {
    "dns": frozenset({("udp", "dns"), ("tcp", "dns"), ("udp", "mdns"), ("udp", "llmnr")}),
    "tls": frozenset({("tcp", "tls")}),
    "dtls": frozenset({("udp", "dtls")}),
    "quic": frozenset({("udp", "quic")}),
    "http": frozenset({("tcp", "http")}),
    "dhcp": frozenset({("udp", "dhcp")}),
}
"""Transport and dissector above it under which a class of messages counts (so no QUIC, no HTTP inside TLS)."""

EXTENSION_HEADERS = frozenset({"ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr", "ah", "ipv6.nxt"})
WLAN_DATA, WLAN_NO_DATA = "Data", "no data"
"""In the names of 802.11 subtypes with a body (`QoS Data + CF-Ack`), and of those without."""
PROXIES, PROXIED = ("http", "socks"), ("tls", "http")
"""What CONNECT and SOCKS carry counts as if they were not there."""
NTP_PORT = "123"
GREASE = "GREASE"
"""Reserved values (RFC 8701), which idletalk leaves out."""


@dataclass(slots=True)
class Reading:
    """What Wireshark makes of a capture."""

    facts: Facts = field(default_factory=Facts)
    unclaimed: set[int] = field(default_factory=set[int])
    """Frames whose payload no dissector of Wireshark claims: what we read there cannot be compared."""
    cut: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    """Frames and classes for which Wireshark's text is longer than it tells."""


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
        return Stack("eth" in names, "", "", "")
    network = names[place]
    behind = [name for name in names[place + 1 :] if name not in EXTENSION_HEADERS]
    transport = behind[0] if behind and behind[0] in ("tcp", "udp", "icmp", "icmpv6") and network != "arp" else ""
    above = behind[1:] if transport else []
    while len(above) > 1 and above[0] in PROXIES and above[1] in PROXIED:
        above = above[1:]
    application = above[0] if above else ""
    return Stack("eth" in names[:place], network, transport, application)  # pyright: ignore[reportArgumentType]


def nanoseconds(epoch: str) -> int:
    """`frame.time_epoch` as a whole number."""
    whole, _, part = epoch.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return int(whole) * 1_000_000_000 + sign * int(part.ljust(9, "0")[:9])


def read(sharkd: Sharkd, is_decoded: bool) -> Reading:
    """Facts about the loaded capture; `is_decoded`: idletalk decodes its link types, so layers are compared too."""
    reading = Reading()
    rows = sharkd.rows([f"{name}:1" for name in BASE_FIELDS])
    facts = reading.facts
    facts.set("frames", "count", len(rows))
    times = [nanoseconds(row[1]) for row in rows if row[1]]
    if times:
        facts.set("time", "first", min(times))
        facts.set("time", "last", max(times))
    if not is_decoded:
        return reading
    streams: dict[str, set[str]] = {"tcp": set(), "udp": set()}
    stacks: dict[int, Stack] = {}
    for row in rows:
        _count(reading, row, streams, stacks)
    if any(row[3].startswith("sll") for row in rows):  # idletalk's receivers are left out too
        received = [key for key in facts.values if key[0] == "macs" and " received " in key[1]]
        for key in received:
            del facts.values[key]
    for transport, numbers in streams.items():
        facts.set("streams", transport, len(numbers))
    claimed = {stack.application for stack in stacks.values()}
    if any(application in claimed for pairs in CARRIERS.values() for _, application in pairs):
        _messages(reading, sharkd, stacks)
    return reading


def _count(reading: Reading, row: list[str], streams: dict[str, set[str]], stacks: dict[int, Stack]) -> None:
    number, _, length, protocols, eth_src, eth_dst, sll_src, wlan_sa, wlan_da, wlan_kind, *ends = row
    ip_src, ip_dst, ipv6_src, ipv6_dst, tcp_src, tcp_dst, tcp_stream, udp_src, udp_dst, udp_stream = ends
    facts, frame, size = reading.facts, int(number), int(length)
    stack = stacks[frame] = outermost(protocols)
    for layer in ("eth" if stack.is_ethernet else "", stack.network, stack.transport):
        if layer:
            facts.add("layers", layer, 1, frame)
    if stack.is_ethernet:
        macs = (eth_src, eth_dst)
    elif WLAN_DATA in wlan_kind and WLAN_NO_DATA not in wlan_kind.lower():
        macs = (wlan_sa, wlan_da)
    else:
        macs = (sll_src, "") if protocols.startswith("sll") else ("", "")
    for mac, direction in zip(macs, ("sent", "received"), strict=True):
        if mac:
            facts.add_traffic("macs", f"{mac} {direction}", 1, size, frame)
    if stack.transport in ("tcp", "udp"):
        source, destination = (ip_src, ip_dst) if stack.network == "ip" else (ipv6_src, ipv6_dst)
        is_tcp = stack.transport == "tcp"
        ports = (tcp_src, tcp_dst) if is_tcp else (udp_src, udp_dst)
        if stack.application in ("", "data"):
            reading.unclaimed.add(frame)
        if all(ports):
            facts.add_traffic(stack.transport, f"{source}:{ports[0]} > {destination}:{ports[1]}", 1, size, frame)
        stream = tcp_stream if is_tcp else udp_stream
        if stream:
            streams[stack.transport].add(stream)
        if stack.application == "ntp" and NTP_PORT in ports:
            for port, address, role in ((ports[0], source, "answers"), (ports[1], destination, "asked")):
                if port == NTP_PORT:
                    facts.add("ntp", f"{address} {role}", 1, frame)


def _messages(reading: Reading, sharkd: Sharkd, stacks: dict[int, Stack]) -> None:
    """Adds what application messages say."""
    rows = sharkd.rows(["frame.number:1", *(f"{name}:0" for name in (*HANDSHAKE_TYPES, *MESSAGE_FIELDS))])
    for number, tls_types, dtls_types, *texts in rows:
        handshakes = f"{tls_types},{dtls_types}".strip(",").split(",")
        frame = int(number)
        stack = stacks[frame]
        for field_kind, text in zip(MESSAGE_FIELDS.values(), texts, strict=True):
            protocol, _, about = field_kind.partition("_")
            # fields of TLS stand in DTLS (certificates) and QUIC (all of the handshake) too
            kind = (
                f"{stack.application}_{about}"
                if protocol == "tls" and stack.application in ("dtls", "quic")
                else field_kind
            )
            if not text or (stack.transport, stack.application) not in CARRIERS[kind.partition("_")[0]]:
                continue
            if about in ("alpn", "version") and set(handshakes) != {CLIENT_HELLO}:
                continue  # what was offered, not what was chosen
            if about in ONCE and not any(CERTIFICATE.fullmatch(name) for name in handshakes):
                continue  # a revocation status
            if about == "cipher" and CLIENT_HELLO in handshakes:
                continue  # what was chosen, not what was offered
            if len(text.encode()) >= MAX_TEXT_BYTES:
                reading.cut.add((frame, kind))
                continue
            for value in text.split(","):
                if GREASE not in value:
                    value = value.lower().replace(" ", "_") if about == "alert" else value
                    if about in ONCE:
                        reading.facts.set(kind, f"{frame} {value}", 1, frame)
                    else:
                        reading.facts.mention(kind, frame, value)

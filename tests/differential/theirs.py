"""Wireshark's facts about one capture, through sharkd.

Rules: a frame counts for a layer by its outermost occurrence, which `frame.protocols` tells: the first of arp, ip and
ipv6, and the transport directly behind it (IPv6 extension headers are passed). What lies in a tunnel, or is quoted by
an ICMP error, counts neither as layer nor as conversation nor as application message. A fragment is `ip` alone; the
frame that completes the datagram is also its transport, and says what the message says.
"""

from __future__ import annotations

from .facts import Reading
from .said import add_messages
from .sharkd import Sharkd
from .stack import Stack, outermost

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

WLAN_DATA, WLAN_NO_DATA = "Data", "no data"
"""In the names of 802.11 subtypes with a body (`QoS Data + CF-Ack`), and of those without."""
UNREAD = frozenset({"", "data", "db-lsp-disc"})
"""Nothing, no dissector, and one that takes its port without a look at the content (Dropbox's discovery)."""
NTP_PORT = "123"


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
    add_messages(reading, sharkd, stacks)
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
        if stack.application in UNREAD:
            reading.unclaimed.add(frame)
        else:
            facts.name(stack.transport, (f"{source}:{ports[0]}", f"{destination}:{ports[1]}"), stack.application, frame)
        if all(ports):
            facts.add_traffic(stack.transport, f"{source}:{ports[0]} > {destination}:{ports[1]}", 1, size, frame)
        stream = tcp_stream if is_tcp else udp_stream
        if stream:
            streams[stack.transport].add(stream)
        if stack.application == "ntp" and NTP_PORT in ports:
            for port, address, role in ((ports[0], source, "answers"), (ports[1], destination, "asked")):
                if port == NTP_PORT:
                    facts.add("ntp", f"{address} {role}", 1, frame)

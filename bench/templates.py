"""Real frames as templates: the flows of the demo capture, split into what begins, what can be repeated, what ends.

Takes ``demo/*.pcap.gz`` (pcap, Ethernet, microseconds; made by the lab with real programs), gives clean flows only: those
whose TCP segments follow one another without hole or repetition, so that repeating them gives correct sequence numbers.
"""

import gzip
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

DEMO = Path(__file__).parent.parent / "demo"

TCP, UDP, ICMP = 6, 17, 1
SYN, FIN, RST = 2, 1, 4
HTTP_HEAD = re.compile(rb"(GET|POST|PUT|HEAD) \S+ HTTP/1|HTTP/1\.\d \d")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the demo capture and what of it is rewritten."""

    bytes: bytes
    network: int
    """Where the IP header begins; 0 for ARP."""
    transport: int
    """Where the transport header begins; 0 without ports."""
    protocol: int
    upward: bool
    """From the side that opened the flow."""
    payload: int
    """Where the transport payload begins."""
    payload_len: int

    @property
    def flags(self) -> int:
        return self.bytes[self.transport + 13] if self.protocol == TCP else 0

    @property
    def sequence(self) -> int:
        return int.from_bytes(self.bytes[self.transport + 4 : self.transport + 8])

    @property
    def content(self) -> bytes:
        return self.bytes[self.payload : self.payload + self.payload_len]


@dataclass
class Template:
    """A flow: its frames before, within and after the part that is repeated."""

    protocol: int
    opener: tuple[bytes, int]
    """Address and port of the side that sent the first frame."""
    ports: tuple[int, int]
    frames: list[Frame] = field(default_factory=list)

    @cached_property
    def parts(self) -> tuple[list[Frame], list[Frame], list[Frame]]:
        """What begins, what can be repeated, what ends; nothing to repeat where the flow is not clean."""
        if self.protocol != TCP:
            return [], self.frames, []
        loaded = [index for index, frame in enumerate(self.frames) if frame.payload_len]
        if not loaded or not self._is_clean():
            return self.frames, [], []
        first = next((index for index in loaded if self._repeats(self.frames[index])), len(self.frames))
        last = loaded[-1] + 1
        return self.frames[:first], self.frames[first:last], self.frames[last:]

    def _repeats(self, frame: Frame) -> bool:
        """Whether the part that may be repeated begins: behind the handshakes of TLS (RFC 8446) and MQTT (publish, ping)."""
        if 443 in self.ports:
            return frame.content[0] == 0x17
        if 1883 in self.ports:
            return frame.content[0] >> 4 in (3, 12)
        return True

    def _is_clean(self) -> bool:
        """From SYN on every segment is the next of its direction, and HTTP responses are whole."""
        if self.frames[0].flags & SYN == 0 or any(frame.flags & RST for frame in self.frames):
            return False
        following: dict[bool, int] = {}
        for frame in self.frames:
            if frame.sequence != following.get(frame.upward, frame.sequence):
                return False
            flags = bool(frame.flags & SYN) + bool(frame.flags & FIN)
            following[frame.upward] = (frame.sequence + frame.payload_len + flags) % 2**32
        return not any(HTTP_HEAD.match(frame.content) for frame in self.frames) or self._answers_are_whole()

    def _answers_are_whole(self) -> bool:
        stream = b"".join(frame.content for frame in self.frames if not frame.upward)
        while stream:
            head, _, rest = stream.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
            if length is None or len(rest) < int(length[1]):
                return False
            stream = rest[int(length[1]) :]
        return True

    def counts(self, frames: list[Frame]) -> dict[str, int]:
        """Records that these frames are worth, by table: what a reader of the RFCs counts by hand."""
        found: dict[str, int] = {}
        for frame in frames:
            for table in self._tables(frame):
                found[table] = found.get(table, 0) + 1
        return found

    def _tables(self, frame: Frame) -> Iterator[str]:
        ports, content = self.ports, frame.content
        if self.protocol == 0:
            yield "arp"
        elif self.protocol == ICMP:
            yield "icmp"
        elif self.protocol == UDP:
            names = {53: "dns", 5353: "dns", 123: "ntp", 1900: "ssdp", 67: "dhcp"}
            yield from (table for port, table in names.items() if port in ports)
        elif 443 in ports and content[:1] == b"\x16":
            if content[5] == 1:
                yield "tls_client_hellos"
            if content[5] == 2:
                yield "tls_server_hellos"
        elif HTTP_HEAD.match(content):
            yield "http_responses" if content.startswith(b"HTTP") else "http_requests"


def read_templates() -> list[Template]:
    """The flows of the demo capture, in the order of their first frames."""
    open_flows: dict[tuple[object, ...], Template] = {}
    found: list[Template] = []
    for path in sorted(DEMO.glob("*.pcap.gz")):
        for raw in frames_of(gzip.decompress(path.read_bytes())):
            ends = _ends(raw)
            if ends is None:
                continue
            protocol, source, destination, network, transport, payload, payload_len = ends
            key = (protocol, min(source, destination), max(source, destination))
            begins = protocol == TCP and raw[transport + 13] & (SYN | 16) == SYN
            flow = open_flows.get(key)
            if flow is None or begins:
                flow = open_flows[key] = Template(protocol, source, (source[1], destination[1]))
                found.append(flow)
            upward = source == flow.opener
            flow.frames.append(Frame(raw, network, transport, protocol, upward, payload, payload_len))
    return found


def frames_of(capture: bytes) -> Iterator[bytes]:
    """The frames of a little-endian pcap."""
    at = 24
    while at + 16 <= len(capture):
        (length,) = struct.unpack_from("<I", capture, at + 8)
        yield capture[at + 16 : at + 16 + length]
        at += 16 + length


def _ends(raw: bytes) -> tuple[int, tuple[bytes, int], tuple[bytes, int], int, int, int, int] | None:
    """Protocol, ends, offsets of network, transport and payload, payload length; none for frames that are not used."""
    kind = raw[12:14]
    if kind == b"\x08\x06":
        return 0, (raw[6:12], 0), (raw[:6], 0), 0, 0, 14, len(raw) - 14
    if kind == b"\x08\x00":
        protocol, source, destination = raw[23], raw[26:30], raw[30:34]
        transport = 14 + (raw[14] & 15) * 4
        end = 14 + int.from_bytes(raw[16:18])
        if int.from_bytes(raw[20:22]) & 0x3FFF:
            return None
    elif kind == b"\x86\xdd":
        protocol, source, destination = raw[20], raw[22:38], raw[38:54]
        transport, end = 54, 54 + int.from_bytes(raw[18:20])
    else:
        return None
    if protocol == ICMP:
        return protocol, (source, 0), (destination, 0), 14, 0, transport, end - transport
    if protocol not in (TCP, UDP):
        return None
    ports = struct.unpack_from(">HH", raw, transport)
    payload = transport + (8 if protocol == UDP else (raw[transport + 12] >> 4) * 4)
    return protocol, (source, ports[0]), (destination, ports[1]), 14, transport, payload, end - payload

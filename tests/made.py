"""Frames and captures made byte by byte, for tests that need to know every one."""

import struct
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

GATEWAY = "02:00:00:00:00:01"
PLUG = "02:00:00:00:00:02"
LAMP = "02:00:00:00:00:03"


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ethernet(source: str, destination: str, kind: int, body: bytes) -> bytes:
    return mac(destination) + mac(source) + struct.pack(">H", kind) + body


def ip(source: str, destination: str, protocol: int, body: bytes) -> bytes:
    a, b = ip_address(source), ip_address(destination)
    if a.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(body), protocol, 64) + a.packed + b.packed + body
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0) + a.packed + b.packed + body


def udp(source: int, destination: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def tcp(source: int, destination: int, sequence: int, acknowledgement: int, flags: int, payload: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", source, destination, sequence, acknowledgement, 0x50, flags, 65535, 0, 0) + payload


def datagram(source: tuple[str, str, int], destination: tuple[str, str, int], payload: bytes) -> bytes:
    """A UDP frame between (MAC, address, port) and (MAC, address, port)."""
    body = udp(source[2], destination[2], payload)
    kind = 0x86DD if ":" in source[1] else 0x0800
    return ethernet(source[0], destination[0], kind, ip(source[1], destination[1], 17, body))


def segment(
    source: tuple[str, str, int], destination: tuple[str, str, int], sequence: int, flags: int, payload: bytes = b""
) -> bytes:
    """A TCP frame between (MAC, address, port) and (MAC, address, port)."""
    body = tcp(source[2], destination[2], sequence, 0, flags, payload)
    return ethernet(source[0], destination[0], 0x0800, ip(source[1], destination[1], 6, body))


def arp(operation: int, sender: tuple[str, str], target: tuple[str, str]) -> bytes:
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
    for hardware, address in (sender, target):
        body += mac(hardware) + ip_address(address).packed
    return ethernet(sender[0], "ff:ff:ff:ff:ff:ff", 0x0806, body)


def dns_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def dns_answer(name: str, address: str) -> bytes:
    """A response to an A question with one address."""
    question = dns_name(name) + struct.pack(">HH", 1, 1)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + ip_address(address).packed
    return struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0) + question + record


def time_answer(at: float, server: str, true_time: float, *, stratum: int = 2, leap: int = 0) -> tuple[float, bytes]:
    """When it was captured, and a time server's answer to the plug, sent at `true_time` by the server's clock."""
    seconds = int(true_time) + 2_208_988_800
    stamps = struct.pack(">IIIIIIII", seconds - 100, 0, seconds, 0, seconds, 0, seconds, 0)
    head = bytes([leap << 6 | 0x24, stratum, 6, 0xEC]) + bytes(8) + bytes([10, 0, 0, 1])
    return at, datagram((GATEWAY, server, 123), (PLUG, "192.168.1.20", 123), head + stamps)


def pcap(path: Path, frames: Sequence[tuple[float, bytes]], *, link_type: int = 1, snaplen: int = 262144) -> Path:
    """A little-endian microsecond pcap of (seconds, frame); what lies beyond the snap length is cut."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link_type))
        for seconds, frame in frames:
            whole = int(seconds)
            kept = frame[:snaplen]
            file.write(struct.pack("<IIII", whole, round((seconds - whole) * 1e6), len(kept), len(frame)) + kept)
    return path

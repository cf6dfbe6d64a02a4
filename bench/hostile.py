"""Captures made to hurt: each tries to make a reader remember too much."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.maker import PCAP_HEADER, START_S
from bench.templates import frames_of

ETHERNET = bytes.fromhex("00040e9c2236 2462ab000100 0800")
HOUR_US = 3_600_000_000


def _record(number: int, frame: bytes, step_us: int) -> bytes:
    seconds, micros = divmod(number * step_us, 1_000_000)
    return struct.pack("<IIII", START_S + seconds, micros, len(frame), len(frame)) + frame


def _ip(protocol: int, payload: bytes, source: bytes, target: bytes) -> bytes:
    return (
        ETHERNET + struct.pack(">BBHIBBH", 0x45, 0, 20 + len(payload), 0, 64, protocol, 0) + source + target + payload
    )


def _pair(number: int) -> tuple[bytes, bytes]:
    """Two addresses; each number has another pair."""
    return bytes([192, 168, 27, 2 + number % 250]), (0x34000000 + number // 250).to_bytes(4)


def many_flows(packets: int) -> Iterator[bytes]:
    """Each packet is a UDP flow of its own (a port scan, a flood)."""
    for number in range(packets):
        ports = struct.pack(">HHHH", 1024 + number % 60_000, 7, 12, 0)
        yield _record(number, _ip(17, ports + number.to_bytes(4), *_pair(number)), 100)


def many_names(packets: int) -> Iterator[bytes]:
    """Each packet is a DNS answer for a name of its own with twelve addresses."""
    for number in range(packets):
        name = b"\x10" + f"{number:016x}".encode() + b"\x07example\x00"
        answers = b"".join(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04" + (number * 12 + n).to_bytes(4) for n in range(12))
        message = struct.pack(">HHHHHH", number & 0xFFFF, 0x8180, 1, 12, 0, 0) + name + b"\0\x01\0\x01" + answers
        ports = struct.pack(">HHHH", 53, 1024 + number % 60_000, 8 + len(message), 0)
        yield _record(number, _ip(17, ports + message, b"\xc0\xa8\x1b\x01", _pair(number)[0]), 500)


def half_hellos(packets: int) -> Iterator[bytes]:
    """TCP connections that send half a TLS ClientHello of 16 KiB, some of it beyond a hole, and never go on."""
    body = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + b"\x5a" * 1389
    for number in range(packets):
        flow, step = divmod(number, 4)
        source, target = _pair(flow)
        flags, sequence, payload = ((2, 99, b""), (16, 100, body), (16, 1500, body), (16, 8000, body))[step]
        head = struct.pack(">HHIIBBHHH", 1024 + flow % 60_000, 443, sequence, 0, 0x50, flags, 65_535, 0, 0)
        yield _record(number, _ip(6, head + payload, source, target), 200)


CAPTURES: dict[str, tuple[Callable[[int], Iterator[bytes]], int]] = {
    "flows": (many_flows, 10_000_000),
    "names": (many_names, 2_000_000),
    "hellos": (half_hellos, 1_000_000),
}
"""Name, what makes it, packets."""


def make_hostile(name: str, path: Path) -> None:
    """Write one of :data:`CAPTURES`."""
    maker, packets = CAPTURES[name]
    with path.open("wb", buffering=1 << 20) as file:
        file.write(PCAP_HEADER)
        file.writelines(maker(packets))


def make_month(source: Path, folder: Path, hours: int = 720, packets_each: int = 12_000) -> None:
    """A month of hourly files: parts of a made capture, each moved into its hour."""
    folder.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        part = list(frames_of(file.read(packets_each * 400)))[:packets_each]
    step = HOUR_US // (len(part) + 1)
    for hour in range(hours):
        with (folder / f"iotdump_{hour:04d}.pcap").open("wb") as file:
            file.write(PCAP_HEADER)
            start = hour * (len(part) + 1)
            file.writelines(_record(start + number, frame, step) for number, frame in enumerate(part))

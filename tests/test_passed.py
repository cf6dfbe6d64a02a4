"""Captures of all interfaces of a bridge at once (`tcpdump -i any`): a frame that passes several is one."""

import struct
from pathlib import Path

import idletalk
from idletalk.model import Report
from tests import made
from tests.made import GATEWAY, PLUG

IN, OUT = 0, 4
WIRELESS, CABLE, BRIDGE = 3, 2, 5
SLL, SLL2 = 113, 276


def seen(version: int, interface: int, kind: int, mac: str, packet: bytes) -> bytes:
    """A frame as the kernel heads it."""
    address = made.mac(mac) + b"\0\0"
    if version == SLL:
        return struct.pack(">HHH", kind, 1, 6) + address + struct.pack(">H", 0x0800) + packet
    return struct.pack(">HHIHBB", 0x0800, 0, interface, 1, kind, 6) + address + packet


def report(tmp_path: Path, version: int, passages: list[tuple[int, int]]) -> Report:
    frames: list[tuple[float, bytes]] = []
    for number in range(10):
        question, answer = (made.udp(*ports, b"\xf5%d" % number) for ports in ((40000, 9999), (9999, 40000)))
        there = made.ip("192.168.1.20", "198.51.100.7", 17, question)
        back = made.ip("198.51.100.7", "192.168.1.20", 17, answer)
        for step, (interface, kind) in enumerate(passages):
            frames.append((number + step / 10_000, seen(version, interface, kind, PLUG, there)))
            frames.append((number + 0.5 + step / 10_000, seen(version, interface, kind, GATEWAY, back)))
    path = made.pcap(tmp_path / "any.pcap", sorted(frames), link_type=version)
    return idletalk.analyze([path], tmp_path / "out").report


def test_a_frame_that_passes_three_interfaces_is_one(tmp_path: Path) -> None:
    told = report(tmp_path, SLL2, [(WIRELESS, IN), (BRIDGE, IN), (CABLE, OUT)])
    assert (told.captures.packets, told.captures.unique_packets) == (60, 20)
    [plug] = [device for device in told.devices if device.id == PLUG]
    assert (plug.traffic.tx_packets, plug.traffic.unique.tx_packets) == (30, 10)


def test_one_that_leaves_where_it_came_in_is_one(tmp_path: Path) -> None:
    told = report(tmp_path, SLL2, [(WIRELESS, IN), (WIRELESS, OUT)])
    assert (told.captures.packets, told.captures.unique_packets) == (40, 20)


def test_one_that_comes_twice_to_an_interface_is_two(tmp_path: Path) -> None:
    told = report(tmp_path, SLL2, [(WIRELESS, IN), (WIRELESS, IN)])
    assert told.captures.unique_packets == 40


def test_version_1_knows_no_interfaces_and_that_is_said(tmp_path: Path) -> None:
    told = report(tmp_path, SLL, [(WIRELESS, IN), (BRIDGE, IN), (CABLE, OUT)])
    assert told.captures.unique_packets == 40
    assert "no_interface" in {one.kind for one in told.cannot_be_seen}

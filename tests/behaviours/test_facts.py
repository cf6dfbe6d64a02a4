"""What devices say about themselves, and when that makes one a phone."""

import struct
from pathlib import Path

from tests import made
from tests.made import PLUG

import idletalk


def dhcp(mac: str, vendor_class: bytes, hostname: bytes) -> bytes:
    """A request with two options."""
    options = b"\x63\x82\x53\x63" + b"\x35\x01\x03" + bytes([60, len(vendor_class)]) + vendor_class
    options += bytes([12, len(hostname)]) + hostname + b"\xff"
    chaddr = bytes.fromhex(mac.replace(":", "")).ljust(16, b"\0")
    return struct.pack(">4B6I", 1, 1, 6, 0, 7, 0, 0, 0, 0, 0) + chaddr + bytes(192) + options


def roles(tmp_path: Path, mac: str, vendor_class: bytes, hostname: bytes) -> tuple[str | None, list[tuple[str, str]]]:
    message = dhcp(mac, vendor_class, hostname)
    frame = made.datagram((mac, "192.168.1.9", 68), ("ff:ff:ff:ff:ff:ff", "255.255.255.255", 67), message)
    path = made.pcap(tmp_path / "in.pcap", [(0.0, frame)])
    found = idletalk.analyze([path], tmp_path / "out", idletalk.Options(), force=True)
    [device] = found.report.devices
    return device.role, [(fact.kind, fact.value) for fact in device.facts]


def test_a_phone_is_told_by_name_or_by_class_and_a_mac_of_software(tmp_path: Path) -> None:
    assert roles(tmp_path, PLUG, b"udhcp 1.24", b"Marias-iPhone")[0] == "phone"
    assert roles(tmp_path, "da:00:00:00:00:01", b"android-dhcp-13", b"x")[0] == "phone"


def test_a_thing_that_runs_android_is_no_phone(tmp_path: Path) -> None:
    role, facts = roles(tmp_path, "00:11:22:00:00:01", b"android-dhcp-9", b"tv")
    assert role is None
    assert facts == [("software", "android-dhcp-9")]

"""A host that is asked for nothing but the time is no cloud of a device, whatever ICMP says about its datagrams."""

import struct
from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, PLUG

import idletalk

SERVER, OWN = "203.0.113.5", "192.168.1.20"
asking, answering = (PLUG, OWN, 40_000), (GATEWAY, SERVER, 123)
REQUEST = bytes([0x23]) + bytes(47)


def icmp(source: tuple[str, str], destination: tuple[str, str], kind: int, code: int, rest: bytes) -> bytes:
    body = struct.pack(">BBHI", kind, code, 0, 0) + rest
    return made.ethernet(source[0], destination[0], 0x0800, made.ip(source[1], destination[1], 1, body))


def refused(asked: bytes, by: tuple[str, str], to: tuple[str, str]) -> bytes:
    """Port unreachable, for an Ethernet frame of IPv4 and UDP."""
    return icmp(by, to, 3, 3, asked[14 : 14 + 28])


def clouds(tmp_path: Path, *frames: bytes) -> tuple[int | None, int | None]:
    """Time servers and other Internet hosts of the plug."""
    here = made.arp(2, (GATEWAY, "192.168.1.1"), (PLUG, OWN))
    capture = made.pcap(tmp_path / "in.pcap", [(1000.0 + n, frame) for n, frame in enumerate((here, *frames))])
    rows = idletalk.analyze([capture], tmp_path / "out").report.conclusions.idle or ()
    [row] = [row for row in rows if row.device == PLUG]
    return row.ntp_hosts, row.internet_peers_without_ntp


ASKED = made.datagram(asking, answering, REQUEST)
ANSWER = made.time_answer(0, SERVER, 1000.0)[1]


@pytest.mark.parametrize(
    "said",
    [
        refused(ASKED, answering[:2], asking[:2]),
        refused(ANSWER, asking[:2], answering[:2]),
    ],
)
def test_a_datagram_that_was_refused_is_nothing_else_that_was_asked(said: bytes, tmp_path: Path) -> None:
    assert clouds(tmp_path, ASKED, said, ASKED, said) == (1, 0)


def test_a_time_server_that_is_pinged_is_asked_for_more(tmp_path: Path) -> None:
    ping = icmp(asking[:2], answering[:2], 8, 0, bytes(8))
    assert clouds(tmp_path, ASKED, ping) == (1, 1)


def test_an_address_in_place_of_a_name_names_nobody(tmp_path: Path) -> None:
    """MQTT libraries put it into TLS' server name (RFC 6066 3 forbids it); the name that was resolved stands."""
    address = "203.0.113.7"
    entry = b"\0" + struct.pack(">H", len(address)) + address.encode()
    extension = struct.pack(">HHH", 0, len(entry) + 2, len(entry)) + entry
    said = (
        b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x00\x2f" + b"\x01\0" + struct.pack(">H", len(extension)) + extension
    )
    hello = b"\x01" + len(said).to_bytes(3) + said
    here, there = (PLUG, OWN, 40_000), (GATEWAY, address, 8883)
    frames = [
        made.datagram((GATEWAY, "192.168.1.1", 53), (PLUG, OWN, 5000), made.dns_answer("mqtt.example.com", address)),
        made.segment(here, there, 1, 2),
        made.segment(there, here, 1, 18),
        made.segment(here, there, 2, 24, b"\x16\x03\x01" + struct.pack(">H", len(hello)) + hello),
    ]
    capture = made.pcap(tmp_path / "in.pcap", [(1000.0 + n, frame) for n, frame in enumerate(frames)])
    rows = idletalk.analyze([capture], tmp_path / "out").sql("SELECT DISTINCT name, told_by FROM peer_names")
    assert rows == [{"name": "mqtt.example.com", "told_by": "dns"}]

"""Internet hosts that only call, as scans do, are no services of the device that they call."""

from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, PLUG

import idletalk

OWN = "192.0.2.9"
SYN, SYN_ACK, RESET_ACK = 2, 18, 20


def scanned(*, refuses: bool) -> list[tuple[float, bytes]]:
    """A device with a public address that asks one host, and is called by another at 30 ports."""
    frames = [
        (1.0, made.arp(1, (PLUG, OWN), ("00:00:00:00:00:00", "192.0.2.1"))),
        (2.0, made.datagram((PLUG, OWN, 4_000), (GATEWAY, "198.51.100.1", 4_000), b"hello")),
        (2.1, made.datagram((GATEWAY, "198.51.100.1", 4_000), (PLUG, OWN, 4_000), b"hello")),
    ]
    for n in range(30):
        here, there = (PLUG, OWN, 20 + n), (GATEWAY, "203.0.113.66", 50_000)
        frames.append((10.0 + n, made.segment(there, here, 1, SYN)))
        if refuses:
            frames.append((10.1 + n, made.segment(here, there, 0, RESET_ACK)))
    return frames


def hosts(tmp_path: Path, frames: list[tuple[float, bytes]]) -> tuple[int | None, dict[str, bool]]:
    report = idletalk.analyze([made.pcap(tmp_path / "in.pcap", sorted(frames))], tmp_path / "out").report
    [row] = [one for one in report.conclusions.idle or () if one.device == PLUG]
    [device] = [one for one in report.devices if one.id == PLUG]
    assert row.internet_peers_without_ntp == sum(use.hosts for use in row.clouds)
    return row.internet_peers_without_ntp, {
        peer.address: peer.is_caller for peer in device.peers if peer.scope == "internet"
    }


@pytest.mark.parametrize("refuses", [False, True])
def test_who_scans_a_device_is_no_service_of_it(refuses: bool, tmp_path: Path) -> None:
    count, callers = hosts(tmp_path, scanned(refuses=refuses))
    assert count == 1
    assert callers == {"198.51.100.1": False, "203.0.113.66": True}


def test_who_calls_and_is_told_something_is_a_host_that_it_talks_to(tmp_path: Path) -> None:
    told = [
        (60.0, made.datagram((GATEWAY, "203.0.113.66", 50_000), (PLUG, OWN, 5_000), b"who?")),
        (60.1, made.datagram((PLUG, OWN, 5_000), (GATEWAY, "203.0.113.66", 50_000), b"me")),
    ]
    count, callers = hosts(tmp_path, scanned(refuses=False) + told)
    assert (count, callers["203.0.113.66"]) == (2, False)


def test_an_end_of_a_connection_that_was_open_before_is_no_call(tmp_path: Path) -> None:
    end = made.segment((GATEWAY, "203.0.113.66", 443), (PLUG, OWN, 40_000), 7, 17)
    count, callers = hosts(tmp_path, [*scanned(refuses=False)[:3], (3.0, end)])
    assert (count, callers["203.0.113.66"]) == (2, False)


def test_where_nothing_is_captured_of_what_a_device_sends_nobody_only_calls(tmp_path: Path) -> None:
    frames = [
        (float(n), made.datagram((GATEWAY, f"203.0.113.{n}", 50_000), (PLUG, OWN, 50_000), b"answer"))
        for n in range(1, 6)
    ]
    count, callers = hosts(tmp_path, frames)
    assert count == 5
    assert not any(callers.values())


def test_a_router_on_the_way_that_tells_an_error_is_no_service(tmp_path: Path) -> None:
    asked = made.ip(OWN, "198.51.100.1", 17, made.udp(4_000, 4_001, b"hello"))
    error = made.ip("203.0.113.66", OWN, 1, b"\x0b\0\0\0\0\0\0\0" + asked[:28])
    frames = [*scanned(refuses=False)[:3], (5.0, made.ethernet(GATEWAY, PLUG, 0x0800, error))]
    count, callers = hosts(tmp_path, frames)
    assert (count, callers["203.0.113.66"]) == (1, True)

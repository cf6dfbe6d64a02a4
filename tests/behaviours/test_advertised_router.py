"""Who advertises himself as router by IPv6 is one, from whichever hosts beyond the link packets came."""

import struct
from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, PLUG

import idletalk

OWN, ROUTER, CLOUD = "2001:db8:1::20", "fe80::1", "2a05:d018::1"


def advertisement(lifetime_s: int) -> bytes:
    """RFC 4861 4.2, without options."""
    body = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, lifetime_s, 0, 0)
    frame = made.ip(ROUTER, "ff02::1", 58, body)
    return made.ethernet(GATEWAY, "33:33:00:00:00:01", 0x86DD, frame[:7] + b"\xff" + frame[8:])


@pytest.mark.parametrize(("lifetime_s", "role", "scope"), [(1800, "gateway", "internet"), (0, None, "lan")])
def test_who_advertises_himself_as_router_is_one(lifetime_s: int, role: str | None, scope: str, tmp_path: Path) -> None:
    asked = made.datagram((PLUG, OWN, 4_000), (GATEWAY, CLOUD, 4_000), b"hello")
    told = made.datagram((GATEWAY, CLOUD, 4_000), (PLUG, OWN, 4_000), b"hello")
    file = made.pcap(tmp_path / "in.pcap", [(1.0, advertisement(lifetime_s)), (2.0, asked), (2.1, told)])
    devices = {one.id: one for one in idletalk.analyze([file], tmp_path / "out").report.devices}
    assert devices[GATEWAY].role == role
    assert [peer.scope for peer in devices[PLUG].peers] == [scope]
    assert (CLOUD in {one.address for one in devices[GATEWAY].addresses}) == (role is None)


def advertised(is_router: bool) -> bytes:
    """A neighbour advertisement (RFC 4861 4.4) of the gateway's own address, asked for, with the flag of routers or without."""
    body = struct.pack(">BBHI", 136, 0, 0, (0xC0 if is_router else 0x40) << 24) + bytes.fromhex(
        "fe80" + "00" * 13 + "01"
    )
    frame = made.ip(ROUTER, "fe80::20", 58, body)
    return made.ethernet(GATEWAY, PLUG, 0x86DD, frame[:7] + b"\xff" + frame[8:])


@pytest.mark.parametrize(
    ("is_router", "hosts", "lifetime_s", "role"),
    [
        (True, ["2a05:d018::1", "2a06:98c0::1"], None, "gateway"),
        (False, ["2a05:d018::1", "2a06:98c0::1"], None, None),
        # its own address, and a temporary one
        (True, ["2001:db8:1::99", "2001:db8:1::77"], None, None),
        (True, ["2a05:d018::1", "2a05:d018::2"], None, None),
        # who only leads into another network calls himself a router too
        (True, ["2a05:d018::1", "2a06:98c0::1"], 0, None),
    ],
)
def test_who_calls_himself_a_router_and_sends_from_two_networks_beyond_is_one(
    is_router: bool, hosts: list[str], lifetime_s: int | None, role: str | None, tmp_path: Path
) -> None:
    frames = [(1.0, advertised(is_router))]
    if lifetime_s is not None:
        frames.append((1.5, advertisement(lifetime_s)))
    for n, host in enumerate(hosts):
        frames.append((2.0 + n, made.datagram((PLUG, OWN, 4_000), (GATEWAY, host, 4_000), b"hello")))
        frames.append((2.1 + n, made.datagram((GATEWAY, host, 4_000), (PLUG, OWN, 4_000), b"hello")))
    report = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out").report
    assert {one.id: one.role for one in report.devices} == {GATEWAY: role, PLUG: None}

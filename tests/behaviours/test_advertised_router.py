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

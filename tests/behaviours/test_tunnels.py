"""Packets inside of others are not read, and the report says so."""

from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, PLUG

import idletalk

OWN, FAR = "192.168.1.20", "203.0.113.5"
INNER = made.ip("10.0.0.1", "10.0.0.2", 17, made.udp(40_000, 53, b"inside"))


def unseen(tmp_path: Path, frame: bytes) -> list[str]:
    capture = made.pcap(tmp_path / "in.pcap", [(1000.0 + n, frame) for n in range(3)])
    report = idletalk.analyze([capture], tmp_path / "out").report
    return [one.sentence for one in report.cannot_be_seen if one.kind == "tunnelled"]


@pytest.mark.parametrize(("number", "name"), [(4, "ipip"), (41, "6in4"), (47, "gre"), (97, "etherip"), (115, "l2tp")])
def test_tunnels_by_ip_protocol(number: int, name: str, tmp_path: Path) -> None:
    frame = made.ethernet(PLUG, GATEWAY, 0x0800, made.ip(OWN, FAR, number, b"\0\0\x08\0" + INNER))
    assert unseen(tmp_path, frame) == [
        f"3 frames carry other packets inside ({name}), which are not read: who says what to whom in there is unknown."
    ]


@pytest.mark.parametrize(("port", "told"), [(4789, 1), (6081, 1), (37008, 1), (4790, 0)])
def test_tunnels_by_port(port: int, told: int, tmp_path: Path) -> None:
    frame = made.datagram((PLUG, OWN, 50_000), (GATEWAY, FAR, port), bytes(8) + INNER)
    assert len(unseen(tmp_path, frame)) == told


def test_an_encrypted_tunnel_hides_what_is_said(tmp_path: Path) -> None:
    esp = made.ethernet(PLUG, GATEWAY, 0x0800, made.ip(OWN, FAR, 50, bytes(range(64))))
    assert unseen(tmp_path, esp) == [
        "3 frames carry other packets inside encrypted (esp), as a VPN does: who says what to whom in there cannot be seen."
    ]


def test_so_does_wireguard(tmp_path: Path) -> None:
    handshake = bytes([1, 0, 0, 0]) + bytes(range(144))
    [sentence] = unseen(tmp_path, made.datagram((PLUG, OWN, 50_000), (GATEWAY, FAR, 51820), handshake))
    assert sentence.startswith("3 frames carry other packets inside encrypted (wireguard)")

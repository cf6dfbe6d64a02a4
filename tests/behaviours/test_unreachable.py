"""Who says that a port cannot be reached is told: the host itself, or somebody on the way."""

import struct
from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, PLUG

import idletalk

OWN, ROUTER, FAR = "192.168.1.2", "192.168.1.1", "203.0.113.9"
HOST, PORT = 1, 3
"""Codes of destination unreachable (RFC 792)."""


def tried(teller: str, code: int) -> list[tuple[float, bytes]]:
    """Four connections, each answered by ICMP that quotes the head and eight bytes."""
    frames: list[tuple[float, bytes]] = []
    for n in range(4):
        asked = made.ip(OWN, FAR, 6, made.tcp(40_000 + n, 443, 1, 0, 2))
        error = struct.pack(">BBHI", 3, code, 0, 0) + asked[:28]
        frames.append((60.0 * n, made.ethernet(PLUG, GATEWAY, 0x0800, asked)))
        frames.append((60.0 * n + 0.1, made.ethernet(GATEWAY, PLUG, 0x0800, made.ip(teller, OWN, 1, error))))
    return frames


@pytest.mark.parametrize(
    ("teller", "code", "kind", "said"),
    [
        (FAR, PORT, "service-refused", f"asks {FAR} at TCP port 443, which answers that nobody listens there"),
        (
            ROUTER,
            PORT,
            "service-refused",
            f"{FAR} at TCP port 443, and {GATEWAY} ({ROUTER}) answers that the port cannot",
        ),
        (ROUTER, HOST, "service-unanswered", f"{GATEWAY} ({ROUTER}) says that it cannot be reached."),
    ],
)
def test_who_says_that_a_service_cannot_be_reached_is_named(
    teller: str, code: int, kind: str, said: str, tmp_path: Path
) -> None:
    here = made.arp(2, (GATEWAY, ROUTER), (PLUG, OWN))
    file = made.pcap(tmp_path / "in.pcap", [(0.0, here), *tried(teller, code)])
    [finding] = idletalk.analyze([file], tmp_path / "out").findings(device=PLUG)
    assert finding.kind == kind
    assert said in finding.sentence


@pytest.mark.parametrize(("port", "answered"), [(None, False), (123, False), (None, True)])
def test_datagrams_that_cannot_be_delivered_are_told(port: int | None, answered: bool, tmp_path: Path) -> None:
    frames: list[tuple[float, bytes]] = [(0.0, made.arp(2, (GATEWAY, ROUTER), (PLUG, OWN)))]
    for n in range(4):
        asked = made.ip(OWN, FAR, 17, made.udp(port or 40_000 + n, 123, b"\x23" + bytes(47)))
        error = struct.pack(">BBHI", 3, HOST, 0, 0) + asked[:28]
        frames.append((1 + 60.0 * n, made.ethernet(PLUG, GATEWAY, 0x0800, asked)))
        frames.append((1.1 + 60.0 * n, made.ethernet(GATEWAY, PLUG, 0x0800, made.ip(ROUTER, OWN, 1, error))))
    if answered:
        frames.append((300.0, made.datagram((PLUG, OWN, 41_000), (GATEWAY, FAR, 123), b"\x23" + bytes(47))))
        frames.append((300.1, made.datagram((GATEWAY, FAR, 123), (PLUG, OWN, 41_000), b"\x24\x01" + bytes(46))))
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out").findings(device=PLUG)
    told = [one.sentence for one in found if one.kind == "service-unanswered"]
    assert len(told) == (not answered)
    if told:
        assert (
            f"UDP port 123 and never gets an answer: 4 times since 1970-01-01T00:00:01Z; {GATEWAY} ({ROUTER}) says"
            in told[0]
        )


def test_answers_that_cannot_be_delivered_any_more_are_no_requests(tmp_path: Path) -> None:
    group = ("01:00:5e:7f:ff:fa", "239.255.255.250", 9_999)
    frames: list[tuple[float, bytes]] = []
    for n in range(4):
        asker = (GATEWAY, "192.168.1.9", 41_000)
        answer = made.ip(OWN, asker[1], 17, made.udp(40_000, asker[2], b"I am here"))
        error = struct.pack(">BBHI", 3, HOST, 0, 0) + answer[:28]
        frames.append((60.0 * n, made.datagram(asker, group, b"who is there?")))
        frames.append((60.0 * n + 0.1, made.ethernet(PLUG, GATEWAY, 0x0800, answer)))
        frames.append((60.0 * n + 0.2, made.ethernet(GATEWAY, PLUG, 0x0800, made.ip(ROUTER, OWN, 1, error))))
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out").findings(device=PLUG)
    assert "service-unanswered" not in {one.kind for one in found}

"""Sweeps by ping, neighbour discovery and UDP; those by ARP and TCP stand in test_lateral.py."""

import struct
from ipaddress import ip_address
from pathlib import Path

import pytest
from tests import made
from tests.behaviours.test_lateral import ANSWERER, LAMP, PLUG, ROUTER, SEARCHER, Frames, analysed, lateral


@pytest.mark.parametrize(("address", "kind"), [("192.168.1.{}", 8), ("fe80::{:x}", 128)])
@pytest.mark.parametrize("hosts", [24, 25])
def test_pings_of_many_neighbours_are_a_sweep(address: str, kind: int, hosts: int, tmp_path: Path) -> None:
    version, protocol = (4, 1) if kind == 8 else (6, 58)
    asked = struct.pack(">BBHHH", kind, 0, 0, 1, 1) + bytes(8)

    def ping(to: str) -> bytes:
        body = made.ip(address.format(20), to, protocol, asked)
        return made.ethernet(PLUG, LAMP, 0x0800 if version == 4 else 0x86DD, body)

    frames = [(float(n), ping(address.format(100 + n))) for n in range(hosts)]
    told = lateral(analysed(tmp_path, frames))
    assert ("lan-sweep" in told) == (hosts == 25)
    if hosts == 25:
        assert (told["lan-sweep"].subject, told["lan-sweep"].numbers["targets"]) == ("ping", 25)


def test_pings_of_many_hosts_of_the_internet_are_no_sweep_of_the_lan(tmp_path: Path) -> None:
    asked = struct.pack(">BBHHH", 8, 0, 0, 1, 1) + bytes(8)
    frames = [
        (float(n), made.ethernet(PLUG, ROUTER, 0x0800, made.ip("192.168.1.20", f"198.18.0.{1 + n}", 1, asked)))
        for n in range(40)
    ]
    assert lateral(analysed(tmp_path, frames)) == {}


@pytest.mark.parametrize(("own", "found"), [("fe80::20", True), ("::", False)])
def test_neighbour_discovery_of_many_addresses_is_a_sweep_and_a_question_for_ones_own_is_none(
    own: str, found: bool, tmp_path: Path
) -> None:
    def solicitation(to: str) -> bytes:
        target = ip_address(to).packed
        body = struct.pack(">BBHI", 135, 0, 0, 0) + target
        group = "ff02::1:ff" + target[-3:].hex()[:2] + ":" + target[-2:].hex()
        frame = made.ip(own, group, 58, body)
        return made.ethernet(PLUG, "33:33:ff:00:00:01", 0x86DD, frame[:7] + b"\xff" + frame[8:])

    frames = [(1.0 + n, solicitation(f"fe80::1:{n + 1:x}")) for n in range(30)]
    told = lateral(analysed(tmp_path, frames))
    assert ("lan-sweep" in told) == found
    if found:
        assert (told["lan-sweep"].subject, told["lan-sweep"].evidence.frames) == ("nd", 30)


@pytest.mark.parametrize(("first", "found"), [(1, True), (40_000, False)])
def test_a_scan_of_udp_ports_is_told_and_answers_to_high_ports_are_none(
    first: int, found: bool, tmp_path: Path
) -> None:
    frames = [
        (1.0 + n, made.datagram((*SEARCHER, 50_000), (*ANSWERER, first + n), bytes(8)))
        for n in range(20)
        for _ in range(2)
    ]
    told = lateral(analysed(tmp_path, frames))
    assert ("lan-sweep" in told) == found
    if found:
        sweep = told["lan-sweep"]
        assert (sweep.subject, sweep.peer, sweep.numbers["targets"]) == ("udp-ports", "192.168.1.30", 20)


@pytest.mark.parametrize(
    ("accepts", "named", "found"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_a_port_of_many_internet_hosts_that_do_not_accept_is_told(
    accepts: bool, named: bool, found: bool, tmp_path: Path
) -> None:
    # something comes back, so that both directions are captured
    frames = [(0.5, made.datagram((ROUTER, "192.168.1.1", 4_000), (*SEARCHER, 4_000), b"here"))]
    for n in range(30):
        address = f"198.18.0.{1 + n}"
        here, there = (*SEARCHER, 40_000 + n), (ROUTER, address, 23)
        if named:
            answer = made.dns_answer(f"h{n}.example", address)
            frames.append((0.9 + n, made.datagram((ROUTER, "192.168.1.1", 53), (*SEARCHER, 5_000 + n), answer)))
        frames.append((1.0 + n, made.segment(here, there, 1, 2)))
        if accepts:
            frames.append((1.1 + n, made.segment(there, here, 1, 18)))
    analysis = analysed(tmp_path, frames)
    lateral(analysis)
    told = [one for one in analysis.report.findings if one.kind == "internet-sweep"]
    assert [(one.device, one.subject, one.evidence.frames) for one in told] == [(PLUG, "tcp/23", 30)] * found
    [row] = [one for one in analysis.report.conclusions.idle or () if one.device == PLUG]
    assert not row.lateral_movements


def unreachable(asked: bytes) -> bytes:
    """The lamp's answer that nobody listens at a port (RFC 792: 3/3), with the datagram that it quotes."""
    body = struct.pack(">BBHI", 3, 3, 0, 0) + asked[14:42]
    return made.ethernet(LAMP, PLUG, 0x0800, made.ip(ANSWERER[1], SEARCHER[1], 1, body))


HERE: Frames = [(0.5, made.datagram((*ANSWERER, 6_000), (*SEARCHER, 6_000), b"here"))]
"""Both directions of the plug and the lamp are captured."""


@pytest.mark.parametrize(
    ("flags", "kind"), [(0, "flag"), (1, "flag"), (0x29, "flag"), (16, "ack"), (17, "ack"), (24, "ack"), (4, None)]
)
@pytest.mark.parametrize("answers", [True, False])
def test_ports_that_are_tried_by_segments_of_no_connection_are_told(
    flags: int, kind: str | None, answers: bool, tmp_path: Path
) -> None:
    frames = list(HERE)
    for n in range(20):
        here, there = (*SEARCHER, 50_000), (*ANSWERER, 1 + 37 * n)
        frames.append((1.0 + n, made.segment(here, there, 1, flags)))
        if answers:
            frames.append((1.1 + n, made.segment(there, here, 1, 4)))
    analysis = analysed(tmp_path, frames)
    lateral(analysis)
    told = [one for one in analysis.report.findings if one.kind == "lan-sweep"]
    assert [(one.device, one.subject, one.peer, one.numbers["targets"]) for one in told] == (
        [(PLUG, f"{kind}-ports", ANSWERER[1], 20)] if kind else []
    )


def test_one_port_of_many_hosts_that_is_tried_by_acknowledgements_is_told(tmp_path: Path) -> None:
    frames = list(HERE)
    for n in range(25):
        here, there = (*SEARCHER, 50_000), (LAMP, f"192.168.1.{100 + n}", 80)
        frames.append((1.0 + n, made.segment(here, there, 1, 16)))
        frames.append((1.1 + n, made.segment(there, here, 1, 4)))
    told = lateral(analysed(tmp_path, frames))["lan-sweep"]
    assert (told.subject, told.evidence.frames) == ("ack-hosts tcp/80", 25)


@pytest.mark.parametrize("answer", [16, 17, 20 + 1])
def test_ends_of_connections_that_were_open_before_are_no_scan(answer: int, tmp_path: Path) -> None:
    frames = list(HERE)
    for n in range(30):
        here, there = (*SEARCHER, 2_000), (*ANSWERER, 3_000 + n)
        frames += [(1.0 + n, made.segment(here, there, 1, 17)), (1.1 + n, made.segment(there, here, 1, answer))]
    assert lateral(analysed(tmp_path, frames)) == {}


def test_a_server_whose_clients_restarted_scans_nobody(tmp_path: Path) -> None:
    frames = list(HERE)
    for n in range(30):
        here, there = (*SEARCHER, 49_153), (*ANSWERER, 40_000 + n)
        frames += [(1.0 + n, made.segment(here, there, 1, 16)), (1.1 + n, made.segment(there, here, 1, 4))]
    assert lateral(analysed(tmp_path, frames)) == {}


@pytest.mark.parametrize("refused", [True, False])
def test_a_scan_of_high_udp_ports_is_told_whether_refused_or_not(refused: bool, tmp_path: Path) -> None:
    frames = list(HERE)
    for n in range(20):
        asked = made.datagram((*SEARCHER, 50_000), (*ANSWERER, 20_000 + 501 * n), bytes(8))
        frames += [(1.0 + n, asked), (1.2 + n, asked)]
        if refused:
            frames.append((1.1 + n, unreachable(asked)))
    told = lateral(analysed(tmp_path, frames))["lan-sweep"]
    assert (told.subject, told.peer, told.numbers["targets"]) == ("udp-ports", ANSWERER[1], 20)
    assert told.sentence.endswith(f"tries 20 UDP ports of {ANSWERER[1]} within five minutes.")


def test_answers_to_questions_that_went_to_a_group_are_no_scan(tmp_path: Path) -> None:
    group = ("01:00:5e:7f:ff:fa", "239.255.255.250", 9_999)
    frames = list(HERE)
    for n in range(30):
        asker = (*ANSWERER, 40_000 + n)
        frames += [
            (1.0 + n, made.datagram(asker, group, b"who is there?")),
            (1.1 + n, made.datagram((*SEARCHER, 50_000), asker, b"I am here")),
        ]
    assert lateral(analysed(tmp_path, frames)) == {}


def test_a_traceroute_to_the_gateway_is_no_scan(tmp_path: Path) -> None:
    router = (ROUTER, "192.168.1.1")
    frames = [(0.5, made.datagram((*router, 6_000), (*SEARCHER, 6_000), b"here"))]
    frames += [
        (1.0 + n / 100, made.datagram((*SEARCHER, 50_000 + n), (*router, 33_434 + n), bytes(32))) for n in range(30)
    ]
    assert lateral(analysed(tmp_path, frames)) == {}


def test_media_that_nobody_knows_is_no_scan(tmp_path: Path) -> None:
    frames = list(HERE)
    for n in range(20):
        there = (*ANSWERER, 50_000 + 2 * n)
        frames += [(1.0 + n + k / 50, made.datagram((*SEARCHER, 40_000), there, bytes([k] * 800))) for k in range(40)]
    assert lateral(analysed(tmp_path, frames)) == {}


@pytest.mark.parametrize("flags", [16, 17])
def test_a_hub_whose_devices_lost_their_power_scans_nobody(flags: int, tmp_path: Path) -> None:
    frames = list(HERE)
    for n in range(30):
        here, there = (*SEARCHER, 40_000 + n), (LAMP, f"192.168.1.{100 + n}", 8_009)
        frames += [(1.0 + n, made.segment(here, there, 1, flags)), (1.1 + n, made.segment(there, here, 1, 4))]
    assert lateral(analysed(tmp_path, frames)) == {}

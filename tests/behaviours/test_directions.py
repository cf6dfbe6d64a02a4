"""What a capture of one direction, or of several points, can tell of questions and answers."""

import struct
from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, LAMP, PLUG

import idletalk

ROUTER, PLUG_IP = "192.168.1.1", "192.168.1.2"
ANSWERS = {"misconfiguration", "services", "timesync"}
"""Questions that need both directions."""


def sent(peer: str, port: int, payload: bytes, source: int = 40_000) -> bytes:
    return made.datagram((PLUG, PLUG_IP, source), (GATEWAY, peer, port), payload)


def query(name: str) -> bytes:
    return struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + made.dns_name(name) + struct.pack(">HH", 1, 1)


def missing(name: str) -> bytes:
    """An answer that says that the name does not exist."""
    return struct.pack(">HHHHHH", 7, 0x8183, 1, 0, 0, 0) + made.dns_name(name) + struct.pack(">HH", 1, 1)


def asked(times: int) -> list[tuple[float, bytes]]:
    return [(float(n), sent(ROUTER, 53, query("cloud.example"), 40_000 + n)) for n in range(times)]


def test_in_a_capture_of_one_direction_answers_could_not_be_seen(tmp_path: Path) -> None:
    ntp = bytes([0x23]) + bytes(47)
    frames = [
        *asked(4),
        *((10.0 + n, sent("203.0.113.5", 123, ntp, 123)) for n in range(9)),
        *((20.0 + n, sent("172.16.9.9", 7000, b"anybody there")) for n in range(4)),
        # from a port of its own to a high one: an answer, or nothing of the kind
        *((30.0 + n, sent("203.0.113.9", 50_000, b"status", 53)) for n in range(4)),
    ]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")
    kinds = {finding.kind for finding in found.findings(device=PLUG)}
    assert not kinds & {"service-unanswered", "ntp-unanswered", "foreign-address", "open-service"}
    outcomes = {check.question: check.outcome for check in found.report.checks if check.device == PLUG}
    assert {question for question in ANSWERS if outcomes[question] == "could_not_be_seen"} == ANSWERS
    assert [one.kind for one in found.report.cannot_be_seen].count("one_way") == 1


def test_a_server_that_is_silent_while_others_answer_is_unanswered(tmp_path: Path) -> None:
    pong = made.datagram((LAMP, "192.168.1.3", 4_000), (PLUG, PLUG_IP, 40_000), b"pong")
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", [*asked(4), (9.0, pong)])], tmp_path / "out")
    assert [finding.kind for finding in found.findings(device=PLUG)] == ["service-unanswered"]
    assert "one_way" not in {one.kind for one in found.report.cannot_be_seen}


@pytest.mark.parametrize(("kinds", "rounds", "findings"), [((1,), 8, 1), ((1, 28), 4, 1), ((1, 28), 2, 0)])
def test_a_question_that_is_sent_again_from_one_port_is_another_try(
    kinds: tuple[int, ...], rounds: int, findings: int, tmp_path: Path
) -> None:
    question = query("cloud.example")[:-4]
    both = [question + struct.pack(">HH", kind, 1) for kind in kinds]
    again = [(float(n), sent(ROUTER, 53, one)) for n in range(rounds) for one in both]
    pong = made.datagram((LAMP, "192.168.1.3", 4_000), (PLUG, PLUG_IP, 40_000), b"pong")
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", [*again, (90.0, pong)])], tmp_path / "out")
    told = list(found.findings(kind="service-unanswered"))
    assert [finding.numbers["times"] for finding in told] == [rounds] * findings
    assert all(finding.evidence.frames == len(again) for finding in told)


def test_a_question_that_another_address_answers_is_answered(tmp_path: Path) -> None:
    answers = [
        (n + 0.1, made.datagram((GATEWAY, "203.0.113.53", 53), (PLUG, PLUG_IP, 40_000 + n), missing("cloud.example")))
        for n in range(4)
    ]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", sorted([*asked(4), *answers]))], tmp_path / "out")
    assert [finding.kind for finding in found.findings(device=PLUG)] == ["name-missing"]


@pytest.mark.parametrize(("hosts", "is_said"), [(2, False), (3, True)])
def test_a_port_at_which_no_host_answers_is_said_to_be_so(hosts: int, is_said: bool, tmp_path: Path) -> None:
    syns = [
        (host + n / 10, made.segment((PLUG, PLUG_IP, 50_000 + 10 * host + n), (GATEWAY, f"203.0.113.{host}", 80), 1, 2))
        for host in range(1, hosts + 1)
        for n in range(3)
    ]
    pong = made.datagram((LAMP, "192.168.1.3", 4_000), (PLUG, PLUG_IP, 40_000), b"pong")
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", [*syns, (9.0, pong)])], tmp_path / "out")
    told = [finding.sentence for finding in found.findings(kind="service-unanswered")]
    assert len(told) == hosts
    assert all((f"; none of the {hosts} hosts that were tried at this port answered" in one) == is_said for one in told)


def test_frames_of_two_points_are_counted_as_their_filter_tells(tmp_path: Path) -> None:
    lamp, plug = (LAMP, "192.168.1.3", 80), (PLUG, PLUG_IP, 40_000)
    opened = [made.segment(plug, lamp, 1, 2), made.segment(lamp, plug, 1, 18), made.segment(plug, lamp, 2, 16)]
    failing = [
        made.datagram((GATEWAY, ROUTER, 53), (PLUG, PLUG_IP, 41_000 + n), missing("gone.example")) for n in range(3)
    ]
    frames = [(float(n), frame) for n, frame in enumerate([*opened, *failing])]
    first = made.pcap(tmp_path / "lan.pcap", frames)
    again = made.pcap(tmp_path / "wlan.pcap", [(time + 0.0001, frame) for time, frame in frames])
    bare = made.pcap(tmp_path / "raw.pcap", [(time + 0.0002, frame[14:]) for time, frame in frames], link_type=101)
    found = idletalk.analyze([first, again, bare], tmp_path / "out")
    [name] = found.findings(device=PLUG, kind="name-missing")
    assert name.evidence.frames == 3
    assert "of frames captured at several points, and counted once, every copy" in (name.evidence.filter_note or "")
    [service] = found.findings(device=LAMP, kind="open-service")
    # the facts put frames of one conversation together, with MACs or without
    assert service.evidence.frames == 9
    assert "(!eth && !wlan && !sll && ip.src == 192.168.1.3)" in service.evidence.filter
    assert all(
        finding.evidence.filter.count("!eth && !wlan && !sll")
        for finding in found.report.findings
        if finding.device.startswith("ip:")
    )


def opened(peer: str, source: int, *, seen: bool) -> list[bytes]:
    """A connection that the plug opens and sends data on; its answers go past the capture, unless they are `seen`."""
    plug, far = (PLUG, PLUG_IP, source), (GATEWAY, peer, 443)
    own = [made.segment(plug, far, 1, 2), made.segment(plug, far, 2, 16), made.segment(plug, far, 2, 24, b"hello")]
    return [own[0], made.segment(far, plug, 1, 18), *own[1:]] if seen else own


def judged(folder: Path, *connections: list[bytes]) -> idletalk.Analysis:
    """What is said of a plug that asks a silent name server and time server beside these connections, and hears from a lamp."""
    pong = made.datagram((LAMP, "192.168.1.3", 4_000), (PLUG, PLUG_IP, 40_000), b"pong")
    ntp = bytes([0x23]) + bytes(47)
    frames = [
        *asked(4),
        *((5.0 + n, sent("203.0.113.5", 123, ntp, 123)) for n in range(9)),
        *((15.0 + n, sent("172.16.9.9", 7000, b"anybody there")) for n in range(4)),
        (19.0, pong),
        *((20.0 + n, frame) for n, frame in enumerate(frame for connection in connections for frame in connection)),
    ]
    return idletalk.analyze([made.pcap(folder / "in.pcap", frames)], folder / "out")


def test_where_answers_of_some_hosts_went_past_the_capture_others_behind_the_same_hop_are_not_unanswered(
    tmp_path: Path,
) -> None:
    found = judged(tmp_path, *(opened("203.0.113.9", 50_000 + n, seen=False) for n in range(3)))
    assert list(found.findings(device=PLUG)) == []
    [blind] = [one for one in found.report.cannot_be_seen if one.kind == "partly_one_way"]
    assert blind.sentence.startswith("Of 3 of 3 connections that")


def test_one_connection_without_answers_is_a_fault_of_the_capture(tmp_path: Path) -> None:
    others = [opened("203.0.113.9", 50_001 + n, seen=True) for n in range(3)]
    found = judged(tmp_path, opened("203.0.113.9", 50_000, seen=False), *others)
    assert {finding.kind for finding in found.findings(device=PLUG)} == {
        "service-unanswered", "ntp-unanswered", "foreign-address"
    }  # fmt: skip
    assert "partly_one_way" not in {one.kind for one in found.report.cannot_be_seen}


def test_what_a_device_passes_on_from_a_network_of_its_own_is_no_attempt_of_it(tmp_path: Path) -> None:
    phone = (PLUG, "10.22.22.2", 50_000)
    cloud = (GATEWAY, "203.0.113.9", 443)
    syns = [(float(n), made.segment((*phone[:2], 50_000 + n), cloud, 1, 2)) for n in range(5)]
    claim = made.arp(1, (PLUG, PLUG_IP), ("00:00:00:00:00:00", ROUTER))
    own = sent("203.0.113.7", 7000, b"hello")
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", [*syns, (9.0, claim), (9.1, own)])], tmp_path / "out")
    assert list(found.findings(kind="service-unanswered")) == []
    bare = idletalk.analyze([made.pcap(tmp_path / "bare.pcap", [*syns, (9.1, own)])], tmp_path / "other")
    assert len(bare.findings(kind="service-unanswered")) == 1, "without a claim the address may be the device's"


def test_a_router_that_tells_its_clients_unasked_is_no_capture_of_one_direction(tmp_path: Path) -> None:
    own = (GATEWAY, ROUTER, 67)
    clients = [(f"02:00:00:00:01:{n:02x}", f"192.168.1.{100 + n}") for n in range(3)]
    frames = [(0.5, made.arp(1, (GATEWAY, ROUTER), ("00:00:00:00:00:00", "192.168.1.99")))]
    for n, (mac, address) in enumerate(clients):
        frames.append((1.0 + n, made.datagram(own, (mac, address, 68), bytes(40))))
        for host in (f"203.0.113.{n}", f"198.51.100.{n}"):
            frames.append((5.0 + n, made.datagram((mac, address, 40_000), (GATEWAY, host, 4_000), b"ping")))
            frames.append((5.1 + n, made.datagram((GATEWAY, host, 4_000), (mac, address, 40_000), b"pong")))
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", sorted(frames))], tmp_path / "out")
    assert {one.id: one.role for one in found.report.devices}[GATEWAY] == "gateway"
    assert "one_way" not in {one.kind for one in found.report.cannot_be_seen}


def test_a_name_that_one_type_of_records_is_refused_for_is_answered_for_another(tmp_path: Path) -> None:
    def answer(rcode: int, kind: int, records: bytes = b"") -> bytes:
        head = struct.pack(">HHHHHH", 7, 0x8180 | rcode, 1, bool(records), 0, 0)
        told = head + made.dns_name("cloud.example") + struct.pack(">HH", kind, 1) + records
        return made.datagram((GATEWAY, ROUTER, 53), (PLUG, PLUG_IP, 40_000), told)

    found_it = answer(0, 1, b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([203, 0, 113, 9]))
    refused = [(float(n), answer(5, 28)) for n in range(3)]
    alone = idletalk.analyze([made.pcap(tmp_path / "a.pcap", refused)], tmp_path / "alone")
    both = idletalk.analyze([made.pcap(tmp_path / "b.pcap", [*refused, (9.0, found_it)])], tmp_path / "both")
    [one], [other] = (list(each.findings(device=PLUG, kind="name-refused")) for each in (alone, both))
    assert "(AAAA); the name server refused (REFUSED) 3 times since 1970-01-01T00:00:00Z." in one.sentence
    assert other.sentence.endswith("; it was also answered (A).")
    assert (one.id, one.evidence.frames) == (other.id, 3)

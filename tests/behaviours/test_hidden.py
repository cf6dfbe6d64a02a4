"""Where nothing could be read nothing is called not found: encryption on the air, and a snap length."""

import struct
from pathlib import Path

import pytest
from tests import made
from tests.behaviours.test_failed_handshakes import hello
from tests.made import GATEWAY, LAMP, PLUG

import idletalk
from idletalk.model import IdleRow, Report

WLAN = 105
DATA, TO_ACCESS_POINT, PROTECTED = 0x08, 0x01, 0x40


def on_the_air(source: str, flags: int, body: bytes) -> bytes:
    """A data frame to the access point (IEEE 802.11-2020 9.3.2.1)."""
    ends = made.mac(GATEWAY) + made.mac(source) + made.mac(GATEWAY)
    return bytes([DATA, TO_ACCESS_POINT | flags, 0, 0]) + ends + bytes(2) + body


def datagram_on_the_air(source: str, address: str) -> bytes:
    body = made.ip(address, "203.0.113.9", 17, made.udp(4_000, 4_000, b"hello"))
    return on_the_air(source, 0, bytes.fromhex("aaaa030000000800") + body)


def rows(report: Report) -> dict[str, IdleRow]:
    return {row.device: row for row in report.conclusions.idle or ()}


def test_of_a_station_whose_packets_are_encrypted_on_the_air_nothing_is_called_not_found(tmp_path: Path) -> None:
    frames = [(float(n), on_the_air(PLUG, PROTECTED, bytes(range(60)))) for n in range(20)]
    frames += [(20.0 + n, datagram_on_the_air(LAMP, "192.168.1.3")) for n in range(3)]
    report = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames, link_type=WLAN)], tmp_path / "out").report
    assert {check.outcome for check in report.checks if check.device == PLUG} == {"could_not_be_seen"}
    veiled, open_one = rows(report)[PLUG], rows(report)[LAMP]
    assert (veiled.ntp_hosts, veiled.internet_peers_without_ntp, veiled.lan_peers, veiled.lateral_movements) == (
        (None,) * 4
    )
    assert (open_one.ntp_hosts, open_one.internet_peers_without_ntp) == (0, 1)
    updates = {row.device: row.sentence for row in report.conclusions.updates or ()}
    assert updates[PLUG] == "Could not be seen: its packets are encrypted on the air."
    assert "encrypted on the air" in (tmp_path / "out" / "report.html").read_text()


def test_where_frames_are_cut_no_update_is_called_not_found(tmp_path: Path) -> None:
    frames = [
        (float(n), made.datagram((PLUG, "192.168.1.2", 4_000), (GATEWAY, "203.0.113.9", 4_000), bytes(400)))
        for n in range(5)
    ]
    report = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames, snaplen=96)], tmp_path / "out").report
    outcomes = {check.question: check.outcome for check in report.checks if check.device == PLUG}
    assert {outcomes[question] for question in ("updates", "update_signs", "exposure")} == {"could_not_be_seen"}
    [row] = [one for one in report.conclusions.updates or () if one.device == PLUG]
    assert row.sentence.startswith("Could not be seen: 5 frames were cut by the snap length")


def test_a_file_whose_frames_are_cut_hides_nothing_of_devices_in_others(tmp_path: Path) -> None:
    def said(mac: str, address: str) -> list[tuple[float, bytes]]:
        there = (GATEWAY, "203.0.113.9", 4_000)
        return [(float(n), made.datagram((mac, address, 4_000), there, bytes(400))) for n in range(5)]

    files = [
        made.pcap(tmp_path / "cut.pcap", said(PLUG, "192.168.1.2"), snaplen=96),
        made.pcap(tmp_path / "whole.pcap", said(LAMP, "192.168.1.3")),
    ]
    report = idletalk.analyze(files, tmp_path / "out").report
    outcomes = {check.device: check.outcome for check in report.checks if check.question == "updates"}
    assert (outcomes[PLUG], outcomes[LAMP]) == ("could_not_be_seen", "not_found")


NTP = b"\x23" + bytes(47)
ADDRESS = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + made.dns_name("a-lamp-of-a-long-name-in-the-hall.local")
ADDRESS += struct.pack(">HHIH", 1, 1, 120, 4) + bytes(4)


@pytest.mark.parametrize(
    ("port", "to", "payload", "question", "needs"),
    [
        (123, "203.0.113.9", NTP, "timesync", 90),
        (53, "203.0.113.9", made.dns_answer("missing.example", "203.0.113.1"), "misconfiguration", 96),
        (5353, "224.0.0.251", ADDRESS, "services", 110),
    ],
)
@pytest.mark.parametrize("snaplen", [60, 96, 128, 200])
def test_what_a_snap_length_cuts_off_is_not_called_not_found(
    port: int, to: str, payload: bytes, question: str, needs: int, snaplen: int, tmp_path: Path
) -> None:
    frames = [
        (float(n), made.datagram((PLUG, "192.168.1.2", 4_000 + n), (GATEWAY, to, port), payload)) for n in range(2)
    ]
    # neighbours that are seen to talk to one another, and a long frame, which is cut at any of these lengths
    frames += [(4.0, made.datagram((LAMP, "192.168.1.3", 4_000), (PLUG, "192.168.1.2", 4_000), bytes(400)))]
    frames += [(5.0, made.datagram((PLUG, "192.168.1.2", 4_000), (GATEWAY, "203.0.113.8", 4_000), bytes(400)))]
    frames += [(6.0, made.datagram((GATEWAY, "203.0.113.8", 4_000), (PLUG, "192.168.1.2", 4_000), bytes(400)))]
    report = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames, snaplen=snaplen)], tmp_path / "out").report
    [check] = [one for one in report.checks if one.question == question and one.device == PLUG]
    assert check.outcome == ("not_found" if snaplen >= needs else "could_not_be_seen")
    if snaplen < needs:
        assert "were cut by the snap length" in check.sentence


@pytest.mark.parametrize("snaplen", [60, 96, 128, 262_144])
def test_of_handshakes_that_a_snap_length_cuts_nothing_is_called_not_found(snaplen: int, tmp_path: Path) -> None:
    here, there = (PLUG, "192.168.1.2", 40_000), (GATEWAY, "203.0.113.9", 443)
    frames = [
        (1.0, made.segment(here, there, 1, 2)),
        (1.1, made.segment(there, here, 1, 18)),
        (1.2, made.segment(here, there, 2, 24, hello())),
        (1.3, made.segment(here, there, 2 + len(hello()), 24, b"\x17\x03\x03\x01\x90" + bytes(400))),
    ]
    report = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames, snaplen=snaplen)], tmp_path / "out").report
    outcomes = {one.question: one.outcome for one in report.checks if one.device == PLUG}
    assert outcomes["handshakes"] == ("could_not_be_seen" if snaplen < 1_000 else "not_found")
    # the hello is of 47 bytes, behind 54
    unread = "could_not_be_seen" if snaplen < 101 else "not_found"
    assert (outcomes["misconfiguration"], outcomes["fallback"]) == (unread, unread)

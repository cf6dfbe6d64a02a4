"""Where nothing could be read nothing is called not found: encryption on the air, and a snap length."""

from pathlib import Path

from tests import made
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

"""Devices, peers and what cannot be seen, on captures of which every frame is known."""

import struct
from pathlib import Path
from typing import Any

import pytest
from tests import made
from tests.made import GATEWAY, LAMP, PLUG

import idletalk
from idletalk.errors import IdletalkError
from idletalk.model import Device, Peer

CLOUD, OTHER = "52.1.2.3", "8.8.8.8"
plug = (PLUG, "192.168.1.2", 50_000)
lamp = (LAMP, "192.168.1.3", 50_001)


def through(address: str, port: int) -> tuple[str, str, int]:
    """A host behind the gateway."""
    return (GATEWAY, address, port)


def analysis(tmp_path: Path, frames: list[tuple[float, bytes]], lab: str = "", **options: Any) -> idletalk.Analysis:
    path = made.pcap(tmp_path / "in.pcap", frames)
    chosen = None
    if lab:
        chosen = tmp_path / "lab.toml"
        chosen.write_text(lab)
    return idletalk.analyze([path], tmp_path / "out", idletalk.Options(lab=chosen, **options), force=True)


def device(found: idletalk.Analysis, name: str) -> Device:
    return next(d for d in found.report.devices if d.id == name)


def peer(found: idletalk.Analysis, name: str, address: str) -> Peer:
    return next(p for p in device(found, name).peers if p.address == address)


HOME = [
    (1000.0, made.arp(2, (GATEWAY, "192.168.1.1"), (PLUG, "192.168.1.2"))),
    (1001.0, made.datagram(through(OTHER, 53), plug, made.dns_answer("cloud.example", CLOUD))),
    (1002.0, made.segment(plug, through(CLOUD, 443), 100, 2)),
    (1003.0, made.segment(through(CLOUD, 443), plug, 900, 0x12)),
    (1004.0, made.datagram(lamp, (PLUG, "192.168.1.2", 9999), b"hello")),
    (1005.0, made.datagram(plug, ("01:00:5e:7f:ff:fa", "239.255.255.250", 1900), b"x")),
    (1006.0, made.datagram(plug, ("ff:ff:ff:ff:ff:ff", "255.255.255.255", 6667), b"x")),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> idletalk.Analysis:
    return analysis(tmp_path_factory.mktemp("home"), HOME)


def test_hosts_behind_the_gateway_are_peers_not_devices(home: idletalk.Analysis) -> None:
    assert {d.id for d in home.report.devices} == {PLUG, LAMP, GATEWAY}
    assert device(home, GATEWAY).role == "gateway"
    assert [a.address for a in device(home, GATEWAY).addresses] == ["192.168.1.1"]


def test_the_scope_of_a_peer(home: idletalk.Analysis) -> None:
    scopes = {p.address: p.scope for p in device(home, PLUG).peers}
    assert scopes[CLOUD] == "internet"
    assert scopes["192.168.1.3"] == "lan"
    assert scopes["239.255.255.250"] == "multicast"
    assert scopes["255.255.255.255"] == "broadcast"
    assert peer(home, PLUG, "192.168.1.3").device == LAMP


def test_a_peer_has_the_name_that_this_device_was_told(tmp_path: Path) -> None:
    found = analysis(tmp_path, [*HOME, (1010.0, made.segment(lamp, through(CLOUD, 443), 5, 2))])
    assert [(n.name, n.told_by) for n in peer(found, PLUG, CLOUD).names] == [("cloud.example", "dns")]
    assert peer(found, LAMP, CLOUD).names == ()


@pytest.mark.parametrize(
    ("told", "name"),
    [("api.example:8080", "api.example"), ("[2001:db8::1]:8080", "2001:db8::1"), (f"{CLOUD}:8080", None)],
)
def test_a_port_behind_the_host_is_no_part_of_its_name(tmp_path: Path, told: str, name: str | None) -> None:
    server = through(CLOUD, 8080)
    asked = made.segment(plug, server, 101, 0x18, f"GET / HTTP/1.1\r\nHost: {told}\r\n\r\n".encode())
    frames = [made.segment(plug, server, 100, 2), made.segment(server, plug, 900, 0x12), asked]
    found = analysis(tmp_path, [*enumerate(frames)])
    assert [one.name for one in peer(found, PLUG, CLOUD).names] == ([name] if name else [])


def alias(name: str, canonical: str, address: str) -> bytes:
    """An answer through a CNAME: the address belongs to the canonical name."""
    target = made.dns_name(canonical)
    head = struct.pack(">HHHHHH", 7, 0x8180, 1, 2, 0, 0) + made.dns_name(name) + struct.pack(">HH", 1, 1)
    first = b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, len(target)) + target
    return head + first + target + struct.pack(">HHIH", 1, 1, 60, 4) + bytes(map(int, address.split(".")))


def test_of_a_shared_address_each_device_has_the_name_that_it_asked_for(tmp_path: Path) -> None:
    shared = "198.18.0.9"
    frames = [
        (1.0, made.datagram(through(OTHER, 53), plug, alias("a.example", "edge.cdn.example", shared))),
        (2.0, made.segment(plug, through(shared, 443), 1, 2)),
        (3.0, made.datagram(through(OTHER, 53), lamp, alias("b.example", "edge.cdn.example", shared))),
        (4.0, made.segment(lamp, through(shared, 443), 1, 2)),
        (5.0, made.datagram(through(OTHER, 53), lamp, alias("c.example", "edge.cdn.example", shared))),
        (6.0, made.segment(lamp, through(shared, 443), 1, 2)),
        # nobody used it since
        (7.0, made.datagram(through(OTHER, 53), lamp, alias("d.example", "edge.cdn.example", shared))),
    ]
    found = analysis(tmp_path, frames)
    assert [name.name for name in peer(found, PLUG, shared).names] == ["a.example"]
    assert [(name.name, name.first[17:19]) for name in peer(found, LAMP, shared).names] == [
        ("b.example", "03"),
        ("c.example", "05"),
    ]


def test_an_answer_that_came_too_late_names_nothing(tmp_path: Path) -> None:
    late = [HOME[0], HOME[2], HOME[3], (2000.0, HOME[1][1])]
    assert peer(analysis(tmp_path, late), PLUG, CLOUD).names == ()


def test_a_connection_without_its_start_was_open_before(tmp_path: Path, home: idletalk.Analysis) -> None:
    push = [(1000.0, made.segment(through(CLOUD, 443), plug, 7, 0x18, b"\x17\x03\x03\0\x05abcde"))]
    found = analysis(tmp_path, push)
    assert peer(found, PLUG, CLOUD).open_before_capture is True
    [flow] = found.sql("SELECT originator, originator_known_by FROM flows")
    assert flow == {"originator": "192.168.1.2", "originator_known_by": "ports"}
    assert peer(home, PLUG, CLOUD).open_before_capture is False
    assert peer(home, PLUG, OTHER).open_before_capture is None


def test_bytes_are_frame_lengths_each_way(home: idletalk.Analysis) -> None:
    traffic = peer(home, PLUG, CLOUD).traffic
    assert (traffic.tx_packets, traffic.rx_packets, traffic.tx_bytes, traffic.rx_bytes) == (1, 1, 54, 54)
    assert home.report.captures.bytes == sum(len(frame) for _, frame in HOME)


def test_the_lab_file_names_joins_and_marks(tmp_path: Path) -> None:
    lab = f'[[device]]\nname = "thing"\nmacs = ["{PLUG.upper()}", "{LAMP}"]\nunder_test = true\n'
    found = analysis(tmp_path, HOME, lab)
    thing = device(found, PLUG)
    assert (thing.name, thing.macs, thing.under_test) == ("thing", (PLUG, LAMP), True)
    assert device(found, GATEWAY).under_test is False
    assert [row.device for row in found.report.conclusions.idle or ()] == [PLUG]


def test_a_phase_cuts_the_capture(tmp_path: Path) -> None:
    lab = '[[phase]]\nname = "idle"\nfrom = 1970-01-01T00:16:42Z\nto = 1970-01-01T00:16:44Z\n'
    assert analysis(tmp_path, HOME, lab, phase="idle").report.captures.packets == 2
    with pytest.raises(IdletalkError, match="no phase 'update'"):
        analysis(tmp_path, HOME, lab, phase="update")


def test_from_and_to_are_local_times_of_the_lab(tmp_path: Path) -> None:
    lab = 'timezone = "Europe/Berlin"\n'
    cut = analysis(tmp_path, HOME, lab, start="1970-01-01T01:16:42", end="1970-01-01T01:16:45")
    assert cut.report.captures.packets == 3


def test_a_device_alone_is_shown_but_judged_with_the_others(tmp_path: Path) -> None:
    found = analysis(tmp_path, HOME, device=PLUG)
    assert [d.id for d in found.report.devices] == [PLUG]
    assert peer(found, PLUG, "192.168.1.3").device == LAMP
    with pytest.raises(IdletalkError, match="no device 'toaster'"):
        analysis(tmp_path, HOME, device="toaster")


def test_hours_are_local_also_where_the_offset_is_half_an_hour(tmp_path: Path) -> None:
    frames = [(float(t), HOME[4][1]) for t in (0, 1799, 1800, 3600)]
    found = analysis(tmp_path, frames, 'timezone = "Asia/Kolkata"\n')
    hours = {h.hour[11:16]: h.tx_bytes for h in found.report.hours if h.device == LAMP}
    assert hours == {"23:30": 2 * 47, "00:30": 2 * 47}


def test_without_macs_local_addresses_are_devices(tmp_path: Path) -> None:
    body = made.ip("192.168.1.2", CLOUD, 17, made.udp(5000, 6000, b"x"))
    path = made.pcap(tmp_path / "raw.pcap", [(1.0, body)], link_type=101)
    found = idletalk.analyze([path], tmp_path / "out")
    assert [d.id for d in found.report.devices] == ["ip:192.168.1.2"]
    assert [p.scope for p in found.report.devices[0].peers] == ["internet"]
    assert "no_macs" in {b.kind for b in found.report.cannot_be_seen}


def test_a_frame_in_two_files_is_one(tmp_path: Path) -> None:
    one, two = made.pcap(tmp_path / "a.pcap", HOME), made.pcap(tmp_path / "b.pcap", HOME)
    found = idletalk.analyze([one, two], tmp_path / "out").report
    assert (found.captures.packets, found.captures.unique_packets) == (2 * len(HOME), len(HOME))
    assert all(d.traffic.tx_bytes == 2 * d.traffic.unique.tx_bytes for d in found.devices)


def test_a_repeated_frame_in_one_file_is_two(tmp_path: Path) -> None:
    found = analysis(tmp_path, [HOME[0], (1000.001, HOME[0][1])]).report.captures
    assert (found.packets, found.unique_packets) == (2, 2)


def test_what_could_not_be_seen_is_said(tmp_path: Path) -> None:
    path = made.pcap(tmp_path / "cut.pcap", [(i * 1.0, HOME[2][1]) for i in range(60)], snaplen=40)
    kinds = {b.kind for b in idletalk.analyze([path], tmp_path / "out").report.cannot_be_seen}
    assert {"snaplen", "drops_unknown", "station_to_station", "one_mac"} <= kinds


def test_files_that_look_filtered_are_counted_as_files_however_short(tmp_path: Path) -> None:
    files = [
        made.pcap(
            tmp_path / f"{n}.pcap",
            [(n * 100.0 + i, made.datagram(plug, through(CLOUD, 9), b"hello")) for i in range(30)],
        )
        for n in range(3)
    ]
    unseen = idletalk.analyze(files, tmp_path / "out").report.cannot_be_seen
    (told,) = [one.sentence for one in unseen if one.kind == "one_mac" and PLUG in one.sentence]
    assert told.startswith(f"In 3 files every frame is to or from {PLUG}: nobody else spoke")


def test_a_gap_between_files_is_told(tmp_path: Path) -> None:
    one = made.pcap(tmp_path / "a.pcap", [(0.0, HOME[0][1]), (10.0, HOME[0][1])])
    two = made.pcap(tmp_path / "b.pcap", [(7210.0, HOME[0][1]), (7220.0, HOME[0][1])])
    coverage = idletalk.analyze([two, one], tmp_path / "out").report.captures.coverage
    assert coverage is not None
    assert [gap.duration_s for gap in coverage.gaps] == [7200.0]
    assert coverage.observed_s == 20.0


def test_a_quiet_devices_hourly_files_have_silence_between_them_and_a_missing_file_is_a_gap(tmp_path: Path) -> None:
    files = [
        made.pcap(tmp_path / f"{hour}.pcap", [(hour * 3600.0 + s, HOME[0][1]) for s in range(300, 3600, 600)])
        for hour in (0, 1, 2, 4)
    ]
    found = idletalk.analyze(files, tmp_path / "out").report
    coverage = found.captures.coverage
    assert coverage is not None
    assert [gap.duration_s for gap in coverage.gaps] == [4200.0]
    assert coverage.observed_s == 3 * 3600 - 600 + 3000
    assert {"gaps"} == {told.kind for told in found.cannot_be_seen} & {"gaps", "silence"}


def test_a_pause_of_days_in_a_file_makes_no_silence_of_the_gap_beside_it(tmp_path: Path) -> None:
    week = 7 * 86400.0
    one = made.pcap(tmp_path / "a.pcap", [(0.0, HOME[0][1]), (week, HOME[0][1])])
    two = made.pcap(tmp_path / "b.pcap", [(week + 7200, HOME[0][1]), (week + 7210, HOME[0][1])])
    coverage = idletalk.analyze([one, two], tmp_path / "out").report.captures.coverage
    assert coverage is not None
    assert [gap.duration_s for gap in coverage.gaps] == [7200.0]


def test_silence_inside_a_file_is_told(tmp_path: Path) -> None:
    frames = [(float(t), HOME[0][1]) for t in (0, 850, 4 * 900 + 10, 5 * 900 + 10)]
    coverage = analysis(tmp_path, frames).report.captures.coverage
    assert coverage is not None
    assert coverage.silent_s == 3 * 900


def test_who_speaks_to_the_link_alone_is_on_it_whatever_its_address(tmp_path: Path) -> None:
    groups = ["224.0.0.251", "255.255.255.255"]
    frames = [
        (n + k / 10, made.datagram((LAMP, CLOUD, 5353), ("01:00:5e:00:00:fb", group, 5353), b"hello"))
        for n in range(3)
        for k, group in enumerate(groups)
    ]
    frames += [(5.0 + n, made.datagram(plug, ("01:00:5e:00:00:fb", groups[0], 5353), b"hello")) for n in range(3)]
    found = analysis(tmp_path, sorted(frames))
    assert device(found, LAMP).role is None
    assert [address.address for address in device(found, LAMP).addresses] == [CLOUD]


def test_a_host_behind_nat64_is_whose_the_address_inside_is(tmp_path: Path) -> None:
    translated = "64:ff9b::808:808"
    frames = [
        (1.0, made.datagram(plug, through(OTHER, 53), b"hello")),
        (2.0, made.datagram((PLUG, "2001:db8::2", 50_000), through(translated, 53), b"hello")),
    ]
    found = analysis(tmp_path, frames)
    one, other = (peer(found, PLUG, address) for address in (OTHER, translated))
    assert one.organisation is not None
    assert (other.scope, other.asn, other.organisation, other.provider) == (
        one.scope,
        one.asn,
        one.organisation,
        one.provider,
    )


def test_a_conversation_that_goes_on_in_a_file_with_cut_frames_hides_its_device(tmp_path: Path) -> None:
    said = made.datagram(plug, through(CLOUD, 9), bytes(100))
    whole = made.pcap(tmp_path / "a.pcap", [(float(n), said) for n in range(5)])
    cut = made.pcap(tmp_path / "b.pcap", [(5.0 + n, said) for n in range(5)], snaplen=60)
    found = idletalk.analyze([whole, cut], tmp_path / "out").report
    [row] = [one for one in found.conclusions.updates or () if one.device == PLUG]
    assert row.sentence.startswith("Could not be seen: 5 frames were cut by the snap length")

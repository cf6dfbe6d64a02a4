"""What an address sends where frames have no MAC is the device's that has the address, where a conversation shows that both captures are of one network."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests import made
from tests.behaviours.test_peers_and_devices import CLOUD, HOME, device, through
from tests.made import LAMP, PLUG

import idletalk

Frames = list[tuple[float, bytes]]
RAW_IP = 101
ETHERNET_BYTES = 14
OTHER = "203.0.113.9"


def session(address: str, port: int, start: float) -> Frames:
    """A connection of a device with this address to a server, with the plug's MAC."""
    ours, server = (PLUG, address, port), through(OTHER, 80)
    return [
        (start, made.segment(ours, server, 100, 2)),
        (start + 0.1, made.segment(server, ours, 900, 0x12)),
        (start + 0.2, made.segment(ours, server, 101, 0x18, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")),
    ]


def bare(frames: Frames, delay: float = 0.0005) -> Frames:
    """The same packets where the link has no MAC, a moment later."""
    return [(time + delay, frame[ETHERNET_BYTES:]) for time, frame in frames]


def analysis(tmp_path: Path, with_macs: Frames, without: Frames, *, snaplen: int = 262_144) -> idletalk.Analysis:
    files: Sequence[Path] = (
        made.pcap(tmp_path / "lan.pcap", sorted(with_macs), snaplen=snaplen),
        made.pcap(tmp_path / "tunnel.pcap", sorted(without), link_type=RAW_IP),
    )
    return idletalk.analyze(files, tmp_path / "out", force=True)


SHARED = session("192.168.1.2", 50_000, 1010.0)
ALONE = session("192.168.1.2", 50_001, 1012.0)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> idletalk.Analysis:
    """A home, a conversation of its plug that was captured at both places, and one that was at the second only."""
    return analysis(tmp_path_factory.mktemp("both"), HOME + SHARED, bare(SHARED + ALONE))


def test_a_conversation_at_both_makes_the_address_the_device_s(both: idletalk.Analysis) -> None:
    assert not any(one.id.startswith("ip:") for one in both.report.devices)
    joined = [(fact.value, fact.told_by) for fact in device(both, PLUG).facts if fact.kind == "address"]
    assert joined == [("192.168.1.2", "conversation seen with and without a MAC")]
    assert device(both, PLUG).bare_addresses == ("192.168.1.2",)


def test_a_packet_at_both_is_counted_once(tmp_path: Path, both: idletalk.Analysis) -> None:
    once = device(analysis(tmp_path, [*HOME, *SHARED, *ALONE], bare([*HOME[1:4]])), PLUG).traffic.unique
    again = device(both, PLUG).traffic.unique
    assert (again.tx_packets, again.rx_packets) == (once.tx_packets, once.rx_packets)


def test_a_packet_of_which_one_capture_has_the_beginning_only_is_counted_once(
    tmp_path: Path, both: idletalk.Analysis
) -> None:
    cut = device(analysis(tmp_path, [*HOME, *SHARED], bare([*SHARED, *ALONE]), snaplen=72), PLUG).traffic.unique
    whole = device(both, PLUG).traffic.unique
    assert (cut.tx_packets, cut.rx_packets) == (whole.tx_packets, whole.rx_packets)


EMAIL = b'{"email":"someone@home.example","more":"'
WHOLE = EMAIL + b"x" * 100 + b'"}'
SNAPLEN = 90
CUT_BYTES = SNAPLEN - 42  # after the heads of Ethernet, IPv4 and UDP


def said(time: float, content: bytes) -> tuple[float, bytes]:
    return time, made.datagram((PLUG, "192.168.1.2", 40_000), through(OTHER, 7000), content)


def emails(found: idletalk.Analysis) -> float | str | bool | None:
    [one] = [one for one in found.report.findings if one.numbers.get("value_kind") == "email"]
    return one.numbers["messages"]


either_is_first = pytest.mark.parametrize("delay", [-0.0005, 0.0005])


@either_is_first
def test_a_message_that_one_capture_has_cut_is_told_once(tmp_path: Path, delay: float) -> None:
    told = [said(1013.0, WHOLE)]
    found = analysis(tmp_path, [*HOME, *SHARED, *told], bare([*SHARED, *told], delay), snaplen=SNAPLEN)
    assert emails(found) == 1


@either_is_first
def test_messages_that_a_cut_makes_equal_are_told_once_each(tmp_path: Path, delay: float) -> None:
    told = [said(1013.0 + number, EMAIL + b"x" * 50 + b"%d" % number) for number in range(5)]
    found = analysis(tmp_path, [*HOME, *SHARED, *told], bare([*SHARED, *told], delay), snaplen=SNAPLEN)
    assert emails(found) == 5


@either_is_first
def test_what_was_cut_once_and_is_said_by_itself_later_counts(tmp_path: Path, delay: float) -> None:
    told = [said(1013.0, WHOLE)]
    later = [said(1020.0 + number, WHOLE[:CUT_BYTES]) for number in range(10)]
    found = analysis(tmp_path, [*HOME, *SHARED, *told, *later], bare([*SHARED, *told], delay), snaplen=SNAPLEN)
    assert emails(found) == 11


def test_messages_that_begin_alike_without_a_checksum_are_two(tmp_path: Path) -> None:
    # heads of UDP over IPv4 may say zero: no checksum (RFC 768)
    one, two = (said(1013.0, b"status report of the plug: value=%d" % value) for value in (1, 2))
    found = analysis(tmp_path, [*HOME, *SHARED, one], bare([*SHARED, two]))
    rows = found.sql("SELECT content::VARCHAR AS said FROM payloads WHERE NOT is_repeated")
    assert sorted(row["said"][-1] for row in rows if row["said"].startswith("status")) == ["1", "2"]


def test_the_filter_of_a_joined_device_selects_frames_of_both(both: idletalk.Analysis) -> None:
    [frames] = both.sql("SELECT count(*) AS n FROM http_requests WHERE NOT is_repeated")
    assert frames["n"] == 2
    [page] = [line for line in (both.folder / "report.html").read_text().splitlines() if f"eth.addr == {PLUG}" in line][
        :1
    ]
    assert "!eth &amp;&amp; !wlan &amp;&amp; !sll &amp;&amp; ip.addr == 192.168.1.2" in page


def test_the_same_address_in_two_networks_is_two_devices(tmp_path: Path) -> None:
    # at the same time, and both ask for names on fixed ports as every home does
    mdns: Frames = [
        (1011.0, made.datagram((PLUG, "192.168.1.2", 5353), ("01:00:5e:00:00:fb", "224.0.0.251", 5353), b"x" * 12))
    ]
    found = analysis(tmp_path, HOME + SHARED + mdns, bare(mdns + ALONE))
    assert {PLUG, "ip:192.168.1.2"} <= {one.id for one in found.report.devices}


def test_the_same_address_at_another_time_is_another_device(tmp_path: Path) -> None:
    found = analysis(tmp_path, HOME + SHARED, bare(ALONE, delay=7200.0))
    assert {PLUG, "ip:192.168.1.2"} <= {one.id for one in found.report.devices}


def test_an_address_that_moved_between_macs_joins_nothing(tmp_path: Path) -> None:
    moved = (1020.0, made.arp(2, (LAMP, "192.168.1.2"), (PLUG, "192.168.1.1")))
    found = analysis(tmp_path, [*HOME, *SHARED, moved], bare(SHARED + ALONE))
    assert {PLUG, LAMP, "ip:192.168.1.2"} <= {one.id for one in found.report.devices}
    assert not any(fact.kind == "address" for one in found.report.devices for fact in one.facts)


def test_one_conversation_is_enough_for_all_addresses_of_the_network(tmp_path: Path) -> None:
    lamp_alone = (1004.5, made.segment((LAMP, "192.168.1.3", 50_002), through(CLOUD, 443), 7, 2))
    found = analysis(tmp_path, [*HOME, (1020.0, HOME[4][1]), *SHARED], bare([*SHARED, lamp_alone]))
    assert device(found, LAMP).bare_addresses == ("192.168.1.3",)


def answered(conversation: Frames) -> Frames:
    """The same with an answer, where the one request stands twice in its frame."""
    ours, server = (PLUG, "192.168.1.2", 50_000), through(OTHER, 80)
    request = b"GET /a.bin HTTP/1.1\r\nHost: a.example\r\n\r\n" * 2
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 4\r\n\r\nABCD" * 2
    return [
        *conversation[:2],
        (conversation[2][0], made.segment(ours, server, 101, 0x18, request)),
        (conversation[2][0] + 0.1, made.segment(server, ours, 901, 0x18, answer)),
    ]


def test_an_answer_at_both_is_one_response_and_equal_requests_are_two(tmp_path: Path) -> None:
    fetched = answered(SHARED)
    found = analysis(tmp_path, HOME + fetched, bare(fetched))
    [transfer] = found.sql(
        "SELECT sum(responses)::BIGINT AS responses, sum(received_bytes)::BIGINT AS bytes FROM transfers"
    )
    assert (transfer["responses"], transfer["bytes"]) == (2, 8)

"""A frame that the capture holds twice is told twice by the tables of facts, and counted once by judgements."""

from pathlib import Path

import idletalk
from tests import made
from tests.made import LAMP, PLUG


def test_a_query_seen_at_two_interfaces_is_judged_once(tmp_path: Path) -> None:
    said = bytes.fromhex("2300000000000000" + "00" * 40)
    ends = ((PLUG, "192.168.1.2", 123), (LAMP, "192.168.1.3", 123))
    frame = made.datagram(*ends, said)
    one = made.pcap(tmp_path / "one.pcap", [(1.0, frame), (65.0, frame)])
    other = made.pcap(tmp_path / "other.pcap", [(1.0001, frame), (65.0001, frame)])
    analysis = idletalk.analyze([one, other], out=tmp_path / "out")
    [facts] = analysis.sql("SELECT count(*) AS n, count(*) FILTER (is_repeated) AS repeated FROM ntp")
    assert (facts["n"], facts["repeated"]) == (4, 2)
    [judged] = analysis.sql("SELECT sum(requests)::BIGINT AS n FROM time_servers")
    assert judged["n"] == 2


def test_a_frame_that_one_of_two_captures_cuts_is_one(tmp_path: Path) -> None:
    frames = [
        (float(n), made.datagram((PLUG, "192.168.1.2", 4_000), (LAMP, "192.168.1.3", 4_000), bytes([n]) * 400))
        for n in range(1, 6)
    ]
    for shift in (-0.0001, 0.0001):
        one = made.pcap(tmp_path / f"one{shift}.pcap", frames)
        other = made.pcap(tmp_path / f"other{shift}.pcap", [(at + shift, frame) for at, frame in frames], snaplen=96)
        captures = idletalk.analyze([one, other], out=tmp_path / f"out{shift}").report.captures
        assert (captures.packets, captures.unique_packets) == (10, 5)

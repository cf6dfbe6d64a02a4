"""A frame captured at two points: its records are there twice, and the second says that it repeats the first."""

from pathlib import Path

import idletalk
from tests import made
from tests.made import GATEWAY, PLUG


def test_a_record_of_a_frame_captured_twice_says_so(tmp_path: Path) -> None:
    answer = made.datagram(
        (GATEWAY, "192.168.1.1", 53), (PLUG, "192.168.1.2", 5000), made.dns_answer("a.example", "203.0.113.4")
    )
    later = made.datagram(
        (GATEWAY, "192.168.1.1", 53), (PLUG, "192.168.1.2", 5001), made.dns_answer("b.example", "203.0.113.5")
    )
    one = made.pcap(tmp_path / "lan.pcap", [(1.0, answer), (3.0, later)])
    other = made.pcap(tmp_path / "wlan.pcap", [(1.0001, answer), (3.0001, later)])
    analysis = idletalk.analyze([one, other], tmp_path / "out", idletalk.Options(), force=True)
    rows = analysis.sql("SELECT name, is_repeated FROM dns_records ORDER BY time_ns, capture")
    assert [(row["name"], row["is_repeated"]) for row in rows] == [
        ("a.example", False),
        ("a.example", True),
        ("b.example", False),
        ("b.example", True),
    ]

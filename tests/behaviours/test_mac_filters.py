"""Files of one device's frames alone: filtered by its MAC, or of a time in which nobody else spoke?"""

from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, LAMP, PLUG

import idletalk

OWN, ROUTER = (PLUG, "192.168.1.2"), (GATEWAY, "192.168.1.1")
Frames = list[tuple[float, bytes]]
TALK: Frames = [
    (float(n), made.datagram(*ends, b"hello"))
    for n in range(60)
    for ends in [((*OWN, 5_000), (GATEWAY, "198.18.0.9", 7_000)), ((GATEWAY, "198.18.0.9", 7_000), (*OWN, 5_000))]
]
"""An hour of one device."""


def asked(time: float) -> Frames:
    return [(time, made.arp(1, ROUTER, ("00:00:00:00:00:00", OWN[1])))]


def replied(time: float) -> Frames:
    frame = made.arp(2, OWN, ROUTER)
    return [(time + 0.01, made.mac(GATEWAY) + frame[6:])]


def said(place: Path, *files: Frames) -> dict[str, str]:
    paths = [made.pcap(place / f"{n}.pcap", sorted(frames)) for n, frames in enumerate(files)]
    told = idletalk.analyze(paths, place / "out").report.cannot_be_seen
    return {one.kind: one.sentence for one in told if one.kind in ("mac_filter", "one_mac")}


def test_that_merely_nobody_else_spoke_is_no_filter(tmp_path: Path) -> None:
    told = said(tmp_path, [*TALK, *asked(10), *replied(10), *asked(20), *replied(20)])
    # the gateway's question is a frame of its own
    assert told == {}
    (tmp_path / "quiet").mkdir()
    told = said(tmp_path / "quiet", TALK)
    assert told.keys() == {"one_mac"}
    assert "nobody else spoke, or it was filtered by this MAC" in told["one_mac"]


@pytest.mark.parametrize(("times", "kind"), [(1, "one_mac"), (3, "mac_filter")])
def test_answers_to_questions_that_are_not_there_show_a_filter(times: int, kind: str, tmp_path: Path) -> None:
    told = said(tmp_path, [*TALK, *(frame for n in range(times) for frame in replied(10.0 + n))])
    assert told.keys() == {kind}
    assert ("it answers 3 times what nobody is seen to ask" in told[kind]) == (kind == "mac_filter")


def test_searches_that_are_not_there_show_a_filter(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nST: ssdp:all\r\nUSN: uuid:1\r\n\r\n"
    found = [(5.0 + n, made.datagram((*OWN, 1900), (LAMP, "192.168.1.3", 50_000 + n), answer)) for n in range(3)]
    assert said(tmp_path, [*TALK, *found]).keys() == {"mac_filter"}


def test_others_that_call_all_at_the_same_time_in_another_file_show_a_filter(tmp_path: Path) -> None:
    everybody = ("ff:ff:ff:ff:ff:ff", "255.255.255.255", 6_667)
    calls = [(10.5 + n, made.datagram((*ROUTER, 6_000 + n), everybody, b"all")) for n in range(5)]
    told = said(tmp_path, TALK, [*calls, (11.0, made.arp(1, (LAMP, "192.168.1.3"), ("00:00:00:00:00:00", OWN[1])))])
    assert told.keys() == {"mac_filter"}
    assert "others call all of the LAN at the same time in other files" in told["mac_filter"]


def test_what_others_call_at_another_time_shows_nothing(tmp_path: Path) -> None:
    everybody = ("ff:ff:ff:ff:ff:ff", "255.255.255.255", 6_667)
    calls = [(4_000.0 + n, made.datagram((*ROUTER, 6_000 + n), everybody, b"all")) for n in range(5)]
    assert said(tmp_path, TALK, calls).keys() == {"one_mac"}


def test_of_one_direction_no_question_is_missed(tmp_path: Path) -> None:
    sent = [frame for frame in TALK if frame[1][6:12] == made.mac(PLUG)]
    told = said(tmp_path, [*sent, *(frame for n in range(5) for frame in replied(10.0 + n))])
    assert told.keys() == {"one_mac"}

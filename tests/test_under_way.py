"""A connection that was open as the capture began, in the middle of a message: what follows is read all the same."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from idletalk.dissector import dissect
from idletalk.store import Store
from tests.made import GATEWAY, PLUG, ethernet, ip, pcap, tcp

DEVICE, SERVER = (PLUG, "192.168.1.20", 40000), (GATEWAY, "198.51.100.7", 80)
SYN, ACK = 0x02, 0x10
REQUEST = b"GET /second HTTP/1.1\r\nHost: example.test\r\n\r\n"
BODY = bytes(range(256)) * 20
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5120\r\n\r\n" + BODY
RECORD = b"\x17\x03\x03\x00\x30" + bytes(range(100, 148))


def segment(sent: bool, sequence: int, acknowledged: int, flags: int, payload: bytes = b"") -> bytes:
    """A frame of the connection."""
    (mac, address, port), (other_mac, other, other_port) = (DEVICE, SERVER) if sent else (SERVER, DEVICE)
    body = tcp(port, other_port, sequence % 2**32, acknowledged % 2**32, flags, payload)
    return ethernet(mac, other_mac, 0x0800, ip(address, other, 6, body))


def talk(pieces: list[tuple[bool, bytes]], *, began: bool = False) -> Iterator[tuple[float, bytes]]:
    """Frames of a connection; each piece says whether the device sends it."""
    at = {True: 4_000_000_000, False: 4_294_900_000}
    moment = 1.0
    if began:
        yield moment, segment(True, at[True] - 1, 0, SYN)
        yield moment, segment(False, at[False] - 1, at[True], SYN | ACK)
    for sent, piece in pieces:
        for start in range(0, len(piece), 1400):
            part = piece[start : start + 1400]
            moment += 0.01
            yield moment, segment(sent, at[sent], at[not sent], ACK, part)
            at[sent] += len(part)


def opened(tmp_path: Path, frames: Iterator[tuple[float, bytes]]) -> Store:
    dissect([pcap(tmp_path / "made.pcap", list(frames))], tmp_path)
    return Store(tmp_path)


@pytest.mark.parametrize("size", [100, 20_000, 2_000_000], ids=["short", "long", "longer than is kept"])
def test_requests_behind_a_download_under_way_are_read_with_their_answers(size: int, tmp_path: Path) -> None:
    rest = bytes(index * 7 % 251 for index in range(size))
    store = opened(tmp_path, talk([(False, rest), *[(True, REQUEST), (False, RESPONSE)] * 3]))
    try:
        assert [row["uri"] for row in store.ask("FROM http_requests ORDER BY position")] == ["/second"] * 3
        answers = store.ask("SELECT status, request_uri FROM http_responses ORDER BY position")
        assert [(row["status"], row["request_uri"]) for row in answers] == [(200, "/second")] * 3
        bodies = store.ask("SELECT DISTINCT sha256 FROM http_bodies")
        assert [row["sha256"] for row in bodies] == [hashlib.sha256(BODY).hexdigest()]
        flows = store.ask("SELECT application, recognised_by FROM flow_segments")
        assert {(row["application"], row["recognised_by"]) for row in flows} == {("http", "content")}
        assert not list(store.ask("FROM weirds"))
    finally:
        store.close()


LONG = 2_000_000
"""Bytes of a download of which only the first are kept."""


def odd(kind: str) -> list[tuple[float, bytes]]:
    """A long download, and a request whose answer comes in an odd way."""
    rest = bytes(index * 7 % 251 for index in range(LONG))
    frames = list(talk([(False, rest), (True, REQUEST), (False, RESPONSE)]))
    answers = [
        place for place, (_, frame) in enumerate(frames) if frame.endswith(BODY[-100:]) or RESPONSE[:40] in frame
    ]
    first = answers[0]
    moment, asked = frames[first - 1]
    if kind == "a keep-alive before it":
        begins = int.from_bytes(frames[first][1][38:42], "big")
        frames.insert(first, (moment + 0.001, segment(False, begins - 1, 0, ACK, b"\0")))
    elif kind == "its second segment first":
        frames[first : first + 2] = [(frames[first][0], frames[first + 1][1]), (frames[first + 1][0], frames[first][1])]
    elif kind == "old bytes before it":
        frames.insert(first, (moment + 0.001, frames[first - 4][1]))
    assert asked.endswith(REQUEST)
    return frames


@pytest.mark.parametrize("kind", ["a keep-alive before it", "its second segment first", "old bytes before it"])
def test_an_answer_is_read_from_its_first_byte_on(kind: str, tmp_path: Path) -> None:
    store = opened(tmp_path, iter(odd(kind)))
    try:
        assert [row["status"] for row in store.ask("FROM http_responses")] == [200]
        assert [row["sha256"] for row in store.ask("FROM http_bodies")] == [hashlib.sha256(BODY).hexdigest()]
        assert not list(store.ask("FROM weirds"))
    finally:
        store.close()


def test_records_behind_the_middle_of_others_are_tls(tmp_path: Path) -> None:
    rest = b"\x5a" * 40_000
    store = opened(tmp_path, talk([(False, rest), *[(True, RECORD), (False, RECORD)] * 2]))
    try:
        flows = store.ask("SELECT DISTINCT application, recognised_by FROM flow_segments")
        assert [(row["application"], row["recognised_by"]) for row in flows] == [("tls", "content")]
    finally:
        store.close()


def test_what_was_foreign_from_its_start_stays_so(tmp_path: Path) -> None:
    hello = b"\xf5\x01hello of nobody"
    store = opened(
        tmp_path,
        talk([(True, hello), (False, hello), *[(True, hello * 9)] * 9, (False, hello), (True, REQUEST)], began=True),
    )
    try:
        assert not list(store.ask("FROM http_requests"))
        assert {row["application"] for row in store.ask("FROM flow_segments")} == {None}
    finally:
        store.close()

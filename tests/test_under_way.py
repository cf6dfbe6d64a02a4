"""A connection that was open as the capture began, in the middle of a message: what follows is read all the same."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from idletalk.dissector import dissect
from idletalk.store import Store
from tests.made import GATEWAY, PLUG, pcap, segment

DEVICE, SERVER = (PLUG, "192.168.1.20", 40000), (GATEWAY, "198.51.100.7", 80)
SYN, ACK = 0x02, 0x10
REQUEST = b"GET /second HTTP/1.1\r\nHost: example.test\r\n\r\n"
BODY = bytes(range(256)) * 20
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5120\r\n\r\n" + BODY
RECORD = b"\x17\x03\x03\x00\x30" + bytes(range(100, 148))


def talk(pieces: list[tuple[bool, bytes]], *, began: bool = False) -> Iterator[tuple[float, bytes]]:
    """Frames of a connection; each piece says whether the device sends it."""
    at = {True: 4_000_000_000, False: 4_294_900_000}
    moment = 1.0
    if began:
        yield moment, segment(DEVICE, SERVER, at[True] - 1, SYN)
        yield moment, segment(SERVER, DEVICE, at[False] - 1, SYN | ACK)
    for sent, piece in pieces:
        for start in range(0, len(piece), 1400):
            part = piece[start : start + 1400]
            moment += 0.01
            yield moment, segment(*((DEVICE, SERVER) if sent else (SERVER, DEVICE)), at[sent], ACK, part)
            at[sent] = (at[sent] + len(part)) % 2**32


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

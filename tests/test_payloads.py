"""What nobody claims is kept: whole, in its place, once, and within bounds."""

from pathlib import Path
from typing import Any

from idletalk.dissector import dissect
from idletalk.store import Store
from tests.made import GATEWAY, PLUG, datagram, pcap, segment

DEVICE = (PLUG, "192.168.1.20", 40000)
SERVER = (GATEWAY, "198.51.100.7", 6001)
SYN, ACK, PSH = 0x02, 0x10, 0x18


def rows(tmp_path: Path, frames: list[tuple[float, bytes]], query: str) -> list[dict[str, Any]]:
    dissect([pcap(tmp_path / "made.pcap", frames)], tmp_path)
    store = Store(tmp_path)
    try:
        return list(store.ask(query))
    finally:
        store.close()


def stream(pieces: list[bytes], start: int = 1000) -> list[tuple[float, bytes]]:
    frames = [(1.0, segment(DEVICE, SERVER, start, SYN)), (1.1, segment(SERVER, DEVICE, 5000, SYN | ACK))]
    at = start + 1
    for second, piece in enumerate(pieces):
        frames.append((2.0 + second, segment(DEVICE, SERVER, at, PSH, piece)))
        at += len(piece)
    return frames


def test_a_stream_that_nobody_knows_is_kept_to_its_last_byte(tmp_path: Path) -> None:
    pieces = [b"\xf5\x01hello serial 4711 ", *(f"message {n} ".encode() for n in range(20))]
    found = rows(tmp_path, stream(pieces), "SELECT stream_offset, content FROM payloads ORDER BY stream_offset")
    told = bytearray(len(b"".join(pieces)))
    for row in found:
        told[row["stream_offset"] : row["stream_offset"] + len(row["content"])] = row["content"]
    assert bytes(told) == b"".join(pieces)
    assert sum(len(row["content"]) for row in found) == len(told)


def test_a_short_stream_is_kept_when_it_ends(tmp_path: Path) -> None:
    found = rows(tmp_path, stream([b"\xf5\x01ab"]), "SELECT content, times FROM payloads")
    assert found == [{"content": b"\xf5\x01ab", "times": 1}]


def test_bytes_that_came_out_of_order_stand_in_their_place(tmp_path: Path) -> None:
    frames = stream([b"\xf5first", b"second", b"third."])
    frames[3], frames[4] = (3.0, frames[4][1]), (4.0, frames[3][1])
    found = rows(tmp_path, frames, "SELECT stream_offset, content FROM payloads ORDER BY stream_offset")
    assert b"".join(row["content"] for row in found) == b"\xf5firstsecondthird."


def test_the_same_datagram_is_kept_once_and_counted(tmp_path: Path) -> None:
    frames = [(float(n), datagram(DEVICE, SERVER, b"\xf5beacon")) for n in range(1, 31)]
    found = rows(tmp_path, frames, "SELECT content, times, frame, last_frame, last_ns FROM payloads")
    assert found == [{"content": b"\xf5beacon", "times": 30, "frame": 1, "last_frame": 30, "last_ns": 30 * 10**9}]


def test_what_a_parser_reads_is_not_kept(tmp_path: Path) -> None:
    frames = stream([b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"])
    assert rows(tmp_path, frames, "SELECT * FROM payloads") == []


def test_too_much_of_one_flow_is_counted_and_left_out(tmp_path: Path) -> None:
    frames = [(n / 100, datagram(DEVICE, SERVER, n.to_bytes(4, "big") * 300)) for n in range(400)]
    kept = rows(tmp_path, frames, "SELECT count(*) AS n, sum(octet_length(content)) AS bytes FROM payloads")[0]
    assert kept["bytes"] <= 256 << 10
    omitted = rows(tmp_path, frames, "SELECT carrier, sum(bytes) AS bytes FROM payloads_omitted GROUP BY ALL")
    assert omitted[0]["carrier"] == "udp"
    assert omitted[0]["bytes"] > 0

"""TCP made to hurt: what is read of it, what is said to be odd, and that tshark reads the same requests."""

import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from idletalk import _core
from tests import made

HERE, THERE = ("02:00:00:00:00:11", "10.1.0.1", 50_123), ("02:00:00:00:00:22", "10.0.0.9", 8080)
FIN, SYN, RST, ACK = 1, 2, 4, 16
FIRST, SECOND = (
    b"POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
    b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n",
)
WRAP = 2**32

Segment = tuple[int, int, bytes]
"""Distance from the first byte of the stream, flags, payload; all sent by the client."""

IN_ORDER: list[Segment] = [(-1, SYN, b""), (0, ACK, FIRST), (len(FIRST), ACK, SECOND)]
END = len(FIRST) + len(SECOND)
CASES: dict[str, tuple[list[Segment], dict[str, str]]] = {
    "in order": (IN_ORDER, {}),
    "the second first": ([IN_ORDER[0], IN_ORDER[2], IN_ORDER[1]], {}),
    "sent again in other pieces": ([*IN_ORDER, (5, ACK, (FIRST + SECOND)[5:40])], {}),
    "a copy with two other bytes": ([*IN_ORDER[:2], (55, ACK, b"XY"), IN_ORDER[2]], {"tcp_conflict": "2 bytes"}),
    "other bytes before and new ones after": (
        [*IN_ORDER[:2], (len(FIRST) - 3, ACK, b"XXX" + SECOND)],
        {"tcp_conflict": "3 bytes"},
    ),
    "copies beyond a hole": (
        [IN_ORDER[0], (20, ACK, FIRST[20:40]), (30, ACK, b"?" * 10 + FIRST[40:]), (0, ACK, FIRST[:20]), IN_ORDER[2]],
        {"tcp_conflict": "10 bytes"},
    ),
    "a keep-alive with a byte": ([*IN_ORDER[:2], (len(FIRST) - 1, ACK, b"\0"), IN_ORDER[2]], {}),
    "no handshake": (IN_ORDER[1:], {}),
    "a handshake with bytes": ([(-1, SYN, FIRST), IN_ORDER[2]], {}),
    "an end before its last bytes": ([*IN_ORDER[:2], (END, FIN | ACK, b""), IN_ORDER[2]], {}),
    "bytes after a reset": ([*IN_ORDER[:2], (len(FIRST), RST, b""), IN_ORDER[2]], {}),
    "a lost segment that nobody sent again": (
        [*IN_ORDER, (END + 700, ACK, SECOND)],
        {"tcp_gap": "700 bytes"},
    ),
}


@pytest.mark.parametrize("base", [1000, WRAP - 40], ids=["", "wrap"])
@pytest.mark.parametrize("name", CASES)
def test_requests_and_oddities(name: str, base: int, tmp_path: Path) -> None:
    segments, oddities = CASES[name]
    frames = [made.segment(HERE, THERE, (base + place) % WRAP, flags, payload) for place, flags, payload in segments]
    if segments[0][1] & SYN:
        frames.insert(1, made.segment(THERE, HERE, 5000, SYN | ACK))
    capture = made.pcap(tmp_path / "in.pcap", [(1.0 + index / 100, frame) for index, frame in enumerate(frames)])
    (tmp_path / "tables").mkdir()
    _core.dissect([capture], tmp_path / "tables", threads=1)

    def ask(query: str) -> list[tuple[str, str]]:
        return duckdb.execute(query.replace("$", f"{tmp_path}/tables/")).fetchall()

    uris = [uri for uri, _ in ask("SELECT uri, position FROM '$http_requests.parquet' ORDER BY position")]
    assert uris == ["/first", "/second", *(["/second"] if "tcp_gap" in oddities else [])]
    assert dict(ask("SELECT kind, detail FROM '$weirds.parquet' WHERE protocol = 'tcp'")) == oddities
    assert ask("SELECT is_complete, first_bytes FROM '$http_bodies.parquet'") == [(True, b"0123456789")]
    if shutil.which("tshark"):
        command = ["tshark", "-r", capture, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri"]
        # where the order was not that of the stream Wireshark puts it right only when it is asked to
        command += ["-o", "tcp.reassemble_out_of_order:TRUE", "-d", f"tcp.port=={THERE[2]},http"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        # asked to wait for the lost segment it never gives what follows
        assert said.replace(",", "\n").split() == uris[:2]

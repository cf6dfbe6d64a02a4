"""What speaks of updates beside a download: files that never came, questions for versions, downloads that nobody can read."""

from pathlib import Path

import pytest

import idletalk
from tests import made
from tests.conftest import ROOT
from tests.made import GATEWAY, PLUG

SHARED = ROOT.parent / "shared" / "captures"
HERE, THERE = (PLUG, "192.168.1.9", 40000), (GATEWAY, "198.51.100.7", 80)
SYN, ACK, SYN_ACK = 2, 16, 18


def exchange(request: bytes, answers: list[bytes], seconds: float = 0.0) -> list[tuple[float, bytes]]:
    """A TCP connection: handshake, a request, the answers in segments."""
    frames = [made.segment(HERE, THERE, 99, SYN), made.segment(THERE, HERE, 499, SYN_ACK)]
    frames.append(made.segment(HERE, THERE, 100, ACK, request))
    frames.append(made.segment(THERE, HERE, 500, ACK))
    place = 500
    for answer in answers:
        frames.append(made.segment(THERE, HERE, place, ACK, answer))
        place += len(answer)
    return [(seconds + index * 0.01, frame) for index, frame in enumerate(frames)]


def analyzed(tmp_path: Path, frames: list[tuple[float, bytes]]) -> idletalk.Analysis:
    return idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out", force=True)


def failed(found: idletalk.Analysis) -> list[tuple[str, str, str]]:
    rows = found.sql("SELECT protocol, target, outcome FROM failed_transfers ORDER BY ALL")
    return [(row["protocol"], row["target"], row["outcome"]) for row in rows]


def test_a_file_that_nobody_sends_is_a_transfer_that_failed(tmp_path: Path) -> None:
    request = b"GET /ota/plug-2.bin HTTP/1.1\r\nHost: ota.example\r\n\r\n"
    found = analyzed(tmp_path, exchange(request, []))
    assert failed(found) == [("http", "/ota/plug-2.bin", "never answered")]
    [finding] = [one for one in found.report.findings if one.kind.startswith("update-")]
    assert (finding.kind, finding.evidence.frames) == ("update-unanswered", 1)
    assert [row.kind for row in found.report.conclusions.updates or ()] == ["failed"]


def test_an_error_is_told_with_its_number_and_a_page_is_no_update(tmp_path: Path) -> None:
    request = b"GET /firmware/new.bin HTTP/1.1\r\nHost: a.example\r\n\r\n"
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    found = analyzed(tmp_path, exchange(request, [answer]))
    assert failed(found) == [("http", "/firmware/new.bin", "status 404")]
    assert "update-refused" in {one.kind for one in found.report.findings}
    found = analyzed(tmp_path, exchange(request.replace(b"/firmware/new.bin", b"/index.html"), [answer]))
    assert failed(found) == [("http", "/index.html", "status 404")]
    assert not [one for one in found.report.findings if one.kind.startswith("update-")]


def test_a_challenge_that_is_answered_is_no_refusal_and_its_answer_no_token(tmp_path: Path) -> None:
    request = b"GET /p2p/update?version=2.5 HTTP/1.1\r\nHost: a.example\r\n"
    proof = (
        b'X-DeviceAuth: mac="00:00:00:00:00:01",variable="69230127d8ccf024",auth="1a965000e4d5e06c5c7b498de82aa85e"\r\n'
    )
    challenge = (
        b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic DeviceAuth method=0,domain="p2p.example",variable="69230127d8ccf024"\r\n'
        b"Content-Length: 0\r\n\r\n"
    )
    frames = [
        made.segment(HERE, THERE, 100, ACK, request + b"\r\n"),
        made.segment(THERE, HERE, 500, ACK, challenge),
        made.segment(HERE, THERE, 100 + len(request) + 2, ACK, request + proof + b"\r\n"),
        made.segment(THERE, HERE, 500 + len(challenge), ACK, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ]
    found = analyzed(tmp_path, list(enumerate(frames)))
    assert {"update-refused", "exposed-credential"} & {one.kind for one in found.report.findings} == set()
    unasked = analyzed(tmp_path, list(enumerate([frames[0], frames[2]])))
    assert "exposed-credential" in {one.kind for one in unasked.report.findings}
    refused = analyzed(tmp_path, list(enumerate(frames[:2])))
    assert "update-refused" in {one.kind for one in refused.report.findings}


def test_a_name_beside_an_answered_challenge_may_be_a_password_elsewhere(tmp_path: Path) -> None:
    request = b"GET /cgi HTTP/1.1\r\nHost: cam.example\r\n"
    proof = (
        b'X-DeviceAuth: user="hunter22hunter",variable="69230127d8ccf024",auth="1a965000e4d5e06c5c7b498de82aa85e"\r\n'
    )
    challenge = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: DeviceAuth variable="69230127d8ccf024"\r\nContent-Length: 0\r\n\r\n'
    told = b'{"password":"hunter22hunter"}'
    other = (HERE[0], HERE[1], 41_000), (THERE[0], "198.51.100.99", 80)
    post = (
        b"POST /in HTTP/1.1\r\nHost: b.example\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(told)
    )
    frames = [
        made.segment(HERE, THERE, 100, ACK, request + b"\r\n"),
        made.segment(THERE, HERE, 500, ACK, challenge),
        made.segment(HERE, THERE, 100 + len(request) + 2, ACK, request + proof + b"\r\n"),
        made.segment(*other, 100, ACK, post + told),
    ]
    found = analyzed(tmp_path, list(enumerate(frames)))
    peers = {one.peer for one in found.report.findings if one.kind == "exposed-credential"}
    assert "198.51.100.99" in peers


def test_where_one_direction_is_missing_nothing_is_said(tmp_path: Path) -> None:
    request = b"GET /ota/plug-2.bin HTTP/1.1\r\nHost: ota.example\r\n\r\n"
    one_way = [(t, frame) for t, frame in exchange(request, []) if frame[6:12] == made.mac(PLUG)]
    assert failed(analyzed(tmp_path, one_way)) == []


def test_a_tftp_request_without_an_answer_is_a_finding_and_one_with_data_is_none(tmp_path: Path) -> None:
    server = (GATEWAY, "192.0.2.9", 69)
    request = made.datagram(HERE, server, b"\0\x01boot.img\0octet\0")
    found = analyzed(tmp_path, [(0.0, request), (5.0, request)])
    assert failed(found) == [("tftp", "boot.img", "never answered")]
    block = made.datagram((GATEWAY, "192.0.2.9", 3000), HERE, b"\0\x03\0\x01abc")
    assert failed(analyzed(tmp_path, [(0.0, request), (0.1, block)])) == []


def test_a_question_for_a_version_is_told_and_brings_no_update(tmp_path: Path) -> None:
    request = b"GET /firmware/latest?model=x HTTP/1.1\r\nHost: a.example\r\n\r\n"
    answer = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"latest":"1.2"}\n'
    found = analyzed(tmp_path, exchange(request, [answer]))
    [row] = list(found.report.conclusions.updates or ())
    assert (row.kind, row.checks) == ("none", ("http to a.example /firmware/latest (1 time)",))


def hello(name: bytes) -> bytes:
    """A ClientHello record with a server name."""
    sni = b"\0\0" + (len(name) + 5).to_bytes(2) + (len(name) + 3).to_bytes(2) + b"\0" + len(name).to_bytes(2) + name
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + len(sni).to_bytes(2) + sni
    message = b"\x01" + len(body).to_bytes(3) + body
    return b"\x16\x03\x01" + len(message).to_bytes(2) + message


def tls(seconds: float, port: int, size: int) -> list[tuple[float, bytes]]:
    """A TLS connection that brings so many bytes."""
    here, there = (PLUG, "192.168.1.9", port), (GATEWAY, "198.51.100.7", 443)
    frames = [made.segment(here, there, 99, SYN), made.segment(there, here, 499, SYN_ACK)]
    frames.append(made.segment(here, there, 100, ACK, hello(b"files.example")))
    record = b"\x17\x03\x03\x05\x00" + bytes(1280)
    frames += [made.segment(there, here, 500 + n * len(record), ACK, record) for n in range(size // len(record))]
    return [(seconds + index * 0.001, frame) for index, frame in enumerate(frames)]


def test_a_large_download_over_tls_is_possible_and_not_certain(tmp_path: Path) -> None:
    found = analyzed(tmp_path, tls(0, 40001, 300_000))
    [row] = list(found.report.conclusions.updates or ())
    assert (row.kind, row.server, row.transport, row.seen) == ("possible", "files.example", "tls", False)
    assert "Possibly" in row.sentence and "rare" not in row.sentence, "nothing is rare in less than a second"
    assert [one.severity for one in found.report.findings if one.kind == "update-possible"] == ["note"]


def test_what_comes_again_and_again_over_tls_is_no_update(tmp_path: Path) -> None:
    often = [frame for n in range(5) for frame in tls(n * 1800.0, 40001 + n, 300_000)]
    assert analyzed(tmp_path, often).sql("FROM possible_updates") == []


def test_little_over_tls_is_no_update(tmp_path: Path) -> None:
    assert analyzed(tmp_path, tls(0, 40001, 20_000)).sql("FROM possible_updates") == []


def test_the_camera_that_asks_a_host_of_another_network_is_told(tmp_path: Path) -> None:
    capture = SHARED / "homes" / "iot-sentinel" / "EdnetCam2" / "Setup-C-3-STA.pcap"
    if not capture.exists():
        pytest.skip("needs captures of others in ../shared")
    found = idletalk.analyze([capture], tmp_path / "out")
    [finding] = [one for one in found.report.findings if one.kind == "update-unanswered"]
    assert finding.peer == "192.168.1.13"
    assert "/update.sh" in finding.sentence

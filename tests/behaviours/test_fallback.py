"""What is used when a connection fails: also when TLS fails in it; what merely comes next is no fallback."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import made
from tests.behaviours.test_failed_handshakes import ACK, UNKNOWN_CA, alert, hello
from tests.confirm_findings import outcomes
from tests.made import GATEWAY, PLUG

import idletalk
from idletalk.model import Finding

Frames = list[tuple[float, bytes]]
RESET, END = 4, 17
REQUEST = b"GET /state HTTP/1.1\r\nHost: plain.example\r\n\r\n"
CERTIFICATES = b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"


def connection(begin: float, host: int, port: int, *said: tuple[bool, int, bytes]) -> Frames:
    """An accepted connection, and who then says what: the device (true) or the host, flags and bytes."""
    here = (PLUG, "192.168.1.2", 20_000 + round(begin * 10) % 40_000)
    there = (GATEWAY, f"203.0.113.{host}", port)
    exchange = [made.segment(here, there, 1, 2), made.segment(there, here, 1, 18)]
    sequence = {True: 2, False: 2}
    for by_device, flags, content in said:
        exchange.append(
            made.segment(*((here, there) if by_device else (there, here)), sequence[by_device], flags, content)
        )
        sequence[by_device] += len(content)
    return [(begin + step / 100, frame) for step, frame in enumerate(exchange)]


def mistrusted(begin: float, host: int = 1) -> Frames:
    """The host ends the connection after the device has called the next one."""
    frames = connection(
        begin, host, 443, (True, ACK, hello()), (False, ACK, CERTIFICATES), (True, ACK, alert(UNKNOWN_CA))
    )
    late = connection(begin, host, 443, (False, END, b""))[-1][1]
    return [*frames, (begin + 1.0, late)]


def hung_up(begin: float, host: int = 1) -> Frames:
    return connection(begin, host, 443, (True, ACK, hello()), (False, RESET, b""))


def refused(begin: float, host: int = 1) -> Frames:
    here, there = (PLUG, "192.168.1.2", 20_000 + round(begin * 10) % 40_000), (GATEWAY, f"203.0.113.{host}", 443)
    return [(begin, made.segment(here, there, 1, 2)), (begin + 0.01, made.segment(there, here, 0, 20))]


def plain(begin: float, host: int = 9) -> Frames:
    return connection(begin, host, 80, (True, ACK, REQUEST), (False, ACK, b"HTTP/1.1 204 No Content\r\n\r\n"))


def fallbacks(tmp_path: Path, *frames: Frames) -> list[Finding]:
    file = made.pcap(tmp_path / "in.pcap", sorted(frame for some in frames for frame in some))
    analysis = idletalk.analyze([file], tmp_path / "out")
    if shutil.which("sharkd") and shutil.which("mergecap"):
        assert not [(one.id, n) for one, outcome, n in outcomes(analysis, [file]) if outcome == "wrong"]
    return [one for one in analysis.report.findings if one.kind.startswith("fallback")]


@pytest.mark.parametrize("fails", [mistrusted, hung_up])
def test_what_is_said_in_clear_after_tls_failed_is_a_fallback(fails: Callable[[float], Frames], tmp_path: Path) -> None:
    [finding] = fallbacks(tmp_path, *(fails(300.0 * n) + plain(300.0 * n + 0.5) for n in range(1, 5)))
    assert (finding.kind, finding.device, finding.peer) == ("fallback-in-clear", PLUG, "203.0.113.9")
    assert "When TLS with 203.0.113.1 at TCP port 443 fails" in finding.sentence
    assert finding.sentence.endswith("by HTTP, in clear: 4 of 4 times.")
    assert (finding.numbers["tls_failures"], finding.evidence.frames) == (4, 8)


def test_several_failures_before_another_is_used_are_told_with_how_often_that_is(tmp_path: Path) -> None:
    [finding] = fallbacks(
        tmp_path,
        *(
            refused(300.0 * n) + refused(300.0 * n + 2) + refused(300.0 * n + 4) + plain(300.0 * n + 5)
            for n in range(1, 4)
        ),
    )
    assert finding.sentence.endswith("9 of 9 times, with 3 connections.")
    assert finding.evidence.frames == 12


def test_another_place_that_was_used_once_after_many_failures_is_none(tmp_path: Path) -> None:
    assert fallbacks(tmp_path, *(refused(100.0 + n) for n in range(4)), plain(110.0)) == []


def test_of_several_that_fail_the_last_one_is_what_another_stands_in_for(tmp_path: Path) -> None:
    rounds = [
        [*(frame for host in (1, 2, 3) for frame in mistrusted(300.0 * n + host, host)), *plain(300.0 * n + 5)]
        for n in range(1, 5)
    ]
    assert [one.subject for one in fallbacks(tmp_path, *rounds)] == ["203.0.113.3 tcp/443"]


def test_a_question_to_a_name_server_by_tcp_is_none(tmp_path: Path) -> None:
    message = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + made.dns_name("a.example") + b"\x00\x01\x00\x01"
    asked = len(message).to_bytes(2, "big") + message
    rounds = [mistrusted(300.0 * n) + connection(300.0 * n + 2, 8, 53, (True, ACK, asked)) for n in range(1, 5)]
    assert fallbacks(tmp_path, *rounds) == []

"""TLS that fails again and again is told, with who ends it, how, and whether it ever succeeds."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, PLUG

import idletalk
from idletalk.filters import FEWER
from idletalk.model import Finding

ACK = 24
UNKNOWN_CA, HANDSHAKE_FAILURE, CLOSE_NOTIFY, USER_CANCELED = 48, 40, 0, 90


def hello() -> bytes:
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x00\x2f" + b"\x01\0"
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(handshake)) + handshake


def alert(description: int) -> bytes:
    return b"\x15\x03\x03\x00\x02\x02" + bytes([description])


def failing(
    host: int, times: int, description: int, *, by_server: bool = False, port: int = 443, later: int = 0
) -> list[tuple[float, bytes]]:
    frames: list[tuple[float, bytes]] = []
    for n in range(times):
        here, there = (PLUG, "192.168.1.2", 40_000 + 10 * host + n + later + port), (GATEWAY, f"203.0.113.{host}", port)
        ends = (there, here, 2) if by_server else (here, there, 2 + len(hello()))
        exchange = [
            made.segment(here, there, 1, 2),
            made.segment(there, here, 1, 18),
            made.segment(here, there, 2, ACK, hello()),
            made.segment(there, here, 2, 16),
            made.segment(*ends, ACK, alert(description)),
        ]
        frames += [(host * 60 + n + later + step / 100, frame) for step, frame in enumerate(exchange)]
    return frames


def told(tmp_path: Path, *frames: list[tuple[float, bytes]]) -> list[Finding]:
    every = sorted(frame for some in frames for frame in some)
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", every)], tmp_path / "out")
    return list(found.findings(kind="tls-failed"))


def test_a_certificate_that_a_device_does_not_accept_is_told(tmp_path: Path) -> None:
    [finding] = told(tmp_path, failing(1, 4, UNKNOWN_CA))
    assert (finding.device, finding.peer, finding.evidence.frames) == (PLUG, "203.0.113.1", 4)
    assert finding.numbers["succeeded"] == 0
    assert "the device says unknown_ca and does not accept the certificate; none succeeded." in finding.sentence


def test_who_ends_it_is_told(tmp_path: Path) -> None:
    [finding] = told(tmp_path, failing(1, 3, HANDSHAKE_FAILURE, by_server=True))
    assert "; the server says handshake_failure; none succeeded." in finding.sentence


@pytest.mark.parametrize(("times", "description"), [(2, UNKNOWN_CA), (5, CLOSE_NOTIFY)])
def test_twice_is_no_habit_and_a_farewell_no_failure(times: int, description: int, tmp_path: Path) -> None:
    assert told(tmp_path, failing(1, times, description)) == []


def test_where_it_is_so_everywhere_that_is_said(tmp_path: Path) -> None:
    findings = told(tmp_path, *(failing(host, 3, UNKNOWN_CA) for host in (1, 2, 3)))
    assert [finding.sentence.count("the same at 2 other hosts") for finding in findings] == [1, 1, 1]


def test_two_ports_of_a_host_are_no_other_hosts(tmp_path: Path) -> None:
    findings = told(tmp_path, *(failing(1, 3, UNKNOWN_CA, port=port) for port in (443, 8443, 8883)))
    assert [" other hosts" in finding.sentence for finding in findings] == [False, False, False]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark (Debian: tshark)")
@pytest.mark.parametrize("port", [443, 5060])
def test_the_filter_selects_no_farewells(port: int, tmp_path: Path) -> None:
    """Also where Wireshark takes the connection for another protocol, by its port."""
    endings = ((3, UNKNOWN_CA), (2, CLOSE_NOTIFY), (2, USER_CANCELED))
    frames = [failing(1, times, ending, port=port, later=10 * n) for n, (times, ending) in enumerate(endings)]
    [finding] = told(tmp_path, *frames)
    command = ["tshark", "-r", str(tmp_path / "in.pcap"), "-Y", finding.evidence.filter]
    selected = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(selected) == finding.evidence.frames == 3


def test_what_wireshark_takes_for_another_protocol_by_the_clients_port_is_said_to_be_left_out(tmp_path: Path) -> None:
    frames = [
        (100.0 + 10 * n + step / 100, frame)
        for n, port in enumerate((3_689, 5_001, 5_003, 5_004))
        for here, there in [((PLUG, "192.168.1.2", port), (GATEWAY, "203.0.113.1", 8_443))]
        for step, frame in enumerate(
            [
                made.segment(here, there, 1, 2),
                made.segment(there, here, 1, 18),
                made.segment(here, there, 2, ACK, hello()),
                made.segment(there, here, 2, 16),
                made.segment(here, there, 2 + len(hello()), ACK, alert(UNKNOWN_CA)),
            ]
        )
    ]
    [finding] = told(tmp_path, frames)
    assert finding.evidence.frames == 4
    assert FEWER in (finding.evidence.filter_note or "")
    # the ports of most clients are higher than any server's
    (tmp_path / "ordinary").mkdir()
    [finding] = told(tmp_path / "ordinary", failing(1, 4, UNKNOWN_CA, port=8_443))
    assert FEWER not in (finding.evidence.filter_note or "")

"""A short run of the lab: it is closed, leaves nothing behind, and its truth fits its capture."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from lab.needs import missing
from tests.lab import early

CLOSE_NOTIFY_BYTES = 24
"""A close alert of TLS 1.3 as a record (RFC 8446 5.2 and 6.1): head, alert, type and tag of 16 bytes."""

REPOSITORY = Path(__file__).parents[2]
UDP_HEAD_BYTES = 8
SERVERS_RUN = 6
"""Processes below a run when it has begun to start its servers: two of its own, and some of these."""
PATIENCE_S = 20

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"the lab cannot run: {missing()}")


def lab(*arguments: str) -> list[str]:
    """The command line of the lab."""
    return [sys.executable, "-m", "lab", *arguments]


def members(pid: int) -> list[int]:
    """Processes that descend from this one."""
    found = [pid]
    for parent in found:
        # one that has ended meanwhile has none
        with suppress(OSError):
            found += [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return found[1:]


@pytest.fixture(scope="module")
def finished(begun: None) -> Path:
    """The folder of one short run."""
    return early.finished("short")


@pytest.fixture(scope="module")
def truth(finished: Path) -> dict[str, Any]:
    """What the devices wrote down."""
    return json.loads((finished / "truth.json").read_text())


@pytest.fixture(scope="module")
def raw(finished: Path) -> bytes:
    """All captured bytes."""
    return b"".join(gzip.decompress(path.read_bytes()) for path in sorted(finished.glob("*.pcap.gz")))


def test_nothing_of_the_lab_is_left(begun: None) -> None:
    for run in (name for lane in early.LANES for name in lane):
        early.finished(run)
    assert early.outside() == early.outside_before()


def test_every_device_has_an_address_and_talked(truth: dict[str, Any]) -> None:
    for device in truth["devices"]:
        assert device["ips"], device["name"]
        if device["under_test"]:
            assert device["peers"], device["name"]


def test_every_device_is_in_the_capture(truth: dict[str, Any], raw: bytes) -> None:
    for device in truth["devices"]:
        assert bytes.fromhex(device["mac"].replace(":", "")) in raw, device["name"]


def test_cameras_told_their_serial_in_clear(truth: dict[str, Any]) -> None:
    for device in truth["devices"]:
        if device["program"] == "camera":
            assert {"serial"} <= {told["kind"] for told in device["told"]}


def test_the_door_sensor_is_refused_dns(truth: dict[str, Any]) -> None:
    door = next(device for device in truth["devices"] if device["name"] == "door")
    assert {row["outcome"] for row in door["dns"]} == {"refused"}


def test_no_address_of_the_real_internet_was_contacted(truth: dict[str, Any]) -> None:
    own = ("192.168.", "198.18.", "198.19.", "2001:db8:", "fe80:", "ff0", "224.", "239.", "255.")
    for device in truth["devices"]:
        for peer in device["peers"]:
            assert peer["peer"].startswith(own), peer


def captured_payload(files: list[Path]) -> Counter[tuple[str, str, str]]:
    """TCP and UDP payload bytes by protocol, source and destination, as tshark counts them."""
    fields = ["ip.src", "ip.dst", "tcp.len", "tcp.analysis.retransmission", "udp.length"]
    options = [word for field in fields for word in ("-e", field)]
    found: Counter[tuple[str, str, str]] = Counter()
    for path in files:
        lines = subprocess.run(
            ["tshark", "-r", str(path), "-Y", "ip && !icmp", "-T", "fields", *options],
            check=True, capture_output=True, text=True,
        ).stdout.splitlines()  # fmt: skip
        for source, target, segment, again, datagram in (line.split("\t") for line in lines):
            if segment and not again:
                found["tcp", source, target] += int(segment)
            elif datagram:
                found["udp", source, target] += int(datagram) - UDP_HEAD_BYTES
    return found


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_bytes_with_every_internet_peer_equal_those_that_tshark_counts(truth: dict[str, Any], finished: Path) -> None:
    captured = captured_payload(sorted(finished.glob("*.pcap.gz")))
    told: Counter[tuple[str, str, str]] = Counter()
    for device in (row for row in truth["devices"] if row["under_test"]):
        for peer in device["peers"]:
            if peer["peer"].startswith(("198.18.", "198.19.")) and peer["protocol"] != "icmp":
                here, there = device["ips"][0], peer["peer"]
                told[peer["protocol"], here, there] += peer["sent_bytes"]
                told[peer["protocol"], there, here] += peer["received_bytes"]
    assert len(told) > 20
    beyond = {key: captured[key] - count for key, count in told.items() if captured[key] != count}
    # the MQTT library ends TLS as it closes the socket, behind the back of the device's journal
    ended = {s["peer"] for device in truth["devices"] for s in device["mqtt"] if not s["in_clear"]}
    assert all(there in ended and more == CLOSE_NOTIFY_BYTES for (_, _, there), more in beyond.items()), beyond


@pytest.mark.parametrize(
    ("number", "whom"),
    [(signal.SIGINT, "all"), (signal.SIGTERM, "outer"), (signal.SIGKILL, "outer"), (signal.SIGKILL, "inner")],
)
def test_an_interrupted_or_crashed_run_takes_everything_with_it(
    number: signal.Signals, whom: str, tmp_path: Path
) -> None:
    before = early.outside()
    run = subprocess.Popen(lab("run", "--out", str(tmp_path), *early.SHORT), cwd=REPOSITORY,
                           stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    until = time.monotonic() + PATIENCE_S
    while len(children := members(run.pid)) < SERVERS_RUN and time.monotonic() < until:
        time.sleep(0.1)
    assert len(children) >= SERVERS_RUN
    unshare, conductor = children[:2]
    assert b"unshare" in Path(f"/proc/{unshare}/cmdline").read_bytes()
    match whom:
        case "all":  # as a terminal does
            os.killpg(run.pid, number)
        case "outer":
            run.send_signal(number)
        case _:
            os.kill(conductor, number)
    assert run.wait(PATIENCE_S) != 0
    until = time.monotonic() + PATIENCE_S
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert early.outside() == before

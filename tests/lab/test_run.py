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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab.needs import missing

CLOSE_NOTIFY_BYTES = 24
"""A close alert of TLS 1.3 as a record (RFC 8446 5.2 and 6.1): head, alert, type and tag of 16 bytes."""

REPOSITORY = Path(__file__).parents[2]
SHORT = ["--minutes", "0.15", "--rounds", "0", "--no-updates"]
RUN_LIMIT_S = 60
UDP_HEAD_BYTES = 8

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"the lab cannot run: {missing()}")


def lab(*arguments: str) -> list[str]:
    """The command line of the lab."""
    return [sys.executable, "-m", "lab", *arguments]


def outside() -> tuple[str, str, str]:
    """Links, named namespaces and routes of the machine itself."""
    commands = ("ip -brief link", "ip netns list", "ip route")
    one, two, three = (
        subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout for command in commands
    )
    return one, two, three


def members(pid: int) -> list[int]:
    """Processes that descend from this one."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        found += [int(word) for word in children.read_text().split()] if children.exists() else []
    return found[1:]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """The folder of one short run, and whether the machine looks as it did before."""
    out = tmp_path_factory.mktemp("lab")
    before = outside()
    subprocess.run(lab("run", "--seed", "7", "--out", str(out), *SHORT),
                   check=True, cwd=REPOSITORY, timeout=RUN_LIMIT_S)  # fmt: skip
    yield out, outside() == before


@pytest.fixture(scope="module")
def truth(finished: tuple[Path, bool]) -> dict[str, Any]:
    """What the devices wrote down."""
    return json.loads((finished[0] / "truth.json").read_text())


@pytest.fixture(scope="module")
def raw(finished: tuple[Path, bool]) -> bytes:
    """All captured bytes."""
    files = sorted(finished[0].glob("*.pcap.gz"))
    return b"".join(gzip.decompress(path.read_bytes()) for path in files)


def test_nothing_of_the_lab_is_left(finished: tuple[Path, bool]) -> None:
    assert finished[1]


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
def test_bytes_with_every_internet_peer_equal_those_that_tshark_counts(
    truth: dict[str, Any], finished: tuple[Path, bool]
) -> None:
    captured = captured_payload(sorted(finished[0].glob("*.pcap.gz")))
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_takes_everything_with_it(number: signal.Signals, tmp_path: Path) -> None:
    before = outside()
    run = subprocess.Popen(lab("run", "--out", str(tmp_path), *SHORT), cwd=REPOSITORY,
                           stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    time.sleep(6.0)
    children = members(run.pid)
    assert len(children) > 5
    if number == signal.SIGINT:
        os.killpg(run.pid, number)
    else:
        run.send_signal(number)
    run.wait(timeout=20)
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}/fd").exists() for pid in children) and time.monotonic() < until:
        time.sleep(0.2)
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert outside() == before

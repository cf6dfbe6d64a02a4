"""Each sentence of `rig check`, provoked by really breaking a box made of network namespaces."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from idletalk.rig.files import capture_command
from idletalk.rig.init import write_box
from idletalk.rig.settings import Settings

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
HOUR_S = 3600


def reason_to_skip() -> str | None:
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    missing = [name for name in ("ip", "bridge", "ethtool", "tcpdump") if shutil.which(name, path=PATH) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    name = f"itk-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode == 0
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return None if made else "network namespaces cannot be made here"


SKIP = reason_to_skip()
pytestmark = pytest.mark.skipif(SKIP is not None, reason=SKIP or "")


class Box:
    """A bridge with two ports in a namespace, a capture on it, and the program that looks at it."""

    def __init__(self, folder: Path) -> None:
        self.name = f"itk-rig-{os.getpid()}"
        self.folder = folder
        self.captures = folder / "captures"
        self.captures.mkdir(parents=True)
        self.settings = Settings(
            country="DE",
            wifi="wlan0",
            wired="eth0",
            bridge="br0",
            folder=str(self.captures),
            box_mac="02:00:00:00:00:09",
        )
        write_box(self.settings, "correct horse", folder / "box")
        self.log = folder / "tcpdump.log"
        self.log.write_text("")
        self.capture: subprocess.Popen[bytes] | None = None
        self.run("ip", "netns", "add", self.name)
        self.inside("ip", "link", "add", "br0", "type", "bridge")
        for port in ("wlan0", "eth0"):
            self.inside("ip", "link", "add", port, "type", "veth", "peer", "name", f"far-{port}")
            self.inside("ip", "link", "set", port, "master", "br0", "up")
            self.inside("ip", "link", "set", f"far-{port}", "up")
        self.inside("bridge", "link", "set", "dev", "wlan0", "hairpin", "on")
        self.inside("ip", "link", "set", "br0", "up")
        for port in ("wlan0", "eth0", "br0"):
            for feature in ("gro", "gso", "tso"):
                subprocess.run(
                    ["ip", "netns", "exec", self.name, "ethtool", "-K", port, feature, "off"],
                    capture_output=True,
                    check=False,
                    env={**os.environ, "PATH": PATH},
                )
        self.start()

    def run(self, *words: str) -> str:
        return subprocess.run(
            words, capture_output=True, text=True, check=True, env={**os.environ, "PATH": PATH}
        ).stdout

    def inside(self, *words: str) -> str:
        return self.run("ip", "netns", "exec", self.name, *words)

    def start(self) -> None:
        words = ["ip", "netns", "exec", self.name, *capture_command(self.settings), "-Z", "root"][:-2]
        expression = words.pop()
        self.capture = subprocess.Popen(
            [*words, "-Z", "root", expression],
            stderr=self.log.open("wb"),
            env={**os.environ, "PATH": PATH, "TZ": "UTC"},
        )
        for _ in range(100):
            if list(self.captures.glob("*.pcap")):
                return
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        if self.capture is not None:
            self.capture.terminate()
            self.capture.wait()
            self.capture = None

    def kinds(self) -> set[str]:
        """What the program says is wrong."""
        program = str(Path(sys.executable).with_name("idletalk"))
        words = [
            "ip",
            "netns",
            "exec",
            self.name,
            program,
            "rig",
            "check",
            "--json",
            "--settings",
            str(self.folder / "box/rig.json"),
            "--log",
            str(self.log),
        ]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "PATH": PATH})
        problems = json.loads(done.stdout)
        assert done.returncode == (1 if problems else 0), done.stderr
        assert all(problem["sentence"].endswith((".", ")")) for problem in problems)
        return {problem["kind"] for problem in problems}

    def close(self) -> None:
        self.stop()
        subprocess.run(["ip", "netns", "del", self.name], check=False)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_a_sound_box_has_nothing_wrong_but_perhaps_the_clock_or_disk_of_this_machine(box: Box) -> None:
    assert box.kinds() <= {"clock", "disk_full"}


def test_a_bridge_that_is_down(box: Box) -> None:
    box.inside("ip", "link", "set", "br0", "down")
    assert "bridge_down" in box.kinds()


def test_no_bridge_at_all(box: Box) -> None:
    box.inside("ip", "link", "del", "br0")
    assert "bridge_missing" in box.kinds()


def test_an_interface_out_of_the_bridge(box: Box) -> None:
    box.inside("ip", "link", "set", "wlan0", "nomaster")
    assert "not_in_bridge" in box.kinds()


def test_an_interface_that_is_not_there(box: Box) -> None:
    box.inside("ip", "link", "del", "eth0")
    assert "interface_missing" in box.kinds()


def test_stations_that_the_capture_cannot_see(box: Box) -> None:
    box.inside("bridge", "link", "set", "dev", "wlan0", "hairpin", "off")
    assert "stations_invisible" in box.kinds()


def test_offloads_that_make_large_frames(box: Box) -> None:
    box.inside("ethtool", "-K", "eth0", "gro", "on")
    assert "offloads" in box.kinds()


def test_a_capture_that_was_killed(box: Box) -> None:
    box.stop()
    assert "not_capturing" in box.kinds()


def test_frames_that_are_cut(box: Box) -> None:
    box.stop()
    words = [
        "ip",
        "netns",
        "exec",
        box.name,
        "tcpdump",
        "-i",
        "br0",
        "-s",
        "96",
        "-w",
        str(box.captures / "2099-01-01T00-00-00Z.pcap"),
        "-Z",
        "root",
    ]
    box.capture = subprocess.Popen(words, stderr=subprocess.DEVNULL, env={**os.environ, "PATH": PATH})
    for _ in range(100):
        if (box.captures / "2099-01-01T00-00-00Z.pcap").exists():
            break
        time.sleep(0.05)
    assert "snaplen" in box.kinds()


def test_packets_that_were_dropped(box: Box) -> None:
    box.log.write_text("12 packets captured\n15 packets received by filter\n3 packets dropped by kernel\n")
    assert "drops" in box.kinds()


def name_of(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H-%M-%SZ.pcap")


def test_a_file_that_is_missing_in_the_row(box: Box) -> None:
    now = time.time()
    for age in (4, 3, 1):
        (box.captures / name_of(now - age * HOUR_S)).write_bytes(b"")
    assert "files_missing" in box.kinds()


def test_a_capture_that_stands_still(box: Box) -> None:
    for file in box.captures.glob("*.pcap"):
        os.utime(file, (time.time() - HOUR_S, time.time() - HOUR_S))
    assert "stands_still" in box.kinds()


def test_a_disk_that_is_full_soon(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)], capture_output=True, check=False
    ).returncode:
        pytest.skip("a small disk cannot be mounted here")
    made = None
    try:
        made = Box(small)
        begin = time.time() - HOUR_S
        (made.captures / name_of(begin)).write_bytes(bytes(2 << 20))
        assert "disk_full" in made.kinds()
    finally:
        if made is not None:
            made.close()
        subprocess.run(["umount", str(small)], check=False)


STA_UNSYNC, ADJ_STATUS = 0x40, 0x10


class Timex(ctypes.Structure):
    """struct timex (adjtimex(2)), as far as the status."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_byte * 200),
    )  # fmt: skip


def test_a_clock_that_nobody_sets(box: Box) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    state = Timex()
    libc.adjtimex(ctypes.byref(state))
    before = state.status
    broken = Timex(modes=ADJ_STATUS, status=before | STA_UNSYNC)
    if libc.adjtimex(ctypes.byref(broken)) < 0:
        pytest.skip("the kernel's clock status cannot be changed here")
    try:
        assert "clock" in box.kinds()
    finally:
        libc.adjtimex(ctypes.byref(Timex(modes=ADJ_STATUS, status=before)))

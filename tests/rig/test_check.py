"""Each sentence of `rig check`, provoked by really breaking a box made of network namespaces."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from idletalk.rig import check
from tests.rig.namespaced import PATH, Box, reason_to_skip

HOUR_S = 3600
SYNCHRONISED_WITHIN_S = 20
SKIP = reason_to_skip()
pytestmark = pytest.mark.skipif(SKIP is not None, reason=SKIP or "")


def needs(program: str) -> pytest.MarkDecorator:
    path = shutil.which(program, path=PATH)
    return pytest.mark.skipif(path is None, reason=f"{program} is not installed")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_every_kind_of_problem_is_provoked_here() -> None:
    kinds = set(re.findall(r'Problem\(\s*"(\w+)"', Path(check.__file__).read_text()))
    assert len(kinds) > 10
    assert kinds <= set(re.findall(r'"(\w+)" in', Path(__file__).read_text()))


def test_a_sound_box_has_nothing_wrong_but_perhaps_the_clock_or_disk_of_this_machine(box: Box) -> None:
    assert box.kinds() <= {"clock", "disk_full"}


def test_a_box_without_the_program_that_lists_interfaces(box: Box) -> None:
    program = os.path.realpath(shutil.which("ip", path=PATH) or "")
    hidden = ["unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {program} && exec "$@"', "sh"]
    assert "cannot_look" in box.kinds(*hidden)


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


def test_an_interface_that_is_down(box: Box) -> None:
    box.inside("ip", "link", "set", "eth0", "down")
    assert "interface_down" in box.kinds()


def test_stations_that_the_capture_cannot_see_since_the_bridge_sends_nothing_back(box: Box) -> None:
    box.inside("bridge", "link", "set", "dev", "wlan0", "hairpin", "off")
    assert "stations_invisible" in box.kinds()


@needs("hostapd")
@pytest.mark.parametrize("isolates", [True, False])
def test_stations_that_the_access_point_lets_talk_among_themselves(box: Box, isolates: bool) -> None:
    conf = box.folder / "hostapd.conf"
    conf.write_text(f"interface=wlan0\ndriver=none\nap_isolate={int(isolates)}\n")  # without radio, but really running
    running = box.spawn("hostapd", str(conf))
    time.sleep(0.5)
    assert running.poll() is None
    assert ("stations_invisible" in box.kinds()) is not isolates


def test_offloads_that_make_large_frames(box: Box) -> None:
    box.inside("ethtool", "-K", "eth0", "gro", "on")
    assert "offloads" in box.kinds()


def test_a_capture_that_was_killed(box: Box) -> None:
    assert box.capture is not None
    box.capture.kill()
    box.stop()
    assert "not_capturing" in box.kinds()


def test_frames_that_are_cut(box: Box) -> None:
    box.stop()
    box.start(("-s", "96"), ("-w", str(box.captures / "2099-01-01T00-00-00Z.pcap")))
    assert "snaplen" in box.kinds()


def test_packets_that_a_running_capture_drops_under_load(box: Box) -> None:
    box.stop()
    box.start(("-B", "1"), ("-w", str(box.captures / "2099-01-01T00-00-00Z.pcap")))
    assert "drops" not in box.kinds()
    assert box.capture is not None
    box.capture.send_signal(signal.SIGSTOP)  # as a disk that does not keep up does
    box.flood(20_000, 1000)
    box.capture.send_signal(signal.SIGCONT)
    assert "drops" in box.kinds()
    box.stop()
    assert "drops" in box.kinds()


def name_of(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H-%M-%SZ.pcap")


def test_a_file_that_is_missing_in_the_row(box: Box) -> None:
    (real,) = box.captures.glob("*.pcap")
    now = time.time()
    for age in (4, 3, 1):
        shutil.copy(real, box.captures / name_of(now - age * HOUR_S))
    assert "files_missing" in box.kinds()
    shutil.copy(real, box.captures / name_of(now - 2 * HOUR_S))
    assert "files_missing" not in box.kinds()


def test_a_folder_that_is_gone(box: Box) -> None:
    shutil.rmtree(box.captures)
    box.captures.write_text("no folder")
    assert "no_folder" in box.kinds()


def test_a_capture_that_stands_still(box: Box) -> None:
    for file in box.captures.glob("*.pcap"):
        os.utime(file, (time.time() - HOUR_S, time.time() - HOUR_S))
    assert "stands_still" in box.kinds()


def test_a_small_disk_that_the_capture_fills(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)], capture_output=True, check=False
    ).returncode:
        pytest.skip("a small disk cannot be mounted here")
    made = None
    try:
        made = Box(small)
        made.flood(5_000, 1000)
        time.sleep(0.5)
        assert shutil.disk_usage(small).free < 100_000
        assert "disk_full" in made.kinds()
    finally:
        if made is not None:
            made.close()
        subprocess.run(["umount", str(small)], check=False)


def chrony(box: Box, name: str, *lines: str) -> subprocess.Popen[bytes]:
    """A real chronyd in the box that never touches this machine's clock (-x)."""
    conf = box.folder / f"{name}.conf"
    conf.write_text("\n".join([*lines, f"pidfile {box.folder / name}.pid", "bindcmdaddress /"]) + "\n")
    return box.spawn("chronyd", "-x", "-d", "-u", "root", "-f", str(conf))


@needs("chronyd")
def test_a_clock_whose_server_does_not_answer(box: Box) -> None:
    chrony(box, "client", "server 127.0.0.1 port 12300 iburst minpoll 0 maxpoll 0")
    time.sleep(1)
    assert "clock" in box.kinds()
    chrony(box, "server", "local stratum 2", "allow all", "port 12300", "cmdport 0")
    until = time.monotonic() + SYNCHRONISED_WITHIN_S
    while "clock" in box.kinds() and time.monotonic() < until:
        time.sleep(1)
    assert "clock" not in box.kinds()


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

"""Each sentence of `rig check`, provoked by really breaking a box made of network namespaces."""

import ast
import ctypes
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from idletalk.rig import check
from tests.rig.namespaced import PATH, Box, eventually, reason_to_skip

SYNCHRONISED_WITHIN_S = 20
SKIP = reason_to_skip()
pytestmark = pytest.mark.skipif(SKIP is not None, reason=SKIP or "")


def needs(program: str) -> pytest.MarkDecorator:
    path = shutil.which(program, path=PATH)
    return pytest.mark.skipif(path is None, reason=f"{program} is not installed")


def test_every_sentence_of_the_check_is_provoked_here() -> None:
    asked = {
        call.args[0].value
        for call in ast.walk(ast.parse(Path(__file__).read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "says"
        and isinstance(call.args[0], ast.Constant)
    }  # fmt: skip
    sentences = [
        [
            part.value
            for part in ast.walk(call.args[1])
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        for call in ast.walk(ast.parse(Path(check.__file__).read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Problem"
    ]
    assert len(sentences) > 15
    assert [parts for parts in sentences if not any(str(one) in part for one in asked for part in parts)] == []


def test_a_sound_box_has_nothing_wrong_but_perhaps_the_clock_or_disk_of_this_machine(box: Box) -> None:
    assert [told for told in box.sentences() if not told.startswith(("The clock is", "The disk is"))] == []


def test_a_box_without_the_program_that_lists_interfaces(box: Box) -> None:
    program = os.path.realpath(shutil.which("ip", path=PATH) or "")
    hidden = ["unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {program} && exec "$@"', "sh"]
    assert box.says("The interfaces cannot be listed", *hidden)


def test_a_bridge_that_is_down(box: Box) -> None:
    box.inside("ip", "link", "set", "br0", "down")
    assert box.says("is down: ip link set ")


def test_no_bridge_at_all(box: Box) -> None:
    box.inside("ip", "link", "del", "br0")
    assert box.says("There is no bridge ")


def test_an_interface_out_of_the_bridge(box: Box) -> None:
    box.inside("ip", "link", "set", "wlan0", "nomaster")
    assert box.says(" is not in the bridge ")


def test_an_interface_that_is_not_there(box: Box) -> None:
    box.inside("ip", "link", "del", "eth0")
    assert box.says("There is no interface ")


def test_an_interface_that_is_down(box: Box) -> None:
    box.inside("ip", "link", "set", "eth0", "down")
    assert box.says(" is down.")


def test_stations_that_the_capture_cannot_see_since_the_bridge_sends_nothing_back(box: Box) -> None:
    box.inside("bridge", "link", "set", "dev", "wlan0", "hairpin", "off")
    assert box.says("hairpin is off at ")


@needs("hostapd")
@pytest.mark.parametrize("isolates", [True, False])
def test_stations_that_the_access_point_lets_talk_among_themselves(box: Box, isolates: bool) -> None:
    conf = box.folder / "hostapd.conf"
    conf.write_text(f"interface=wlan0\ndriver=none\nap_isolate={int(isolates)}\n")  # without radio, but really running
    running = box.spawn("hostapd", str(conf))
    time.sleep(0.5)
    assert running.poll() is None
    assert box.says("the access point passes it on itself") is not isolates


def test_offloads_that_make_large_frames(box: Box) -> None:
    box.inside("ethtool", "-K", "eth0", "gro", "on")
    assert box.says(" makes frames larger than the wire has them: ")


def test_a_capture_that_was_killed(box: Box) -> None:
    box.kill()
    assert box.says("Nothing captures on ")


def test_frames_that_are_cut(box: Box) -> None:
    box.stop()
    box.start(("-s", "96"), ("-w", str(box.captures / "2099-01-01T00-00-00Z.pcap")))
    assert box.says("Frames are cut after ")
    assert box.says("The newest file holds frames cut after ")
    box.stop()
    assert box.says("The newest file holds frames cut after ")  # also when the capture is gone


def test_packets_that_a_running_capture_drops_under_load(box: Box) -> None:
    box.stop()
    box.start(("-B", "1"), ("-w", str(box.captures / "2099-01-01T00-00-00Z.pcap")))
    assert not box.says(" packets were dropped")
    assert box.capture is not None
    box.capture.send_signal(signal.SIGSTOP)  # as a disk that does not keep up does
    box.flood(20_000, 1000)
    box.capture.send_signal(signal.SIGCONT)
    assert box.says(" packets were dropped")
    box.stop()
    assert box.says(" packets were dropped")


def test_a_file_that_is_missing_in_the_row_since_the_capture_was_dead_meanwhile(quick_box: Box) -> None:
    def row_is_whole() -> bool:
        for file in quick_box.captures.iterdir():
            file.unlink()  # a busy machine may itself leave a gap: then look at the next files
        assert eventually(lambda: len(list(quick_box.captures.iterdir())) >= 3)
        return not quick_box.says("A file is missing in the row")

    assert eventually(row_is_whole)
    quick_box.kill()
    time.sleep(3 * quick_box.settings.rotate_s)
    quick_box.start()
    assert quick_box.says("A file is missing in the row")


def test_a_folder_that_is_gone(box: Box) -> None:
    shutil.rmtree(box.captures)
    box.captures.write_text("no folder")
    assert box.says("The folder of the captures cannot be read.")


def test_a_capture_that_stands_still(quick_box: Box) -> None:
    assert eventually(lambda: not quick_box.says("Nothing was written for "))
    assert quick_box.capture is not None
    quick_box.capture.send_signal(signal.SIGSTOP)
    assert eventually(lambda: quick_box.says("Nothing was written for "))
    quick_box.capture.send_signal(signal.SIGCONT)
    assert eventually(lambda: not quick_box.says("Nothing was written for "))


def test_a_small_disk_that_the_capture_fills(folder: Path) -> None:
    size = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(folder)]
    if subprocess.run(size, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    made = None
    try:
        made = Box(folder)
        made.flood(5_000, 1000)
        assert eventually(lambda: shutil.disk_usage(folder).free < 100_000)
        assert made.says("The disk is full in ")
    finally:
        if made is not None:
            made.close()
        subprocess.run(["umount", str(folder)], check=False)


def chrony(box: Box, name: str, *lines: str) -> subprocess.Popen[bytes]:
    """A real chronyd in the box that never touches this machine's clock (-x)."""
    conf = box.folder / f"{name}.conf"
    conf.write_text("\n".join([*lines, f"pidfile {box.folder / name}.pid", "bindcmdaddress /"]) + "\n")
    return box.spawn("chronyd", "-x", "-d", "-u", "root", "-f", str(conf))


@needs("chronyd")
def test_a_clock_whose_server_does_not_answer(box: Box) -> None:
    chrony(box, "client", "server 127.0.0.1 port 12300 iburst minpoll 0 maxpoll 0")
    assert eventually(lambda: box.says("The clock is not synchronised"))
    chrony(box, "server", "local stratum 2", "allow all", "port 12300", "cmdport 0")
    until = time.monotonic() + SYNCHRONISED_WITHIN_S
    while box.says("The clock is not synchronised") and time.monotonic() < until:
        time.sleep(1)
    assert not box.says("The clock is not synchronised")


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
        assert box.says("The clock is not synchronised")
    finally:
        libc.adjtimex(ctypes.byref(Timex(modes=ADJ_STATUS, status=before)))

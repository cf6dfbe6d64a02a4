"""`info` says what capinfos says."""

import shutil
import subprocess
from pathlib import Path

import pytest

import idletalk
from tests import made
from tests.conftest import DEMO

FILES = sorted(DEMO.glob("*.pcap.gz"))


@pytest.mark.skipif(shutil.which("capinfos") is None, reason="capinfos is not installed")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_told_as_capinfos_tells_it(path: Path) -> None:
    plain = subprocess.run(
        ["capinfos", "-M", "-c", "-s", "-d", "-u", "-H", "-x", "-z", path], capture_output=True, check=True, text=True
    )
    lines = dict(line.split(":", 1) for line in plain.stdout.splitlines() if ":" in line)
    [ours] = idletalk.info([path]).files
    assert ours.packets == int(lines["Number of packets"])
    assert ours.data_bytes == int(lines["Data size"].split()[0])
    assert ours.file_bytes == int(lines["File size"].split()[0])
    assert ours.duration_s == pytest.approx(float(lines["Capture duration"].split()[0]))
    assert ours.average_packet_bytes == pytest.approx(float(lines["Average packet size"].split()[0]), abs=0.01)
    assert ours.average_packets_per_s == pytest.approx(float(lines["Average packet rate"].split()[0]), rel=0.2, abs=1)
    assert ours.sha256 == lines["SHA256"].strip()


def test_several_files_are_told_as_one_too() -> None:
    told = idletalk.info(FILES)
    assert told.whole.packets == sum(file.packets for file in told.files)
    assert told.whole.first == told.files[0].first
    assert told.whole.last == told.files[-1].last


def test_frames_out_of_order_are_noticed(tmp_path: Path) -> None:
    frame = made.arp(1, (made.PLUG, "192.168.1.2"), ("00:00:00:00:00:00", "192.168.1.1"))
    path = made.pcap(tmp_path / "back.pcap", [(10.0, frame), (9.0, frame)])
    told = idletalk.info([path]).whole
    assert (told.in_time_order, told.duration_s) == (False, 1.0)
    [file] = idletalk.info([path]).files
    assert (file.set_back_s, file.set_back_frame) == (1.0, 2)

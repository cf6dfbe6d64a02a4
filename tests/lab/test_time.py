"""The lab's clock, and frames dated by it."""

import gzip
import struct
from pathlib import Path

from lab.clock import NS_PER_S, LabClock, Stretch, lab_time
from lab.frames import FILE_HEAD, RECORD, cut

HOUR_NS = 3600 * NS_PER_S


def test_lab_time_goes_on_where_the_rate_changes(tmp_path: Path) -> None:
    clock = LabClock(tmp_path / "clock")
    clock.start(5 * HOUR_NS)
    clock.set_rate(60)
    first, second = clock.stretches()
    assert second.lab_ns == first.lab_at(second.wall_ns)
    assert second.rate == 60
    assert clock.now_ns() >= second.lab_ns


def test_a_frame_is_dated_by_the_stretch_it_fell_into() -> None:
    stretches = [Stretch(0, 1000, 1), Stretch(100, 1100, 60)]
    assert lab_time(stretches, 50) == 1050
    assert lab_time(stretches, 110) == 1700


def test_frames_are_cut_into_hours(tmp_path: Path) -> None:
    head = FILE_HEAD.pack(0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    frames = b"".join(RECORD.pack(second, 5, 4, 60) + b"abcd" for second in (10, 3599, 3601))
    captured = tmp_path / "captured.pcap"
    captured.write_bytes(head + frames + RECORD.pack(3700, 0, 60, 60) + b"cut off")
    hours = cut([captured], [Stretch(0, 0, 1)], tmp_path)
    assert [(hour.path.name, hour.frames) for hour in hours] == [
        ("iotdump_1970-01-01__00.pcap.gz", 2),
        ("iotdump_1970-01-01__01.pcap.gz", 1),
    ]
    content = gzip.decompress(hours[1].path.read_bytes())
    assert struct.unpack_from("<IIII", content, FILE_HEAD.size) == (3601, 5, 4, 60)

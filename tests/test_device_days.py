"""What false findings are counted against."""

from pathlib import Path

import pytest

from tests import device_days, made
from tests.made import LAMP, PLUG


def test_two_devices_for_half_a_day_are_one_device_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = made.datagram((PLUG, "192.168.1.2", 4000), (LAMP, "192.168.1.3", 4000), b"hello")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    first = made.pcap(tmp_path / "one" / "a.pcap", [(0.0, frame), (43_200.0, frame)])
    made.pcap(tmp_path / "other" / "b.pcap", [])
    made.pcap(tmp_path / "other" / "c.pcap", [])
    assert [len(files) for files in device_days.sets(tmp_path, apart=False)] == [1, 2]
    assert [len(files) for files in device_days.sets(tmp_path, apart=True)] == [1, 1, 1]
    assert device_days.main([str(first.parent)]) == 0
    assert "1 set, 1.000 device days, 0 findings" in capsys.readouterr().out

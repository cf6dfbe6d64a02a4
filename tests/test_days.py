"""A device's hours by day are drawn where there is more than a day, in the lab's time."""

import re
from pathlib import Path

import idletalk
from tests import made

HOUR = 3600
MONDAY = 1_700_438_400
"""2023-11-20 00:00 UTC."""


def page(place: Path, hours: list[tuple[int, int]]) -> str:
    """The report of a plug in Kolkata (UTC+5:30) that sends so many bytes in those hours of UTC."""
    plug, cloud = (made.PLUG, "192.168.1.20", 40_000), (made.GATEWAY, "198.18.0.9", 443)
    frames = [(MONDAY + hour * HOUR + 60.0, made.datagram(plug, cloud, bytes(size))) for hour, size in hours]
    (place / "lab.toml").write_text(
        f'timezone = "Asia/Kolkata"\n[[device]]\nname = "plug <1>"\nmacs = ["{made.PLUG}"]\n'
    )
    options = idletalk.Options(lab=place / "lab.toml")
    analysis = idletalk.analyze([made.pcap(place / "a.pcap", frames)], place / "out", options)
    return (analysis.folder / "report.html").read_text("utf-8")


def test_hours_of_two_days_stand_in_their_rows_and_columns(tmp_path: Path) -> None:
    # 18:00 UTC is 23:30, and 19:00 is 00:30 of the next day
    text = page(tmp_path, [(18, 1200), (19, 10), (30, 1200)])
    [chart] = re.findall(r'<svg[^>]*aria-label="Bytes of plug &lt;1&gt; by day and hour".*?</svg>', text, re.DOTALL)
    assert re.findall(r">(\d{4}-\d\d-\d\d)<", chart) == ["2023-11-20", "2023-11-21"]
    cells = {
        step: re.findall(r"M(\d+) (\d+)", path) for step, path in re.findall(r'"shade(\d)"[^>]* d="([^"]*)"', chart)
    }
    assert sum(map(len, cells.values())) == 2 * 24
    left, top, wide, high = 170, 18, 26, 14
    places = {
        ((int(x) - left) // wide, (int(y) - top) // high)
        for step, those in cells.items()
        if step != "0"
        for x, y in those
    }
    # (hour, row)
    assert places == {(23, 0), (0, 1), (11, 1)}
    assert len(cells["6"]) == 2


def test_a_capture_of_one_day_has_no_such_picture(tmp_path: Path) -> None:
    assert "by day and hour" not in page(tmp_path, [(1, 100), (3, 100)])

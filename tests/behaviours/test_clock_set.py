"""A clock that was set while frames were captured: what lies between is no observed time, and is said."""

from pathlib import Path

from tests import made
from tests.made import GATEWAY, PLUG

import idletalk
from idletalk.model import Report

DEVICE, SERVER = (PLUG, "192.168.1.20", 40000), (GATEWAY, "198.51.100.7", 8883)
SYN, ACK = 0x02, 0x10
HOUR = 3600.0
DAY = 24 * HOUR


def spoken(start: float, sequence: int, *, begins: bool = False) -> list[tuple[float, bytes]]:
    """A message a minute of one connection for half an hour."""
    frames = [(start, made.segment(DEVICE, SERVER, sequence - 1, SYN))] if begins else []
    return frames + [
        (start + 60 * n, made.segment(DEVICE, SERVER, sequence + 4 * n, ACK, b"\xf5abc")) for n in range(30)
    ]


def report(tmp_path: Path, *files: list[tuple[float, bytes]]) -> Report:
    paths = [made.pcap(tmp_path / f"{n}.pcap", frames) for n, frames in enumerate(files)]
    return idletalk.analyze(paths, tmp_path / "out").report


def kinds(told: Report) -> set[str]:
    return {one.kind for one in told.cannot_be_seen}


def test_a_connection_that_goes_on_across_a_day_shows_that_the_clock_was_set(tmp_path: Path) -> None:
    told = report(tmp_path, spoken(DAY, 1000, begins=True) + spoken(3 * DAY, 1120))
    coverage = told.captures.coverage
    assert coverage is not None
    [gap] = coverage.gaps
    assert (gap.is_step, gap.duration_s) == (True, 2 * DAY - 29 * 60)
    assert (coverage.observed_s, coverage.silent_s) == (2 * 29 * 60, 0)
    [sentence] = [one.sentence for one in told.cannot_be_seen if one.kind == "clock_set_forward"]
    assert sentence.startswith(
        "Across 1 pause inside the files, of 47.5 h in all, connections go on: the clock was set"
    )
    assert "Nothing found in 1.0 h observed." in {check.sentence for check in told.checks}


def test_an_end_alone_after_days_is_no_connection_that_goes_on(tmp_path: Path) -> None:
    end = [(3 * DAY, made.segment(DEVICE, SERVER, 1120, 0x11))]
    told = report(tmp_path, spoken(DAY, 1000, begins=True) + end)
    assert told.captures.coverage is not None
    assert told.captures.coverage.gaps == ()


def test_a_clock_that_went_back_days_was_not_set_forward(tmp_path: Path) -> None:
    told = report(tmp_path, spoken(5 * DAY, 1000, begins=True) + spoken(3 * DAY, 1120))
    assert "clock_set_back" in kinds(told)
    assert "clock_set_forward" not in kinds(told)


def test_a_clock_that_begins_in_1970_was_set_whoever_goes_on(tmp_path: Path) -> None:
    frames = [(start + n, made.datagram(DEVICE, SERVER, b"hello")) for start in (100.0, 1.7e9) for n in range(60)]
    told = report(tmp_path, frames)
    [sentence] = [one.sentence for one in told.cannot_be_seen if one.kind == "clock_set_forward"]
    assert ", a year or more passes: the clock was set forward" in sentence
    assert "gaps" not in kinds(told)
    assert told.captures.coverage is not None
    assert told.captures.coverage.observed_s == 2 * 59


def test_a_new_connection_behind_a_silence_shows_nothing(tmp_path: Path) -> None:
    told = report(tmp_path, spoken(DAY, 1000, begins=True) + spoken(3 * DAY, 9000, begins=True))
    coverage = told.captures.coverage
    assert coverage is not None
    assert (coverage.observed_s, coverage.gaps) == (2 * DAY + 29 * 60, ())
    assert "silence" in kinds(told)
    assert "clock_set_forward" not in kinds(told)


def test_a_gap_between_files_is_one_whatever_goes_on_behind_it(tmp_path: Path) -> None:
    told = report(tmp_path, spoken(DAY, 1000, begins=True), spoken(3 * DAY, 1120))
    coverage = told.captures.coverage
    assert coverage is not None
    assert [gap.is_step for gap in coverage.gaps] == [False]
    assert "clock_set_forward" not in kinds(told)


def test_a_clock_that_was_set_back_is_told_with_its_frame(tmp_path: Path) -> None:
    told = report(tmp_path, spoken(DAY, 1000, begins=True) + spoken(DAY - HOUR, 1120))
    [file] = told.captures.files
    assert (file.set_back_s, file.set_back_frame) == (HOUR + 29 * 60, 32)
    [sentence] = [one.sentence for one in told.cannot_be_seen if one.kind == "clock_set_back"]
    assert "by 1.5 h (frame 32 of 0.pcap)" in sentence


def test_frames_of_two_interfaces_a_little_out_of_order_are_no_set_clock(tmp_path: Path) -> None:
    frames = spoken(DAY, 1000, begins=True)
    frames[5] = (frames[6][0] + 0.2, frames[5][1])
    told = report(tmp_path, frames)
    assert told.captures.files[0].set_back_s is not None
    assert "clock_set_back" not in kinds(told)


def test_frames_of_1970_in_the_middle_of_a_file_do_not_make_years_observed(tmp_path: Path) -> None:
    # zeros in a file are records without bytes, of the beginning of 1970
    told = report(tmp_path, [*spoken(1.7e9, 1000, begins=True), *[(0.0, b"")] * 20])
    assert "clock_set_back" in kinds(told)
    coverage = told.captures.coverage
    assert coverage is not None
    assert (coverage.observed_s, coverage.silent_s) == (29 * 60, 0)


NOW = 1_700_000_000.0


def wrong(told: Report) -> list[str]:
    return [one.sentence for one in told.cannot_be_seen if one.kind == "clock_wrong"]


def test_time_servers_tell_that_the_clock_of_who_captured_is_wrong(tmp_path: Path) -> None:
    frames = [made.time_answer(NOW + n, f"203.0.113.{n % 2 + 1}", NOW + n + 3 * HOUR) for n in range(4)]
    assert wrong(report(tmp_path, frames)) == [
        "The clock of who captured was 3.0 h slow, as 4 answers of 2 time servers tell. All times here are by that clock."
    ]


def test_one_server_of_two_and_one_that_does_not_know_the_time_are_not_believed(tmp_path: Path) -> None:
    frames = [made.time_answer(NOW, "203.0.113.1", NOW), made.time_answer(NOW + 1, "203.0.113.2", NOW + 7200)]
    frames += [
        made.time_answer(NOW + 2, "203.0.113.3", NOW + DAY, leap=3),
        made.time_answer(NOW + 3, "203.0.113.4", 0.0, stratum=0),
    ]
    assert wrong(report(tmp_path, frames)) == []


def test_less_than_a_minute_is_not_told(tmp_path: Path) -> None:
    assert wrong(report(tmp_path, [made.time_answer(NOW, "203.0.113.1", NOW - 59)])) == []


def test_a_clock_that_is_days_wrong_is_told_in_days(tmp_path: Path) -> None:
    [sentence] = wrong(report(tmp_path, [made.time_answer(NOW, "203.0.113.1", NOW - 400 * DAY - HOUR)]))
    assert sentence.startswith("The clock of who captured was 400 days fast, as 1 answer of 1 time server tells.")


def test_a_clock_that_was_set_meanwhile_was_not_wrong_all_the_time(tmp_path: Path) -> None:
    before = [made.time_answer(NOW + n, "203.0.113.1", NOW + n + 3 * DAY) for n in range(6)]
    after = [made.time_answer(NOW + 3 * DAY + n, "203.0.113.1", NOW + 3 * DAY + n) for n in range(10, 15)]
    assert wrong(report(tmp_path, [*before, *after])) == []

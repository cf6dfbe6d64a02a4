"""A period that changes has its time, whatever else the capture does; few repetitions are no period."""

import random
from datetime import datetime
from itertools import accumulate
from pathlib import Path

import pytest
from tests import made

import idletalk
from idletalk.model import Cadence

BEGIN = 1_600_000_000.0
PLUG = (made.PLUG, "192.168.1.20", 40000)
CLOUD = (made.GATEWAY, "198.18.0.9", 5683)


def timer(rng: random.Random, begin: float, period_s: float, events: int) -> list[float]:
    """When a timer of some jitter rings."""
    return list(accumulate((period_s * rng.uniform(0.98, 1.02) for _ in range(events - 1)), initial=begin))


def told(path: Path, times: list[float]) -> list[Cadence]:
    """The cadences of the plug, which sends the same datagram at each of these times."""
    frames = [(time, made.datagram(PLUG, CLOUD, bytes(20))) for time in times]
    report = idletalk.analyze([made.pcap(path / "a.pcap", frames)], path / "out").report
    return [one for device in report.devices if device.id == made.PLUG for one in device.cadences]


def seconds(text: str | None) -> float:
    assert text is not None
    return datetime.fromisoformat(text).timestamp()


def between(changed: Cadence, old: list[float], new: list[float]) -> None:
    """The event at which the period changes ends the one and begins the other: either may have it, or both."""
    last, first = seconds(changed.before_last), seconds(changed.first)
    assert old[-2] - 1e-3 <= last <= old[-1] + 1e-3 <= first + 2e-3
    assert old[-1] - 1e-3 <= first <= new[0] + 1e-3


@pytest.mark.parametrize(("before_s", "after_s"), [(30, 60), (600, 60), (60, 70)])
def test_a_change_lies_between_the_last_event_of_the_one_and_the_first_of_the_other(
    before_s: float, after_s: float, tmp_path: Path
) -> None:
    rng = random.Random(7)
    old = timer(rng, BEGIN, before_s, 50)
    new = timer(rng, old[-1] + after_s, after_s, 70)
    first, second = sorted(told(tmp_path, old + new), key=lambda one: one.first)
    assert first.before_s is None
    assert first.before_last is None
    assert second.before_s == first.period_s == pytest.approx(before_s, rel=0.01)
    assert second.period_s == pytest.approx(after_s, rel=0.01)
    between(second, old, new)


def test_a_change_on_a_day_that_is_missing_is_bounded_by_the_days_around_it(tmp_path: Path) -> None:
    rng = random.Random(8)
    old = timer(rng, BEGIN, 60, 200)
    new = timer(rng, BEGIN + 2 * 86_400, 90, 200)
    first, second = sorted(told(tmp_path, old + new), key=lambda one: one.first)
    assert (round(first.period_s), round(second.period_s)) == (60, 90)
    assert seconds(second.before_last) == pytest.approx(old[-1], abs=1e-3)
    assert seconds(second.first) == pytest.approx(new[0], abs=1e-3)


def test_a_missing_day_alone_changes_nothing(tmp_path: Path) -> None:
    rng = random.Random(9)
    (found,) = told(tmp_path, timer(rng, BEGIN, 60, 100) + timer(rng, BEGIN + 2 * 86_400, 60, 100))
    assert (round(found.period_s), found.repetitions, found.before_s) == (60, 200, None)


def test_of_two_periods_at_one_peer_the_one_that_changes_is_told(tmp_path: Path) -> None:
    rng = random.Random(10)
    old = timer(rng, BEGIN + 4, 20, 150)
    new = timer(rng, old[-1] + 45, 45, 100)
    # which goes on all the time
    other = timer(rng, BEGIN, 130, 57)
    found = told(tmp_path, sorted(old + new + other))
    assert sorted(one.period_s for one in found) == pytest.approx([20, 45, 130], rel=0.01)
    (changed,) = [one for one in found if one.before_s is not None]
    assert (round(changed.period_s), round(changed.before_s or 0)) == (45, 20)
    assert abs(seconds(changed.before_last) - old[-1]) <= 2 * 20
    assert abs(seconds(changed.first) - new[0]) <= 2 * 45


def test_a_change_among_more_events_than_are_looked_at_has_its_own_time(tmp_path: Path) -> None:
    rng = random.Random(11)
    # more than four stretches of 500, the change between two of them
    old = timer(rng, BEGIN, 30, 3_000)
    new = timer(rng, old[-1] + 75, 75, 2_000)
    first, second = sorted(told(tmp_path, old + new), key=lambda one: one.first)
    assert (round(first.period_s), round(second.period_s)) == (30, 75)
    assert first.last == second.before_last
    between(second, old, new)
    assert seconds(second.last) == pytest.approx(new[-1], abs=1e-3)


@pytest.mark.parametrize(("events", "periods"), [(7, 0), (8, 1)])
def test_a_period_is_claimed_from_eight_events_on(events: int, periods: int, tmp_path: Path) -> None:
    found = told(tmp_path, timer(random.Random(12), BEGIN, 60, events))
    assert [one.repetitions for one in found] == [8] * periods


@pytest.mark.parametrize(("events", "looked_at"), [(2_000, None), (5_000, 2_000)])
def test_repetitions_of_events_that_were_not_all_looked_at_say_so(
    events: int, looked_at: int | None, tmp_path: Path
) -> None:
    (found,) = told(tmp_path, timer(random.Random(13), BEGIN, 30, events))
    assert (found.repetitions, found.events, found.looked_at) == (min(events, 2_000), events, looked_at)
    page = (tmp_path / "out" / "report.html").read_text()
    assert ("looked at)" in page) == (looked_at is not None)

"""Periods in trains of events: the lab's are found, chance makes none."""

import random
from itertools import accumulate

import pytest
from lab.home import draw_home

import idletalk
from idletalk.actions.periods import Period, apart, bursts, dead_time, is_made_by_thinning, periods

SEED = 1


def train(rng: random.Random, period_s: float, count: int, *, jitter: float = 0.02, loss: float = 0.0) -> list[float]:
    """A timer that is set anew at each event."""
    time, times = 0.0, list[float]()
    for _ in range(count):
        time += period_s * rng.uniform(1 - jitter, 1 + jitter)
        if rng.random() >= loss:
            times.append(time)
    return times


def apart_of(times: list[float]) -> list[float]:
    ordered = sorted(times)
    return [ordered[place] for place in apart(ordered)]


def rounded(found: list[Period]) -> list[int]:
    return sorted(round(period.period_s) for period in found)


@pytest.mark.parametrize("seed", range(5))
def test_a_period_is_found_through_jitter_and_loss(seed: int) -> None:
    rng = random.Random(seed)
    for jitter, loss in ((0.02, 0.0), (0.05, 0.3)):
        (found,) = periods(train(rng, 60, 100, jitter=jitter, loss=loss))
        assert found.period_s == pytest.approx(60, rel=0.03)
        assert found.jitter <= jitter


@pytest.mark.parametrize("seed", range(5))
def test_two_periods_at_one_peer_are_told_apart(seed: int) -> None:
    rng = random.Random(seed)
    assert rounded(periods(sorted(train(rng, 15, 400) + train(rng, 60, 100)))) == [15, 60]
    assert rounded(periods(sorted(train(rng, 20, 300) + train(rng, 27, 220)))) == [20, 27]


def test_a_missing_day_and_a_change_of_period_are_seen() -> None:
    rng = random.Random(SEED)
    before, after = train(rng, 60, 60), train(rng, 60, 60)
    (found,) = periods(before + [86_400 + time for time in after])
    assert len(found.events) == 120
    faster, slower = train(rng, 30, 100), train(rng, 60, 80)
    changed = faster + [faster[-1] + time for time in slower]
    assert rounded(periods(changed)) == [30, 60]


def test_uneven_intervals_are_told_by_themselves_and_not_by_their_sum() -> None:
    (found,) = periods(train(random.Random(SEED), 290, 65, jitter=0.17))
    assert found.period_s == pytest.approx(290, rel=0.05)


def test_an_hourly_report_among_others_is_hourly() -> None:
    rng = random.Random(SEED)
    hourly = [time for time in train(rng, 3600, 60, jitter=0.001) if rng.random() < 0.75]
    others = [30 * 3600 + rng.uniform(0, 3 * 3600) for _ in range(30)]
    (found,) = periods(apart_of(hourly + others))
    assert found.period_s == pytest.approx(3600, rel=0.01)


def test_no_period_of_few_events_or_of_chance() -> None:
    assert periods(train(random.Random(SEED), 60, 7)) == []
    invented = 0
    for seed in range(200):
        rng = random.Random(seed)
        time, arrivals = 0.0, list[float]()
        for _ in range(rng.choice([10, 30, 100, 1000])):
            time += rng.expovariate(1 / 60)
            arrivals.append(time)
        visits = [start + rng.uniform(0, 20) for start in (rng.uniform(0, 86_400) for _ in range(30)) for _ in range(4)]
        invented += len(periods(arrivals)) + len(periods(sorted(visits)))
    print(f"periods invented in 400 trains without one (seeds 0 to 199): {invented}")
    assert invented == 0


def test_what_comes_together_is_one_event() -> None:
    assert apart([0.0, 0.1, 0.2, 5.0, 5.9, 6.1]) == [0, 3, 5]


@pytest.mark.parametrize("period_s", [0.3, 0.45, 0.63, 0.95])
def test_a_period_below_a_second_is_not_told_by_its_multiple(period_s: float) -> None:
    times = train(random.Random(3), period_s, 200)
    told = periods(apart_of(times))
    assert all(is_made_by_thinning(period, times, apart(times)) for period in told)


@pytest.mark.parametrize("alone", [True, False])
def test_bursts_every_second_and_a_half_have_a_period(alone: bool) -> None:
    times = [
        start + more for start in train(random.Random(4), 1.5, 60) for more in ([0.0] if alone else [0.0, 0.2, 0.35])
    ]
    (period,) = periods(apart_of(times))
    assert round(period.period_s, 1) == 1.5
    assert not is_made_by_thinning(period, times, apart(times))


@pytest.mark.parametrize("period_s", [0.25, 1 / 3, 0.4, 0.5])
@pytest.mark.parametrize("jitter", [0.005, 0.02, 0.06])
@pytest.mark.parametrize("in_pairs", [False, True])
def test_no_multiple_of_a_clock_below_a_second_is_told(period_s: float, jitter: float, in_pairs: bool) -> None:
    rng = random.Random(1)
    clock = sorted((number + rng.uniform(-jitter, jitter)) * period_s for number in range(600))
    times = [time + later for time in clock for later in ([0.0, 0.005] if in_pairs else [0.0])]
    told = periods(apart_of(times))
    assert told
    assert all(is_made_by_thinning(period, times, apart(times)) for period in told)


@pytest.mark.parametrize(("period_s", "later_s"), [(1.5, 0.95), (1.3, 0.9), (1.2, 0.9), (1.5, 0.5), (5.0, 0.7)])
def test_a_second_message_hides_no_period(period_s: float, later_s: float) -> None:
    first = train(random.Random(2), period_s, 80, jitter=0.01)
    times = sorted(first + [time + later_s for time in first])
    (period,) = periods(apart_of(times))
    assert period.period_s == pytest.approx(period_s, rel=0.02)
    assert not is_made_by_thinning(period, times, apart(times))


@pytest.mark.parametrize(("period_s", "gap_s", "messages", "is_made"), [(10, 0.3, 12, False), (5, 0.5, 6, True)])
def test_bursts_of_several_seconds(period_s: float, gap_s: float, messages: int, is_made: bool) -> None:
    """The first are told by the period between them, the second by the second that thinning makes within them."""
    starts = train(random.Random(2), period_s, 80)
    times = [start + gap_s * number for start in starts for number in range(messages)]
    (period,) = periods(apart_of(times))
    assert round(period.period_s) == (1 if is_made else period_s)
    assert is_made_by_thinning(period, times, apart(times)) == is_made


@pytest.mark.parametrize(
    ("period_s", "gap_s", "messages"), [(5, 0.3, 12), (5, 0.5, 6), (4, 0.9, 3), (10, 0.3, 30), (60, 0.5, 100)]
)
def test_bursts_that_begin_at_regular_times_are_one_event_each(period_s: float, gap_s: float, messages: int) -> None:
    starts = train(random.Random(2), period_s, 80, jitter=0.01)
    times = [start + gap_s * number for start in starts for number in range(messages)]
    places = bursts(times)
    (period,) = periods([times[place] for place in places])
    assert period.period_s == pytest.approx(period_s, rel=0.02)
    assert [times[place] for place in places] == starts


@pytest.mark.parametrize(("period_s", "later_s"), [(1.9, 0.98), (1.5, 0.8), (1.2, 0.65)])
def test_two_messages_half_a_period_apart_are_no_clock(period_s: float, later_s: float) -> None:
    first = train(random.Random(2), period_s, 80, jitter=0.005)
    times = sorted(first + [time + later_s for time in first])
    (period,) = periods(apart_of(times))
    assert period.period_s == pytest.approx(period_s, rel=0.02)
    assert not is_made_by_thinning(period, times, apart(times))


@pytest.mark.parametrize("period_s", [0.3, 0.5, 0.95])
def test_a_clock_below_a_second_makes_no_bursts_that_have_a_period(period_s: float) -> None:
    rng = random.Random(6)
    times = sorted((number + rng.gauss(0, 0.06)) * period_s for number in range(400))
    assert not periods([times[place] for place in bursts(times)])


def test_the_timers_of_the_lab_are_found_in_the_demo(demo: idletalk.Analysis) -> None:
    found = {device.name: device.cadences for device in demo.report.devices}
    missed = []
    told = 0
    for plan in draw_home(SEED).devices:
        for key, value in plan.settings.items():
            if key.endswith("_s"):
                told += 1
                if not any(one.period_s == pytest.approx(value, rel=0.02) for one in found[plan.name]):
                    missed.append((plan.name, key, value))
    print(f"timers of the lab's plan: {told - len(missed)} found, {len(missed)} missed")
    assert told == 16
    assert missed == []


@pytest.mark.parametrize("rate", [0.3, 0.5, 1, 2, 4])
def test_random_events_that_come_together_have_no_period(rate: float) -> None:
    """What comes together is one event, which makes random ones more regular than random: that is no period."""
    for seed in range(4):
        chance = random.Random(f"{rate} {seed}")
        times = list(accumulate(chance.expovariate(rate) for _ in range(2000)))
        for thinned, extends in ((bursts, True), (apart, False)):
            places = thinned(times)
            kept = [times[place] for place in places]
            assert periods(kept, dead_time(times, places, extends=extends)) == [], (thinned, seed)

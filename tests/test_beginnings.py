"""Who begins an action: commands right before it, answers that come late, and what sensors report without anybody's note."""

import random

from idletalk.actions.background import beyond, windows
from idletalk.actions.burst import NS_PER_S, Burst, Event, begins
from idletalk.actions.signature import learn
from idletalk.actions.steps import first_sender
from idletalk.actions.unnamed import unnamed

REPORT = (300, -60)
COMMAND = (-106, 49)
DAY_S = 86_400.0


def burst(
    at_s: float, lengths: tuple[int, ...], *, peer: str = "cloud", gaps_us: tuple[int, ...] | None = None
) -> Burst:
    """What was said with one peer, on a connection that was open."""
    gaps = gaps_us or (0, *(20_000 for _ in lengths[1:]))
    first_ns = int(at_s * NS_PER_S)
    return Burst(
        capture=0, frame=first_ns // 1_000_000, first_ns=first_ns, last_ns=first_ns + sum(gaps) * 1000, peer=peer, host=peer,
        peer_kind=peer, service=f"tls/{443 if peer == 'cloud' else 9999}", starts=lengths[0] > 0, opens=True, lengths=lengths,
        gaps_us=gaps, packets=len(lengths), tx_bytes=1, rx_bytes=1, flow="f", flow_first_ns=0, began=False,
    )  # fmt: skip


def began(times_s: list[float], bursts: list[Burst]) -> list[str]:
    """Who is said to begin at each of these times."""
    events = [Event(time_ns=int(at * NS_PER_S), action="on") for at in times_s]
    own = beyond(sorted(bursts, key=lambda one: one.first_ns), windows(events, 0), DAY_S)
    return [first_sender(own[window]) for window in own]


def test_one_command_in_ten_is_seen_where_it_comes_right_before_what_the_device_always_does() -> None:
    times = [1000.0 * number for number in range(1, 11)]
    reports = [burst(at + 0.1, REPORT) for at in times]
    assert began(times, [*reports, burst(3000.05, COMMAND, peer="phone")]) == [
        "phone" if at == 3000 else "device" for at in times
    ]


def test_what_comes_often_or_goes_unanswered_or_comes_early_is_no_command() -> None:
    times = [1000.0 * number for number in range(1, 11)]
    reports = [burst(at + 0.1, REPORT) for at in times]
    often = [burst(at, COMMAND, peer="phone") for at in (3000.05, *(20_000.0 + 20 * number for number in range(3000)))]
    for others in (often, [burst(3000.05, (-106,), peer="phone")], [burst(2999.4, COMMAND, peer="phone")]):
        assert set(began(times, [*reports, *others])) == {"device"}


def test_a_keep_alive_that_is_in_most_windows_is_no_part_of_the_action() -> None:
    shown = 0
    for seed in range(100):
        rng = random.Random(seed)
        times = [1000.0 * number + rng.uniform(0, 200) for number in range(1, 11)]
        pings = [burst(rng.uniform(0, 1) + 21.0 * number, (182, -18), peer="relay") for number in range(4000)]
        bursts = sorted([*(burst(at + 0.1, REPORT) for at in times), *pings], key=lambda one: one.first_ns)
        events = [Event(time_ns=int(at * NS_PER_S), action="on") for at in times]
        own = beyond(bursts, windows(events, 0), DAY_S)
        assert all("cloud" in {one.peer for one in those} for those in own.values())
        shown += any("relay" in {one.peer for one in those} for those in own.values())
    print(f"keep-alives taken for a part of an action, of 100 actions: {shown}")
    assert shown <= 1


def test_an_answer_from_far_away_is_no_begin() -> None:
    ping = burst(0, (69, -69, 1445, 405, -69, 389), gaps_us=(0, 76_000, 58_000, 8_000, 109_000, 168_000))
    assert [place for place in range(6) if begins(ping, place)] == [0, 5]
    times = [1000.0 * number for number in range(1, 11)]
    shown = [burst(at, (1445, 405, -69, 389, -69)) for at in times[1:]]
    late = ping._replace(first_ns=int(999.7 * NS_PER_S), last_ns=int(1000.2 * NS_PER_S))
    pings = [burst(20_000.0 + 20 * number, (69, -69)) for number in range(300)]
    assert began(times, [late, *shown, *pings]) == ["device"] * 10


def test_a_signature_may_be_what_half_of_the_repetitions_show() -> None:
    repetitions = [[burst(at, (1445, 405, -69, 389) if at < 6 else (1445, 405, -69))] for at in range(9)]
    found = {one.sequences[0].packets[-1] for one in learn("unlock", "device", repetitions)}
    assert any(low <= 389 <= high for low, high in found)


def test_a_sensor_that_nobody_noted_is_offered_and_its_timers_are_not() -> None:
    drawn = random.Random(3)
    keep_alive = [burst(1800.0 * number + 5, (74, -64)) for number in range(48)]
    reports = [burst(drawn.uniform(0, DAY_S), (85, -69)) for _ in range(12)]
    answers = [burst(one.last_ns / NS_PER_S + 0.5, (210, -61)) for one in reports]
    everything = sorted([*keep_alive, *reports, *answers], key=lambda one: one.first_ns)
    assert [(one.first_packet, one.least_bytes, one.times) for one in unnamed(everything, DAY_S)] == [
        ("device", 85, 12)
    ]


def test_answers_about_the_time_are_no_action() -> None:
    drawn = random.Random(4)
    said = [burst(at, (-48,)) for at in sorted(drawn.uniform(0, DAY_S) for _ in range(12))]
    assert [one.times for one in unnamed(said, DAY_S)] == [12]
    assert unnamed([one._replace(service="ntp/123") for one in said], DAY_S) == []


def test_one_repetition_with_something_before_it_does_not_widen_what_the_others_agree_on() -> None:
    shown = [burst(at, (-4, -28, 4) if at == 0 else (-28, 4)) for at in range(5)]
    exact = {one.sequences[0].packets for one in learn("on", "cloud", [[one] for one in shown])}
    assert ((-28, -28), (4, 4)) in exact


def test_answers_of_a_resolver_are_no_part_of_a_signature() -> None:
    repetitions = [[burst(at, (39, -432))._replace(service="dns/53"), burst(at + 0.1, (517, -112))] for at in range(5)]
    of_names = {
        one.packets
        for found in learn("on", "device", repetitions)
        for one in found.sequences
        if one.service == "dns/53"
    }
    assert all(len(packets) == 1 for packets in of_names)

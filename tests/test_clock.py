"""The offset between who noted the events and the capture: found where one explains them, and not where several do."""

import random

import pytest

from idletalk.actions.burst import NS_PER_S, Burst, Event
from idletalk.actions.clock import offset_ns


def burst(second: float) -> Burst:
    time_ns = int(second * NS_PER_S)
    return Burst(
        capture=0, frame=1, first_ns=time_ns, last_ns=time_ns, peer="192.0.2.1", host="cloud.example", peer_kind="cloud",
        service="tls/443", starts=False, opens=True, lengths=(-200, 100), gaps_us=(0, 50_000), packets=2, tx_bytes=100,
        rx_bytes=200, flow="f", flow_first_ns=0, began=True,
    )  # fmt: skip


def estimated(noted: list[float], seen: list[float]) -> float | None:
    events = [Event(time_ns=int(second * NS_PER_S), action="on") for second in noted]
    # a capture of a day: what is seen is rare
    found = offset_ns({"plug": events}, {"plug": [burst(0), *(burst(second) for second in seen), burst(86_400)]})
    return None if found is None else found / NS_PER_S


@pytest.mark.parametrize("offset", [-37.5, 0.3, 22.0])
def test_an_offset_of_events_at_irregular_times_is_found(offset: float) -> None:
    noted = sorted(random.Random(7).sample(range(1000, 5000), 12))
    assert estimated([float(second) for second in noted], [second + offset for second in noted]) == pytest.approx(
        offset, abs=0.1
    )


def test_no_offset_is_believed_where_events_at_regular_times_fit_several() -> None:
    noted = [1000.0 + 60 * number for number in range(20)]
    assert estimated(noted, [second - 144.6 for second in noted]) is None
    assert estimated(noted, [second + 20 for second in noted]) is None


def test_clocks_that_agree_are_believed_though_events_are_regular() -> None:
    noted = [1000.0 + 60 * number for number in range(20)]
    assert estimated(noted, [second + 0.2 for second in noted]) == pytest.approx(0.2, abs=0.05)


def test_addresses_behind_one_name_are_one_place() -> None:

    assert burst(1).place == burst(2)._replace(peer="192.0.2.77").place
    assert burst(1).place != burst(2)._replace(host="other.example").place

"""What a device keeps open has its length, its longest silence, and what keeps it alive."""

from pathlib import Path

import pytest
from tests import made

import idletalk
from idletalk.model import LongConnection

PLUG = (made.PLUG, "192.168.1.20", 40_000)
CLOUD = (made.GATEWAY, "198.18.0.9", 8883)

Frames = list[tuple[float, bytes]]


def kept_open(place: Path, frames: Frames) -> list[LongConnection]:
    report = idletalk.analyze([made.pcap(place / "a.pcap", frames)], place / "out").report
    return [one for device in report.devices if device.id == made.PLUG for one in device.connections]


def beats(begin: float, every_s: float, count: int) -> Frames:
    """Messages of ten bytes on an open connection, and their answers."""
    frames: Frames = []
    for number in range(count):
        time, place = begin + number * every_s, 1 + 10 * number
        frames.append((time, made.segment(PLUG, CLOUD, place, 24, bytes(10))))
        frames.append((time + 0.05, made.segment(CLOUD, PLUG, place, 24, bytes(10))))
    return frames


def test_a_connection_that_was_open_before_lasted_at_least_as_long_as_was_seen(tmp_path: Path) -> None:
    frames = [*beats(0, 60, 61), (3_650.0, made.segment(PLUG, CLOUD, 611, 17))]
    [one] = kept_open(tmp_path, frames)
    assert (one.peer, one.port, one.opened_by_device) == ("198.18.0.9", 8883, True)
    assert (one.began, one.ended, one.messages) == (False, True, 61)
    assert one.duration_s == pytest.approx(3_650)
    assert one.keep_alive_s == pytest.approx(60)
    assert one.longest_silence_s == pytest.approx(59.95)


def test_one_that_opens_and_then_says_nothing_was_silent_all_the_time(tmp_path: Path) -> None:
    frames = [
        (0.0, made.segment(PLUG, CLOUD, 0, 2)),
        (0.1, made.segment(CLOUD, PLUG, 0, 18)),
        (900.0, made.segment(PLUG, CLOUD, 1, 17)),
    ]
    [one] = kept_open(tmp_path, frames)
    assert (one.began, one.ended, one.messages, one.keep_alive_s) == (True, True, 0, None)
    assert one.longest_silence_s == pytest.approx(900)


def test_a_keep_alive_told_by_mqtt_stands_beside_the_one_that_is_seen(tmp_path: Path) -> None:
    broker = (made.GATEWAY, "198.18.0.9", 1883)
    connect = b"\x10\x0f\x00\x04MQTT\x04\x02\x02\x58\x00\x03plu"
    frames = [
        (0.0, made.segment(PLUG, broker, 0, 2)),
        (0.1, made.segment(broker, PLUG, 0, 18)),
        (0.2, made.segment(PLUG, broker, 1, 24, connect)),
        (0.3, made.segment(broker, PLUG, 1, 24, b"\x20\x02\x00\x00")),
    ]
    for number in range(20):
        time, place = 60.0 * (number + 1), 18 + 2 * number
        frames.append((time, made.segment(PLUG, broker, place, 24, b"\xc0\x00")))
        frames.append((time + 0.05, made.segment(broker, PLUG, 5 + 2 * number, 24, b"\xd0\x00")))
    [one] = kept_open(tmp_path, frames)
    assert (one.application, one.told_keep_alive_s) == ("mqtt", 600)
    assert one.keep_alive_s == pytest.approx(60)


@pytest.mark.parametrize(("every_s", "count", "found"), [(25, 40, True), (400, 10, False)])
def test_datagrams_between_two_ports_are_a_connection_while_a_nat_keeps_it(
    every_s: float, count: int, found: bool, tmp_path: Path
) -> None:
    frames: Frames = []
    for number in range(count):
        frames.append((number * every_s, made.datagram(PLUG, CLOUD, bytes(20))))
        frames.append((number * every_s + 0.05, made.datagram(CLOUD, PLUG, bytes(12))))
    told = kept_open(tmp_path, frames)
    assert [(one.transport, round(one.keep_alive_s or 0)) for one in told] == [("udp", every_s)] * found


def test_a_connection_of_minutes_is_not_kept_open(tmp_path: Path) -> None:
    assert kept_open(tmp_path, beats(0, 30, 19)) == []

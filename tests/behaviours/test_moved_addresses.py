"""An address that one device has, and then another: whose peer is it?"""

from pathlib import Path

from tests import made
from tests.behaviours.test_peers_and_devices import HOME, analysis, lamp, peer, plug
from tests.made import LAMP, PLUG


def test_an_address_that_two_devices_had_in_turn_is_told_with_both(tmp_path: Path) -> None:
    other = ("02:00:00:00:00:04", lamp[1], 50_001)
    frames = [
        *HOME,
        (1_100.0, made.datagram(plug, lamp, b"hello")),
        (1_101.0, made.datagram(lamp, plug, b"hello")),
        # a question to all that names it does not say who has it
        (1_200.0, made.arp(1, plug[:2], ("00:00:00:00:00:00", lamp[1]))),
        (90_000.0, made.arp(2, other[:2], plug[:2])),
        (90_001.0, made.datagram(other, plug, b"hello")),
        (90_002.0, made.datagram(plug, (*other[:2], 7_000), b"hello")),
    ]
    lab = f'[[device]]\nname = "lamp"\nmacs = ["{LAMP}"]\n[[device]]\nname = "printer"\nmacs = ["{other[0]}"]\n'
    found = analysis(tmp_path, frames, lab)
    told = peer(found, PLUG, lamp[1])
    assert (told.device, told.earlier_devices) == (other[0], (LAMP,))
    assert peer(found, LAMP, plug[1]).earlier_devices == ()
    [row] = [row for row in found.report.conclusions.idle or () if row.device == PLUG]
    assert row.lan_peers == 2


def test_who_had_an_address_while_a_device_talked_to_it_is_its_peer(tmp_path: Path) -> None:
    other = ("02:00:00:00:00:04", lamp[1], 50_001)
    frames = [
        *HOME,
        (1_200.0, made.arp(1, plug[:2], ("00:00:00:00:00:00", lamp[1]))),
        (90_000.0, made.arp(1, other[:2], ("00:00:00:00:00:00", "192.168.1.1"))),
    ]
    told = peer(analysis(tmp_path, frames), PLUG, lamp[1])
    assert (told.device, told.earlier_devices) == (LAMP, ())

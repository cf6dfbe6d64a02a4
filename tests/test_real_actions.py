"""The labels that others wrote beside their captures are read as they meant them."""

import pytest

from tests.real_actions import CAPTURES, FIREWALL, Step, minutes_and_seconds, plain, scripted

SCRIPT = """SCENARIO
1. 01 Power on - Timestamp 60
2. Control with phone on OpenWrt-5GHz network
    2.1. From Kasa app
        03 Open app - Timestamp 180
        04 On - Timestamp 240
    2.2. From Alexa App
        05 Turn off - Timestamp 300
3. Control with phone on outside network
    3.1 From Kasa app
        07 Stream camera for 10 seconds - Timestamp 420
4. Voice control with Alexa
    33 "Alexa, turn on color lamp" - Timestamp 1980
"""


def test_steps_of_a_script_tell_when_what_and_what_only_a_cloud_can_bring() -> None:
    assert list(scripted(SCRIPT)) == [
        Step(240, "on", False),
        Step(300, "off", True),
        Step(420, "stream camera for 10 seconds", True),
        Step(1980, "on", True),
    ]


def test_a_label_keeps_its_precision() -> None:
    assert minutes_and_seconds("March 08, 2021 at 05:17:26PM") == "2021-03-08T17:17:26"
    assert minutes_and_seconds("March 08, 2021 at 12:18AM") == "2021-03-08T00:18"


def test_one_word_stands_for_what_scripts_call_by_several() -> None:
    words = ["Turn on", "Off", '"Alexa, set color lamp to green"', "Change color"]
    assert [plain(word) for word in words] == ["on", "off", "set color lamp to green", "change color"]


@pytest.mark.skipif(not (CAPTURES / FIREWALL).exists(), reason="the captures of others are not here")
def test_the_script_of_the_plug_has_fourteen_switchings() -> None:
    steps = list(scripted((CAPTURES / FIREWALL / "tplink-plug" / "activity.txt").read_text()))
    assert [step.action for step in steps] == ["on", "off"] * 7
    assert sum(step.is_from_cloud for step in steps) == 12

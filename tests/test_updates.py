"""The updates conclusion of the demo tells every image that the lab's devices fetched, and no other."""

import json
from pathlib import Path

import idletalk

TRUTH = json.loads((Path(__file__).parents[1] / "demo" / "truth.json").read_text())


def test_each_update_is_told_with_its_server_and_hash(demo: idletalk.Analysis) -> None:
    names = {device["name"]: device["mac"] for device in TRUTH["devices"]}
    wanted = {
        (names[update["device"]], update["sha256"], update["peer"], update["size"]) for update in TRUTH["updates"]
    }
    rows = [row for row in demo.report.conclusions.updates or () if row.seen]
    assert {(row.device, row.sha256, row.peer, row.size_bytes) for row in rows} == wanted
    assert all(row.cloud and row.country and row.transport == "http" for row in rows)


def test_a_device_without_an_update_says_so(demo: idletalk.Analysis) -> None:
    updated = {update["device"] for update in TRUTH["updates"]}
    judged = {device["name"] for device in TRUTH["devices"] if device["under_test"]}
    silent = {row.name: row.sentence for row in demo.report.conclusions.updates or () if row.kind == "none"}
    assert set(silent) == judged - updated
    assert all(" h observed" in sentence for sentence in silent.values())


def test_firmware_that_nothing_authenticates_is_a_grave_finding(demo: idletalk.Analysis) -> None:
    rows = {row.device: row.authenticated_by for row in demo.report.conclusions.updates or () if row.seen}
    grave = {finding.device for finding in demo.report.findings if finding.kind == "firmware-changeable"}
    # a hash that the device was told in clear can be changed together with the image
    changeable = {"none found in image (only checksum or hash)", "hash told in clear, matching"}
    assert grave == {device for device, by in rows.items() if by in changeable}


def test_the_same_image_of_two_devices_is_recognised(demo: idletalk.Analysis) -> None:
    rows = {row.name: row for row in demo.report.conclusions.updates or ()}
    for row in rows.values():
        assert set(row.also_fetched_by) == {
            other.name
            for other in rows.values()
            if other.seen and row.seen and other.sha256 == row.sha256 and other is not row
        }


def test_what_came_before_and_after_is_told_as_the_lab_did_it(demo: idletalk.Analysis) -> None:
    rows = {row.name: row for row in demo.report.conclusions.updates or () if row.seen}
    truth = {update["device"]: update for update in TRUTH["updates"]}
    assert all(row.restarted and row.first and row.restarted > row.first for row in rows.values())
    # the cloud gives every order; where it comes by MQTT in clear, the message names the image and its hash
    by_mqtt = {name for name, row in rows.items() if "names the image" in (row.triggered_by or "")}
    assert by_mqtt == {"cam-a", "cam-b"}
    for name in by_mqtt:
        assert rows[name].authenticated_by == "hash told in clear, matching"
        assert any(told.startswith(f"{truth[name]['expected_md5']} mqtt by ") for told in rows[name].told_hashes)
        assert any(step.what == "told a hash that fits" for step in rows[name].steps)
    assert not any(step.what == "told a hash that does not fit" for row in rows.values() for step in row.steps)


def test_versions_are_those_that_the_devices_had(demo: idletalk.Analysis) -> None:
    truth = {update["device"]: update for update in TRUTH["updates"]}
    told = [(row.name, version) for row in demo.report.conclusions.updates or () for version in row.versions]
    assert {name for name, _ in told} >= {"cam-a", "cam-b"}
    for name, version in told:
        assert version.before in (None, truth[name]["before"])
        assert version.after in (None, truth[name]["after"])
    assert any(version.before and version.after for _, version in told)

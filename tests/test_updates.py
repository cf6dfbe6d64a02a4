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
    silent = {row.name: row.sentence for row in demo.report.conclusions.updates or () if not row.seen}
    assert set(silent) == judged - updated
    assert all(" h observed" in sentence for sentence in silent.values())


def test_firmware_that_nothing_authenticates_is_a_grave_finding(demo: idletalk.Analysis) -> None:
    rows = {row.device: row.authenticated_by for row in demo.report.conclusions.updates or () if row.seen}
    grave = {finding.device for finding in demo.report.findings if finding.kind == "firmware-changeable"}
    assert grave == {device for device, by in rows.items() if by == "none found in image (only checksum or hash)"}


def test_the_same_image_of_two_devices_is_recognised(demo: idletalk.Analysis) -> None:
    rows = {row.name: row for row in demo.report.conclusions.updates or ()}
    for row in rows.values():
        assert set(row.also_fetched_by) == {
            other.name
            for other in rows.values()
            if other.seen and row.seen and other.sha256 == row.sha256 and other is not row
        }

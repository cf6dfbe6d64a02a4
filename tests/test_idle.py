"""The idle findings of the demo are those that the lab planted: all found, none invented."""

import json
from pathlib import Path

import idletalk
from tests import made
from tests.truths import claimed, expected, scores

TRUTH = json.loads((Path(__file__).parents[1] / "demo" / "truth.json").read_text())


def test_what_the_lab_planted_is_found_and_nothing_else(demo: idletalk.Analysis) -> None:
    wanted, found = expected(TRUTH), claimed(demo.report)
    for kind, (hits, missed, invented) in scores(wanted, found, lambda one: one[0]).items():
        print(f"{kind}: {hits} found, {missed} missed, {invented} invented")
    assert found == wanted
    assert {kind for kind, *_ in wanted} == {
        "lan-search", "lan-follow-up", "gateway-follow-up", "fallback-in-clear", "service-refused", "ntp-unanswered",
        "announced-service", "open-service",
    }  # fmt: skip


def test_the_study_s_sentences_stand_in_the_conclusions(demo: idletalk.Analysis) -> None:
    fleet = " ".join(demo.report.conclusions.fleet)
    assert "All 8 devices rely on Amazon" in fleet
    assert "only cam-a and cam-b speak MQTT and an unknown protocol over UDP" in fleet
    rows = {row.name: row for row in demo.report.conclusions.idle or ()}
    assert rows["cam-a"].lateral_movements == ("neighbour",)
    assert rows["door"].lateral_movements == ()
    assert rows["cam-a"].searches_by == ("ssdp",)


def test_what_was_not_found_is_said_for_each_device_and_question(demo: idletalk.Analysis) -> None:
    door = next(device.id for device in demo.report.devices if device.name == "door")
    outcomes = {check.question: check.outcome for check in demo.report.checks if check.device == door}
    assert outcomes["misconfiguration"] == "found"
    assert outcomes["lateral"] == outcomes["fallback"] == outcomes["timesync"] == "not_found"


def test_what_only_its_port_tells_is_not_said_to_be_in_clear(tmp_path: Path) -> None:
    plug, server = (made.PLUG, "192.168.1.20", 40_000), (made.GATEWAY, "203.0.113.7", 80)

    def unencrypted(name: str, payload: bytes) -> tuple[str, ...]:
        frames = [
            (0.0, made.segment(plug, server, 1, 2)),
            (0.1, made.segment(server, plug, 1, 18)),
            (0.2, made.segment(plug, server, 2, 24, payload)),
        ]
        analysis = idletalk.analyze([made.pcap(tmp_path / f"{name}.pcap", frames)], tmp_path / name)
        [row] = [row for row in analysis.report.conclusions.idle or () if row.device == made.PLUG]
        return row.unencrypted

    assert unencrypted("short", b"\x01\x02") == ()
    assert unencrypted("http", b"GET / HTTP/1.1\r\nHost: server.example\r\n\r\n") == ("http",)

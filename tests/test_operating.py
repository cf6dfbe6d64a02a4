"""What actions look like in the demo is what the lab's truth says: who begins, over which connection, with which effects."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import idletalk
from idletalk import IdletalkError, Options, analyze
from idletalk.actions.background import windows
from idletalk.actions.burst import NS_PER_S, Event
from idletalk.actions.carrier import Carrier
from idletalk.actions.clock import offset_ns
from idletalk.actions.signature import Exchange
from idletalk.actions.unnamed import MIN_REPORTS, MIN_TIMES
from idletalk.events import read_events
from idletalk.model import OperatingRow
from idletalk.report.html import render_html
from idletalk.signatures import learnt, matches
from tests.action_truths import apart
from tests.conftest import DEMO, ROOT

TRUTH = json.loads((DEMO / "truth.json").read_text())
FIRST = {"cloud": "cloud", "sensor": "device", "lan": "phone"}
PINGPONG = ROOT.parent / "shared" / "captures" / "actions" / "pingpong" / "TP_LINK_REMOTE_ON.pcap"


@pytest.fixture(scope="module")
def rows(demo: idletalk.Analysis) -> dict[tuple[str, str, str], OperatingRow]:
    assert demo.report.conclusions.operating is not None
    return {(row.name, row.action, row.first_packet): row for row in demo.report.conclusions.operating}


def test_every_action_s_initiator_is_right(rows: dict[tuple[str, str, str], OperatingRow]) -> None:
    wanted = Counter((e["device"], e["action"], FIRST[e["via"].split()[0]]) for e in TRUTH["events"])
    found = Counter({key: row.repetitions for key, row in rows.items()})
    print(
        f"initiators of {sum(wanted.values())} events: {sum((wanted & found).values())} found,"
        f" {sum((wanted - found).values())} missed, {sum((found - wanted).values())} invented"
    )
    assert found == wanted


def test_pushes_come_on_connections_that_were_open(rows: dict[tuple[str, str, str], OperatingRow]) -> None:
    for (name, action, first), row in rows.items():
        assert row.already_open is (first != "phone"), (name, action, first)


def test_hosts_of_an_action_are_those_that_the_device_spoke_to(
    rows: dict[tuple[str, str, str], OperatingRow],
) -> None:
    truth = {device["name"]: {peer["peer"] for peer in device["peers"]} for device in TRUTH["devices"]}
    for (name, _, _), row in rows.items():
        assert {step.peer for step in row.steps if step.peer_kind == "cloud"} <= truth[name]
        assert row.clouds


def test_announcements_and_streams_are_those_of_the_truth(rows: dict[tuple[str, str, str], OperatingRow]) -> None:
    announcing = {device["name"] for device in TRUTH["devices"] if device["announced"]}
    assert {name for (name, _, _), row in rows.items() if row.lan_effects} == announcing
    streaming = {(stream["device"], stream["peer"]) for device in TRUTH["devices"] for stream in device["streams"]}
    found = {(row.name, step.peer) for row in rows.values() for step in row.steps if step.is_stream}
    assert found == streaming
    ending = {(row.name, told.split(" with ")[1].split(":")[0]) for row in rows.values() for told in row.streams_ended}
    assert {name for name, _ in ending} == {name for name, _ in streaming}
    assert all(row.action == "stream_off" for row in rows.values() if row.streams_ended)
    fields = {field for row in rows.values() for step in row.steps for field in step.fields}
    assert "iv (base64, initialisation vector of 16 bytes, changes)" in fields
    assert "data1 (base64, looks encrypted: whole blocks of 16 bytes without text, changes)" in fields


def test_actions_are_told_apart_where_their_lengths_differ_and_only_there(
    rows: dict[tuple[str, str, str], OperatingRow],
) -> None:
    verdicts = apart(TRUTH, rows)
    print(f"on against off: {verdicts.right} right, {len(verdicts.wrong)} wrong, {verdicts.unknown} not said")
    assert verdicts.wrong == ()
    assert {row.distinguishable for row in rows.values()} >= {True, False}


def test_of_actions_that_look_alike_it_is_said_that_one_of_them_was_done(
    demo: idletalk.Analysis, rows: dict[tuple[str, str, str], OperatingRow]
) -> None:
    apart = {(row.device, row.action, row.first_packet): row.distinguishable for row in rows.values()}
    told = {
        (finding.device, finding.sentence.split("'")[1]): finding.sentence
        for finding in demo.findings(kind="action-visible")
    }
    for (device, action, _), distinguishable in apart.items():
        if (device, action) in told and distinguishable is False:
            assert "is done, but not which of the two (first packet" in told[device, action]
    assert any("not which of the two" in sentence for sentence in told.values())
    assert any("can be told apart from" in sentence for sentence in told.values())


def test_signatures_find_what_was_held_back_and_little_else(
    rows: dict[tuple[str, str, str], OperatingRow],
) -> None:
    tested = [row for row in rows.values() if row.recalled is not None and row.held_back]
    recalled, held_back = sum(row.recalled or 0 for row in tested), sum(row.held_back for row in tested)
    false = sum(row.false_per_day or 0 for row in tested)
    print(f"signatures: {recalled} of {held_back} held-back repetitions found, {false:.1f} false matches a day in all")
    assert false == 0
    assert recalled >= 0.8 * held_back


def test_a_single_repetition_has_steps_and_no_signature(rows: dict[tuple[str, str, str], OperatingRow]) -> None:
    (row,) = [row for row in rows.values() if row.repetitions == 1 and row.first_packet == "cloud"]
    assert row.steps
    assert row.learnt_from is None
    assert row.signature_note == "from a single repetition no signature can be learnt"


def test_the_clocks_offset_is_estimated(tmp_path: Path) -> None:
    table = tmp_path / "events.csv"
    lines = [
        f"{event['time'][:11]}{event['time'][11:26]}Z, {event['action']}, {event['device']}"
        for event in TRUTH["events"]
    ]
    from datetime import datetime, timedelta

    late = [
        f"{(datetime.fromisoformat(line.split(',')[0]) + timedelta(seconds=20)).isoformat()},{line.split(',', 1)[1]}"
        for line in lines
    ]
    table.write_text("\n".join(late))
    lab = tmp_path / "lab.toml"
    text = (DEMO / "lab.toml").read_text()
    lab.write_text(text[: text.index("[[event]]")])
    options = Options(lab=lab, events=table)
    report = analyze([DEMO / "iotdump_2026-11-23__20.pcap.gz"], tmp_path / "out", options).report
    (offset,) = {row.clock_offset_s for row in report.conclusions.operating or ()}
    assert offset == pytest.approx(-20.0, abs=0.3)


def test_a_signature_file_works_on_another_capture(demo: idletalk.Analysis, tmp_path: Path) -> None:
    found = [one for one in learnt(demo.folder, "cam-a") if one.action == "stream_off"]
    other = analyze([DEMO / "iotdump_2026-11-23__20.pcap.gz"], tmp_path / "hour").folder
    # it has no addresses, and the cameras are of one kind
    times = [event for event in TRUTH["events"] if event["action"] == "stream_off"]
    inside = [event for event in times if event["time"][11:13] == "20"]
    assert len(matches(found, other)) == len(inside)


def test_a_search_finds_what_all_bursts_would_show(demo: idletalk.Analysis) -> None:
    signatures = learnt(demo.folder)
    narrow = [replace(one, sequences=one.sequences[:1]) for one in signatures]
    everywhere = Exchange(
        service=signatures[0].sequences[0].service,
        carrier=Carrier(reach=""),
        packets=((-(2**40), 2**40),),
        gaps_us=((0, 0),),
    )
    # beside a sequence that begins anywhere, all bursts of its service are looked at, and nothing else may be found
    wide = replace(signatures[0], action="anything", sequences=(everywhere,))
    for searched in (signatures, narrow):
        beside = [row for row in matches([*searched, wide], demo.folder) if row[2] != "anything"]
        assert matches(searched, demo.folder) == beside
    assert matches([], demo.folder) == []


def test_a_table_of_events_that_is_wrong_is_told_by_its_line(tmp_path: Path) -> None:
    table = tmp_path / "events.csv"
    table.write_text("time,device,action\n2026-01-01T10:00:00,plug,on\nyesterday,plug,off\n")
    with pytest.raises(IdletalkError, match="line 3"):
        read_events(table)


@pytest.mark.skipif(not PINGPONG.exists(), reason="the captures of others are not here")
def test_a_push_on_a_connection_whose_start_is_not_in_the_file(tmp_path: Path) -> None:
    table = tmp_path / "events.csv"
    table.write_text("2018-02-13T21:56:32Z,on,50:c7:bf:33:1f:09\n")
    report = analyze([PINGPONG], tmp_path / "out", Options(events=table)).report
    assert report.conclusions.operating is not None
    (row,) = report.conclusions.operating
    push, *others = row.steps
    assert row.first_packet == "cloud"
    assert row.already_open is True
    assert push.least == (-142, 138)
    assert any(step.service == "tls/443" and step.was_open is False and step.by_device for step in others)


@pytest.mark.skipif(not PINGPONG.exists(), reason="the captures of others are not here")
def test_where_the_lan_is_not_seen_it_is_said_that_a_command_may_have_come_before(tmp_path: Path) -> None:
    table = tmp_path / "events.csv"
    capture = PINGPONG.with_name("TP_LINK_LOCAL_ON.pcap")
    (file,) = idletalk.info([capture]).files
    table.write_text(f"{file.first},on,50:c7:bf:33:1f:09\n")
    rows = analyze([capture], tmp_path / "out", Options(events=table)).report.conclusions.operating or ()
    assert [(row.first_packet, row.command_unseen) for row in rows] == [("device", True)]


def test_without_events_what_comes_again_and_again_is_offered(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    parts = (DEMO / "lab.toml").read_text().split("\n\n")
    lab.write_text("\n\n".join(part for part in parts if not part.startswith("[[event]]")))
    analysis = analyze([DEMO / "*.pcap.gz"], tmp_path / "out", Options(lab=lab))
    assert analysis.report.conclusions.operating is None
    offered = {(one.name, one.first_packet) for one in analysis.report.conclusions.unnamed}
    assert [one.times for one in analysis.report.conclusions.unnamed] == [
        row["times"] for row in analysis.sql("SELECT times FROM unnamed_actions ORDER BY times DESC")
    ]
    assert "What may be actions" in render_html(analysis.report)
    via = Counter((event["device"], FIRST[event["via"].split()[0]]) for event in TRUTH["events"])
    wanted = {key for key, times in via.items() if times >= (MIN_REPORTS if key[1] == "device" else MIN_TIMES)}
    print(
        f"unnamed actions: {len(offered & wanted)} found, {len(wanted - offered)} missed, {len(offered - wanted)} invented"
    )
    assert offered == wanted


def test_a_note_without_seconds_is_some_time_in_its_minute(tmp_path: Path) -> None:
    table = tmp_path / "events.csv"
    table.write_text("2026-01-01T10:00, on\n2026-01-01 10:01+02:00, on\n2026-01-01T10:02:00, on\n")
    assert [event.within_s for event in read_events(table)] == [60.0, 60.0, 0.0]
    early, late = (Event(time_ns=second * NS_PER_S, action="on", within_ns=60 * NS_PER_S) for second in (0, 300))
    assert [(window.high_ns - window.low_ns) / NS_PER_S for window in windows([early, late], 0)] == [77.0, 77.0]
    assert offset_ns({"plug": [early, late]}, {}) is None

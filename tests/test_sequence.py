"""Diagrams of actions: on beside off in one picture, what differs is marked, nothing is dropped without a word."""

import re
from dataclasses import replace

import idletalk
from idletalk.actions.opposites import counterpart, order
from idletalk.model import OperatingRow
from idletalk.report.sequence import MAX_STEPS, pairs, sequence


def rows(analysis: idletalk.Analysis) -> tuple[OperatingRow, ...]:
    assert analysis.report.conclusions.operating is not None
    return analysis.report.conclusions.operating


def test_an_action_stands_beside_its_opposite(demo: idletalk.Analysis) -> None:
    drawn = list(pairs(rows(demo)))
    assert sorted(row.action for members in drawn for row in members) == sorted(row.action for row in rows(demo))
    assert all(len({(row.device, row.first_packet) for row in members}) == 1 for members in drawn)
    named = {tuple(row.action for row in members) for members in drawn}
    assert named == {("on", "off"), ("open", "close"), ("stream_on", "stream_off")}


def test_lengths_are_marked_exactly_where_they_never_overlap(demo: idletalk.Analysis) -> None:
    marked: dict[bool, int] = {True: 0, False: 0}
    for members in pairs(rows(demo)):
        first, other = (row.steps[0] for row in members)
        is_apart = first.most[0] < other.least[0] or other.most[0] < first.least[0]
        told = re.findall(r'<tspan class="apart">[<>&;a-z]+([0-9-]+)', sequence(members))
        length = str(abs(first.least[0])) if first.least[0] == first.most[0] else None
        assert length is None or (length in told) == is_apart
        marked[is_apart] += 1
        assert bool(told) >= is_apart
    assert all(marked.values()), "the demo has both kinds"


def test_a_diagram_tells_latency_connection_stream_and_cloud(demo: idletalk.Analysis) -> None:
    (members,) = [m for m in pairs(rows(demo)) if m[0].name == "cam-a"]
    drawn = sequence(members)
    for told in ("0 ms", "open, seen for", "new connection", "kbit/s for", "ends 0.", "Amazon, IE", "Tencent, DE"):
        assert told in drawn, told


def test_more_steps_than_are_drawn_are_counted(demo: idletalk.Analysis) -> None:
    row = rows(demo)[0]
    many = tuple(replace(row.steps[0], peer_name=f"host{number}") for number in range(MAX_STEPS + 3))
    assert "3 more steps in report.json" in sequence((replace(row, steps=many),))


def test_a_name_cannot_leave_its_place_in_the_diagram(demo: idletalk.Analysis) -> None:
    row = rows(demo)[0]
    hostile = replace(row, action="</text><script>", steps=(replace(row.steps[0], peer_name='"><script>'),))
    assert "<script" not in sequence((hostile,))


def test_opposites_are_told_by_whole_words() -> None:
    actions = {"on", "off", "stream_on", "stream_off", "unlock", "lock", "event lock", "event unlock", "person"}
    assert [counterpart(one, actions) for one in ("on", "stream_off", "unlock", "event lock", "person", "down")] == [
        "off", "stream_on", "lock", "event unlock", None, None,
    ]  # fmt: skip
    assert sorted(["off", "lock", "on", "unlock", "look"], key=order) == ["unlock", "lock", "look", "on", "off"]

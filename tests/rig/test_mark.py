"""Events are noted in the lab file as they happen, and nothing else in it changes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from idletalk.errors import IdletalkError
from idletalk.labfile import read_lab
from idletalk.rig.command import mark_command
from idletalk.rig.mark import add_mark, marks

LAB = '# my notes\ntimezone = "Europe/Berlin"\n\n[[device]]\nname = "plug1"\nmacs = ["02:00:00:00:00:01"]\n'


def test_a_mark_is_an_event_of_the_lab_file(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text(LAB)
    before = datetime.now(UTC)
    add_mark(lab, "plug on", "plug1")
    [event] = read_lab(lab).event
    assert (event.action, event.device) == ("plug on", "plug1")
    assert abs((event.time - before).total_seconds()) < 5
    assert lab.read_text().startswith(LAB)


def test_marks_are_listed_in_time_order_whatever_order_they_came_in(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text(LAB)
    add_mark(lab, "later", at="2026-05-06T12:00:00Z")
    add_mark(lab, "earlier", at="2026-05-06T13:00:00")  # Berlin: 11:00 UTC
    assert [(mark.action, mark.time.astimezone(UTC).hour) for mark in marks(lab)] == [("earlier", 11), ("later", 12)]


def test_a_lab_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    add_mark(lab, "door opened")
    assert [mark.action for mark in marks(lab)] == ["door opened"]


@pytest.mark.parametrize("action", ['say "hi"', "back\\slash", "new\nline", "[[event]]", "ünïcode"])
def test_any_text_comes_back_as_it_was(tmp_path: Path, action: str) -> None:
    lab = tmp_path / "lab.toml"
    add_mark(lab, action)
    assert [mark.action for mark in marks(lab)] == [action]


def test_a_device_that_the_lab_does_not_have_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text(LAB)
    with pytest.raises(IdletalkError, match="plug1"):
        add_mark(lab, "on", "plug2")
    assert lab.read_text() == LAB
    assert list(tmp_path.iterdir()) == [lab]


def test_a_broken_lab_file_stays_as_it_is(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text("[[[")
    with pytest.raises(IdletalkError):
        add_mark(lab, "on")
    assert lab.read_text() == "[[["


def test_marks_are_made_and_listed_by_the_command(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text(LAB)
    for words in (["plug on", "--device", "plug1", "--at", "2026-05-06T12:00:00Z"], ["--list"]):
        done = CliRunner().invoke(mark_command, [*words, "--lab", str(lab)])
        assert done.exit_code == 0, done.output
    assert done.output == "2026-05-06T12:00:00+00:00\tplug1\tplug on\n"
    assert CliRunner().invoke(mark_command, ["--lab", str(lab)]).exit_code != 0  # says nothing of what was done

"""The lab file: times in its own zone, mistakes named; and what names on the command line stand for."""

from pathlib import Path

import pytest

from idletalk.errors import IdletalkError
from idletalk.inputs import expand
from idletalk.labfile import parse_time, read_lab
from tests.conftest import DEMO

NS = 1_000_000_000


def lab(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lab.toml"
    path.write_text(text)
    return path


def test_the_demos_lab_file_is_read() -> None:
    found = read_lab(DEMO / "lab.toml")
    assert {phase.name for phase in found.phase} >= {"idle", "operating", "update"}
    assert sum(1 for device in found.device if device.under_test) == 8
    assert found.sha256 is not None


def test_times_without_offset_are_local() -> None:
    zone = read_lab(None).zone
    assert parse_time("1970-01-01T00:01", zone) == 60 * NS
    berlin = read_lab(DEMO / "lab.toml").zone
    assert parse_time("1970-01-01T01:01", berlin) == 60 * NS
    assert parse_time("1970-01-01T01:01:00+00:00", berlin) == 3660 * NS
    with pytest.raises(IdletalkError, match="is no time"):
        parse_time("yesterday", zone)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("timezone = 'Mars/Olympus'", "Mars/Olympus"),
        ("[[device]]\nmacs = ['02:00:00:00:00:01']", "name"),
        ("[[device]]\nname = 'x'\nrole = 'toaster'", "toaster"),
        ("[[phase]]\nname = 'idle'\nfrom = 2021-05-06T00:00:00Z", "to"),
        ("colour = 'red'", "colour"),
        ("timezone = ", "lab.toml"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(IdletalkError, match=word):
        read_lab(lab(tmp_path, text))


def test_names_stand_for_files_folders_and_patterns(tmp_path: Path) -> None:
    for name in (
        "b.pcap",
        "a.pcap",
        ".hidden",
        "deep/c.pcap",
        "old.idletalk/report.json",
        "old.idletalk/tables/x.parquet",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    folder = [path.relative_to(tmp_path).as_posix() for path in expand([str(tmp_path)], tmp_path / "spool")]
    assert folder == ["a.pcap", "b.pcap", "deep/c.pcap"]
    assert expand([str(tmp_path / "*.pcap"), str(tmp_path / "a.pcap")], tmp_path / "spool") == [
        tmp_path / "a.pcap",
        tmp_path / "b.pcap",
    ]
    (tmp_path / "odd[1].pcap").write_text("x")
    assert expand([str(tmp_path / "odd[1].pcap")], tmp_path / "spool") == [tmp_path / "odd[1].pcap"]
    for nothing in ("none.pcap", "*.cap"):
        with pytest.raises(IdletalkError, match="no such file"):
            expand([str(tmp_path / nothing)], tmp_path / "spool")

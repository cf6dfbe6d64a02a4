"""The lab file: times in its own zone, mistakes named; and what names on the command line stand for."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from idletalk import Analysis
from idletalk.cli import main_group
from idletalk.errors import IdletalkError
from idletalk.inputs import expand
from idletalk.labfile import parse_time, read_lab
from idletalk.provenance import file_hashes
from tests import made
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
        ("[[device]]\nname = 'x'\nmacs = ['02:00:00:00:00']", "'02:00:00:00:00' of 'x' is no MAC"),
        ("[[device]]\nname = 'x'\nmacs = ['02:00:00-00:00:01']", "is no MAC"),
        (
            "[[device]]\nname = 'x'\nmacs = ['02:00:00:00:00:0a']\n[[device]]\nname = 'y'\nmacs = ['02-00-00-00-00-0A']",
            "02:00:00:00:00:0a stands twice: with 'x' and with 'y'",
        ),
        ("public_ip = '198.51.100.300'", "198.51.100.300"),
        ("public_ip = ['198.51.100.3', 'home']", "home"),
        ("local_networks = ['203.0.113.0/33']", "203.0.113.0/33"),
        ("[[phase]]\nname = 'idle'\nfrom = 2021-05-06T00:00:00Z\nto = 2021-05-06T00:00:00Z", "'idle'"),
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


def test_one_file_under_several_names_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.pcap"
    file.write_text("x")
    (tmp_path / "b.pcap").hardlink_to(file)
    (tmp_path / "c.pcap").symlink_to(file)
    monkeypatch.chdir(tmp_path)
    assert expand(["a.pcap", str(file), "b.pcap", "c.pcap", "."], tmp_path / "spool") == [Path("a.pcap")]


def test_links_to_nothing_do_not_pass_in_silence(tmp_path: Path) -> None:
    (tmp_path / "gone.pcap").symlink_to(tmp_path / "nowhere")
    assert expand([str(tmp_path)], tmp_path / "spool") == [tmp_path / "gone.pcap"]


def test_a_pipe_is_kept_and_a_device_refused(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"capture")
    os.close(writer)
    [kept] = expand([f"/dev/fd/{reader}"], tmp_path / "spool")
    os.close(reader)
    assert kept == tmp_path / "spool" / str(reader)
    assert kept.read_bytes() == b"capture"
    for device in ("/dev/null", "/dev/zero"):
        with pytest.raises(IdletalkError, match="is a device"):
            expand([device], tmp_path / "spool")


def test_macs_are_told_in_one_way(tmp_path: Path) -> None:
    found = read_lab(lab(tmp_path, "[[device]]\nname = 'x'\nmacs = ['02-00-00-00-00-0A', '02:00:00:00:00:0b']"))
    assert found.device[0].macs == ("02:00:00:00:00:0a", "02:00:00:00:00:0b")


def test_times_beyond_any_capture_are_no_limit() -> None:
    zone = read_lab(None).zone
    assert parse_time("9999-12-31", zone) == 2**63 - 1
    assert parse_time("0001-01-01", zone) == -(2**63)


def test_an_endless_lab_file_is_refused() -> None:
    with pytest.raises(IdletalkError, match="1 MiB"):
        read_lab(Path("/dev/zero"))


def test_what_cannot_be_read_has_no_hash(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    names = [tmp_path / name for name in ("a.pcap", "pipe", "gone.pcap")]
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert file_hashes([*names, tmp_path], "all") == {str(tmp_path / "a.pcap"): empty}


def test_a_file_that_may_not_be_opened_has_no_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.pcap"
    file.write_bytes(b"")

    def refuse(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    assert file_hashes([file], "all") == {}


def test_a_verdict_on_no_finding_is_said(tmp_path: Path) -> None:
    noted = lab(tmp_path, "[[verdict]]\nfinding = 'open-service-0000000000'\nverdict = 'accepted'\nreason = 'known'")
    frame = made.datagram((made.PLUG, "192.168.1.2", 4000), (made.LAMP, "192.168.1.3", 4000), b"hello")
    capture, out = made.pcap(tmp_path / "in.pcap", [(0.0, frame)]), tmp_path / "out"
    told = CliRunner().invoke(main_group, ["analyze", str(capture), "--lab", str(noted), "--quiet", "--out", str(out)])
    assert told.exit_code == 0
    [line] = told.stderr.splitlines()
    assert line.startswith(
        "The lab file has a verdict on open-service-0000000000, which is no finding of this analysis"
    )
    assert Analysis(out).report.provenance.warnings == (line,)
    assert line in (out / "report.html").read_text("utf-8")

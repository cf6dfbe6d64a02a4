"""Each finding's filter selects its frames in Wireshark, and its evidence file opens there."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from idletalk import Analysis, Options, analyze

ROOT = Path(__file__).parents[1]
DEMO = sorted((ROOT / "demo").glob("*.pcap.gz"))

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def frames_of(capture: Path, display_filter: str = "") -> list[str]:
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-e", "frame.number"]
    if display_filter:
        command += ["-Y", display_filter]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("evidence")
    options = Options(lab=ROOT / "demo" / "lab.toml")
    return analyze(DEMO, folder / "demo", options)


@needs_tshark
def test_each_filter_selects_exactly_the_counted_frames(demo: Analysis, tmp_path: Path) -> None:
    whole = tmp_path / "whole.pcapng"
    subprocess.run(["mergecap", "-w", str(whole), *map(str, DEMO)], check=True, capture_output=True)
    assert demo.report.findings
    for finding in demo.report.findings:
        selected = len(frames_of(whole, finding.evidence.filter))
        if finding.evidence.filter_note is None:
            assert selected == finding.evidence.frames, finding
        else:
            assert selected >= finding.evidence.frames, finding


@needs_tshark
def test_each_evidence_file_holds_the_kept_frames(demo: Analysis) -> None:
    for finding in demo.report.findings:
        assert finding.evidence.file is not None
        file = demo.folder / finding.evidence.file
        assert len(frames_of(file)) == len(finding.evidence.kept) > 0
        assert len(frames_of(file, finding.evidence.filter)) == len(finding.evidence.kept)


def test_evidence_can_be_read_by_its_owner_only(demo: Analysis) -> None:
    assert (demo.folder / "evidence").stat().st_mode & 0o777 == 0o700


def test_every_cited_file_has_a_hash(demo: Analysis) -> None:
    hashes = {file.capture: file.sha256 for file in demo.report.captures.files}
    cited = {capture for finding in demo.report.findings for capture in finding.evidence.captures}
    assert cited
    assert all(hashes[capture] is not None for capture in cited)


def test_each_question_has_an_answer_for_each_device(demo: Analysis) -> None:
    asked = Counter(check.question for check in demo.report.checks)
    assert len(asked) > 1
    assert len(set(asked.values())) == 1
    for check in demo.report.checks:
        assert (check.outcome == "found") == (check.findings > 0)


def test_ids_are_unique_and_found_again_in_half_of_the_capture(demo: Analysis, tmp_path: Path) -> None:
    ids = [finding.id for finding in demo.report.findings]
    assert len(ids) == len(set(ids))
    half = analyze(DEMO[: len(DEMO) // 2 + 1], tmp_path / "half", Options(lab=ROOT / "demo" / "lab.toml"))
    assert {finding.id for finding in half.report.findings} & set(ids)


def test_a_verdict_of_the_lab_file_is_told_with_its_finding(demo: Analysis, tmp_path: Path) -> None:
    chosen = demo.report.findings[0].id
    lab = tmp_path / "lab.toml"
    text = (ROOT / "demo" / "lab.toml").read_text()
    lab.write_text(f'{text}\n[[verdict]]\nfinding = "{chosen}"\nverdict = "disputed"\nreason = "a test"\n')
    again = analyze(DEMO, tmp_path / "again", Options(lab=lab))
    found = next(finding for finding in again.report.findings if finding.id == chosen)
    assert found.verdict is not None
    assert (found.verdict.verdict, found.verdict.reason) == ("disputed", "a test")

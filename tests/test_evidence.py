"""Each finding's filter selects its frames in Wireshark, and its evidence file opens there."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from idletalk import Analysis, Options, analyze
from tests.confirm_findings import outcomes
from tests.conftest import DEMO, ROOT
from tests.device_days import sets
from tests.differential.selected import selected
from tests.differential.sharkd import Sharkd

FILES = sorted(DEMO.glob("*.pcap.gz"))


def test_each_filter_selects_exactly_the_counted_frames(demo: Analysis, whole_demo: Path) -> None:
    assert demo.report.findings
    counted = selected(whole_demo, (finding.evidence.filter for finding in demo.report.findings))
    for finding in demo.report.findings:
        frames, _ = counted[finding.evidence.filter]
        if finding.evidence.filter_note is None:
            assert frames == finding.evidence.frames, finding
        else:
            assert frames >= finding.evidence.frames, finding


@pytest.mark.parametrize("home", ["iot-sentinel/D-LinkHomeHub", "smart-home-firewall/all-devices/my-firewall"])
def test_filters_of_other_homes_select_what_is_counted_or_say_what_more(home: str, tmp_path: Path) -> None:
    folder = ROOT.parent / "shared" / "captures" / "homes" / home
    if not folder.exists() or shutil.which("tshark") is None:
        pytest.skip("needs captures of others in ../shared, mergecap and tshark (Debian: tshark)")
    [files] = sets(folder, apart=False)
    analysis = analyze(files, tmp_path / "out", Options(hash="none"))
    told = list(outcomes(analysis, files))
    assert len(told) == len(analysis.report.findings) > 0
    assert not [(finding.id, frames) for finding, outcome, frames in told if outcome == "wrong"]


@pytest.mark.skipif(shutil.which("sharkd") is None, reason="needs sharkd (Debian: tshark)")
def test_each_evidence_file_holds_the_kept_frames(demo: Analysis) -> None:
    server = Sharkd(preferences={})
    try:
        for finding in demo.report.findings:
            assert finding.evidence.file is not None
            kept = len(finding.evidence.kept)
            assert server.open(demo.folder / finding.evidence.file) == kept > 0
            assert server.selected(finding.evidence.filter) == list(range(1, kept + 1))
    finally:
        server.close()


def test_findings_on_the_same_frames_have_one_file_with_several_names(demo: Analysis) -> None:
    files: dict[frozenset[tuple[int, int]], set[int]] = {}
    for finding in demo.report.findings:
        frames = frozenset((frame.capture, frame.frame) for frame in finding.evidence.kept)
        assert finding.evidence.file is not None
        files.setdefault(frames, set()).add((demo.folder / finding.evidence.file).stat().st_ino)
    assert all(len(inodes) == 1 for inodes in files.values())
    assert len(set().union(*files.values())) == len(files) < len(demo.report.findings)


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


@pytest.fixture(scope="module")
def half(demo: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Half of the capture, with a verdict about each finding of the whole one."""
    folder = tmp_path_factory.mktemp("half")
    verdicts = [
        f'[[verdict]]\nfinding = "{finding.id}"\nverdict = "disputed"\nreason = "a test of {finding.id}"\n'
        for finding in demo.report.findings
    ]
    lab = folder / "lab.toml"
    lab.write_text("\n".join([(ROOT / "demo" / "lab.toml").read_text(), *verdicts]))
    return analyze(FILES[: len(FILES) // 2 + 1], folder / "out", Options(lab=lab))


def test_ids_are_unique_and_found_again_in_half_of_the_capture(demo: Analysis, half: Analysis) -> None:
    ids = [finding.id for finding in demo.report.findings]
    assert len(ids) == len(set(ids))
    assert {finding.id for finding in half.report.findings} & set(ids)


def test_a_verdict_of_the_lab_file_is_told_with_its_finding(demo: Analysis, half: Analysis) -> None:
    judged = {finding.id for finding in demo.report.findings}
    told = {finding.id: finding.verdict for finding in half.report.findings}
    assert judged & told.keys()
    for chosen, verdict in told.items():
        assert (verdict is not None) == (chosen in judged)
        assert verdict is None or (verdict.verdict, verdict.reason) == ("disputed", f"a test of {chosen}")

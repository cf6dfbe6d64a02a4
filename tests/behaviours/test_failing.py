"""A behaviour of another package that fails costs its own question, in one line, and not the analysis."""

from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests import made
from tests.made import LAMP, PLUG

from idletalk import Analysis, asking, behaviours
from idletalk.behaviours.behaviour import Ask, Behaviour
from idletalk.behaviours.finding import Claim, Judge, Kind, Scene
from idletalk.cli import main_group

KNOWN = Kind(name="known", severity="note", meaning="A test.", would_change="nothing")


def failing(_ask: Ask, _scene: Scene) -> Iterable[Claim]:
    raise ZeroDivisionError("nothing to\ndivide by")


def claims(kind: str, *kept: tuple[int, int]) -> Judge:
    def judge(_ask: Ask, _scene: Scene) -> Iterable[Claim]:
        yield Claim(kind=kind, device=PLUG, sentence="It is.", frames=len(kept), kept=kept, filter="eth", numbers={})

    return judge


def asked(name: str, judge: Judge, *kinds: Kind, script: str = "") -> Behaviour:
    return Behaviour(
        name=name,
        question="?",
        method="",
        limits="",
        tables=(name,),
        kinds=kinds,
        judge=judge,
        script=script or f"CREATE TABLE {name} AS SELECT 1 AS one",
        package=f"{name}-package",
    )


FAILING = {
    "raises": (asked("raises", failing, KNOWN), "(ZeroDivisionError at test_failing.py line"),
    "other": (asked("other", claims("more", (0, 1)), KNOWN), "claims the kind more, which its kinds do not declare (declared: known)"),
    "nameless": (asked("nameless", claims("known", (0, 1))), "claims the kind known, which its kinds do not declare (declared: none)"),
    "empty": (asked("empty", claims("known"), KNOWN), "claims known without a frame as evidence"),
    "broken": (asked("broken", claims("known", (0, 1)), KNOWN, script="CREATE TABLE broken AS FROM nothing_called_so"), "CatalogException"),
    "tableless": (asked("tableless", claims("known", (0, 1)), KNOWN, script="SELECT 1"), "tableless"),
}  # fmt: skip


def test_behaviours_of_other_packages_that_fail_are_named_in_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = asked("whole", claims("known", (0, 1)), KNOWN)
    brought = (*(behaviour for behaviour, _ in FAILING.values()), whole)
    monkeypatch.setattr(asking, "installed", lambda: (*behaviours.BEHAVIOURS, *brought))
    one, other = (PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", 4_000)
    capture = made.pcap(tmp_path / "in.pcap", [(float(n), made.datagram(one, other, b"hello")) for n in range(3)])
    told = CliRunner().invoke(main_group, ["analyze", str(capture), "--quiet", "--out", str(tmp_path / "out")])
    assert told.exit_code == 1
    lines = {line.split()[2]: line for line in told.stderr.splitlines()}
    assert lines.keys() == FAILING.keys()
    report = Analysis(tmp_path / "out").report
    for name, (_, reason) in FAILING.items():
        assert reason in lines[name]
        assert lines[name].startswith(f"The behaviour {name} of the package {name}-package failed")
        assert lines[name].endswith(f"pip uninstall {name}-package")
        assert lines[name] in [blindness.sentence for blindness in report.cannot_be_seen]
    assert {question.name for question in report.questions} & {"whole", *FAILING} == {"whole"}
    assert "known" in {finding.kind for finding in report.findings}


def test_a_failure_of_our_own_is_loud() -> None:
    ours = replace(asked("ours", failing, KNOWN), package=None)
    with pytest.raises(ZeroDivisionError):
        asking.Asking(asked=[ours]).answer(ours, lambda *_: [], None)  # pyright: ignore[reportArgumentType]


def test_an_entry_point_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("gone", "acme_gone:BEHAVIOUR", "idletalk.behaviours"),
        EntryPoint("other", "pathlib:Path", "idletalk.behaviours"),
        EntryPoint("again", "idletalk.behaviours.traffic:BEHAVIOUR", "idletalk.behaviours"),
    ]
    monkeypatch.setattr(behaviours, "entry_points", lambda group: points)
    behaviours._brought.cache_clear()  # pyright: ignore[reportPrivateUsage]
    try:
        told = [failure.sentence for failure in asking.Asking().failures]
    finally:
        behaviours._brought.cache_clear()  # pyright: ignore[reportPrivateUsage]
    assert [sentence.split(" failed")[0] for sentence in told] == [
        "The behaviour gone of the package acme_gone:BEHAVIOUR",
        "The behaviour other of the package pathlib:Path",
        "The behaviour again of the package idletalk.behaviours.traffic:BEHAVIOUR",
    ]
    assert "No module named" in told[0]
    assert "is no Behaviour" in told[1]
    assert "another behaviour has the name traffic" in told[2]

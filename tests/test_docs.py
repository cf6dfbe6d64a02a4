"""What the documents show works: Python examples run in order, commands end well, pages are built without a dead link."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import idletalk
from tests.conftest import DEMO, ROOT

DOCS = ROOT / "docs"


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    for page in sorted(DOCS.glob("*.md")):
        for block in blocks(page, "console"):
            yield from (line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ idletalk"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, demo: idletalk.Analysis) -> Path:
    """A folder as a reader has it: the demo, its analysis, the look-up tables of the lab."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "demo").mkdir()
    for file in DEMO.iterdir():
        if not file.name.endswith(".idletalk"):
            (folder / "demo" / file.name).symlink_to(file)
    (folder / "demo" / "out.idletalk").symlink_to(demo.folder)
    (folder / "lab").symlink_to(ROOT / "lab")
    return folder


def test_python_examples_run_in_order(place: Path) -> None:
    found = blocks(DOCS / "python.md", "python")
    assert len(found) > 4
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(found)], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 8


def test_commands_of_the_documents_end_well(place: Path) -> None:
    shown = list(commands())
    assert len(shown) > 6
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command in shown:
        words = shlex.split(command)
        done = subprocess.run(
            words, cwd=place, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout or "--out" in words, command


def test_a_notebook_shows_an_analysis(demo: idletalk.Analysis) -> None:
    shown = demo._repr_html_()  # pyright: ignore[reportPrivateUsage]  what notebooks call
    assert shown.count("<svg") == 1
    assert demo.report.findings[0].severity in shown
    assert "<script" not in shown


def test_relations_are_the_tables(demo: idletalk.Analysis) -> None:
    assert {"flows", "devices", "peers"} <= set(demo.tables())
    counted = demo.table("devices").count("*").fetchall()
    assert counted == [(len(demo.report.devices) + demo.report.devices_omitted,)]
    with pytest.raises(idletalk.IdletalkError, match="no table is called nonsense"):
        demo.table("nonsense")


def test_findings_are_chosen_by_device_kind_and_severity(demo: idletalk.Analysis) -> None:
    one = demo.report.findings[0]
    assert one in demo.findings(device=demo.device(one.device).name, kind=one.kind, severity=one.severity)
    assert all(each.severity == "low" for each in demo.findings(severity="low"))
    with pytest.raises(idletalk.IdletalkError, match="no device 'nobody'"):
        demo.findings(device="nobody")

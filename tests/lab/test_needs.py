"""Where the lab cannot run it says so in one line, and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab import needs

ROOT = Path(__file__).parents[2]


def test_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "run it again with sudo" in (needs.missing() or "")


@pytest.mark.skipif(needs.missing() is not None, reason=f"the lab cannot run: {needs.missing()}")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["setpriv", "--bounding-set=-sys_admin"], "namespaces cannot be made here"),
        (["env", "PATH=/nowhere"], "programs are missing: apt-get install "),
    ],
)
def test_without_namespaces_or_programs(words: list[str], told: str) -> None:
    program = "import lab.needs; lab.needs.SYSTEM_PATH = ''; import lab.__main__; raise SystemExit(lab.__main__.main())"
    done = subprocess.run(
        [*words, sys.executable, "-c", program, "run", "--out", "nowhere"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | {"PATH": f"{os.environ['PATH']}:{needs.SYSTEM_PATH}"},
    )  # fmt: skip
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (ROOT / "nowhere").exists()


@pytest.mark.skipif(needs.missing() is not None, reason=f"the lab cannot run: {needs.missing()}")
def test_with_the_output_where_the_lab_has_its_own_folder() -> None:
    words = [sys.executable, "-m", "lab", "run", "--out", "/run/home"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "name another" in done.stderr) == (2, True)

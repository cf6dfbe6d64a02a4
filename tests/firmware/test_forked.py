"""Processes that are copies: what they become, what they leave, and when they end."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from idletalk.firmware.forked import Forked
from idletalk.firmware.unblob_program import become, loaded

PROGRAM = """
import os, sys
files = [file for file in range(200) if os.path.exists(f"/proc/self/fd/{{file}}")]
with open({told!r}, "w") as told:
    print(os.getcwd(), os.environ["HOME"], " ".join(sys.argv[1:]), files, sep="\\n", file=told)
sys.exit(3)
"""
"""Writes what it was given."""


def test_a_copy_ends_with_the_code_of_what_it_did() -> None:
    codes: list[int] = []
    for said in (None, 0, 7, "no code"):
        copy = Forked(lambda said=said: sys.exit(said))
        assert copy.is_over(time.monotonic() + 10)
        codes.append(copy.end())
    assert codes == [0, 0, 7, 1]


def test_a_copy_that_does_not_end_is_ended_with_what_it_began(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    copy = Forked(lambda: subprocess.run(["sh", "-c", f"echo $$ > {told}; exec sleep 60"], check=False))
    wait_until(lambda: told.exists() and told.read_text().endswith("\n"))
    assert not copy.is_over(time.monotonic())
    assert copy.end() == -9
    wait_until(lambda: not is_alive(int(told.read_text())))


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_program_of_another_environment_is_run_from_its_file(tmp_path: Path) -> None:
    """It gets a folder, an environment and arguments, and no file that was open."""
    program, told = tmp_path / "unblob", tmp_path / "told"
    program.write_text(f"#!{sys.executable}\n" + PROGRAM.format(told=str(told)))
    program.chmod(stat.S_IRWXU)
    assert loaded(program) is None
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with told.with_suffix(".open").open("w"):
        copy = Forked(lambda: become(program, ["--depth", "1"], tmp_path, environment))
        assert copy.is_over(time.monotonic() + 10)
    assert copy.end() == 3
    folder, home, arguments, files = told.read_text().splitlines()
    assert (folder, home, arguments) == (str(tmp_path), str(tmp_path), "--depth 1")
    assert files == "[0, 1, 2]"


def test_a_program_that_cannot_be_loaded_is_run_from_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def load(self) -> object:
            raise ImportError

    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_named: [Broken()])
    # in a copy: what is loaded there is never looked through for garbage
    copy = Forked(lambda: sys.exit(loaded(Path(sys.executable).parent / "broken") is not None))
    assert copy.is_over(time.monotonic() + 10)
    assert copy.end() == 0

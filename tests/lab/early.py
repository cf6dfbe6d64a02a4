"""Runs of the lab that begin with the tests: they mostly wait, and other tests run meanwhile.

Takes the folder that `begin` made from the environment, since several processes may share the tests and only one begins.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab.needs import missing

ROOT = Path(__file__).parents[2]

FOLDER = "IDLETALK_LAB_RUNS"
"""Environment variable: the folder of the runs."""
USERS = tuple(Path(__file__).with_name(name) for name in ("test_end_to_end.py", "test_run.py"))
"""Who wants the runs."""
SEED = os.environ.get("IDLETALK_SEED", "107")
SHORT = ("--minutes", "0.15", "--rounds", "0", "--no-updates")
LANES = (
    {"whole": (SEED, "--minutes", "0.4", "--rounds", "2", "--capture-on", "br0")},
    {"null": (SEED, "--minutes", "0.4", "--rounds", "0", "--no-updates", "--null"), "short": ("7", *SHORT)},
)
"""Seeds and options of the runs: lanes side by side, the runs of one after one another."""
RUN_LIMIT_S = 400


def outside() -> list[str]:
    """What of the machine itself a lab could touch: links, named namespaces, routes, mounts, folders in /run."""
    commands = ("ip -brief link", "ip netns list", "ip route")
    told = [subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout for command in commands]
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if line.startswith("lab ")]
    folders = [name for name in ("netns", "idletalk-lab") if Path("/run", name).exists()]
    return [*told, *mounts, *folders]


def words(out: Path, seed: str, *options: str) -> list[str]:
    """The command line of one run."""
    return [sys.executable, "-m", "lab", "run", "--seed", seed, "--out", str(out), *options]


def begin() -> list[subprocess.Popen[bytes]]:
    """Begin all runs in a folder of their own; the processes that live them, which nobody needs to wait for."""
    folder = Path(tempfile.mkdtemp(prefix="idletalk-lab-"))
    os.environ[FOLDER] = str(folder)
    (folder / "outside.json").write_text(json.dumps(outside()))
    lanes = [
        "; ".join(
            f"{shlex.join(words(folder / name, *options))} >{folder / name}.log 2>&1; echo $? >{folder / name}.code"
            for name, options in lane.items()
        )
        for lane in LANES
    ]
    return [subprocess.Popen(["sh", "-c", lane], cwd=ROOT, start_new_session=True) for lane in lanes]


def end(running: list[subprocess.Popen[bytes]]) -> None:
    """End what still runs, whose namespaces go with it, and delete the runs."""
    for lane in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(lane.pid, signal.SIGTERM)
        lane.wait()
    subprocess.run(["rm", "-rf", os.environ.pop(FOLDER)], check=False)


def wanted_by(paths: list[Path]) -> bool:
    """Whether somebody among these files and folders wants the runs, and they can be had."""
    asked = any(path == user or path in user.parents for path in paths for user in USERS)
    return asked and missing() is None


def finished(name: str) -> Path:
    """The folder of a run, after its end."""
    out = Path(os.environ[FOLDER]) / name
    code = out.with_suffix(".code")
    until = time.monotonic() + RUN_LIMIT_S
    while not (code.exists() and code.read_text().strip()):
        assert time.monotonic() < until, f"the run {name} does not end"
        time.sleep(0.2)
    assert code.read_text().strip() == "0", out.with_suffix(".log").read_text()
    return out


def outside_before() -> list[str]:
    """What `outside` gave before any run began."""
    return json.loads((Path(os.environ[FOLDER]) / "outside.json").read_text())

"""Putting a box in place and taking it away again, in folders of its own laid over the machine's, with systemctl only noting."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.namespaced import PATH, reason_to_skip

SKIP = reason_to_skip()
pytestmark = pytest.mark.skipif(SKIP is not None, reason=SKIP or "")
PROGRAM = str(Path(sys.executable).with_name("idletalk"))
NOTING = ("apt-get", "systemctl", "networkctl", "systemd-sysusers", "systemd-tmpfiles")
OVERLAID = """
set -e
cd "$1"
mkdir layer && mount -t tmpfs layer layer
for folder in etc usr; do
    mkdir -p layer/$folder/upper layer/$folder/work
    mount -t overlay layer -o lowerdir=/$folder,upperdir=layer/$folder/upper,workdir=layer/$folder/work /$folder
done
export PATH="$1/noting:$PATH"
set +e
"""
CHANGED = """
find layer/etc/upper layer/usr/upper -type f -printf '%m /%P\\n' | sort > "$1/changed-$name"
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with programs that note how they are called, and a passphrase."""
    (tmp_path / "noting").mkdir()
    for name in NOTING:
        script = tmp_path / "noting" / name
        script.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/called\n[ "$*" != "$REFUSED" ]\n')
        script.chmod(0o755)
    (tmp_path / "secret").write_text("correct horse\n")
    return tmp_path


def run(machine: Path, program: str, refused: str = "nothing") -> subprocess.CompletedProcess[str]:
    """Run a shell program on the machine laid over ours."""
    init = f"{PROGRAM} rig init --country DE --passphrase-file secret --out box"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", OVERLAID + program, "sh", str(machine)],
        capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        env=os.environ | {"PATH": PATH, "INIT": init, "REFUSED": refused},
    )  # fmt: skip
    if "overlay" in done.stderr:
        pytest.skip("folders cannot be laid over others here")
    return done


def changed(machine: Path, name: str) -> list[str]:
    return (machine / f"changed-{name}").read_text().splitlines()


def test_nothing_is_put_in_place_unless_asked(machine: Path) -> None:
    done = run(machine, "$INIT" + CHANGED.replace("$name", "init"))
    assert done.returncode == 0, done.stderr
    assert changed(machine, "init") == []
    assert not (machine / "called").exists()


@pytest.mark.parametrize("install", ["$INIT --install", "$INIT && cd box && sed '/^# undo/,$d' INSTALL | sh -e; cd .."])
def test_what_is_put_in_place_can_be_taken_away(machine: Path, install: str) -> None:
    undo = "(cd box && sed '1,/^# undo/d' INSTALL | sh -e)"
    done = run(machine, install + CHANGED.replace("$name", "installed") + undo + CHANGED.replace("$name", "undone"))
    assert done.returncode == 0, done.stderr
    made = {f"{file.stat().st_mode & 0o777:o} /{file.relative_to(machine / 'box')}"
            for part in ("etc", "usr") for file in (machine / "box" / part).rglob("*") if file.is_file()}  # fmt: skip
    below = {line.replace(" /etc/", " /").replace(" /usr/", " /") for line in made}
    assert set(changed(machine, "installed")) == below
    assert "600 /hostapd/idletalk.psk" in below
    assert changed(machine, "undone") == []
    called = (machine / "called").read_text().splitlines()
    started = [line.split()[-1] for line in called if "enable --now" in line]
    stopped = [line.split()[-1] for line in called if "disable --now" in line]
    assert sum("reload-or-restart NetworkManager" in line for line in called) == 2
    assert set(started) - {"systemd-networkd.service"} == set(stopped) - {"hostapd.service"} != set()


def test_a_step_that_fails_is_named_and_the_rest_is_not_done(machine: Path) -> None:
    done = run(machine, "$INIT --install", refused="enable --now idletalk-ap.service")
    assert done.returncode != 0
    assert "not taken: systemctl enable --now idletalk-ap.service" in done.stderr
    assert "idletalk-capture" not in (machine / "called").read_text()

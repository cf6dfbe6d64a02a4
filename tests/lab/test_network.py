"""The lab's own check that it is closed: right on a right lab, and it sees what leads out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lab.needs import missing

REPOSITORY = Path(__file__).parents[2]
PROGRAM = """
import json, sys
from lab import network
from lab.home import draw_home
network.own_folders()
network.build(draw_home(3), stations_visible=False)
network.run("ip -n door link set eth0 up")
told = {"": network.leaks()}
for change, undo in json.loads(sys.argv[1]).items():
    network.run(change)
    told[change] = network.leaks()
    network.run(undo)
told["undone"] = network.leaks()
print(json.dumps(told))
"""
CHANGES = {
    "ip -n door tuntap add out mode tap": ("no cable of the lab", "ip -n door link del out"),
    "ip -n internet route add default via 198.18.1.77": ("internet", "ip -n internet route del default"),
    "ip link add loose type veth peer name end netns door": ("cable ends outside", "ip link del loose"),
    "ip link add loose index 77 type veth peer name end index 77 netns door": (
        "cable ends outside",
        "ip link del loose",
    ),
    "ip link add loose type veth peer name end": ("more than a loopback", "ip link del loose"),
}

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"the lab cannot run: {missing()}")


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """What the check says in a lab of its own, after each change."""
    changes = {change: undo for change, (_, undo) in CHANGES.items()}
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
         sys.executable, "-c", PROGRAM, json.dumps(changes)],
        check=True, capture_output=True, text=True, cwd=REPOSITORY, timeout=60,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_a_right_lab_has_no_way_out(told: dict[str, list[str]]) -> None:
    assert told[""] == told["undone"] == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_way_out_is_seen(told: dict[str, list[str]], change: str) -> None:
    assert any(CHANGES[change][0] in leak for leak in told[change])

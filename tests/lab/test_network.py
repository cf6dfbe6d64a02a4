"""The lab's own check that it is closed: right on a right lab, and it sees what leads out."""

import subprocess
import sys
from pathlib import Path

import pytest
from lab.needs import missing

REPOSITORY = Path(__file__).parents[2]
PROGRAM = """
from lab import network
from lab.home import draw_home
network.own_folders()
network.build(draw_home(3), stations_visible=False)
network.run("ip -n door link set eth0 up")
{change}
print("\\n".join(network.leaks()))
"""
CHANGES = {
    "ip -n door tuntap add out mode tap": "no cable of the lab",
    "ip -n internet route add default via 198.18.1.77": "internet",
    "ip link add loose type veth peer name end netns door": "cable ends outside",
    "ip link add loose index 77 type veth peer name end index 77 netns door": "cable ends outside",
}

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"the lab cannot run: {missing()}")


def leaks(change: str) -> str:
    """What the check says in a lab of its own, after one change."""
    program = PROGRAM.format(change=f"network.run({change!r})" if change else "")
    return subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
         sys.executable, "-c", program],
        check=True, capture_output=True, text=True, cwd=REPOSITORY, timeout=60,
    ).stdout.strip()  # fmt: skip


def test_a_right_lab_has_no_way_out() -> None:
    assert leaks("") == ""


@pytest.mark.parametrize("change", CHANGES)
def test_a_way_out_is_seen(change: str) -> None:
    assert CHANGES[change] in leaks(change)

"""The demo is what the lab's present code draws from its seed, by the command that is told everywhere."""

import hashlib
import re
import shlex

from lab.home import draw_home
from tests.lab.again import DEMO, DRAWN, truth_of

MAX_BYTES = 3_000_000
TRUTH = truth_of(DEMO)


def options(command: str) -> list[str]:
    """Words of a command without the folder that it writes into."""
    return shlex.split(re.sub(r" --out \S+", "", command))


def test_make_lab_is_the_command_that_made_the_demo() -> None:
    (makefile,) = re.findall(r"^LAB \?= (.+)$", (DEMO.parent / "Makefile").read_text(), re.M)
    (readme,) = re.findall(r"^    sudo (python -m lab run .+)$", (DEMO / "README.md").read_text(), re.M)
    assert options(readme) == options(f"python -m lab run {makefile}") == options(TRUTH["command"])


def test_the_demo_s_home_is_what_its_seed_draws() -> None:
    home = draw_home(TRUTH["seed"], TRUTH["planted"])
    told = TRUTH["home"]
    assert {key: told[key] for key in ("gateway", "public_ip", "ssid", "email", "latitude", "longitude")} == {
        key: getattr(home, key) for key in ("gateway", "public_ip", "ssid", "email", "latitude", "longitude")
    }
    for device, plan in zip(TRUTH["devices"], home.devices, strict=True):
        updated = device["name"] in {update["device"] for update in TRUTH["updates"]}
        versions = [plan.firmware, plan.next_firmware] if updated else [plan.firmware]
        assert device["firmware"] == versions
        same = [key for key in DRAWN if key != "firmware"]
        assert {key: device[key] for key in same} == {key: getattr(plan, key) for key in same}


def test_the_demo_s_files_are_those_of_its_truth_and_small() -> None:
    told = {file["name"]: file["sha256"] for file in TRUTH["capture"]["files"]}
    files = sorted(DEMO.glob("*.pcap.gz"))
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files} == told
    assert sum(file.stat().st_size for file in DEMO.iterdir() if file.is_file()) <= MAX_BYTES

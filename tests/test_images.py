"""Images that devices fetched, against what the lab's server sent and what is known of captures of others."""

import json
from pathlib import Path
from typing import Any

import pytest

import idletalk
from tests.conftest import DEMO, ROOT

TRUTH: dict[str, Any] = json.loads((DEMO / "truth.json").read_text("utf-8"))
SHARED = ROOT.parent / "shared" / "captures"
KNOWN = [
    (
        "homes/iot-sentinel/D-LinkHomeHub/Setup-A-1-STA.pcap",
        "f6436433027862d0241b273922285efd7dcbb79b0a01ab0f1f55aada50e9f572",
    ),
    (
        "homes/iot-sentinel/D-LinkSwitch/Setup-A-2-STA.pcap",
        "f6436433027862d0241b273922285efd7dcbb79b0a01ab0f1f55aada50e9f572",
    ),
    ("downloads/zeek+zeek/206_example_b.pcap", "dcb87a62a2b5d449abc138776000fd1b14edc690e9da6ea325b8f352ab033202"),
    ("downloads/zeek+zeek/206_example_c.pcap", "5c3bc213c9eff85f98feceac8810b955f8415564e50e3889b447e847c50c5ba7"),
]


def test_every_image_is_the_one_that_the_server_sent(demo: idletalk.Analysis) -> None:
    macs = {name: device["mac"] for name, device in _devices().items()}
    told = sorted((macs[update["device"]], update["sha256"]) for update in TRUTH["updates"])
    rows = demo.sql("SELECT device, sha256 FROM images WHERE is_firmware AND is_complete ORDER BY ALL")
    assert [(row["device"], row["sha256"]) for row in rows] == told


def test_nothing_else_is_called_firmware(demo: idletalk.Analysis) -> None:
    urls = {update["url"] for update in TRUTH["updates"]}
    rows = demo.sql(
        "SELECT DISTINCT 'http://' || host || uri AS url FROM images JOIN transfers USING (transfer) WHERE is_firmware"
    )
    assert {row["url"] for row in rows} == urls


def test_the_number_of_requests_and_connections_is_the_servers(demo: idletalk.Analysis) -> None:
    macs = {name: device["mac"] for name, device in _devices().items()}
    told = {(macs[update["device"]]): (update["requests"], update["connections"]) for update in TRUTH["updates"]}
    rows = demo.sql("SELECT t.* FROM transfers AS t JOIN images USING (transfer)")
    assert {row["device"]: (row["responses"], row["connections"]) for row in rows} == told


def test_only_the_owner_can_read_images_and_contents(demo: idletalk.Analysis) -> None:
    assert [(demo.folder / part).stat().st_mode & 0o777 for part in ("spool", "firmware")] == [0o700, 0o700]
    assert all(file.stat().st_mode & 0o077 == 0 for file in (demo.folder / "firmware").iterdir())


@pytest.mark.parametrize(("capture", "sha256"), KNOWN)
def test_downloads_of_others_are_whole(tmp_path: Path, capture: str, sha256: str) -> None:
    if not (SHARED / capture).exists():
        pytest.skip("needs captures of others in ../shared")
    made = idletalk.analyze([str(SHARED / capture)], tmp_path / "out")
    assert sha256 in {row["sha256"] for row in made.sql("SELECT sha256 FROM images WHERE is_complete")}


def _devices() -> dict[str, dict[str, Any]]:
    devices = TRUTH["devices"]
    return {device["name"]: device for device in (devices if isinstance(devices, list) else devices.values())}

"""A fresh run of the lab, captured with the rig's own command, analysed: the report tells what the devices did.

`IDLETALK_SEED` draws other addresses, names, encodings and times: the lab must not be learnt by heart.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lab.needs import missing
from tests.truths import claimed, expected, exposures_claimed, exposures_expected, scores

import idletalk

ROOT = Path(__file__).parents[2]
SEED = os.environ.get("IDLETALK_SEED", "107")
RUN_LIMIT_S = 150

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"the lab cannot run: {missing()}")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[idletalk.Analysis, dict[str, Any]]:
    out = tmp_path_factory.mktemp("lab")
    words = [
        sys.executable,
        "-m",
        "lab",
        "run",
        "--seed",
        SEED,
        "--minutes",
        "0.8",
        "--rounds",
        "0",
        "--no-updates",
        "--out",
        str(out),
    ]
    subprocess.run(words, check=True, cwd=ROOT, timeout=RUN_LIMIT_S)
    print(f"seed {SEED}")
    options = idletalk.Options(lab=out / "lab.toml", lookups=ROOT / "lab")
    analysis = idletalk.analyze(sorted(out.glob("*.pcap.gz")), tmp_path_factory.mktemp("report") / "run", options)
    return analysis, json.loads((out / "truth.json").read_text())


def device_of(analysis: idletalk.Analysis, told: dict[str, Any]) -> Any:
    return next(device for device in analysis.report.devices if device.id == told["mac"])


def test_devices_and_host_names(run: tuple[idletalk.Analysis, dict[str, Any]]) -> None:
    analysis, truth = run
    assert {device.id for device in analysis.report.devices} == {device["mac"] for device in truth["devices"]}
    for told in truth["devices"]:
        if told["hostname"] and told["role"] != "gateway":
            assert told["hostname"] in {name.name for name in device_of(analysis, told).hostnames}, told["name"]


def test_peers_with_cloud_and_country_and_ntp_hosts(run: tuple[idletalk.Analysis, dict[str, Any]]) -> None:
    analysis, truth = run
    for told in truth["devices"]:
        if not told["under_test"]:
            continue
        internet = {peer.address: peer for peer in device_of(analysis, told).peers if peer.scope == "internet"}
        spoken = {entry["peer"] for entry in told["peers"] if entry["peer"].startswith(("198.18.", "198.19."))}
        assert spoken <= set(internet), told["name"]
        assert all(peer.country for peer in internet.values())
        assert all(peer.provider for peer in internet.values() if not peer.is_ntp_only)
        asked = {entry["server"] for entry in told["ntp"]}
        seen = {a for a, p in internet.items() if any(q.application == "ntp" for q in p.protocols)}
        # a device that is switched off does not write down what it still waited for
        waited = analysis.sql(
            "SELECT server FROM time_servers WHERE answers = 0 AND first_ns > (SELECT max(last_ns) FROM flows) - 600000000000"
        )
        assert asked <= seen <= asked | {row["server"] for row in waited}


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_volumes_equal_tshark_s_to_the_byte(run: tuple[idletalk.Analysis, dict[str, Any]]) -> None:
    analysis, truth = run
    folder = next(iter(analysis.sql("SELECT path FROM captures")))["path"]
    counted: Counter[tuple[str, str]] = Counter()
    for file in sorted(Path(folder).parent.glob("*.pcap.gz")):
        words = ["tshark", "-n", "-r", str(file), "-T", "fields", "-e", "eth.src", "-e", "eth.dst", "-e", "frame.len"]
        for line in subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines():
            source, target, size = line.split("\t")
            counted["tx", source] += int(size)
            counted["rx", target] += int(size)
    for told in truth["devices"]:
        traffic = device_of(analysis, told).traffic
        assert (traffic.tx_bytes, traffic.rx_bytes) == (counted["tx", told["mac"]], counted["rx", told["mac"]])


def test_idle_findings_are_those_planted(run: tuple[idletalk.Analysis, dict[str, Any]]) -> None:
    analysis, truth = run
    wanted, found = expected(truth), claimed(analysis.report)
    print(scores(wanted, found))
    assert found == wanted


@pytest.mark.parametrize("carrier", ["udp", "tcp", "mqtt"])
def test_what_is_told_in_clear_is_found(run: tuple[idletalk.Analysis, dict[str, Any]], carrier: str) -> None:
    analysis, truth = run
    wanted, found = exposures_expected(truth, carrier), exposures_claimed(analysis.report, carrier)
    assert found == wanted, (sorted(wanted - found), sorted(found - wanted))

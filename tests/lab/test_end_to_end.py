"""A fresh run of the lab, captured on the bridge by the rig's own service, analysed: the report tells what the devices did.

Idle, operating and update phases, and beside it a run in which nothing is planted. `IDLETALK_SEED` draws other addresses,
names, encodings and times: the lab must not be learnt by heart.
"""

import csv
import shutil
import subprocess
from collections import Counter
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from lab.needs import missing
from lab.plan import NETWORKS_TSV
from tests import action_truths
from tests.lab import early
from tests.lab.runs import analysed, judged
from tests.truths import CARRIERS, claimed, expected, exposures_claimed, exposures_expected, scores

import idletalk

CHANCE = 2
"""Actions that may be told wrong: each was done twice, and once a keep-alive came first. ``python -m tests.lab.seeds`` measures with ten."""

Run = tuple[idletalk.Analysis, dict[str, Any]]

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"the lab cannot run: {missing()}")


@pytest.fixture(scope="module")
def runs(begun: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Both runs, analysed."""
    folder = tmp_path_factory.mktemp("lab")
    return {name: analysed(early.finished(name), folder / name) for name in ("whole", "null")}


@pytest.fixture(scope="module")
def run(runs: dict[str, Run]) -> Run:
    return runs["whole"]


def device_of(analysis: idletalk.Analysis, told: dict[str, Any]) -> Any:
    return next(device for device in analysis.report.devices if device.id == told["mac"])


def test_devices_and_host_names(run: Run) -> None:
    analysis, truth = run
    assert {device.id for device in analysis.report.devices} == {device["mac"] for device in truth["devices"]}
    for told in truth["devices"]:
        if told["hostname"] and told["role"] != "gateway":
            assert told["hostname"] in {name.name for name in device_of(analysis, told).hostnames}, told["name"]


def under_test(truth: dict[str, Any]) -> list[dict[str, Any]]:
    return [told for told in truth["devices"] if told["under_test"]]


def test_every_internet_peer_with_its_cloud_and_country(run: Run) -> None:
    analysis, truth = run
    with NETWORKS_TSV.open(newline="") as file:
        known = {ip_network(row["network"]): row for row in csv.DictReader(file, delimiter="\t")}
    for told in under_test(truth):
        peers = {peer.address: peer for peer in device_of(analysis, told).peers if peer.scope == "internet"}
        assert {entry["peer"] for entry in told["peers"] if entry["peer"].startswith(("198.18.", "198.19."))} <= set(
            peers
        )
        for address, peer in peers.items():
            (row,) = (row for network, row in known.items() if ip_address(address) in network)
            assert (peer.country, peer.provider or "", peer.organisation, peer.asn) == (
                row["country"], row["provider"], row["organisation"], int(row["asn"]),
            )  # fmt: skip


def test_time_servers_and_how_often_each_was_asked(run: Run) -> None:
    analysis, truth = run
    rows = analysis.sql("SELECT device, server, requests, answers FROM time_servers")
    hosts = {row.device: row.ntp_hosts for row in analysis.report.conclusions.idle or ()}
    for told in under_test(truth):
        asked: Counter[str] = Counter()
        for entry in told["ntp"]:
            asked[entry["server"]] += entry["count"]
        seen = {row["server"]: (row["requests"], row["answers"]) for row in rows if row["device"] == told["mac"]}
        # a device that is switched off or starts anew does not write down what it still waited for
        waited = {server for server, (requests, answers) in seen.items() if answers < requests}
        assert {server: count for server, count in asked.items() if server not in waited} == {
            server: requests for server, (requests, _) in seen.items() if server not in waited
        }
        assert all(asked[server] <= seen[server][0] for server in waited)
        assert len(asked) <= (hosts[told["mac"]] or 0) <= len(asked.keys() | waited)


def test_mqtt_over_tls_is_a_connection_that_nobody_reads(run: Run) -> None:
    analysis, truth = run
    sessions = {(d["mac"], s["peer"]) for d in truth["devices"] for s in d["mqtt"] if not s["in_clear"]}
    assert sessions
    for mac, peer in sessions:
        rows = analysis.sql(
            f"SELECT application FROM flows WHERE originator_mac = '{mac}' AND responder = '{peer}' AND responder_port = 8883"
        )
        assert {row["application"] for row in rows} == {"tls"}
    assert not analysis.sql(
        f"FROM mqtt WHERE source IN ({', '.join(repr(peer) for _, peer in sessions)}) OR destination IN ({', '.join(repr(peer) for _, peer in sessions)})"
    )


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_volumes_equal_tshark_s_to_the_byte(run: Run) -> None:
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


def test_idle_findings_are_those_planted(run: Run) -> None:
    analysis, truth = run
    wanted, found = expected(truth), claimed(analysis.report)
    print(scores(wanted, found, lambda one: one[0]))
    assert found == wanted


@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_is_told_in_clear_is_found(run: Run, carrier: str) -> None:
    analysis, truth = run
    wanted, found = exposures_expected(truth, carrier).keys(), exposures_claimed(analysis.report, carrier).keys()
    assert found == wanted, (sorted(wanted - found), sorted(found - wanted))


def test_where_nothing_is_planted_nothing_is_found(runs: dict[str, Run]) -> None:
    outcome = judged(*runs["null"])
    assert outcome.faults == []
    assert set(outcome.kinds) <= {"announced-service"}  # which is no fault, and the truth has it


def test_who_begins_an_action_over_which_connection_and_what_the_lan_sees(run: Run) -> None:
    analysis, truth = run
    rows = action_truths.by_way(analysis.report.conclusions.operating or ())
    begun = action_truths.initiators(truth, rows)
    print(begun)
    assert begun.right >= len(truth["events"]) - CHANCE
    for ask in (action_truths.openness, action_truths.effects, action_truths.streams):
        assert len(ask(truth, rows).wrong) <= CHANCE


def test_updates_are_those_that_the_devices_made(run: Run) -> None:
    analysis, truth = run
    names = {device["name"]: device["mac"] for device in truth["devices"]}
    wanted = {(names[made["device"]], made["sha256"], made["peer"], made["size"]) for made in truth["updates"]}
    rows = [row for row in analysis.report.conclusions.updates or () if row.seen]
    assert {(row.device, row.sha256, row.peer, row.size_bytes) for row in rows} == wanted
    assert all(row.transport == "http" and row.cloud and row.country for row in rows)
    assert all(row.restarted and row.first and row.restarted > row.first for row in rows)

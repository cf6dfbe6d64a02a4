"""The demo capture against what its devices wrote down at their own sockets (demo/truth.json)."""

import json
from typing import Any

import pytest

import idletalk
from tests.conftest import DEMO

TRUTH: dict[str, Any] = json.loads((DEMO / "truth.json").read_text("utf-8"))
DEVICES: list[dict[str, Any]] = (
    TRUTH["devices"] if isinstance(TRUTH["devices"], list) else list(TRUTH["devices"].values())
)
NAMES = [device["name"] for device in DEVICES]
STATIONS = [device["name"] for device in DEVICES if device["side"] == "wifi"]
"""Devices whose traffic with the Internet crosses the capture point."""


def told(name: str) -> dict[str, Any]:
    return next(device for device in DEVICES if device["name"] == name)


def found(demo: idletalk.Analysis, name: str) -> Any:
    return next(device for device in demo.report.devices if device.name == name)


def test_exactly_the_devices_of_the_home_are_found(demo: idletalk.Analysis) -> None:
    assert {d.id for d in demo.report.devices} == {device["mac"] for device in DEVICES}


@pytest.mark.parametrize("name", NAMES)
def test_addresses_and_host_names_are_those_the_device_has(demo: idletalk.Analysis, name: str) -> None:
    device, truth = found(demo, name), told(name)
    assert device.id == truth["mac"]
    assert set(truth["ips"]) <= {address.address for address in device.addresses}
    if truth["hostname"] and name != "gateway":
        assert truth["hostname"] in {hostname.name for hostname in device.hostnames}


@pytest.mark.parametrize("name", NAMES)
def test_ntp_hosts_are_those_the_device_asked(demo: idletalk.Analysis, name: str) -> None:
    asked = {entry["server"] for entry in told(name).get("ntp", [])}
    peers = found(demo, name).peers
    seen = {p.address for p in peers if p.scope == "internet" and any(q.application == "ntp" for q in p.protocols)}
    assert seen == asked


@pytest.mark.parametrize("name", STATIONS)
def test_names_asked_are_those_in_the_dns_queries(demo: idletalk.Analysis, name: str) -> None:
    asked = {entry["name"] for entry in told(name).get("dns", [])}
    rows = demo.sql(
        f"SELECT DISTINCT name FROM dns_questions WHERE protocol = 'dns' AND NOT is_response AND source_mac = '{told(name)['mac']}'"
    )
    assert asked <= {row["name"] for row in rows}


@pytest.mark.parametrize("name", STATIONS)
def test_tls_peers_have_the_name_that_the_device_sent(demo: idletalk.Analysis, name: str) -> None:
    peers = {peer.address: peer for peer in found(demo, name).peers}
    for entry in told(name).get("tls", []):
        assert entry["host"] in {n.name for n in peers[entry["peer"]].names if n.told_by == "sni"}


@pytest.mark.parametrize("name", [n for n in NAMES if told(n)["under_test"]])
def test_internet_peers_and_their_clouds(demo: idletalk.Analysis, name: str) -> None:
    truth = {e["peer"] for e in told(name)["peers"] if e["peer"].startswith(("198.18.", "198.19.", "2001:db8:"))}
    peers = {p.address: p for p in found(demo, name).peers if p.scope == "internet"}
    assert set(peers) >= truth
    assert all(peer.country for peer in peers.values())
    assert all(p.provider in ("Amazon", "Tencent", "Zenlayer") for p in peers.values() if not p.is_ntp_only)


def test_only_the_cameras_speak_mqtt_in_clear(demo: idletalk.Analysis) -> None:
    rows = demo.sql(
        "SELECT DISTINCT d.name FROM traffic AS t JOIN devices AS d USING (device) WHERE t.application = 'mqtt'"
    )
    assert {row["name"] for row in rows} - {"gateway"} == {
        name for name in NAMES if any(session["in_clear"] for session in told(name)["mqtt"])
    }


def test_every_frame_is_counted_once(demo: idletalk.Analysis) -> None:
    files = sum(file.packets or 0 for file in demo.report.captures.files)
    size = sum(file.bytes or 0 for file in demo.report.captures.files)
    assert (demo.report.captures.packets, demo.report.captures.bytes) == (files, size)

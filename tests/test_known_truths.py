"""What is known of captures that others made: leaks, updates, pushes and false labels that people checked with tshark.

Downloads and ranges: tests/test_images.py, tests/test_downloads.py; the request by TFTP: tests/test_update_signs.py; the switched
plug: tests/test_operating.py.
"""

from pathlib import Path

import pytest

import idletalk
from tests.conftest import ROOT

CAPTURES = ROOT.parent / "shared" / "captures"
HOMES = CAPTURES / "homes"
CLOUD = "internet"


def analyzed(capture: Path, tmp_path: Path) -> idletalk.Analysis:
    if not capture.exists():
        pytest.skip("needs captures of others in ../shared")
    options = idletalk.Options(hash="none", show_secrets=True)
    return idletalk.analyze([str(capture)], tmp_path / "out", options)


def told(analysis: idletalk.Analysis, scope: str) -> set[tuple[str, str, str]]:
    """(kind, value, encoding) of what devices sent to hosts of this scope."""
    rows = analysis.sql(f"SELECT kind, value, encoding FROM exposures WHERE sent AND scope = '{scope}'")
    return {(row["kind"], row["value"], row["encoding"]) for row in rows}


def test_a_scale_tells_serial_token_and_network_in_a_request(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "Aria" / "Setup-A-1-STA.pcap", tmp_path)
    assert told(found, CLOUD) >= {
        ("serial", "20F85ECA9152", "text"), ("token", "DPcheC1cFX7slXmno84l", "text"), ("ssid", "IoTSoft", "text")
    }  # fmt: skip
    assert {finding.severity for finding in found.findings(kind="exposed-credential")} == {"high"}


def test_a_bridge_is_opened_by_a_user_name_in_the_uri(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "HueSwitch" / "Setup-A-1-STA.pcap", tmp_path)
    assert ("token", "59df4532a5f9c15ff500b552b69bbc", "text") in told(found, "lan")
    assert {kind for kind, _, _ in told(found, "lan")} >= {"model", "firmware", "mac"}


def test_a_hub_fetches_a_program_in_clear_and_the_phone_that_configures_it_moves_nowhere(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "D-LinkHomeHub" / "Setup-A-1-STA.pcap", tmp_path)
    [image] = found.findings(kind="firmware-changeable")
    assert image.numbers["size_bytes"] == 253_504
    [asked] = found.findings(kind="update-refused")
    assert "/router/firmware/query.aspx?model=" in asked.sentence
    assert not [finding for finding in found.report.findings if finding.kind.endswith("follow-up")]


def test_a_sensor_fetches_the_other_program(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "D-LinkWaterSensor" / "Setup-A-1-STA.pcap", tmp_path)
    rows = found.sql("SELECT size_bytes, md5, is_complete FROM images WHERE is_firmware")
    assert [(row["size_bytes"], row["md5"], row["is_complete"]) for row in rows] == [
        (196_060, "5e0ba8747132524622864a5262a1d50e", True)
    ]


def test_a_plug_asks_for_firmware_by_its_model_version_and_mac_and_fetches_the_same_program(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "D-LinkSwitch" / "Setup-A-1-STA.pcap", tmp_path)
    assert told(found, CLOUD) >= {
        ("mac", "90:8d:78:a9:3d:6f", "text"),
        ("model", "DSP-W215_Bx_Default_FW_0222_908D78A93D6F", "text"),
    }
    rows = found.sql("SELECT size_bytes, md5, is_complete FROM images WHERE is_firmware")
    assert [(row["size_bytes"], row["md5"], row["is_complete"]) for row in rows] == [
        (253_504, "43cbfdcfab7d30a038a00a2b415956ed", True)
    ]
    assert not [finding for finding in found.report.findings if finding.kind.endswith("follow-up")]


def test_a_camera_asks_an_address_of_no_network_here_which_never_answers(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "EdnetCam2" / "Setup-C-1-STA.pcap", tmp_path)
    [sent] = found.findings(kind="foreign-address")
    assert (sent.device, sent.peer) == ("3c:49:37:03:17:f0", "192.168.1.13")
    [asked] = found.findings(kind="update-unanswered")
    assert "for /update.sh and nothing ever came" in asked.sentence


def test_a_week_cut_to_heads_has_its_failures_counted_and_says_what_it_cannot_show(tmp_path: Path) -> None:
    found = analyzed(HOMES / "week-idle" / "schlage-lock-01.pcap", tmp_path)
    [refused] = found.report.findings
    assert (refused.kind, refused.numbers["times"]) == ("name-refused", 154)
    assert any("cut" in one.sentence for one in found.report.cannot_be_seen)


def test_a_plug_tells_who_and_where_it_is_behind_autokey(tmp_path: Path) -> None:
    found = analyzed(HOMES / "various" / "fdekeers+iot-firewall" / "tp-link.pcap", tmp_path)
    behind = {kind for kind, _, encoding in told(found, "lan") if encoding == "xor-autokey"}
    assert behind >= {"mac", "device_id", "latitude", "longitude", "email", "model", "firmware"}
    ids = {value for kind, value, _ in told(found, "lan") if kind == "device_id"}
    assert len(ids) == 1, "ids of the product are none of the device"


def test_a_plug_whose_text_has_its_bits_rotated_is_read(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "EdimaxPlug1101W" / "Setup-A-1-STA.pcap", tmp_path)
    rotated = {(kind, value) for kind, value, encoding in told(found, CLOUD) if encoding == "rotated"}
    assert rotated >= {("model", "SP-1101W"), ("firmware", "1.09#010001"), ("mac", "74:da:38:4a:76:49")}
    assert [finding.peer for finding in found.findings(kind="public-address-told")] == ["122.248.252.67"]


def test_a_gateway_tells_its_serial_as_text_and_in_base64(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "MAXGateway" / "Setup-A-1-STA.pcap", tmp_path)
    assert told(found, "lan") == {("hostname", "KEQ0817541", "text"), ("hostname", "KEQ0817541", "base64")}


def test_a_bridge_sends_a_token_and_its_mac_to_its_cloud_in_clear(tmp_path: Path) -> None:
    found = analyzed(HOMES / "smart-home-firewall" / "philips-hue" / "no-firewall" / "lan.pcap", tmp_path)
    kinds = {(kind, encoding) for kind, _, encoding in told(found, CLOUD)}
    assert {("token", "text"), ("mac", "eui-64")} <= kinds


def test_what_a_plug_passes_on_for_a_phone_is_not_its_own(tmp_path: Path) -> None:
    found = analyzed(HOMES / "iot-sentinel" / "WeMoSwitch2" / "Setup-C-4-STA.pcap", tmp_path)
    failed = [one for one in found.report.findings if one.kind in ("service-unanswered", "fallback")]
    # a router on the way bars its own requests for the time
    assert [(one.peer, one.subject) for one in failed] == [("129.132.2.21", "udp/123")]


def test_no_camera_speaks_a_speed_test(tmp_path: Path) -> None:
    found = analyzed(HOMES / "various" / "NEU-SNS+intl-iot" / "yi_camera_sample.pcap", tmp_path)
    assert found.sql("FROM flows WHERE application ILIKE '%eaq%'") == []

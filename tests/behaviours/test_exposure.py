"""What is decoded is bounded, and what is found there is looked for in the rest."""

from pathlib import Path

import pytest
from tests.made import GATEWAY, PLUG, datagram, pcap

import idletalk
from idletalk.behaviours import exposure, exposure_kinds


def messages(tmp_path: Path, out: str) -> int:
    """Messages in which a plug that sends twenty, all different, tells its serial."""
    frames = [
        (
            float(n),
            datagram(
                (PLUG, "192.168.7.20", 40000),
                (GATEWAY, "192.168.7.1", 9999),
                b'{"serial":"SN4711-0815","count":%d}' % n,
            ),
        )
        for n in range(20)
    ]
    analysis = idletalk.analyze([pcap(tmp_path / "plug.pcap", frames)], tmp_path / out)
    (row,) = analysis.sql("SELECT sum(times)::BIGINT AS n FROM exposures WHERE kind = 'serial' AND sent")
    return row["n"]


def test_messages_beyond_the_bound_are_held_against_what_the_first_one_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert messages(tmp_path, "all") == 20
    monkeypatch.setattr(exposure, "MAX_CONTENTS", 1)
    assert messages(tmp_path, "bounded") == 20


def test_a_bound_of_nothing_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "MAX_CONTENT_BYTES", 0)
    assert messages(tmp_path, "none") is None


def test_what_is_left_of_a_long_conversation_unread_is_said(tmp_path: Path) -> None:
    ends = (PLUG, "192.168.7.20", 40000), (GATEWAY, "192.168.7.1", 9999)
    frames = [
        (n / 100, datagram(*ends, b'{"serial":"SN4711-0815","count":%d,"pad":"%0900d"}' % (n, 0))) for n in range(400)
    ]
    for count, is_said in ((200, False), (400, True)):
        analysis = idletalk.analyze([pcap(tmp_path / f"{count}.pcap", frames[:count])], tmp_path / str(count))
        said = {blindness.kind: blindness.sentence for blindness in analysis.report.cannot_be_seen}
        assert ("payloads_omitted" in said) == is_said
    assert "(by udp)" in said["payloads_omitted"]
    [row] = analysis.sql("SELECT sum(times)::BIGINT AS n FROM exposures WHERE kind = 'serial' AND sent")
    assert row["n"] < 400


def test_a_protocol_that_a_vendor_reader_knows_is_named_and_its_xor_called_what_it_is(demo: idletalk.Analysis) -> None:
    [plug] = [device for device in demo.report.devices if device.name == "plug-d"]
    told = [finding.sentence for finding in demo.findings(device=plug.id, kind="exposed-on-lan")]
    assert told
    for sentence in told:
        assert " only obfuscated with autokey XOR (readable by anyone), by tplink-smarthome over TCP: " in sentence
    stun = [
        finding for finding in demo.findings(kind="public-address-told") if "stun" in str(finding.numbers["encoding"])
    ]
    assert all(" by STUN over UDP as STUN's XOR-mapped address: " in finding.sentence for finding in stun)


def test_what_is_told_in_clear_and_obfuscated_is_said_to_be_both() -> None:
    assert exposure_kinds.written("MQTT", ["text", "xor"]) == "in clear, by MQTT as text, elsewhere obfuscated with XOR"


def test_a_byte_before_a_key_makes_no_other_value(tmp_path: Path) -> None:
    ends = ((PLUG, "192.168.7.20", 40000), (GATEWAY, "192.168.7.1", 9999))
    # the last byte of a head counts up: once it is a D, and Dsn would be a device id
    frames = [
        (float(n), datagram(*ends, b"\x01\x00\x00" + bytes([0x30 + n]) + b"sn=SN4711-0815&n=1")) for n in range(25)
    ]
    analysis = idletalk.analyze([pcap(tmp_path / "plug.pcap", frames)], tmp_path / "out")
    assert {row["kind"] for row in analysis.sql("SELECT kind FROM exposures")} == {"serial"}

"""What is decoded is bounded, and what is found there is looked for in the rest."""

import struct
from pathlib import Path

import pytest
from tests.made import GATEWAY, LAMP, PLUG, datagram, dns_name, pcap, segment

import idletalk
from idletalk.behaviours import exposure_kinds, exposure_search


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
    monkeypatch.setattr(exposure_search, "MAX_CONTENTS", 1)
    assert messages(tmp_path, "bounded") == 20


def test_a_bound_of_nothing_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure_search, "MAX_CONTENT_BYTES", 0)
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


PLUG_END, LAMP_END = (PLUG, "192.168.7.20", 40000), (LAMP, "192.168.7.30", 9999)
DIGITS = PLUG.replace(":", "")


def given(tmp_path: Path, *frames: bytes, shown: bool = False) -> tuple[idletalk.Analysis, set[tuple[str, str, str]]]:
    """An analysis of these frames, and what the plug tells: (kind, value, carrier)."""
    capture = pcap(tmp_path / "in.pcap", [(float(n), frame) for n, frame in enumerate(frames)])
    analysis = idletalk.analyze([capture], tmp_path / "out", idletalk.Options(show_secrets=shown))
    rows = analysis.sql(f"SELECT DISTINCT kind, value, carrier FROM exposures WHERE sent AND device = '{PLUG}'")
    return analysis, {(row["kind"], row["value"], row["carrier"]) for row in rows}


def test_an_announcement_tells_the_name_of_the_device(tmp_path: Path) -> None:
    text = (
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\nNT: upnp:rootdevice\r\n"
        "LOCATION: http://192.168.7.20:80/d.xml\r\nUSN: uuid:Socket-1_0-221500K0000001::upnp:rootdevice\r\n"
        f"x-bridgeid: {DIGITS[:6]}FFFE{DIGITS[6:]}\r\n\r\n"
    )
    group = ("01:00:5e:7f:ff:fa", "239.255.255.250", 1900)
    _, told = given(tmp_path, datagram((PLUG, "192.168.7.20", 1900), group, text.encode()), shown=True)
    assert told == {("device_id", "Socket-1_0-221500K0000001", "ssdp"), ("mac", PLUG, "ssdp")}


def test_a_name_that_is_asked_for_tells_what_stands_in_it(tmp_path: Path) -> None:
    head = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0)
    query = head + dns_name(f"{DIGITS}.cloud.example") + struct.pack(">HH", 1, 1)
    _, told = given(tmp_path, datagram(PLUG_END, (GATEWAY, "192.168.7.1", 53), query))
    assert told == {("mac", PLUG, "dns")}


def test_who_repeats_the_model_of_another_tells_nothing_of_itself(tmp_path: Path) -> None:
    own = datagram(LAMP_END, PLUG_END, b'{"model":"Lamp-4711","serial":"%s"}' % DIGITS.encode())
    repeated = datagram(PLUG_END, LAMP_END, b"I see a Lamp-4711 there, and more of the same")
    analysis, told = given(tmp_path, own, repeated)
    assert ("model", "Lamp-4711", "udp") in told
    assert [
        finding.device for finding in analysis.findings(kind="exposed-on-lan") if "model" in (finding.subject or "")
    ] == [LAMP]


def test_a_serial_number_that_is_the_mac_is_not_masked_and_another_one_is(tmp_path: Path) -> None:
    frame = datagram(PLUG_END, LAMP_END, b'{"serial":"%s","deviceId":"abcdefgh0123"}' % DIGITS.encode())
    _, told = given(tmp_path, frame)
    assert {value for kind, value, _ in told if kind == "serial"} == {DIGITS}
    assert {value for kind, value, _ in told if kind == "device_id"} == {"ab…3 (12 characters)"}


def test_a_mask_is_told_once_by_who_sends_through_it(tmp_path: Path) -> None:
    text = b'<param><model value="SP-1101W" /><devfwver value="1.09" /><id value="4711" /></param>'
    turned = bytes((byte << 3 | byte >> 5) & 0xFF for byte in text)
    analysis, told = given(tmp_path, datagram(PLUG_END, LAMP_END, turned), datagram(LAMP_END, PLUG_END, b"ok"))
    assert told == {("model", "SP-1101W", "udp"), ("firmware", "1.09", "udp")}
    [mask] = analysis.findings(kind="fake-encryption")
    assert (mask.device, "rotated bits" in mask.sentence) == (PLUG, True)


def test_an_address_that_a_server_names_is_public_and_one_that_the_device_names_is_not(tmp_path: Path) -> None:
    plug, server = (PLUG, "192.168.7.20", 40000), (GATEWAY, "198.51.100.7", 8000)
    opened = [segment(plug, server, 1, 2), segment(server, plug, 1, 18), segment(plug, server, 2, 16)]
    asks = segment(plug, server, 2, 24, b'{"wanip":"93.184.216.34","cmd":1}')
    answers = segment(server, plug, 2, 24, b'{"clientIp":"93.184.216.35","cmd":2}')
    analysis, told = given(tmp_path, *opened, asks, answers)
    assert told == set()
    [one] = analysis.findings(kind="public-address-told")
    assert "93.184.216.35" in one.sentence

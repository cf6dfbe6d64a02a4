"""How values stand: named by a topic, in sentences of receivers, in two bytes a sign, as numbers, in CBOR."""

import struct
from pathlib import Path

import pytest
from tests.made import GATEWAY, PLUG, datagram, pcap, segment

import idletalk

PLUG_END, CLOUD = (PLUG, "192.168.7.20", 40000), (GATEWAY, "198.51.100.7")


def short(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text


def published(*messages: tuple[str, bytes]) -> list[bytes]:
    """An MQTT connection with a password, on which messages are sent."""
    broker = (*CLOUD, 1883)
    login = short(b"MQTT") + b"\x04\xc2\0\x3c" + short(b"c1") + short(b"sam1") + short(b"brokerpw1")
    packets = [b"\x10" + bytes([len(login)]) + login]
    for topic, message in messages:
        body = short(topic.encode()) + message
        packets.append(b"\x30" + bytes([len(body)]) + body)
    frames = [segment(PLUG_END, broker, 99, 2), segment(broker, PLUG_END, 499, 18)]
    place = 100
    for packet in packets:
        frames.append(segment(PLUG_END, broker, place, 24, packet))
        place += len(packet)
    return frames


def sent(payload: bytes, port: int = 5555) -> bytes:
    return datagram(PLUG_END, (*CLOUD, port), payload)


def coap(path: str, payload: bytes, content_format: int) -> bytes:
    first, *others = [part.encode() for part in path.split("/")]
    options = bytes([0xB0 | len(first)]) + first + b"".join(bytes([len(part)]) + part for part in others)
    return sent(b"\x40\x03\x12\x34" + options + bytes([0x11, content_format]) + b"\xff" + payload, 5683)


def told(tmp_path: Path, *frames: bytes, lab: str = "") -> set[tuple[str, str, str, str | None]]:
    """Kind, value, encoding and key of what the plug gives away."""
    place = tmp_path / "lab.toml"
    place.write_text(lab)
    capture = pcap(tmp_path / "in.pcap", list(enumerate(frames)))
    analysis = idletalk.analyze([capture], tmp_path / "out", idletalk.Options(lab=place, show_secrets=True))
    rows = analysis.sql("SELECT kind, value, encoding, key FROM exposures WHERE sent")
    return {(row["kind"], row["value"], row["encoding"], row["key"]) for row in rows}


LOGIN = {("user", "sam1", "text", "username"), ("password", "brokerpw1", "text", "password")}


def test_a_topic_names_the_value_that_is_sent_to_it_alone(tmp_path: Path) -> None:
    messages = [
        ("password", b"tulips77"),
        ("home/lock/pass-word", b'"roses88"'),
        ("home/lock/pin_code", b"4711"),
        ("home/serial", b"SN4711-0815"),
        ("tracker/lat", b"48.1374"),
    ]
    assert told(tmp_path, *published(*messages)) == LOGIN | {
        ("password", "tulips77", "text", "password"),
        ("password", "roses88", "text", "pass-word"),
        ("password", "4711", "text", "pin_code"),
        ("serial", "SN4711-0815", "text", "serial"),
        ("latitude", "48.1374", "text", "lat"),
    }


def test_a_topic_names_no_state_and_no_object(tmp_path: Path) -> None:
    """A topic called as what a prompt asks for is not a login either."""
    messages = [
        ("password", b'{"state":"asleep"}'),
        ("home/user", b"not_home"),
        ("home/pass", b"ON"),
        ("home/pin", b"13"),
        ("password/state", b"tulips77"),
        ("user name", b'{"state":"asleep"}'),
        ("home/token", b"\x00\x01\x02\x03\x04\x05\x06\x07\x08"),
    ]
    assert told(tmp_path, *published(*messages)) == LOGIN


PLACE = {("latitude", "48.11730", "nmea", None), ("longitude", "11.51667", "nmea", None)}
SENTENCE = b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n"


@pytest.mark.parametrize("way", ["udp", "mqtt", "http", "tcp"])
def test_a_receivers_sentence_tells_where_it_is(tmp_path: Path, way: str) -> None:
    if way in ("udp", "mqtt"):
        frames = [sent(SENTENCE)] if way == "udp" else published(("gps", SENTENCE))
    else:
        ask = b"GET /t?nmea=" + SENTENCE.strip().replace(b",", b"%2C").replace(b"$", b"%24") + b" HTTP/1.1\r\n\r\n"
        server = (*CLOUD, 80 if way == "http" else 7777)
        frames = [segment(PLUG_END, server, 99, 2), segment(server, PLUG_END, 499, 18)]
        frames.append(segment(PLUG_END, server, 100, 24, ask if way == "http" else b"\x01\x02" + SENTENCE))
    found = {one for one in told(tmp_path, *frames) if one[0] in ("latitude", "longitude")}
    assert {(kind, value) for kind, value, *_ in found} == {(kind, value) for kind, value, *_ in PLACE}
    assert all(encoding == ("url+nmea" if way == "http" else "nmea") for *_, encoding, _ in found)


@pytest.mark.parametrize("order", ["le", "be"])
def test_text_of_two_bytes_a_sign_is_read(tmp_path: Path, order: str) -> None:
    wide = '{"sn":"WIDE998877"} of SN4711-0815'.encode(f"utf-16-{order}")
    found = told(tmp_path, sent(b'{"serial":"SN4711-0815"}'), sent(b"\xfe\x01\x02\xee" + wide + b"\xff\x00\xc3", 5556))
    assert found == {
        ("serial", "SN4711-0815", "json", "serial"),
        ("serial", "SN4711-0815", "utf-16", None),
        ("serial", "WIDE998877", "utf-16", "sn"),
    }


LAB = '[secrets]\nlatitude = ["48.1374"]\nlongitude = ["11.5755"]\n'


@pytest.mark.parametrize(
    ("how", "numbers"),
    [
        ("double", struct.pack("<BdBd", 9, 48.137412, 17, 11.575488)),
        ("float", struct.pack(">ff", 48.1374, 11.5755)),
        ("fixed-point", struct.pack("<BiBi", 13, 481374000, 21, 115755000)),
    ],
)
def test_a_known_position_is_found_as_numbers(tmp_path: Path, how: str, numbers: bytes) -> None:
    found = told(tmp_path, sent(b"\x0a\x12" + numbers + b"\x18\x05"), lab=LAB)
    assert found == {("latitude", "48.1374", how, None), ("longitude", "11.5755", how, None)}


def test_what_coap_carries_is_read(tmp_path: Path) -> None:
    frames = [
        coap("lock/set", b'{"pin":"4711","user":"sam"}', 50),
        coap("lock/pin", b"9317", 0),
        coap("cfg", b"\xa2\x62sn\x6aCBORSN9911\x68password\x67asters9", 60),
        coap(
            "place", b"\xa2\x63lat\xfb" + struct.pack(">d", 52.5201) + b"\x63lon\xfb" + struct.pack(">d", 13.4049), 60
        ),
    ]
    assert told(tmp_path, *frames) == {
        ("password", "4711", "json", "pin"),
        ("user", "sam", "json", "user"),
        ("password", "9317", "text", "pin"),
        ("serial", "CBORSN9911", "cbor", "sn"),
        ("password", "asters9", "cbor", "password"),
        ("latitude", "52.5201", "cbor", "lat"),
        ("longitude", "13.4049", "cbor", "lon"),
    }


def test_an_account_of_telephony_is_told_by_its_protocol(tmp_path: Path) -> None:
    ask = (
        b"REGISTER sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.7.20\r\nFrom: <sip:door@pbx.example>;tag=1\r\n"
        b"To: <sip:door@pbx.example>\r\nCall-ID: a1\r\nCSeq: 2 REGISTER\r\nUser-Agent: Doorbell/1.2\r\n"
        b'Authorization: Digest username="porch-7", realm="pbx", nonce="abcdef0123", uri="sip:pbx.example", response="00"\r\n\r\n'
    )
    capture = pcap(tmp_path / "in.pcap", [(0.0, sent(ask, 5070))])
    analysis = idletalk.analyze([capture], tmp_path / "out", idletalk.Options(show_secrets=True))
    [found] = [one for one in analysis.report.findings if one.numbers.get("value_kind") == "user"]
    assert "by SIP as text: door, porch-7 (1 message)" in found.sentence
    [flow] = analysis.sql("SELECT application, payload FROM flow_encryption")
    assert flow == {"application": "sip", "payload": "cleartext"}
    facts = analysis.sql("SELECT kind, told, told_by FROM device_facts WHERE told_by = 'sip'")
    assert facts == [{"kind": "software", "told": "Doorbell/1.2", "told_by": "sip"}]

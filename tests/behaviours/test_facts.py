"""What devices say about themselves, and when that makes one a phone."""

import struct
from pathlib import Path

from tests import made
from tests.made import LAMP, PLUG

import idletalk


def dhcp(mac: str, vendor_class: bytes, hostname: bytes) -> bytes:
    """A request with two options."""
    options = b"\x63\x82\x53\x63" + b"\x35\x01\x03" + bytes([60, len(vendor_class)]) + vendor_class
    options += bytes([12, len(hostname)]) + hostname + b"\xff"
    chaddr = bytes.fromhex(mac.replace(":", "")).ljust(16, b"\0")
    return struct.pack(">4B6I", 1, 1, 6, 0, 7, 0, 0, 0, 0, 0) + chaddr + bytes(192) + options


def roles(tmp_path: Path, mac: str, vendor_class: bytes, hostname: bytes) -> tuple[str | None, list[tuple[str, str]]]:
    message = dhcp(mac, vendor_class, hostname)
    frame = made.datagram((mac, "192.168.1.9", 68), ("ff:ff:ff:ff:ff:ff", "255.255.255.255", 67), message)
    path = made.pcap(tmp_path / "in.pcap", [(0.0, frame)])
    found = idletalk.analyze([path], tmp_path / "out", idletalk.Options(), force=True)
    [device] = found.report.devices
    return device.role, [(fact.kind, fact.value) for fact in device.facts]


def test_a_phone_is_told_by_name_or_by_class_and_a_mac_of_software(tmp_path: Path) -> None:
    assert roles(tmp_path, PLUG, b"udhcp 1.24", b"Marias-iPhone")[0] == "phone"
    assert roles(tmp_path, "da:00:00:00:00:01", b"android-dhcp-13", b"x")[0] == "phone"


def test_a_thing_that_runs_android_is_no_phone(tmp_path: Path) -> None:
    role, facts = roles(tmp_path, "00:11:22:00:00:01", b"android-dhcp-9", b"tv")
    assert role is None
    assert facts == [("software", "android-dhcp-9")]


def test_what_a_device_asks_for_and_its_names_are_facts(tmp_path: Path) -> None:
    asked = dhcp(PLUG, b"acme", b"plug")[:-1] + bytes.fromhex("3703010306 5107000000") + b"a.bc\xff"
    name = b"".join(bytes([65 + (octet >> 4), 65 + (octet & 15)]) for octet in b"PLUG".ljust(15) + b"\0")
    registered = b"\0\x09\x29\x10\0\x01\0\0\0\0\0\x01\x20" + name + b"\0\0\x20\0\x01"
    registered += b"\xc0\x0c\0\x20\0\x01\0\0\0\0\0\x06\0\0" + bytes([192, 168, 1, 2])
    v6 = b"\x01\0\0\x07" + struct.pack(">HHIH", 16, 9, 10, 3) + b"abc" + b"\0\x27\0\x05\0\x03cam"
    connect = b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04id-9"
    plug, broker = (PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", 1883)
    everybody = "ff:ff:ff:ff:ff:ff", "192.168.1.255"
    frames = [
        (0.0, made.datagram((PLUG, "192.168.1.2", 68), (*everybody, 67), asked)),
        (0.1, made.datagram((PLUG, "192.168.1.2", 137), (*everybody, 137), registered)),
        (0.2, made.datagram((PLUG, "fe80::2", 546), ("33:33:00:01:00:02", "ff02::1:2", 547), v6)),
        (0.3, made.segment(plug, broker, 0, 0x02)),
        (0.4, made.segment(plug, broker, 1, 0x18, connect)),
    ]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out", idletalk.Options())
    rows = found.sql("SELECT kind, told, told_by FROM device_facts WHERE device = ?", PLUG)
    assert {tuple(row.values()) for row in rows} == {
        ("software", "acme", "dhcp vendor class"),
        ("fingerprint", "1,3,6", "dhcp option 55"),
        ("name", "a.bc", "dhcp fqdn"),
        ("name", "PLUG", "nbns"),
        ("name", "cam", "dhcpv6"),
        ("software", "abc", "dhcpv6"),
        ("client id", "id-9", "mqtt"),
    }


DESCRIPTION = b"""<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<friendlyName>Hall lamp</friendlyName><manufacturer>Ace &lt;Ltd&gt;</manufacturer><modelName>Glow</modelName>
<modelNumber>G1</modelNumber></device></root>"""


def conversation(server_port: int, asked: bytes, answered: bytes) -> list[tuple[float, bytes]]:
    """A connection in which the plug asks the lamp."""
    plug, lamp = (PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", server_port)
    return [
        (0.0, made.segment(plug, lamp, 0, 0x02)),
        (0.1, made.segment(lamp, plug, 0, 0x12)),
        (0.2, made.segment(plug, lamp, 1, 0x18, asked)),
        (0.3, made.segment(lamp, plug, 1, 0x18, answered)),
    ]


def told(tmp_path: Path, frames: list[tuple[float, bytes]]) -> tuple[set[tuple[str, ...]], str | None]:
    """Facts of the lamp, and the application of its flow."""
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out", idletalk.Options())
    rows = found.sql("SELECT kind, told, told_by FROM device_facts WHERE device = ?", LAMP)
    [flow] = found.sql("SELECT application FROM flows")
    return {tuple(row.values()) for row in rows}, flow["application"]


def test_a_upnp_description_tells_its_device_and_leaves_the_flow_http(tmp_path: Path) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(DESCRIPTION)}\r\n\r\n".encode()
    request = b"GET /setup.xml HTTP/1.1\r\nHost: 192.168.1.3\r\n\r\n"
    facts, application = told(tmp_path, conversation(80, request, head + DESCRIPTION))
    assert facts == {
        ("name", "Hall lamp", "upnp friendlyName"),
        ("manufacturer", "Ace <Ltd>", "upnp manufacturer"),
        ("model", "Glow", "upnp modelName"),
        ("model", "G1", "upnp modelNumber"),
    }
    assert application == "http"


def test_a_modbus_device_at_another_port_tells_its_maker_and_model(tmp_path: Path) -> None:
    asked = bytes.fromhex("0001 0000 0005 01 2b 0e 01 00")
    data = bytes.fromhex("01 2b 0e 01 01 00 00 02 00 03") + b"Ace" + b"\x01\x02M1"
    answered = bytes.fromhex("0001 0000") + len(data).to_bytes(2) + data
    assert told(tmp_path, conversation(1502, asked, answered)) == (
        {("manufacturer", "Ace", "modbus vendor"), ("model", "M1", "modbus product_code")},
        "modbus",
    )


def test_who_answers_for_another_bacnet_network_is_not_what_it_tells(tmp_path: Path) -> None:
    text = bytes.fromhex("30 07 0c 0c 02000005 19 46 3e 74 00") + b"M-1\x3f"
    own, others = bytes.fromhex("01 00") + text, bytes.fromhex("01 08 0002 01 07") + text
    for network, expected in ((own, {("model", "M-1", "bacnet")}), (others, set[tuple[str, ...]]())):
        payload = bytes.fromhex("81 0a") + (len(network) + 4).to_bytes(2) + network
        frame = made.datagram((LAMP, "192.168.1.3", 47_810), (PLUG, "192.168.1.2", 50_000), payload)
        folder = tmp_path / str(len(network))
        folder.mkdir()
        assert told(folder, [(0.0, frame)]) == (expected, "bacnet")


def test_loopback_s_mac_of_zeros_is_nobody_s(tmp_path: Path) -> None:
    nobody = "00:00:00:00:00:00"
    client, server = (nobody, "127.0.0.1", 40_000), (nobody, "127.0.0.1", 8080)
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: acme/1.2\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    frames = [
        (0.0, made.segment(client, server, 0, 0x02)),
        (0.1, made.segment(server, client, 0, 0x12)),
        (0.2, made.segment(client, server, 1, 0x18, request)),
        (0.3, made.segment(server, client, 1, 0x18, answer)),
    ]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out", idletalk.Options())
    [device] = found.report.devices
    assert device.id == "ip:127.0.0.1"
    assert [(fact.kind, fact.value) for fact in device.facts] == [("software", "acme/1.2")]
    services = found.sql("SELECT device, port, conversations FROM services")
    assert [tuple(row.values()) for row in services] == [("ip:127.0.0.1", 8080, 1)]

"""Where values stand and which way they go: names of services, frames of WebSockets, addresses without a name, orders, secure ports."""

import struct
from pathlib import Path

import pytest
from tests.made import GATEWAY, PLUG, datagram, dns_name, pcap, segment
from tests.planted import judged, planted, shown_secrets

import idletalk

PLUG_END = (PLUG, "192.168.7.20", 40000)
OWN = bytes([93, 184, 216, 34])
SYN, SYN_ACK, ACK, DATA = 2, 18, 16, 24


def analysed(tmp_path: Path, *frames: tuple[float, bytes]) -> idletalk.Analysis:
    return idletalk.analyze([pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")


def opened(peer: tuple[str, str, int], own: tuple[str, str, int] = PLUG_END) -> list[bytes]:
    return [segment(own, peer, 1, SYN), segment(peer, own, 1, SYN_ACK), segment(own, peer, 2, ACK)]


def test_values_planted_in_every_carrier_and_encoding_are_found_and_nothing_else_is(tmp_path: Path) -> None:
    capture = planted(1, is_null=False)
    assert len(capture.told) > 80
    assert judged(capture, tmp_path) == ({}, set())
    assert shown_secrets(capture, tmp_path / "out") == set()


def test_nothing_is_found_where_nothing_is_planted(tmp_path: Path) -> None:
    assert judged(planted(2, is_null=True), tmp_path) == ({}, set())


def test_a_host_name_with_half_of_the_mac_tells_the_mac(tmp_path: Path) -> None:
    mac = "02:00:00:1b:00:a1"
    record = dns_name("esp-1b00a1.local") + struct.pack(">HHIH", 1, 0x8001, 120, 4) + bytes([192, 168, 7, 20])
    frame = datagram(
        (mac, "192.168.7.20", 5353),
        ("01:00:5e:00:00:fb", "224.0.0.251", 5353),
        struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + record,
    )
    rows = analysed(tmp_path, (0.0, frame)).sql(
        "SELECT kind, carrier, encoding, times FROM exposures WHERE kind = 'mac'"
    )
    assert rows == [{"kind": "mac", "carrier": "mdns", "encoding": "last three bytes", "times": 1}]


def announced(mac: str, *texts: tuple[str, bytes]) -> bytes:
    """An mDNS answer with a TXT record of each of these services."""
    records = [
        dns_name(f"bridge.{service}.local") + struct.pack(">HHIHB", 16, 0x8001, 120, len(text) + 1, len(text)) + text
        for service, text in texts
    ]
    head = struct.pack(">HHHHHH", 0, 0x8400, 0, len(records), 0, 0)
    return datagram((mac, "192.168.7.20", 5353), ("01:00:5e:00:00:fb", "224.0.0.251", 5353), head + b"".join(records))


def test_a_frame_with_several_records_that_tell_a_value_is_counted_once(tmp_path: Path) -> None:
    mac = "02:00:00:1b:00:a1"
    one, other = ("_hue._tcp", b"bridgeid=0200001b00a1"), ("_hap._tcp", b"id=02:00:00:1B:00:A1")
    messages = [(other,), (one,), (one, other), (one, other), (one, other), (one,)]
    frames = [(60.0 * number, announced(mac, *texts)) for number, texts in enumerate(messages)]
    [found] = [
        finding
        for finding in analysed(tmp_path, *frames).findings(kind="exposed-on-lan")
        if "its MAC" in finding.sentence
    ]
    assert (found.evidence.frames, found.numbers["messages"]) == (6, 6)


def test_two_text_records_of_one_frame_are_one_message(tmp_path: Path) -> None:
    def record(name: str, text: bytes) -> bytes:
        return dns_name(name) + struct.pack(">HHIH", 16, 0x8001, 120, len(text) + 1) + bytes([len(text)]) + text

    lamp, bridge = record("a._hue._tcp.local", b"modelid=BSB002"), record("a._hap._tcp.local", b"md=BSB002")
    frames = [
        datagram(
            (*PLUG_END[:2], 5353),
            ("01:00:5e:00:00:fb", "224.0.0.251", 5353),
            struct.pack(">6H", 0, 0x8400, 0, count, 0, 0) + records,
        )
        for count, records in ((2, lamp + bridge), (1, lamp), (1, bridge))
    ]
    [one] = [
        one
        for one in analysed(tmp_path, *enumerate(frames)).report.findings
        if one.numbers.get("value_kind") == "model"
    ]
    assert (one.numbers["messages"], one.evidence.frames) == (3, 3)


def test_an_address_that_two_owners_tell_beside_the_port_is_the_public_one(tmp_path: Path) -> None:
    servers = [(GATEWAY, f"{network}.7", 8000) for network in ("198.51.100", "203.0.113")]
    told = OWN + struct.pack(">H", PLUG_END[2])
    frames = [
        frame
        for number, server in enumerate(servers)
        for frame in (
            datagram(PLUG_END, server, b"\x01who\xff" + bytes([number])),
            datagram(server, PLUG_END, bytes([2, number, 0x81, 0xFE]) + told),
        )
    ]
    findings = analysed(tmp_path, *enumerate(frames)).findings(kind="public-address-told")
    assert [finding.peer for finding in findings] == ["198.51.100.7", "203.0.113.7"]
    assert all("93.184.216.34:40000" in finding.sentence for finding in findings)


def test_an_address_that_one_owner_tells_is_none(tmp_path: Path) -> None:
    server = (GATEWAY, "198.51.100.7", 8000)
    frames = [datagram(PLUG_END, server, b"\x01who\xff"), datagram(server, PLUG_END, b"you are 93.184.216.34")]
    assert analysed(tmp_path, *enumerate(frames)).findings(kind="public-address-told") == []


def asked_a_minute(*mapped: tuple[int, int]) -> list[tuple[float, bytes]]:
    """STUN questions, one a minute, each from a port of the device's own, answered with the port under which it is seen."""
    server = (GATEWAY, "198.51.100.7", 3478)
    frames: list[tuple[float, bytes]] = []
    for number, (own, port) in enumerate(mapped):
        end = (*PLUG_END[:2], own)
        head = struct.pack(">HHI", 0x0101, 12, 0x2112A442) + bytes([number] * 12)
        told = head + struct.pack(">HHBBH", 1, 8, 0, 1, port) + OWN
        frames.append((60.0 * number, datagram(end, server, struct.pack(">HHI", 1, 0, 0x2112A442) + bytes(12))))
        frames.append((60.0 * number + 0.1, datagram(server, end, told)))
    return frames


def test_how_the_public_port_changes_is_told_with_its_times(tmp_path: Path) -> None:
    frames = asked_a_minute(*((40000, port) for port in (40000, 40000, 40001, 40000, 40002)))
    [one] = analysed(tmp_path, *frames).findings(kind="public-address-told")
    assert [one.numbers[key] for key in ("messages", "addresses", "ports", "changes")] == [5, 1, 3, 3]
    ports = ((40000, "from {}:00:00Z to {}:03:00Z"), (40001, "at {}:02:00Z"), (40002, "at {}:04:00Z"))
    times = ", ".join(f"93.184.216.34:{port} {when}" for port, when in ports).replace("{}", "1970-01-01T00")
    assert one.numbers["times"] == times
    assert f"changed at least 3 times: {times}." in one.sentence


def test_another_port_of_the_device_is_no_change_of_the_router(tmp_path: Path) -> None:
    frames = asked_a_minute((40000, 40000), (41000, 41000), (41000, 45000))
    [one] = analysed(tmp_path, *frames).findings(kind="public-address-told")
    assert (one.numbers["changes"], one.numbers["changes_with_own_port"]) == (2, 1)
    assert (
        "changed at least 2 times, 1 of them with another port of the device's own: 93.184.216.34:40000" in one.sentence
    )
    assert "is told its public address by" in one.sentence


def test_a_mac_is_called_the_device_s_only_where_it_has_it(tmp_path: Path) -> None:
    frames = [
        datagram(PLUG_END, (GATEWAY, f"198.51.100.{n}", 7000), f'{{"mac":"{mac}"}}'.encode())
        for n, mac in enumerate((PLUG, GATEWAY, "00:17:88:aa:bb:cc"))
    ]
    findings = analysed(tmp_path, *enumerate(frames)).report.findings
    said = {one.peer or "": one.sentence for one in findings if one.numbers.get("value_kind") == "mac"}
    for n, whose in enumerate(("its MAC", "the MAC of", "a MAC that no frame here has")):
        assert f" {whose} " in said[f"198.51.100.{n}"]


def test_ids_and_addresses_that_a_vendor_s_protocol_reads_are_exposed(tmp_path: Path) -> None:
    camera, server = (PLUG, "192.168.1.2", 40_000), (GATEWAY, "198.51.100.7", 32100)
    uid = b"MAKERS\0\0" + (1234).to_bytes(4) + b"CHECK\0\0\0"
    nowhere = bytes.fromhex("0002 0000 00000000") + bytes(8)
    login = bytes.fromhex("f1100028") + uid + bytes(4) + nowhere
    answer = bytes.fromhex("f1010010 0002 409c 22d8b85d") + bytes(8)
    found = analysed(tmp_path, (0.0, datagram(camera, server, login)), (0.1, datagram(server, camera, answer)))
    told = {finding.kind: finding for finding in found.report.findings}
    assert {"exposed-identifier", "public-address-told"} <= set(told)
    assert "by cs2-p2p over UDP" in told["exposed-identifier"].sentence
    assert "93.184.216.34" in told["public-address-told"].sentence
    assert "MAKERS-001234-CHECK" not in (found.folder / "report.json").read_text()


def test_of_thousands_of_public_addresses_that_are_told_some_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idletalk.behaviours.exposure_search.MAX_PUBLIC", 3)
    camera, server = (PLUG, "192.168.1.2", 40_000), (GATEWAY, "198.51.100.7", 32100)
    answers = [bytes.fromhex("f1010010 0002 409c 22d8b8") + bytes([n]) + bytes(8) for n in range(9)]
    found = analysed(tmp_path, *((float(n), datagram(server, camera, answer)) for n, answer in enumerate(answers)))
    told = found.sql("SELECT DISTINCT value FROM exposures WHERE kind = 'public_address'")
    assert len(told) == 3


def test_clear_text_on_a_port_that_promises_tls_is_a_finding(tmp_path: Path) -> None:
    peer = (GATEWAY, "198.51.100.7", 443)
    asked = segment(PLUG_END, peer, 2, DATA, b"GET /status HTTP/1.1\r\nHost: up.example\r\n\r\n")
    [one] = analysed(tmp_path, *enumerate([*opened(peer), asked])).findings(kind="clear-on-secure-port")
    assert (one.device, one.peer, one.evidence.frames) == (PLUG, "198.51.100.7", 1)
    assert "TCP port 443" in one.sentence


def test_stun_at_that_port_is_none(tmp_path: Path) -> None:
    """Firewalls let 443 through, so that servers of STUN and TURN stand there; it has nothing to hide."""
    peer, own = (GATEWAY, "198.51.100.7", 443), (*PLUG_END[:2], 40000)
    asked = struct.pack(">HHI", 1, 0, 0x2112A442) + bytes(12)
    told = struct.pack(">HHI", 0x0101, 12, 0x2112A442) + bytes(12) + struct.pack(">HHBBH", 1, 8, 0, 1, 40000) + OWN
    frames = [datagram(own, peer, asked), datagram(peer, own, told)] * 3
    found = analysed(tmp_path, *enumerate(frames))
    assert found.findings(kind="clear-on-secure-port") == []
    assert len(found.findings(kind="public-address-told")) == 1


def test_a_stun_server_s_version_is_no_address_and_a_relay_tells_the_own_one(tmp_path: Path) -> None:
    """Two owners of servers of one make: their version looks like an address that both tell."""
    version = struct.pack(">HH", 0x8022, 9) + b"2.0.1.211" + bytes(3)
    cookie = 0x2112A442
    masked = struct.pack(">HHBBHI", 0x0020, 8, 0, 1, 50000 ^ cookie >> 16, int.from_bytes(OWN) ^ cookie)
    relay = struct.pack(">HHBBH", 1, 8, 0, 1, 3480) + bytes([198, 51, 100, 7])
    body = version + relay + masked
    answer = struct.pack(">HHI", 0x0103, len(body), cookie) + bytes(12) + body
    servers = [(GATEWAY, address, 3478) for address in ("198.51.100.7", "203.0.113.7")]
    frames = [datagram(server, PLUG_END, answer) for server in servers]
    rows = analysed(tmp_path, *enumerate(frames)).sql(
        "SELECT DISTINCT value, encoding FROM exposures WHERE kind = 'public_address'"
    )
    assert rows == [{"value": "93.184.216.34:50000", "encoding": "stun-xor"}]


def test_other_ports_of_the_device_alone_are_no_change(tmp_path: Path) -> None:
    [one] = analysed(tmp_path, *asked_a_minute((40000, 40000), (41000, 41000))).findings(kind="public-address-told")
    assert one.sentence.endswith(
        " Another port is told for another port of the device's own, so that nothing need have changed."
    )


def test_an_error_in_clear_to_a_question_that_was_not_captured_is_no_finding(tmp_path: Path) -> None:
    peer = (GATEWAY, "198.51.100.7", 443)
    told = segment(peer, PLUG_END, 2, DATA, b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nsorry")
    assert not analysed(tmp_path, *enumerate([*opened(peer), told])).findings(kind="clear-on-secure-port")


def test_a_question_that_is_held_until_there_is_an_order_is_told_as_one(tmp_path: Path) -> None:
    peer = (GATEWAY, "198.51.100.7", 80)
    ask = b"GET /wait?n=%d HTTP/1.1\r\nHost: up.example\r\n\r\n"
    order = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"relay":"on"}'
    frames = [(0.0, frame) for frame in opened(peer)]
    up, down = 2, 2
    for n in range(4):
        frames.append((1.0 + 31 * n, segment(PLUG_END, peer, up, DATA, ask % n)))
        frames.append((31.0 + 31 * n, segment(peer, PLUG_END, down, DATA, order)))
        up, down = up + len(ask % n), down + len(order)
    [one] = analysed(tmp_path, *frames).findings(kind="commands-in-clear")
    assert (one.device, one.evidence.frames) == (PLUG, 4)
    assert "after 30 s" in one.sentence


def test_parts_that_are_encrypted_in_clear_messages_are_told(demo: idletalk.Analysis) -> None:
    findings = demo.findings(kind="encrypted-in-clear")
    assert findings
    assert all("with encrypted" in finding.sentence for finding in findings)


def test_a_time_behind_the_name_of_an_id_is_no_serial_number(tmp_path: Path) -> None:
    frame = datagram(PLUG_END, (GATEWAY, "198.51.100.7", 9999), b'{"sn":"1700000123","uid":"1700000123456"}')
    assert analysed(tmp_path, (1_700_000_200.0, frame)).sql("FROM exposures") == []

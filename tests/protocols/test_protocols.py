"""The vendors' own protocols: what is clear is read, what is encrypted is named, and nothing else is claimed.

Real captures: TP-Link and Tuya (nDPI's tplink_shp and tuya_lp), where they are. The other formats are tested on bytes
made after their descriptions, which no device confirmed.
"""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idletalk.protocols import PROTOCOLS, VendorProtocol, cs2, ewelink, lifx, miio, sadp, tplink, tuya, yeelight
from tests.conftest import ROOT

CAPTURES = ROOT.parent / "shared" / "captures" / "ndpi"


def masked(text: bytes) -> bytes:
    key, out = tplink.START, bytearray()
    for byte in text:
        key ^= byte
        out.append(key)
    return bytes(out)


def one(protocol: VendorProtocol, content: bytes) -> tuple[str, dict[str, object], tuple[str, ...]]:
    [message] = protocol.read(content)
    return message.kind, dict(message.fields), message.encrypted


def test_tp_link_is_unmasked_and_not_called_encrypted() -> None:
    said = masked(b'{"system":{"get_sysinfo":{"alias":"plug","mac":"02:00:00:00:00:09","err_code":0}}}')
    framed = struct.pack(">I", len(said)) + said
    for content in (said, framed):
        assert one(tplink.PROTOCOL, content) == (
            "system.get_sysinfo",
            {"alias": "plug", "mac": "02:00:00:00:00:09", "err_code": 0},
            (),
        )
    assert len(list(tplink.read(framed + framed))) == 2
    assert list(tplink.read(framed[:-3])) == []


def test_cs2_tells_ids_and_addresses_of_its_logins_in_both_byte_orders() -> None:
    uid = b"MAKERS\0\0" + struct.pack(">I", 1234) + b"CHECK\0\0\0"
    assert one(cs2.PROTOCOL, bytes.fromhex("f1000000")) == ("hello", {}, ())
    little, big = bytes.fromhex("0002 409c 097100cb") + bytes(8), bytes.fromhex("0200 9c40 cb007109") + bytes(8)
    for address in (little, big):
        told = {"public_address": "203.0.113.9", "port": 40000}
        assert one(cs2.PROTOCOL, bytes.fromhex("f1010010") + address) == ("hello acknowledgement", told, ())
    kind, fields, _ = one(cs2.PROTOCOL, bytes.fromhex("f1100028") + uid + bytes.fromhex("00030201") + little)
    assert (kind, fields["uid"], fields["local_address"]) == ("login", "MAKERS-001234-CHECK", "203.0.113.9")
    assert one(cs2.PROTOCOL, bytes.fromhex("f1120004 01020304"))[2] == ("content",)
    for other in (b"f1010010", b"f1d00005 01020304", b"f1ff0000", b"f1", b"f2000000"):
        assert list(cs2.read(bytes.fromhex(other.decode()))) == []


def test_tuya_names_what_it_hides() -> None:
    # 3.1: head (sequence 1, command 8, 20 bytes), JSON in clear, checksum, end
    clear = (
        bytes.fromhex("000055aa 00000001 00000008 00000014") + b'{"dps":{"1"}' + bytes(4) + bytes.fromhex("0000aa55")
    )
    assert one(tuya.PROTOCOL, clear)[2] == ("content",)  # no JSON after all
    clear = bytes.fromhex("000055aa 00000001 00000008 00000012") + b'{"a":true}' + bytes(4) + bytes.fromhex("0000aa55")
    assert one(tuya.PROTOCOL, clear) == ("status", {"sequence": 1, "command": 8, "content": {"a": True}}, ())
    # 3.5: head (sequence 2, command 16, 4 bytes), content, end
    new = bytes.fromhex("00006699 0000 00000002 00000010 00000004 01020304 00009966")
    assert one(tuya.PROTOCOL, new) == ("query (new)", {"version": "3.5", "sequence": 2, "command": 16}, ("content",))
    assert [message.kind for message in tuya.read(new + clear)] == ["query (new)", "status"]
    assert list(tuya.read(new[:-1])) == []


def test_miio_tells_who_speaks() -> None:
    hello = bytes.fromhex("2131 0020") + b"\xff" * 28
    assert one(miio.PROTOCOL, hello) == ("hello", {}, ())
    head = bytes.fromhex("2131 0030 00000000 00aabbcc 00000007") + bytes(16)
    assert one(miio.PROTOCOL, head + bytes(16)) == ("message", {"device_id": "00aabbcc", "stamp_s": 7}, ("content",))
    assert list(miio.read(head)) == []


def test_lifx_and_yeelight_are_clear() -> None:
    label = struct.pack("<HHI", 68, 0x1400, 0) + bytes.fromhex("d073d5010203") + bytes(18) + struct.pack("<HH", 25, 0)
    assert one(lifx.PROTOCOL, label + b"Kitchen".ljust(32, b"\0")) == (
        "label",
        {"type": 25, "target": "d0:73:d5:01:02:03", "label": "Kitchen"},
        (),
    )
    assert list(lifx.read(label)) == []
    command = b'{"id":1,"method":"set_power","params":["on","smooth",500]}\r\n'
    assert one(yeelight.PROTOCOL, command)[:2] == ("command", {"method": "set_power", "params": ["on", "smooth", 500]})
    assert list(yeelight.read(b'{"id":1}\r\n')) == []


def test_sadp_and_ewelink_tell_their_device() -> None:
    match = b"<?xml version='1.0'?><ProbeMatch><Uuid>1</Uuid><DeviceSN>DS-2CD1</DeviceSN><MAC>02-00</MAC></ProbeMatch>"
    assert one(sadp.PROTOCOL, match) == ("match", {"DeviceSN": "DS-2CD1", "MAC": "02-00"}, ())
    record = b"txtvers=1\nid=1000\ntype=plug\napivers=1\nseq=3\ndata1=abc"
    assert one(ewelink.PROTOCOL, record)[2] == ()
    assert one(ewelink.PROTOCOL, record + b"\nencrypt=true")[2] == ("data1",)
    assert "data1" not in one(ewelink.PROTOCOL, record + b"\nencrypt=true")[1]


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
@given(content=st.binary(max_size=100))
def test_no_bytes_make_a_reader_raise(protocol: VendorProtocol, content: bytes) -> None:
    masks = (bytes.fromhex(mask.replace("_", "0")) for mask in protocol.masks)
    for start in (b"", *protocol.starts, *masks):
        for message in protocol.read(start + content):
            json.dumps(dict(message.fields))


@pytest.mark.parametrize(("capture", "name"), [("tplink_shp.pcap", "tplink-smarthome"), ("tuya_lp.pcap", "tuya")])
def test_flows_of_real_devices_get_the_name(capture: str, name: str, tmp_path: Path) -> None:
    if not (CAPTURES / capture).exists():
        pytest.skip(f"no capture at {CAPTURES / capture}")
    import idletalk

    analysis = idletalk.analyze([CAPTURES / capture], out=tmp_path / "a")
    [row] = analysis.sql("SELECT DISTINCT application, recognised_by FROM flows")
    assert row == {"application": name, "recognised_by": "content"}
    rows = analysis.sql("SELECT count(*) AS n, bool_or(encrypted) AS e FROM messages WHERE capture = 0")
    assert rows[0]["n"] > 0
    assert rows[0]["e"] is (name == "tuya")

"""Modbus, BACnet and AMQP on bytes made after their specifications: what is told, and what is not taken for them."""

import pytest

from idletalk.protocols import VendorProtocol, amqp, bacnet, modbus


def one(protocol: VendorProtocol, content: bytes) -> tuple[str, dict[str, object]]:
    [message] = protocol.read(content)
    assert message.encrypted == ()
    return message.kind, dict(message.fields)


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def test_modbus_tells_what_is_read_and_written() -> None:
    head = {"transaction": 1, "unit": 17}
    asked = h("0001 0000 0006 11 03 006b 0003")
    assert one(modbus.PROTOCOL, asked) == (
        "read holding registers",
        {**head, "function": 3, "address": 0x6B, "quantity": 3},
    )
    answer = h("0001 0000 0009 11 03 06 022b 0000 0064")
    assert one(modbus.PROTOCOL, answer) == ("read holding registers", {**head, "function": 3})
    assert one(modbus.PROTOCOL, h("0001 0000 0006 11 06 0001 0003")) == (
        "write register",
        {**head, "function": 6, "address": 1},
    )
    assert one(modbus.PROTOCOL, h("0001 0000 0003 11 83 02"))[1]["exception"] == "illegal address"
    assert [message.kind for message in modbus.read(asked + answer)] == ["read holding registers"] * 2


def test_a_modbus_answer_that_looks_like_a_request_is_not_called_one() -> None:
    # three bytes of coils: 01 03 and three more, as a request for address 3xx would be
    assert one(modbus.PROTOCOL, h("0001 0000 0006 11 01 03 cd6b05"))[1] == {"transaction": 1, "unit": 17, "function": 1}


def test_a_modbus_device_tells_its_maker_and_model() -> None:
    objects = h("00 03") + b"Ace" + h("01 02") + b"M1" + h("02 03") + b"1.2"
    data = h("2b 0e 01 01 00 00 03") + objects
    frame = h("0001 0000") + (len(data) + 1).to_bytes(2) + h("01") + data
    fields = one(modbus.PROTOCOL, frame)[1]
    assert (fields["vendor"], fields["product_code"], fields["firmware"]) == ("Ace", "M1", "1.2")


@pytest.mark.parametrize(
    "other",
    [
        "0001 0000 0006 11 03 006b 00",  # cut off
        "0001 0001 0006 11 03 006b 0003",  # another protocol's number
        "0001 0000 0007 11 03 006b 0003 00",  # a length that the function does not have
        "0001 0000 0006 11 63 006b 0003",  # a function that there is not
        "0001 0000 0006 11 03 006b 0003 ff",  # something behind it
        "3084 0000 0006 02 01 03 60 0102",  # LDAP, whose length stands at the same place
        "0001 0000 0003 11 83 63",  # an exception that there is not
    ],
)
def test_what_only_looks_like_modbus_is_none(other: str) -> None:
    assert list(modbus.read(h(other))) == []


def test_bacnet_tells_who_asks_for_what() -> None:
    asked = h("81 0a 0011 01 04 00 05 07 0c 0c 00000001 19 55")
    assert one(bacnet.PROTOCOL, asked) == (
        "read property",
        {"invoke": 7, "service": 12, "object_type": 0, "instance": 1, "property": 85},
    )
    broadcast = h("81 0b 000c 01 20 ffff 00 ff 10 08")
    assert one(bacnet.PROTOCOL, broadcast) == ("who-is", {"to_network": 65535, "service": 8})
    am = h("81 0b 0014 01 00 10 00 c4 02000005 22 0400 91 03 22 0104".replace("0014", "0015"))
    assert one(bacnet.PROTOCOL, am) == (
        "i-am",
        {"service": 0, "object_type": 8, "instance": 5, "vendor_id": 260},
    )
    forwarded = h("81 04 0012 c0a80105bac0 01 20 ffff 00 ff 10 08")
    assert one(bacnet.PROTOCOL, forwarded)[0] == "who-is"
    assert one(bacnet.PROTOCOL, h("81 05 0006 003c")) == ("register foreign device", {"link_function": 5})


def test_a_bacnet_device_tells_its_model_only_in_its_own_answer() -> None:
    told = h("0c 02000005 19 46 3e 74 00") + b"M-1" + h("3f")
    answer = h("01 00 30 07 0c") + told
    fields = one(bacnet.PROTOCOL, h("81 0a") + (len(answer) + 4).to_bytes(2) + answer)[1]
    assert fields["model"] == "M-1"
    written = h("01 04 00 05 07 0f") + told
    kind, fields = one(bacnet.PROTOCOL, h("81 0a") + (len(written) + 4).to_bytes(2) + written)
    assert kind == "write property"
    assert "model" not in fields


@pytest.mark.parametrize(
    "other",
    [
        "81 0a 0012 01 04 00 05 07 0c 0c 00000001 19 55",  # a length that is not the datagram's
        "81 0a 0011 02 04 00 05 07 0c 0c 00000001 19 55",  # another version
        "81 0a 0006 01 04",  # nothing in it
        "81 05 0008 003c 0000",  # a length that the function does not have
        "80 0a 0011 01 04 00 05 07 0c 0c 00000001 19 55",
    ],
)
def test_what_only_looks_like_bacnet_is_none(other: str) -> None:
    assert list(bacnet.read(h(other))) == []


def frame(kind: int, channel: int, body: bytes) -> bytes:
    return bytes([kind]) + channel.to_bytes(2) + len(body).to_bytes(4) + body + b"\xce"


def test_amqp_tells_routes_and_lengths() -> None:
    publish = frame(1, 1, h("003c 0028 0000 04") + b"home" + b"\x05plug1" + b"\0")
    header = frame(2, 1, h("003c 0000 0000000000000002 8000 0a") + b"text/plain")
    body = frame(3, 1, b"on")
    assert [(message.kind, dict(message.fields)) for message in amqp.read(publish + header + body)] == [
        ("basic.publish", {"channel": 1, "exchange": "home", "routing_key": "plug1"}),
        ("header", {"channel": 1, "body_bytes": 2, "content_type": "text/plain"}),
        ("body", {"channel": 1, "bytes": 2}),
    ]
    assert one(amqp.PROTOCOL, b"AMQP\0\0\x09\x01") == ("head", {"version": "0-9-1"})
    assert one(amqp.PROTOCOL, b"AMQP\x03\1\0\0") == ("head", {"version": "1.0.0", "layer": "sasl"})
    [tls] = amqp.read(b"AMQP\x02\1\0\0")
    assert tls.encrypted == ("frames",)
    assert one(amqp.PROTOCOL, frame(8, 0, b"")) == ("heartbeat", {})


def test_amqp_tells_who_logs_in_and_not_the_password() -> None:
    client = b"\x07productS" + h("00000004") + b"plug" + b"\x04trueT" + bytes(8)
    response = b"\0guest\0secret"
    data = (
        h("000a 000b")
        + len(client).to_bytes(4)
        + client
        + b"\x05PLAIN"
        + len(response).to_bytes(4)
        + response
        + b"\2en"
    )
    kind, fields = one(amqp.PROTOCOL, frame(1, 0, data))
    assert kind == "connection.start-ok"
    assert fields == {
        "channel": 0,
        "product": "plug",
        "mechanism": "PLAIN",
        "locale": "en",
        "user": "guest",
        "has_password": True,
    }


def test_what_only_looks_like_amqp_is_none() -> None:
    good = frame(1, 1, h("003c 0028 0000 00 00 00"))
    assert len(list(amqp.read(good))) == 1
    assert list(amqp.read(good[:-1] + b"\0")) == []
    assert list(amqp.read(good[:-1])) == []
    assert list(amqp.read(frame(1, 1, h("0063 0028")))) == []
    assert list(amqp.read(b"AMQP\x05\1\2\3")) == []
    # a table that never ends, a string longer than what there is
    cut = frame(1, 0, h("000a 000b 00000003 05") + b"ab")
    assert one(amqp.PROTOCOL, cut) == ("connection.start-ok", {"channel": 0})

"""Telnet, XMPP and UPnP descriptions: who speaks, how they log in, and no password; hostile XML does nothing."""

import base64
import time

import pytest

from idletalk.protocols import VendorProtocol, telnet, upnp, xmpp


def one(protocol: VendorProtocol, content: bytes) -> tuple[str, dict[str, object]]:
    [message] = protocol.read(content)
    return message.kind, dict(message.fields)


def test_telnet_tells_what_is_agreed_on() -> None:
    content = bytes.fromhex("fffd18 fffb1f fffa1f00500018fff0 fffa1800") + b"xterm" + b"\xff\xf0"
    assert one(telnet.PROTOCOL, content) == (
        "negotiation",
        {
            "commands": ["do terminal type", "will window size", "sub window size", "sub terminal type"],
            "columns": 80,
            "rows": 24,
            "terminal_type": "xterm",
        },
    )
    environment = b"\xff\xfa\x27\0\0USER\1jan\3LANG\1C\xff\xf0"
    assert one(telnet.PROTOCOL, environment)[1]["user"] == "jan"
    # a doubled IAC is one byte: 255 columns
    assert one(telnet.PROTOCOL, bytes.fromhex("fffa1f00ffff0018fff0"))[1]["columns"] == 255


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"BusyBox v1.30\r\n\r\nplug login: ", "login prompt"),
        (b"Username: ", "login prompt"),
        (b"Password: ", "password prompt"),
        (b"\r\nLogin incorrect\r\n", "login refused"),
        (b"Last login: Sat Nov 27 20:11:43 on ttyp2", "login accepted"),
    ],
)
def test_telnet_tells_how_a_login_goes(content: bytes, kind: str) -> None:
    assert [message.kind for message in telnet.read(content)] == [kind]


@pytest.mark.parametrize(
    "other",
    [
        b"hunter2\r\n",  # a line that somebody types
        b"ls -l\r\n",
        bytes.fromhex("ffd8ffe000104a464946"),  # JPEG
        bytes.fromhex("fffb9064 00000000"),  # MPEG audio
        bytes.fromhex("fffb18fffb90"),  # the second option is none
        b"\xff\xfa\x18\0never ended",
        b"no login: here",
    ],
)
def test_what_only_looks_like_telnet_is_none(other: bytes) -> None:
    assert list(telnet.read(other)) == []


def test_xmpp_tells_stanzas_and_their_first_element() -> None:
    content = (
        b"<iq type='set' id='1' to='a.example'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind></iq>"
        b"<presence/><message from='a@b' to='c@d' type='chat'><body>secret</body><forwarded><message to='e@f'/></forwarded></message>"
    )
    assert [(message.kind, dict(message.fields)) for message in xmpp.read(content)] == [
        (
            "iq",
            {
                "type": "set",
                "id": "1",
                "to": "a.example",
                "first": "bind",
                "namespace": "urn:ietf:params:xml:ns:xmpp-bind",
            },
        ),
        ("presence", {}),
        ("message", {"from": "a@b", "to": "c@d", "type": "chat", "first": "body"}),
    ]


def test_xmpp_tells_who_logs_in_and_not_the_password() -> None:
    said = base64.b64encode(b"\0jan\0secret").decode()
    content = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{said}</auth>".encode()
    assert one(xmpp.PROTOCOL, content) == ("auth", {"mechanism": "PLAIN", "user": "jan", "has_password": True})
    assert one(xmpp.PROTOCOL, b"<auth mechanism='PLAIN'>!</auth>") == ("auth", {"mechanism": "PLAIN"})
    features = b"<stream:features><mechanisms><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
    assert one(xmpp.PROTOCOL, features) == ("features", {"mechanisms": ["PLAIN"]})


DESCRIPTION = b"""<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType><friendlyName>Tom &amp; Jo</friendlyName>
<manufacturer>Ace</manufacturer><modelName>M</modelName><modelNumber>1</modelNumber><UDN>uuid:1</UDN>
<deviceList><device><friendlyName>inner</friendlyName><serialNumber>9</serialNumber></device></deviceList>
</device></root>"""


def test_a_upnp_description_tells_its_root_device() -> None:
    assert one(upnp.PROTOCOL, DESCRIPTION) == (
        "device description",
        {
            "deviceType": "urn:schemas-upnp-org:device:Basic:1",
            "friendlyName": "Tom & Jo",
            "manufacturer": "Ace",
            "modelName": "M",
            "modelNumber": "1",
            "UDN": "uuid:1",
            "devices": 2,
        },
    )


@pytest.mark.parametrize(
    "other",
    [
        DESCRIPTION.replace(b"<root", b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><root'),
        DESCRIPTION.replace(b"device-1-0", b"service-1-0"),
        b"<?xml version='1.0'?><a/>",
        DESCRIPTION[1:],
    ],
)
def test_what_is_no_upnp_description_or_declares_entities_is_not_read(other: bytes) -> None:
    assert list(upnp.read(other)) == []


@pytest.mark.parametrize("protocol", [upnp.PROTOCOL, xmpp.PROTOCOL, telnet.PROTOCOL], ids=lambda one: one.name)
@pytest.mark.parametrize(
    "part",
    [
        b"<",
        b"<device>",
        b"<deviceList>",
        b"<friendlyName>",
        b"<iq ",
        b"<iq a='",
        b" ",
        b"a=",
        b"\xff\xfa\x18",
        b"<!--",
        b"login ",
    ],
)
def test_the_longest_piece_of_hostile_bytes_takes_no_time(protocol: VendorProtocol, part: bytes) -> None:
    head = DESCRIPTION[:80] + b"<device>" if protocol is upnp.PROTOCOL else b""
    content = (head + part * (16_384 // len(part)))[:16_384]
    start = time.process_time()
    list(protocol.read(content))
    # generous, since the machine is shared: what grows with the square takes a hundred times as long
    assert time.process_time() - start < 1

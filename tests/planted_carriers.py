"""What carries a value, for `tests.planted`: frames that a device sends."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests import made

DEVICE, GATEWAY = "192.168.7.20", "02:00:00:00:00:01"
GROUPS = {"mdns": ("01:00:5e:00:00:fb", "224.0.0.251", 5353), "ssdp": ("01:00:5e:7f:ff:fa", "239.255.255.250", 1900)}
EVERYBODY = ("ff:ff:ff:ff:ff:ff", "255.255.255.255", 67)
MAX_LABEL = 60
SYN, ACK, DATA = 2, 16, 24


@dataclass(frozen=True, slots=True)
class Ends:
    """The device, its peer, and the device's port."""

    mac: str
    peer: str
    port: int

    def datagram(self, port: int, payload: bytes, own: int | None = None) -> Iterator[bytes]:
        yield made.datagram((self.mac, DEVICE, own or self.port), (GATEWAY, self.peer, port), payload)

    def stream(self, port: int, *payloads: bytes, answer: bytes = b"") -> Iterator[bytes]:
        """A connection on which the device says this, one piece a segment; the peer says `answer` first."""
        own, peer = (self.mac, DEVICE, self.port), (GATEWAY, self.peer, port)
        yield made.segment(own, peer, 100, SYN)
        yield made.segment(peer, own, 500, SYN | ACK)
        yield made.segment(own, peer, 101, ACK)
        if answer:
            yield made.segment(peer, own, 501, DATA, answer)
        yield from self.middle(port, 101, *payloads)

    def middle(self, port: int, sequence: int, *payloads: bytes) -> Iterator[bytes]:
        """What it says on a connection that was open before."""
        for payload in payloads:
            yield made.segment((self.mac, DEVICE, self.port), (GATEWAY, self.peer, port), sequence, DATA, payload)
            sequence += len(payload)


@dataclass(frozen=True, slots=True)
class Way:
    """A place in a protocol: its name in `exposures`, what fits there, and the frames."""

    carrier: str
    takes: str
    frames: Callable[[Ends, bytes], Iterator[bytes]]
    peer: str = ""

    @property
    def is_local(self) -> bool:
        """To a group: all of this carrier have one peer."""
        return bool(self.peer)


def _post(content: bytes) -> bytes:
    return (
        b"POST /v1/up HTTP/1.1\r\nHost: up.example\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
        % len(content)
        + content
    )


def _get(line: bytes, field: bytes = b"") -> bytes:
    return b"GET " + line + b" HTTP/1.1\r\nHost: up.example\r\n" + field + b"\r\n"


def _short(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text


def _mqtt(kind: int, body: bytes) -> bytes:
    length, coded = len(body), bytearray()
    while True:
        length, low = divmod(length, 128)
        coded.append(low | (128 if length else 0))
        if not length:
            return bytes([kind]) + bytes(coded) + body


def _connect(client: bytes) -> bytes:
    return _mqtt(0x10, _short(b"MQTT") + b"\x04\x02\x00\x3c" + _short(client))


def _publish(topic: bytes, message: bytes) -> bytes:
    return _mqtt(0x30, _short(topic) + message)


def _ber(tag: int, content: bytes) -> bytes:
    length = bytes([len(content)]) if len(content) < 128 else b"\x82" + struct.pack(">H", len(content))
    return bytes([tag]) + length + content


def _snmp(content: bytes) -> bytes:
    bound = _ber(0x30, _ber(6, b"\x2b\x06\x01\x02\x01\x01\x05\x00") + _ber(4, content))
    pdu = _ber(0xA2, _ber(2, b"\x05") + _ber(2, b"\0") + _ber(2, b"\0") + _ber(0x30, bound))
    return _ber(0x30, _ber(2, b"\1") + _ber(4, b"public") + pdu)


def _question(label: bytes) -> bytes:
    return (
        struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0)
        + made.dns_name(label.decode() + ".cloud.example")
        + struct.pack(">HH", 1, 1)
    )


def _record(name: bytes, kind: int, content: bytes) -> bytes:
    return (
        struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0)
        + name
        + struct.pack(">HHIH", kind, 1, 120, len(content))
        + content
    )


def _instance(ends: Ends, label: bytes) -> Iterator[bytes]:
    service = made.dns_name("_thing._tcp.local")
    message = _record(service, 12, bytes([len(label)]) + label + service)
    yield made.datagram((ends.mac, DEVICE, 5353), GROUPS["mdns"], message)


def _hello(label: bytes) -> bytes:
    host = label + b".cloud.example"
    name = struct.pack(">HHHBH", 0, len(host) + 5, len(host) + 3, 0, len(host)) + host
    body = b"\x03\x03" + bytes(range(32)) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + struct.pack(">H", len(name)) + name
    shake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + _short(shake)


def _coap(content: bytes) -> bytes:
    return b"\x40\x02\x12\x34\xb2up\xff" + content


def _coap_uri(word: bytes) -> bytes:
    size = len(word)
    if size < 13:
        head = bytes([0xB0 | size])
    else:
        head = bytes([0xBD, size - 13]) if size < 269 else b"\xbe" + struct.pack(">H", size - 269)
    return b"\x40\x01\x12\x35" + head + word


def _websocket(content: bytes) -> bytes:
    key = b"\x17\xa3\xfe\x42"
    length = bytes([0x80 | len(content)]) if len(content) < 126 else b"\xfe" + struct.pack(">H", len(content))
    return b"\x82" + length + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(content))


def _announce(ends: Ends, word: bytes) -> Iterator[bytes]:
    text = (
        b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\nNT: upnp:rootdevice\r\nUSN: uuid:x::upnp:rootdevice\r\nX-INFO: "
        + word
        + b"\r\n\r\n"
    )
    yield made.datagram((ends.mac, DEVICE, 1900), GROUPS["ssdp"], text)


def _lease(ends: Ends, label: bytes) -> Iterator[bytes]:
    head = b"\x01\x01\x06\x00" + b"\1\2\3\4" + bytes(20) + made.mac(ends.mac) + bytes(10 + 192)
    options = b"\x63\x82\x53\x63\x35\x01\x03" + bytes([12, len(label)]) + label + b"\xff"
    nobody = "0.0.0.0"  # noqa: S104
    yield made.datagram((ends.mac, nobody, 68), EVERYBODY, head + options)


def _sip(word: bytes) -> bytes:
    return (
        b"REGISTER sip:voice.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.7.20\r\nContact: <sip:x>\r\nX-Info: "
        + word
        + b"\r\n\r\n"
    )


WAYS = {
    "udp": Way("udp", "bytes", lambda ends, content: ends.datagram(9999, content)),
    "tcp": Way("tcp", "bytes", lambda ends, content: ends.stream(9998, content)),
    "http uri": Way("http", "word", lambda ends, word: ends.stream(80, _get(b"/v1/" + word))),
    "http query": Way("http", "word", lambda ends, word: ends.stream(80, _get(b"/v1?a=1&b=" + word))),
    "http header": Way("http", "word", lambda ends, word: ends.stream(80, _get(b"/", b"X-Info: " + word + b"\r\n"))),
    "http cookie": Way(
        "http", "word", lambda ends, word: ends.stream(80, _get(b"/", b"Cookie: a=1; b=" + word + b"\r\n"))
    ),
    "http body": Way("http", "text", lambda ends, content: ends.stream(80, _post(content))),
    "mqtt topic": Way(
        "mqtt", "word", lambda ends, word: ends.stream(1883, _connect(b"thing"), _publish(b"up/" + word, b"on it"))
    ),
    "mqtt message": Way(
        "mqtt", "bytes", lambda ends, content: ends.stream(1883, _connect(b"thing"), _publish(b"up", content))
    ),
    "mqtt client id": Way("mqtt", "word", lambda ends, word: ends.stream(1883, _connect(word))),
    "dns name": Way("dns", "label", lambda ends, label: ends.datagram(53, _question(label))),
    "tls server name": Way("tls", "label", lambda ends, label: ends.stream(443, _hello(label))),
    "coap": Way("coap", "bytes", lambda ends, content: ends.datagram(5683, _coap(content))),
    "coap uri": Way("coap", "word", lambda ends, word: ends.datagram(5683, _coap_uri(word))),
    "websocket, open before": Way("tcp", "bytes", lambda ends, content: ends.middle(8765, 7000, _websocket(content))),
    "rtsp": Way(
        "rtsp",
        "word",
        lambda ends, word: ends.stream(554, b"DESCRIBE rtsp://x.example/" + word + b" RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
    ),
    "snmp": Way("snmp", "bytes", lambda ends, content: ends.datagram(50161, _snmp(content), 161)),
    "telnet": Way(
        "telnet",
        "word",
        lambda ends, word: ends.stream(
            23, b"\xff\xfb\x1f" + b"\xff\xfc\x20info " + word + b"\r\n", answer=b"\xff\xfd\x1f\xff\xfd\x20"
        ),
    ),
    "ftp": Way(
        "ftp",
        "word",
        lambda ends, word: ends.stream(21, b"CWD /" + word + b"\r\n", answer=b"220 files FTP server ready\r\n"),
    ),
    "sip": Way("sip", "word", lambda ends, word: ends.datagram(5060, _sip(word))),
    "syslog": Way(
        "syslog", "text", lambda ends, content: ends.datagram(514, b"<13>Jan  1 00:00:00 thing app: " + content)
    ),
    "tftp": Way("tftp", "word", lambda ends, word: ends.datagram(69, b"\0\1" + word + b"\0octet\0")),
    "mdns instance": Way("mdns", "label", _instance, GROUPS["mdns"][1]),
    "ssdp": Way("ssdp", "word", _announce, GROUPS["ssdp"][1]),
    "dhcp host name": Way("dhcp", "host", _lease, EVERYBODY[1]),
}
"""Every place, by its name."""

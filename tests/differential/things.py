"""Classes of values of what things speak to their servers, and of the protocols of media and networks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .told import Compared, first, listed, number, value, word

STUN_CLASSES = {"0x00": "request", "0x01": "indication", "0x10": "success", "0x11": "error"}
CLASSIC_CLASSES = {0x00: "request", 0x10: "success", 0x11: "error"}
"""By the type without its lowest digit (RFC 3489 11.1)."""
STUN_COLUMNS = {
    0x0001: "mapped",
    0x0016: "relayed",
    0x0012: "peer",
    0x0020: "xor_mapped",
    0x8020: "xor_mapped",
}
"""Attributes whose address has a column (RFC 8489 14, RFC 8656 18, and XOR-MAPPED-ADDRESS before RFC 5389)."""
STUN_ADDRESSES = STUN_COLUMNS.keys() | {0x0002, 0x0004, 0x0005, 0x000B, 0x8023, 0x802B, 0x802C}
"""Attributes that hold an address."""
MQTT_TYPES = (
    *("connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe", "suback"),
    *("unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth"),
)
"""In the order of their numbers, from 1 (MQTT 5.0, 2.1.2)."""
SNMP_PDUS = ("get", "get-next", "response", "set", "trap", "get-bulk", "inform", "trap2", "report")
"""In the order of their numbers, from 0 (RFC 3416 3)."""
COAP_OPTIONS = {
    "If-Match": 1,
    "Uri-Host": 3,
    "Etag": 4,
    "If-None-Match": 5,
    "Observe": 6,
    "Uri-Port": 7,
    "Location-Path": 8,
    "OSCORE": 9,
    "Uri-Path": 11,
    "Content-Format": 12,
    "Max-age": 14,
    "Uri-Query": 15,
    "Hop-Limit": 16,
    "Accept": 17,
    "Location-Query": 20,
    "Block2": 23,
    "Block1": 27,
    "Size2": 28,
    "Proxy-Uri": 35,
    "Proxy-Scheme": 39,
    "Size1": 60,
}
"""Wireshark's names of CoAP options (packet-coap.c), with IANA's numbers."""
OPTION = re.compile(r"#\d+: (?:Unknown Option \((\d+)\)|([^,]+))")


def stun_classes(text: str) -> list[str]:
    """Classes as we call them."""
    return [STUN_CLASSES[part] for part in text.split(",")]


def stun_addresses(types: str, family: str, ipv4: str, ipv6: str, port: str) -> Iterable[str]:
    """`column address port` of each attribute with an address that has a column; of several peers the first."""
    texts = (iter(text.split(",")) for text in (ipv4, ipv6, port))
    fours, sixes, ports = texts
    kinds = [kind for kind in (int(text, 16) for text in types.split(",")) if kind in STUN_ADDRESSES]
    if len(kinds) != len(family.split(",")):
        return
    told: dict[str, str] = {}
    for kind, of in zip(kinds, family.split(","), strict=True):
        address = next(fours if of == "IPv4" else sixes, "")
        said = f"{address} {next(ports, '')}"
        if name := STUN_COLUMNS.get(kind):
            told[name] = told.get(name, said) if name == "peer" else said
    yield from (f"{name} {said}" for name, said in told.items())


def coap_options(text: str) -> list[str]:
    """Numbers of options."""
    found = OPTION.finditer(text)
    return [one[1] or str(COAP_OPTIONS.get(one[2], one[2])) for one in found]


def coap_code(text: str) -> list[str]:
    """Class and detail."""
    return [f"{int(code) >> 5}.{int(code) & 31:02}" for code in text.split(",")]


def cnames(types: str, texts: str) -> list[str]:
    """The first canonical name; only END (0) has no text."""
    kinds = [kind for kind in types.split(",") if kind != "0"]
    return [text for kind, text in zip(kinds, texts.split(","), strict=False) if kind == "1"][:1]


def handshakes(text: str) -> list[str]:
    """Messages of WireGuard that have a row: all but transport data."""
    return [kind for kind in text.split(",") if kind != "4"]


def requests(opcode: str, file: str) -> list[str]:
    """Files of requests: Wireshark repeats them at each block."""
    return [file] if opcode in ("1", "2") else []


def place(of: tuple[str, ...], column: str, start: int = 0) -> str:
    """SQL: the number of a word."""
    return f"list_position([{', '.join(repr(name) for name in of)}], {column}) - 1 + {start}"


ADDRESSES = ", ".join(
    f"CASE WHEN {name}_address IS NOT NULL THEN concat('{name} ', {name}_address, ' ', {name}_port) END"
    for name in ("mapped", "relayed", "peer", "xor_mapped")
)
IS_HANDSHAKE = place(("initiation", "response", "cookie"), "kind", 1)

COMPARED = (
    *(
        value(f"http2_{about}", f"http2.headers.{field}", f"CASE version WHEN 'HTTP/2' THEN {about} END", table)
        for about, field, table in (
            ("method", "method", "http_requests"),
            ("host", "authority", "http_requests"),
            ("uri", "path", "http_requests"),
            ("status", "status", "http_responses"),
        )
    ),
    Compared("stun_class", ("stun.type.class",), "stun", "class", stun_classes),
    value("stun_method", "stun.type.method", "method", told=number),
    value("stun_id", "stun.id", "transaction_id"),
    Compared(
        "stun_address",
        ("stun.att.type", "stun.att.family", "stun.att.ipv4", "stun.att.ipv6", "stun.att.port"),
        "stun",
        f"[{ADDRESSES}]",
        stun_addresses,
    ),
    value("stun_username", "stun.att.username", "username"),
    value("stun_realm", "stun.att.realm", "realm"),
    value("stun_software", "stun.att.software", "software", told=lambda text: [text.strip()]),
    Compared(
        "stun_class",
        ("classicstun.type",),
        "stun",
        "class",
        lambda text: [CLASSIC_CLASSES[int(text, 0) >> 4]],
        "classicstun.type",
    ),
    Compared(
        "stun_method",
        ("classicstun.type",),
        "stun",
        "method",
        lambda text: [str(int(text, 0) & 0xF)],
        "classicstun.type",
    ),
    value("stun_id", "classicstun.id", "transaction_id"),
    Compared(
        "stun_error",
        ("stun.att.error.class", "stun.att.error"),
        "stun",
        "error_code",
        lambda hundreds, rest: [str(int(hundreds) * 100 + int(rest or 0))],
    ),
    word("mqtt_type", "mqtt.msgtype", place(MQTT_TYPES, "packet_type", 1)),
    value("mqtt_client", "mqtt.clientid", "client_id"),
    value("mqtt_user", "mqtt.username", "user_name"),
    value("mqtt_topic", "mqtt.topic", "list_concat([topic], topics)"),
    value("mqtt_will", "mqtt.willtopic", "will_topic"),
    value("mqtt_alive", "mqtt.kalive", "keep_alive_s"),
    value("mqtt_id", "mqtt.msgid", "packet_id"),
    word("coap_type", "coap.type", place(("con", "non", "ack", "rst"), "kind")),
    word("coap_code", "coap.code", "code", told=coap_code),
    value("coap_id", "coap.mid", "message_id"),
    value("coap_token", "coap.token", "token"),
    value("coap_path", "coap.opt.uri_path", "string_split(uri_path, '/')"),
    value("coap_query", "coap.opt.uri_query", "string_split(uri_query, '&')"),
    value("coap_host", "coap.opt.uri_host", "uri_host"),
    value("coap_observe", "coap.opt.observe", "observe"),
    value("coap_block", "coap.opt.block_number", "[block1_number, block2_number]"),
    value("coap_blocksize", "coap.opt.block_size", "[block1_bytes, block2_bytes]"),
    value("coap_option", "coap.opt.name", "options", told=coap_options),
    word("rtcp_type", "rtcp.pt", "types"),
    value("rtcp_ssrc", "rtcp.senderssrc", "ssrc", told=lambda text: first(number(text)[0])),
    Compared("rtcp_cname", ("rtcp.sdes.type", "rtcp.sdes.text"), "rtcp", "cname", cnames, words="rtcp.sdes.type"),
    value("rtsp_method", "rtsp.method", "method"),
    value("rtsp_url", "rtsp.url", "url"),
    value("rtsp_status", "rtsp.status", "status"),
    value("sip_uri", "sip.r-uri", "uri"),
    value("sip_status", "sip.Status-Code", "status"),
    value("sip_call_id", "sip.Call-ID", "call_id"),
    value("sip_user_agent", "sip.User-Agent", "user_agent"),
    value("ssh_banner", "ssh.protocol", "banner"),
    word("wireguard_kind", "wg.type", IS_HANDSHAKE, told=handshakes),
    value("wireguard_sender", "wg.sender", "sender_index", told=number),
    Compared(
        "wireguard_receiver",
        ("wg.type", "wg.receiver"),
        "wireguard",
        "receiver_index",
        lambda kind, index: number(index) if kind != "4" else [],
        words="wg.type",
    ),
    value("snmp_community", "snmp.community", "community"),
    word("snmp_pdu", "snmp.data", place(SNMP_PDUS, "pdu")),
    word("syslog_facility", "syslog.facility", "facility"),
    word("syslog_severity", "syslog.level", "severity"),
    Compared(
        "tftp_read",
        ("tftp.opcode", "tftp.source_file"),
        "tftp",
        "CASE WHEN operation = 'read' THEN file END",
        requests,
        "tftp.opcode",
    ),
    Compared(
        "tftp_write",
        ("tftp.opcode", "tftp.destination_file"),
        "tftp",
        "CASE WHEN operation = 'write' THEN file END",
        requests,
        "tftp.opcode",
    ),
    value("tftp_option", "tftp.option.name", "options[1:len(options):2]", told=listed),
)
"""Of HTTP/2, MQTT, CoAP, STUN, media, SSH, WireGuard, SNMP, syslog and TFTP."""

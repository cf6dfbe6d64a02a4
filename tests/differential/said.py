"""What Wireshark says of application messages, class by class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from .facts import ONCE, Reading
from .messages import COMPARED
from .sharkd import MAX_COLUMNS, MAX_TEXT_BYTES, Sharkd
from .stack import Stack, carries
from .told import word_lists

MESSAGE_FIELDS = {
    "dns.qry.name": "dns_name",
    "dns.a": "dns_a",
    "dns.aaaa": "dns_aaaa",
    "dns.cname": "dns_cname",
    "tls.handshake.extensions_server_name": "tls_sni",
    "tls.handshake.extensions_alpn_str": "tls_alpn",
    "tls.handshake.extensions.supported_version": "tls_version",
    "tls.handshake.ciphersuite": "tls_cipher",
    "tls.alert_message.desc": "tls_alert",
    "tls.handshake.ja3": "tls_ja3",
    "tls.handshake.ja3s": "tls_ja3s",
    "x509af.serialNumber": "tls_serial",
    "x509ce.dNSName": "tls_san",
    "dtls.handshake.extensions_server_name": "dtls_sni",
    "dtls.handshake.extensions_alpn_str": "dtls_alpn",
    "dtls.handshake.extensions.supported_version": "dtls_version",
    "dtls.handshake.ciphersuite": "dtls_cipher",
    "dtls.alert_message.desc": "dtls_alert",
    "dtls.handshake.ja3": "dtls_ja3",
    "dtls.handshake.ja3s": "dtls_ja3s",
    "http.request.method": "http_method",
    "http.host": "http_host",
    "http.request.uri": "http_uri",
    "http.response.code": "http_status",
    "dhcp.option.hostname": "dhcp_hostname",
}
"""Fields of application messages, all occurrences, and the class of values that they are."""

HANDSHAKE_TYPES = ("tls.handshake.type", "dtls.handshake.type")
CLIENT_HELLO = "Client Hello"
CERTIFICATE = re.compile("Certificate(?: \\(fragment\\))?")
GREASE = "GREASE"
"""Reserved values (RFC 8701), which idletalk leaves out."""
RTP_SSRC = "rtp.ssrc"
WITH_WORDS = frozenset(one.words for one in COMPARED if one.words is not None)
"""Fields whose lists of words are needed."""


def add_messages(reading: Reading, sharkd: Sharkd, stacks: Mapping[int, Stack]) -> None:
    """Adds what application messages of the loaded capture say. Only fields of protocols that it holds are asked for."""
    layers = set(stacks.values())

    def is_held(kind: str) -> bool:
        protocol = kind.partition("_")[0]
        # certificates of DTLS, and all of QUIC's handshake, stand in fields of TLS
        names = (protocol, "dtls", "quic") if protocol == "tls" else (protocol,)
        return any(carries(stack, name) for stack in layers for name in names)

    held = {name: kind for name, kind in MESSAGE_FIELDS.items() if is_held(kind)}
    compared = [one for one in COMPARED if is_held(one.kind)]
    fields = dict.fromkeys([*held, *(name for one in compared for name in one.fields)])
    if any(kind.startswith(("tls", "dtls")) for kind in held.values()):
        fields |= dict.fromkeys(HANDSHAKE_TYPES)
    if is_held("rtp"):
        fields[RTP_SSRC] = None
    lists = word_lists(WITH_WORDS) if compared else {}
    for frame, texts in _rows(sharkd, list(fields)):
        stack = stacks[frame]
        for name, kind in held.items():
            if texts[name]:
                _handshake_aware(reading, stack, frame, kind, texts[name], texts)
        for one in compared:
            said = tuple(texts[name] for name in one.fields)
            if not any(said) or not carries(stack, one.kind.partition("_")[0]):
                continue
            if any(len(text.encode()) >= MAX_TEXT_BYTES for text in said):
                reading.cut.add((frame, one.kind))
                continue
            for value in (part for told in one.values(said, lists) for part in told.split(",") if part):
                reading.facts.mention(one.kind, frame, value)
        if texts.get(RTP_SSRC) and carries(stack, "rtp"):
            reading.facts.add("rtp", f"{int(texts[RTP_SSRC].split()[0], 16)} packets", 1, frame)


def _rows(sharkd: Sharkd, fields: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Frames with the texts of all occurrences of the fields; sharkd walks the capture once for so many columns."""
    batches = [fields[start : start + MAX_COLUMNS] for start in range(0, len(fields), MAX_COLUMNS)]
    walks = [sharkd.rows([f"{name}:0" for name in batch]) for batch in batches]
    for frame, parts in enumerate(zip(*walks, strict=True), start=1):
        yield frame, dict(zip(fields, (text for part in parts for text in part), strict=True))


def _handshake_aware(
    reading: Reading, stack: Stack, frame: int, field_kind: str, text: str, texts: Mapping[str, str]
) -> None:
    """States a value of DNS, HTTP, DHCP, or of a handshake of TLS, DTLS or QUIC: there the message decides what it means."""
    handshakes = ",".join(texts.get(name, "") for name in HANDSHAKE_TYPES).strip(",").split(",")
    protocol, _, about = field_kind.partition("_")
    # fields of TLS stand in DTLS (certificates) and QUIC (all of the handshake) too
    kind = f"{stack.application}_{about}" if protocol == "tls" and stack.application in ("dtls", "quic") else field_kind
    if not carries(stack, kind.partition("_")[0]):
        return
    if about in ("alpn", "version") and set(handshakes) != {CLIENT_HELLO}:
        return  # what was offered, not what was chosen
    if about in ONCE and not any(CERTIFICATE.fullmatch(name) for name in handshakes):
        return  # a revocation status
    if about == "cipher" and CLIENT_HELLO in handshakes:
        return  # what was chosen, not what was offered
    if len(text.encode()) >= MAX_TEXT_BYTES:
        reading.cut.add((frame, kind))
        return
    for value in filter(None, text.split(",")):
        if GREASE not in value:
            value = value.lower().replace(" ", "_") if about == "alert" else value
            if about in ONCE:
                reading.facts.set(kind, f"{frame} {value}", 1, frame)
            else:
                reading.facts.mention(kind, frame, value)

"""Flows whose truth is known: what Wireshark says each direction carries, and which frames its handshake takes.

The truth is Wireshark's label. A direction with labels of several kinds, or one whose truth nobody knows (files of any
type, SMB, RTP with a codec agreed upon elsewhere), is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .stack import outermost

FIELDS: tuple[str, ...] = (
    "frame.number",
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "tls.handshake.type",
    "tls.record.content_type",
    "dtls.handshake.type",
    "ssh.message_code",
    "ssh.protocol",
    "quic.header_form",
    "wg.type",
    "http.content_type",
    "http.content_encoding",
    "http.request.method",
    "http.response.code",
    "rtp.p_type",
)
"""Asked of every frame."""

ENCRYPTED = frozenset({"tls", "dtls", "quic", "ssh", "wireguard"})
"""Kinds of directions that are encrypted once their handshake is over."""
TEXT = frozenset({"smtp", "ftp", "telnet", "sip", "rtsp", "pop", "imap", "irc", "ssdp", "syslog"})
"""Protocols whose messages are text. Not XMPP: Wireshark goes by its port, where WhatsApp says something else."""
BINARY = frozenset(
    {"mqtt", "dns", "mdns", "modbus", "mbtcp", "coap", "snmp", "bvlc", "radius", "ldap", "nbns", "tplink-smarthome"}
)
"""Protocols in clear whose messages are bytes."""
LABELS = {"wg": "wireguard", "mbtcp": "modbus", "bvlc": "bacnet"}
"""Names of kinds, where Wireshark's differ."""
AUDIO_TYPES = frozenset({"0", "8"})
"""RTP payload types that are telephone audio in clear (RFC 3551 6: PCMU, PCMA)."""
TEXT_TYPES = (
    "text/",
    "application/json",
    "application/xml",
    "application/javascript",
    "application/x-www-form-urlencoded",
)
COMPRESSED_TYPES = (
    "application/zip",
    "application/gzip",
    "application/x-gzip",
    "application/x-bzip2",
    "application/x-xz",
)

BODILESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE"})
BODILESS_CODES = frozenset({"100", "204", "304"})
"""Heads without a type that no body follows; behind others may be anything."""

Direction = tuple[str, str, str, str, str]
"""Transport, sender's address and port, receiver's address and port."""


@dataclass(slots=True)
class Told:
    """What Wireshark tells of one direction."""

    labels: Counter[str] = field(default_factory=Counter[str])
    starts: list[int] = field(default_factory=list[int])
    """Frames of handshakes and heads."""


@dataclass(slots=True)
class Truths:
    """The kinds of directions of one capture, and the frames that begin them."""

    kinds: dict[Direction, str] = field(default_factory=dict[Direction, str])
    starts: set[int] = field(default_factory=set[int])
    """Frames of handshakes, of HTTP heads, and the first of each other direction."""
    frames: int = 0
    """Frames of the capture."""


def truths(rows: Iterable[Sequence[str]]) -> Truths:
    """Reads the values of :data:`FIELDS`, a row a frame."""
    told: dict[Direction, Told] = defaultdict(Told)
    frames: dict[Direction, list[int]] = defaultdict(list)
    total = 0
    for row in rows:
        total += 1
        values = dict(zip(FIELDS, row, strict=True))
        stack = outermost(values["frame.protocols"])
        if stack.transport not in ("tcp", "udp"):
            continue
        direction = _direction(values, stack.transport)
        number = int(values["frame.number"])
        frames[direction].append(number)
        label, is_start = _label(stack.application, values)
        if label:
            told[direction].labels[label] += 1
        if is_start:
            told[direction].starts.append(number)
    found = Truths(frames=total)
    for direction, one in told.items():
        other = told.get(_reversed(direction), Told())
        kind = _kind(set(one.labels), set(other.labels))
        if kind is None:
            continue
        found.kinds[direction] = kind
        if kind in ("tls", "dtls", "ssh"):
            last = max((*one.starts, *other.starts), default=0)
            found.starts.update(number for number in frames[direction] if number <= last)
        elif kind in ENCRYPTED or kind.startswith("http"):
            found.starts.update(one.starts)
        else:
            found.starts.add(frames[direction][0])
    return found


def _direction(values: dict[str, str], transport: str) -> Direction:
    return (
        transport,
        values["ip.src"] or values["ipv6.src"],
        values[f"{transport}.srcport"],
        values["ip.dst"] or values["ipv6.dst"],
        values[f"{transport}.dstport"],
    )


def _reversed(direction: Direction) -> Direction:
    transport, *ends = direction
    return (transport, ends[2], ends[3], ends[0], ends[1])


def _label(application: str, values: dict[str, str]) -> tuple[str, bool]:
    """The kind that a frame tells, and whether it belongs to a handshake or a head."""
    match application:
        case "tls" | "dtls":
            shakes = (
                values[f"{application}.handshake.type"] or "Change Cipher Spec" in values["tls.record.content_type"]
            )
            return application, bool(shakes)
        case "ssh":
            return "ssh", bool(values["ssh.message_code"] or values["ssh.protocol"])
        case "quic":
            return "quic", "Long" in values["quic.header_form"] or values["quic.header_form"].startswith("1")
        case "wg":
            return "wireguard", values["wg.type"] not in ("4", "Transport Data", "Transport Data (4)")
        case "http":
            is_head = bool(values["http.request.method"] or values["http.response.code"])
            return (_content(values) if is_head else "http"), is_head
        case "rtp":
            return ("rtp audio" if values["rtp.p_type"].split(",")[0] in AUDIO_TYPES else "rtp"), False
        case "" | "data" | "_ws.malformed":
            return "", False
        case _:
            return LABELS.get(application, application), False


def _content(values: dict[str, str]) -> str:
    """The kind of body that a head announces."""
    kind = values["http.content_type"].lower()
    coding = values["http.content_encoding"].lower()
    if (coding and coding != "identity") or kind.startswith(COMPRESSED_TYPES):
        return "http compressed"
    if kind.startswith(TEXT_TYPES) or "+xml" in kind or "+json" in kind:
        return "http text"
    if kind.startswith("image/"):
        return "http image"
    if kind.startswith(("video/", "audio/")):
        return "http video"
    has_no_body = values["http.request.method"] in BODILESS_METHODS or values["http.response.code"] in BODILESS_CODES
    return "http" if has_no_body and not kind else "http other"


def _kind(labels: set[str], others: set[str]) -> str | None:
    """The kind of a direction of these labels, when it is known; `others` are those of the other direction."""
    if len(labels) == 1 and (label := next(iter(labels))) in ENCRYPTED:
        return label if others <= labels else None
    if labels & ENCRYPTED or others & ENCRYPTED:
        return None
    if any(label.startswith("http") for label in labels):
        bodies = labels - {"http"}
        if not bodies:
            return "http heads"
        return next(iter(bodies)) if len(bodies) == 1 and bodies != {"http other"} else None
    if len(labels) == 1:
        label = next(iter(labels))
        known = TEXT | BINARY | {LABELS.get(name, name) for name in BINARY} | {"rtp audio"}
        return label if label in known else None
    return None

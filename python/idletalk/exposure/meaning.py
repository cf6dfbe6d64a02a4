"""Values found by their meaning: the key that names them, or their format."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

KEYED = re.compile(
    rb"""["']?([A-Za-z_][A-Za-z0-9_.\- ]{0,40})["']?\s{0,4}[:=]\s{0,4}["']?([^"'&,;<>{}\[\]\r\n\x00]{1,256})"""
)
"""``"key": "value"`` of JSON, ``key=value`` of forms and queries, ``Key: value`` of headers and cookies."""

TAGGED = re.compile(rb"<(?:\w{1,20}:)?([A-Za-z_][\w.\-]{0,40})(?:\s[^>]{0,200})?>([^<]{1,256})</")
"""``<key>value</key>`` of XML."""

EMAIL = re.compile(rb"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62}\.){1,8}[A-Za-z]{2,24}")
JWT = re.compile(rb"eyJ[A-Za-z0-9_\-]{8,2048}\.eyJ[A-Za-z0-9_\-]{8,4096}\.[A-Za-z0-9_\-]{8,1024}")
"""A JSON Web Token (RFC 7519): two base64url objects and a signature."""
BASIC = re.compile(rb"(?i)\bauthorization:\s{0,4}basic\s+([A-Za-z0-9+/]{4,512}={0,2})")
BEARER = re.compile(rb"(?i)\bauthorization:\s{0,4}bearer\s+([A-Za-z0-9._~+/\-]{8,2048}={0,2})")

COMMAND = re.compile(rb"(?im)^(USER|PASS) +([^\r\n]{1,128})\r?$")
"""Login of FTP (RFC 959 4.1.1) and POP3 (RFC 1939 7)."""
LOGIN = re.compile(rb'(?im)^[A-Za-z0-9.]{1,16} LOGIN "?([^"\s]{1,128})"? "?([^"\r\n]{1,128})"?\r?$')
"""Login of IMAP (RFC 9051 6.2.3)."""
PLAIN = re.compile(rb"(?i)\bAUTH(?:ENTICATE)? PLAIN ([A-Za-z0-9+/]{4,512}={0,2})")
"""SASL PLAIN (RFC 4616) in SMTP, IMAP and POP3: base64 of identity, user and password between zeros."""
INITIAL = re.compile(rb"(?im)^AUTH LOGIN ([A-Za-z0-9+/]{2,512}={0,2})\r?$")
"""SASL LOGIN (draft-murchison-sasl-login-00) with the user at once; what is answered to prompts is told apart by the dissector."""
ANONYMOUS = frozenset({"anonymous", "ftp"})
"""Users that are nobody (RFC 1635)."""

HUE = re.compile(rb"/api/([A-Za-z0-9\-]{16,64})(?:/|\s|$)")
"""User name that opens a Philips Hue bridge, in the path of its API (developers.meethue.com, Hue API v1)."""

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{12}")
_VERSION = re.compile(r"[vV]?\d+(?:[._\-][\w]+)+.{0,40}|.{0,40}\d+\.\d+.{0,40}")
_COORDINATE = re.compile(r"[+\-]?\d{1,3}\.\d{3,}|[+\-]?\d{6,10}")
_SERIAL = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9\-_./]{5,63}|[A-Z][A-Z\-]{5,63}")
_ID = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9\-_.:]{7,79}|[A-Z]{8,80}")
"""With a digit, as no word has; or capitals alone, as random letters are written."""
_CODE = re.compile(r"(?=.*\d)(?=.*[A-Z])[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*(?:\([A-Z]{2}\))?")
"""A vendor's code for a model: capitals and digits, as no word has them together."""
_EMPTY = frozenset({"", "null", "none", "true", "false", "undefined", "n/a", "unknown", "0"})


@dataclass(frozen=True, slots=True)
class Value:
    """Something that a message tells, and where it stands in what was searched."""

    kind: str
    text: str
    key: str | None
    start: int


@cache
def key_kinds() -> dict[str, str]:
    """What a key means, by its name without case and signs (keys.tsv)."""
    kinds: dict[str, str] = {}
    for line in files("idletalk.exposure").joinpath("keys.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, names = line.split("\t")
            kinds.update(dict.fromkeys(names.split(), kind))
    return kinds


def _normal(key: bytes) -> str:
    return re.sub(r"[^a-z0-9]", "", key.decode("ascii", "replace").lower())


def _number(text: str) -> float:
    """A coordinate in degrees; some devices tell it in ten-thousandths."""
    return float(text) if "." in text else float(text) / 10_000


def is_plausible(kind: str, text: str) -> bool:
    """Whether a text can be a value of this kind: what only looks like a key's value is none."""
    if text.lower() in _EMPTY or len(set(text)) < 2:
        return False
    match kind:
        case "mac":
            return _MAC.fullmatch(text) is not None
        case "serial":
            # a short number under `sn` is a sequence number
            return _SERIAL.fullmatch(text) is not None and not (text.isdigit() and len(text) < 8)
        case "device_id":
            return _ID.fullmatch(text) is not None
        case "imei":
            return len(text) == 15 and text.isdigit() and _luhn(text)
        case "firmware":
            return len(text) <= 64 and _VERSION.fullmatch(text) is not None
        case "email":
            return EMAIL.fullmatch(text.encode("utf-8", "replace")) is not None
        case "latitude" | "longitude":
            return _COORDINATE.fullmatch(text) is not None and 0.01 < abs(_number(text)) <= (
                90 if kind == "latitude" else 180
            )
        case "password":
            return 1 < len(text) <= 128 and set(text) != {"*"}
        case "token":
            return len(text) >= 8 and " " not in text
        case "ssid":
            return len(text.encode("utf-8", "replace")) <= 32
        case _:
            return 2 <= len(text) <= 64


def _luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, which an IMEI has (3GPP TS 23.003, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _user(text: str) -> str:
    """Kind of a user name: many are an e-mail address, which is the one thing that is then told."""
    return "email" if EMAIL.fullmatch(text.encode("utf-8", "replace")) else "user"


def _plain(coded: bytes) -> str:
    """Text behind base64; nothing where it is none."""
    try:
        return base64.b64decode(coded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _logins(content: bytes) -> Iterator[Value]:
    """Users and passwords of the login commands and schemes that send them in clear."""
    for match in COMMAND.finditer(content):
        text = match[2].decode("utf-8", "replace").strip()
        kind = _user(text) if match[1].upper() == b"USER" else "password"
        if is_plausible(kind, text) and text.lower() not in ANONYMOUS:
            yield Value(kind, text, match[1].decode("ascii").upper(), match.start(2))
    pairs = [(match.start(1), "LOGIN", match[1], match[2]) for match in LOGIN.finditer(content)]
    for name, pattern, sign, count in (("basic authentication", BASIC, b":", 2), ("PLAIN", PLAIN, b"\0", 3)):
        for match in pattern.finditer(content):
            try:
                parts = base64.b64decode(match[1], validate=True).split(sign, count - 1)
            except (binascii.Error, ValueError):
                continue
            if len(parts) == count:
                pairs.append((match.start(1), name, parts[-2], parts[-1]))
    for match in INITIAL.finditer(content):
        text = _plain(match[1])
        if is_plausible("user", text):
            yield Value(_user(text), text, "LOGIN", match.start(1))
    for start, name, user, password in pairs:
        for raw, is_user in ((user, True), (password, False)):
            text = raw.decode("utf-8", "replace")
            kind = _user(text) if is_user else "password"
            if is_plausible(kind, text):
                yield Value(kind, text, name, start)


def values(content: bytes) -> Iterator[Value]:
    """What a content tells by key or format; each place once, the key before the format."""
    kinds = key_kinds()
    taken: set[int] = set()
    for pattern in (KEYED, TAGGED):
        for match in pattern.finditer(content):
            kind = kinds.get(_normal(match[1]))
            text = match[2].decode("utf-8", "replace").strip()
            if kind is not None and kind.endswith("?"):
                kind = kind[:-1] if _CODE.fullmatch(text) else None
            if kind == "user":
                kind = _user(text)
            if kind is not None and is_plausible(kind, text):
                taken.add(match.start(2))
                yield Value(kind, text, match[1].decode("ascii", "replace"), match.start(2))
    yield from _logins(content)
    for kind, pattern in (("token", BEARER), ("token", JWT), ("token", HUE), ("email", EMAIL)):
        for match in pattern.finditer(content):
            start = match.start(1) if pattern.groups else match.start()
            if start not in taken:
                taken.add(start)
                yield Value(kind, match[pattern.groups].decode("ascii", "replace"), None, start)

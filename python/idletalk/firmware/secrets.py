"""Credentials that are written out in a file: only what has the shape of one, never a keyword alone."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from idletalk.firmware.model import Secret

MAX_SECRETS = 500
"""Secrets named of one file."""
SHOWN_CHARS = 4
"""Of a masked secret."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A shape, what it is, and where the secret in it is (a group's number).

    The shape is tried where one of ``needles`` stands, with which it begins: eighteen shapes tried at every byte take minutes for 100 MB.
    """

    kind: str
    about: str
    needles: tuple[bytes, ...]
    shape: re.Pattern[bytes]
    group: int = 0
    of_user: bool = False
    """before it stands a user's name, and before that a line begins"""


_PASSWD = rb"\d+:\d+:[^:\n]*:[^:\n]*:[^:\r\n]*"
_SHADOW = rb"\d*:\d*:\d*:\d*:\d*:\d*:\d*"
"""What follows the password in lines of passwd(5) and of shadow(5), where the days may be missing."""
_WORD_BEFORE = rb"(?<![A-Za-z0-9_/+-])"
_WORD_AFTER = rb"(?![A-Za-z0-9_/+-])"


def _crypt(about: str, shape: bytes, *needles: bytes) -> Pattern:
    return Pattern("password hash", about, needles, re.compile(shape + rb"(?![./A-Za-z0-9])"))


def _token(about: str, shape: bytes, *needles: bytes, end: bytes = _WORD_AFTER) -> Pattern:
    return Pattern("API token", about, needles, re.compile(_WORD_BEFORE + shape + end))


PATTERNS = (
    _crypt("MD5 crypt", rb"\$1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}", b"$1$"),
    _crypt("SHA-256 crypt", rb"\$5\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}", b"$5$"),
    _crypt("SHA-512 crypt", rb"\$6\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}", b"$6$"),
    _crypt("bcrypt", rb"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}", b"$2a$", b"$2b$", b"$2x$", b"$2y$"),
    _crypt("yescrypt", rb"\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}", b"$y$"),
    Pattern(
        "password hash",
        "DES crypt, in a line of a password file",
        (b":",),
        re.compile(rb"(?m):([./A-Za-z0-9]{13}):(?:" + _PASSWD + rb"|" + _SHADOW + rb")\r?$"),
        1,
        of_user=True,
    ),
    Pattern(
        "empty password",
        "a user without a password, in a line of a password file",
        (b"::0:",),
        re.compile(rb"(?m)::0:\d+:[^:\n]*:/[^:\n]*:/[^:\n]*$"),
        of_user=True,
    ),
    Pattern(
        "empty password",
        "a user without a password, in a line of a shadow file",
        (b"::",),
        re.compile(rb"(?m)::(?=\d)" + _SHADOW + rb"\r?$"),
        of_user=True,
    ),
    Pattern(
        "Wi-Fi password", "wpa_supplicant", (b"psk=",), re.compile(rb"\bpsk=(\"[^\"\n]{8,63}\"|[0-9a-f]{64}\b)"), 1
    ),
    _token("AWS access key id", rb"(?:AKIA|ASIA)[A-Z2-7]{16}", b"AKIA", b"ASIA"),
    _token("Google API key", rb"AIza[A-Za-z0-9_-]{35}", b"AIza"),
    _token("GitHub", rb"gh[pousr]_[A-Za-z0-9]{36}", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"),
    _token("GitLab", rb"glpat-[A-Za-z0-9_-]{20}", b"glpat-"),
    _token("Slack", rb"xox[abprs]-\d{8,}-[A-Za-z0-9-]{10,}", b"xoxa-", b"xoxb-", b"xoxp-", b"xoxr-", b"xoxs-"),
    _token("Stripe", rb"sk_live_[A-Za-z0-9]{24,}", b"sk_live_"),
    _token("JSON web token", rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}", b"eyJ", end=b""),
    Pattern(
        "password in a URL",
        "user and password before a host",
        (b"://",),
        re.compile(rb"(?<=[a-z]{2})://[A-Za-z0-9._-]{1,40}:([^\s:@/\"'%<>{}$\\]{3,60})@[A-Za-z0-9.-]{4,}"),
        1,
    ),
    Pattern(
        "SSH key that is let in",
        "authorized_keys",
        (b"ssh-rsa AAAA", b"ssh-ed25519 AAAA", b"ecdsa-sha2-nistp"),
        re.compile(rb"(?m)^(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp\d+) AAAA[A-Za-z0-9+/=]{60,}[^\n]{0,100}"),
    ),
    Pattern(
        "SSH host key",
        "Dropbear",
        (b"\x00\x00\x00\x07ssh-rsa",),
        re.compile(rb"\x00\x00\x00\x07ssh-rsa\x00\x00\x00[\x01-\x04].{1,4}\x00\x00\x01[\x00\x01]", re.DOTALL),
    ),
)
"""Shapes. Sources: crypt(5), passwd(5), shadow(5), wpa_supplicant.conf(5), and what each service says of its own tokens."""

_USER = re.compile(rb"[a-z_][a-z0-9_-]{0,30}")
MAX_USER_CHARS = 31
"""Of a name before its password (useradd(8): 32 at most)."""

ALPHABET_SHARE = 0.5
"""A password of DES that has fewer different characters than this share is a word or a placeholder."""


def secrets(
    file: str, data: bytes, *, shown: bool, stretches: Sequence[tuple[int, int]] | None = None
) -> Iterator[Secret]:
    """What has the shape of a credential, each text once; ``stretches`` (first byte, one past the last) are where it may begin."""
    seen: set[bytes] = set()
    for pattern in PATTERNS:
        for start, match in _matches(pattern, data, [(0, len(data))] if stretches is None else stretches):
            raw = match.group(pattern.group) if pattern.group else data[start : match.end()]
            if raw in seen or (pattern.about.startswith("DES") and len(set(raw)) < len(raw) * ALPHABET_SHARE):
                continue
            seen.add(raw)
            about = pattern.about
            user = _user(data, match.start())
            yield Secret(
                kind=pattern.kind,
                file=file,
                offset=match.start(pattern.group) if pattern.group else start,
                text=_text(raw, shown=shown or pattern.kind in ("SSH key that is let in", "empty password")),
                about=f"{about}, user {user}" if user and pattern.kind == "password hash" else about,
            )
            if len(seen) >= MAX_SECRETS:
                return


def _matches(
    pattern: Pattern, data: bytes, stretches: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Where the shape is, and where what belongs to it begins."""
    for needle, (low, high) in itertools.product(pattern.needles, stretches):
        at = data.find(needle, low, high)
        while at >= 0:
            match = pattern.shape.match(data, at)
            start = _start_of_user(data, at) if match and pattern.of_user else at
            if match and start is not None:
                yield start, match
            at = data.find(needle, at + 1, high)


def _start_of_user(data: bytes, at: int) -> int | None:
    """Where the line begins, if all before is a user's name."""
    start = data.rfind(b"\n", max(0, at - MAX_USER_CHARS - 1), at) + 1
    if start == 0 and at > MAX_USER_CHARS:
        return None
    return start if _USER.fullmatch(data, start, at) else None


def _user(data: bytes, at: int) -> str | None:
    """The user of a line of a password file."""
    start = max(data.rfind(b"\n", max(0, at - 40), at), data.rfind(b"\0", max(0, at - 40), at)) + 1
    match = re.match(rb"([a-z_][a-z0-9_-]{0,30}):", data[start : start + 40])
    return match.group(1).decode() if match else None


def _text(raw: bytes, *, shown: bool) -> str:
    text = raw.decode("ascii", "backslashreplace")
    if raw[:1] == b"\0":
        return "binary"
    return text[:400] if shown else f"{text[:SHOWN_CHARS]}… ({len(text)} characters)"

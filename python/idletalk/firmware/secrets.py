"""Credentials that are written out in a file: only what has the shape of one, never a keyword alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from idletalk.firmware.model import Secret

MAX_SECRETS = 500
"""Secrets named of one file."""
SHOWN_CHARS = 4
"""Of a masked secret."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A shape, what it is, and where the secret in it is (a group's number)."""

    kind: str
    about: str
    shape: re.Pattern[bytes]
    group: int = 0


_WORD_BEFORE = rb"(?<![A-Za-z0-9_/+-])"
_WORD_AFTER = rb"(?![A-Za-z0-9_/+-])"

PATTERNS = (
    Pattern("password hash", "MD5 crypt", re.compile(rb"\$1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}(?![./A-Za-z0-9])")),
    Pattern(
        "password hash",
        "SHA-256 crypt",
        re.compile(rb"\$5\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}(?![./A-Za-z0-9])"),
    ),
    Pattern(
        "password hash",
        "SHA-512 crypt",
        re.compile(rb"\$6\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}(?![./A-Za-z0-9])"),
    ),
    Pattern("password hash", "bcrypt", re.compile(rb"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}(?![./A-Za-z0-9])")),
    Pattern(
        "password hash",
        "yescrypt",
        re.compile(rb"\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}(?![./A-Za-z0-9])"),
    ),
    Pattern(
        "password hash",
        "DES crypt, in a line of a password file",
        re.compile(rb"(?m)^[a-z_][a-z0-9_-]{0,30}:([./A-Za-z0-9]{13}):\d+:\d+:[^:\n]*:[^:\n]*:[^:\n]*$"),
        1,
    ),
    Pattern(
        "empty password",
        "a user without a password, in a line of a password file",
        re.compile(rb"(?m)^([a-z_][a-z0-9_-]{0,30}::0:\d+:[^:\n]*:/[^:\n]*:/[^:\n]*)$"),
        1,
    ),
    Pattern("Wi-Fi password", "wpa_supplicant", re.compile(rb"\bpsk=(\"[^\"\n]{8,63}\"|[0-9a-f]{64}\b)"), 1),
    Pattern("API token", "AWS access key id", re.compile(_WORD_BEFORE + rb"(?:AKIA|ASIA)[A-Z2-7]{16}" + _WORD_AFTER)),
    Pattern("API token", "Google API key", re.compile(_WORD_BEFORE + rb"AIza[A-Za-z0-9_-]{35}" + _WORD_AFTER)),
    Pattern("API token", "GitHub", re.compile(_WORD_BEFORE + rb"gh[pousr]_[A-Za-z0-9]{36}" + _WORD_AFTER)),
    Pattern("API token", "GitLab", re.compile(_WORD_BEFORE + rb"glpat-[A-Za-z0-9_-]{20}" + _WORD_AFTER)),
    Pattern("API token", "Slack", re.compile(_WORD_BEFORE + rb"xox[abprs]-\d{8,}-[A-Za-z0-9-]{10,}" + _WORD_AFTER)),
    Pattern("API token", "Stripe", re.compile(_WORD_BEFORE + rb"sk_live_[A-Za-z0-9]{24,}" + _WORD_AFTER)),
    Pattern(
        "API token",
        "JSON web token",
        re.compile(_WORD_BEFORE + rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}"),
    ),
    Pattern(
        "password in a URL",
        "user and password before a host",
        re.compile(rb"[a-z]{2,8}://[A-Za-z0-9._-]{1,40}:([^\s:@/\"'%<>{}$\\]{3,60})@[A-Za-z0-9.-]{4,}"),
        1,
    ),
    Pattern(
        "SSH key that is let in",
        "authorized_keys",
        re.compile(rb"(?m)^(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp\d+) AAAA[A-Za-z0-9+/=]{60,}[^\n]{0,100}"),
    ),
    Pattern(
        "SSH host key",
        "Dropbear",
        re.compile(rb"\x00\x00\x00\x07ssh-rsa\x00\x00\x00[\x01-\x04].{1,4}\x00\x00\x01[\x00\x01]", re.DOTALL),
    ),
)
"""Shapes. Sources: crypt(5), passwd(5), wpa_supplicant.conf(5), and what each service says of its own tokens."""

ALPHABET_SHARE = 0.5
"""A password of DES that has fewer different characters than this share is a word or a placeholder."""


def secrets(file: str, data: bytes, *, shown: bool) -> Iterator[Secret]:
    """What has the shape of a credential, each text once."""
    seen: set[bytes] = set()
    for pattern in PATTERNS:
        for match in pattern.shape.finditer(data):
            raw = match.group(pattern.group)
            if raw in seen or (pattern.about.startswith("DES") and len(set(raw)) < len(raw) * ALPHABET_SHARE):
                continue
            seen.add(raw)
            about = pattern.about
            user = _user(data, match.start())
            yield Secret(
                kind=pattern.kind,
                file=file,
                offset=match.start(pattern.group),
                text=_text(raw, shown=shown or pattern.kind in ("SSH key that is let in", "empty password")),
                about=f"{about}, user {user}" if user and pattern.kind == "password hash" else about,
            )
            if len(seen) >= MAX_SECRETS:
                return


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

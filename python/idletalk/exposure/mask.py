"""Secrets as a report may show them."""

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SECRET_KINDS = frozenset(
    {"serial", "device_id", "imei", "ssid", "email", "user", "latitude", "longitude", "password", "token"}
)
"""Kinds of values that are masked: they identify a thing or a person, or open a door."""

MIN_HINT_CHARS = 8
"""Shorter values are hidden whole."""


def masked(kind: str, text: str) -> str:
    """A value as it may be shown: enough to recognise it for who knows it."""
    if kind not in SECRET_KINDS:
        return text
    if kind in ("password", "token") or len(text) < MIN_HINT_CHARS:
        return f"({len(text)} characters)"
    if kind in ("latitude", "longitude"):
        return re.sub(r"\d", "*", text)
    return f"{text[:2]}…{text[-1:]} ({len(text)} characters)"


MIN_CODED_CHARS = 6
"""Shorter values, and shorter stretches of base64, stand by chance in what is coded."""
SEPARATORS = re.compile("[-:._ ]")


def spellings(text: str) -> set[str]:
    """A value as texts hold it: in any case, without separators, with escapes, in hexadecimal digits and in base64."""
    found: set[str] = set()
    for one in {text, text.lower(), text.upper()}:
        found |= {one, quote(one, safe=""), quote(one), quote_plus(one), html.escape(one), json.dumps(one)[1:-1]}
        if len(bare := SEPARATORS.sub("", one)) >= MIN_HINT_CHARS:
            found.add(bare)
        if len(one) >= MIN_CODED_CHARS:
            raw = one.encode()
            found |= {raw.hex(), raw.hex().upper(), *_in_base64(raw)}
    return found


def _in_base64(raw: bytes) -> Iterator[str]:
    """The signs that these bytes alone make, wherever in what is coded they begin (RFC 4648, 4 and 5)."""
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw).decode()
        own = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        if len(own) >= MIN_CODED_CHARS:
            yield own
            yield own.replace("+", "-").replace("/", "_")

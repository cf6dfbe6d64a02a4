"""Secrets as a report may show them."""

import re

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

"""Hostile text made harmless for a terminal, and numbers for people."""

import unicodedata


def clean(text: str) -> str:
    """Text without what moves a cursor, changes colours or turns the writing direction: each such character as ``\\x1b``.

    Unicode categories Cc, Cf (format, among them bidirectional overrides), Cs, Co, Zl and Zp.
    """
    if text.isprintable():
        return text
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else _escaped(c) for c in text
    )


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def short(text: str, limit: int) -> str:
    """A text of at most `limit` characters: the beginning of a longer one, and a sign that there is more."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def human_bytes(count: float) -> str:
    """Bytes with a decimal unit and three digits: ``5.31 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def human_duration(seconds: float) -> str:
    """A stretch of time in its two largest units: ``4 d 23 h``."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.3g} s"
    for large, name, small, other in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= large:
            return f"{whole // large} {name} {whole % large // small} {other}".removesuffix(f" 0 {other}")
    return f"{whole} s"

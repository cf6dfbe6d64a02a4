"""Hostile text made harmless for a terminal, and numbers for people."""

import unicodedata
from itertools import accumulate, takewhile


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


WIDTHS = ((0.36, "ijlrtfI.,:;!|'()[]- "), (0.97, "mwMW@%…"), (0.72, "ABCDGHKNOPQRSTUVXYZ&"))
"""Of characters, as shares of the font's size: of DejaVu Sans, the widest of the fonts that systems have for pages."""
OTHER_WIDTH = 0.62
WIDE = 1.0
"""East Asian characters (Unicode's annex 11)."""


def within(text: str, ems: float) -> str:
    """A text that has room in so many times the font's size: of a longer one the beginning and the end, which tells names apart."""
    if sum(map(_width, text)) <= ems:
        return text
    end = _beginning(text[::-1], ems / 3)[::-1]
    return f"{_beginning(text, ems - _width('…') - sum(map(_width, end)))}…{end}"


def _beginning(text: str, ems: float) -> str:
    widths = accumulate(map(_width, text))
    return text[: sum(1 for _ in takewhile(lambda width: width <= ems, widths))]


def _width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return WIDE
    return next((width for width, characters in WIDTHS if character in characters), OTHER_WIDTH)


def human_bytes(count: float) -> str:
    """Bytes with a decimal unit and three digits: ``5.31 MB``."""
    if 0 < count < 0.5:
        return "<1 B"
    for unit in ("B", "kB", "MB", "GB"):
        # what three digits round to a thousand is one of the next unit
        if abs(count) < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def human_duration(seconds: float) -> str:
    """A stretch of time in its two largest units: ``4 d 23 h``."""
    whole = round(seconds)
    if 0 < seconds < 0.01:
        return f"{1000 * seconds:.3g} ms"
    if whole < 60:
        return f"{seconds:.3g} s"
    for large, name, small, other in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= large:
            return f"{whole // large} {name} {whole % large // small} {other}".removesuffix(f" 0 {other}")
    return f"{whole} s"

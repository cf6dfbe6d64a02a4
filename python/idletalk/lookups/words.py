"""Reads single values of look-up files: what is not of the right form is unknown."""

ASN_LAST = 2**32 - 1
"""The highest AS number (RFC 6793)."""

COUNTRY_UNKNOWN = frozenset({"ZZ", "XX", "EU", "AP", "UK", "T1", "A1", "A2"})
"""Codes that sources use for 'unknown', for regions and for proxies; none is a country in ISO 3166-1."""


def as_number(value: object) -> int | None:
    """An AS number from ``15169``, ``"15169"`` or ``"AS15169"``; 0 means not routed (RFC 7607)."""
    text = str(value).strip().upper().removeprefix("AS")
    if not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if 0 < number <= ASN_LAST else None


def as_text(value: object) -> str | None:
    """A name on one line without control characters; None where nothing is left."""
    if not isinstance(value, str):
        return None
    return " ".join("".join(c if c.isprintable() else " " for c in value).split()) or None


def as_country(value: object) -> str | None:
    """An ISO 3166-1 alpha-2 code in capitals."""
    if not isinstance(value, str):
        return None
    code = value.strip().upper()
    if len(code) != 2 or not (code.isascii() and code.isalpha()) or code in COUNTRY_UNKNOWN:
        return None
    return code

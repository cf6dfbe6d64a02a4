"""Names of the types of DNS records."""

from collections.abc import Sequence

MAX_TYPES = 6
"""Of records, in one sentence."""

_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    35: "NAPTR",
    64: "SVCB",
    65: "HTTPS",
    255: "ANY",
}
"""Of records (IANA, DNS parameters)."""


def type_names(numbers: Sequence[int]) -> str:
    """Types of records by name, or as RFC 3597 writes those without one here."""
    return ", ".join(_TYPES.get(number, f"TYPE{number}") for number in numbers[:MAX_TYPES])

"""Reads ``networks.tsv``, the table that a person writes by hand and that goes before everything else."""

import csv
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple, TypeVar

from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import IPV6_KEY_SHIFT_BITS, key_of
from idletalk.lookups.ranges import KeyRange, flattened
from idletalk.lookups.words import as_country, as_number, as_text

NETWORKS_FILE = "networks.tsv"
COLUMNS = ("network", "asn", "organisation", "country", "provider", "provider_kind", "anycast")
PROVIDER_KINDS = ("cloud", "cdn", "hosting")
T = TypeVar("T")
ANYCAST_WORDS = {"true": True, "1": True, "false": False, "0": False, "": None}


class OwnFacts(NamedTuple):
    """What a line says of its network; None is not said, and the next source answers."""

    asn: int | None
    organisation: str | None
    country: str | None
    provider: str | None
    provider_kind: str | None
    anycast: bool | None


def read_networks(path: Path) -> list[KeyRange[OwnFacts]]:
    """The networks as disjoint ranges sorted by key; the narrowest network that holds an address answers.

    Tab-separated, first line the column names (``network`` and any of the others, in any order), ``#``
    begins a comment line, an empty field says nothing.

    :raises LookupFileError: the file cannot be read, or a line is not of this form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise LookupFileError(f"{path}: cannot be read ({fault})") from fault
    numbered = [(n, line) for n, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")]
    if not numbered:
        return []
    header, *rows = ([field.strip() for field in _fields(line)] for _, line in numbered)
    unknown = sorted(set(header) - set(COLUMNS))
    if "network" not in header or unknown:
        raise LookupFileError(
            f"{path}, line {numbered[0][0]}: columns must be among {', '.join(COLUMNS)}, with network"
        )
    ranges: list[KeyRange[OwnFacts]] = []
    for (number, _), row in zip(numbered[1:], rows, strict=True):
        try:
            if len(row) > len(header):
                raise ValueError(f"{len(row)} fields for {len(header)} columns")
            ranges.append(_range(dict(zip(header, row, strict=False))))
        except ValueError as fault:
            raise LookupFileError(f"{path}, line {number}: {fault}") from fault
    return flattened(ranges)


def _fields(line: str) -> list[str]:
    return next(csv.reader([line], delimiter="\t", quoting=csv.QUOTE_NONE))


def _range(row: dict[str, str]) -> KeyRange[OwnFacts]:
    network = ip_network(row["network"])
    if network.version == 6 and network.prefixlen > IPV6_KEY_SHIFT_BITS:
        raise ValueError(f"{network} is narrower than /{IPV6_KEY_SHIFT_BITS}; write the /{IPV6_KEY_SHIFT_BITS}")
    asn = _checked(row, "asn", as_number, "an AS number")
    country = _checked(row, "country", as_country, "an ISO 3166-1 code of two letters")
    kind = row.get("provider_kind", "")
    if kind and kind not in PROVIDER_KINDS:
        raise ValueError(f"provider_kind {kind!r} is none of {', '.join(PROVIDER_KINDS)}")
    anycast = row.get("anycast", "").lower()
    if anycast not in ANYCAST_WORDS:
        raise ValueError(f"anycast {anycast!r} is neither true nor false nor empty")
    facts = OwnFacts(
        asn,
        as_text(row.get("organisation")),
        country,
        as_text(row.get("provider")),
        kind or None,
        ANYCAST_WORDS[anycast],
    )
    return KeyRange(key_of(network.network_address), key_of(network.broadcast_address), facts)


def _checked(row: dict[str, str], column: str, read: Callable[[object], T | None], form: str) -> T | None:
    text = row.get(column, "")
    value = read(text)
    if text and value is None:
        raise ValueError(f"{column} {text!r} is not {form}")
    return value

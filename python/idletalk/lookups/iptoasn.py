"""Reads the tab-separated tables of iptoasn.com: ``ip2asn-v4``, ``-v6``, ``-combined``, ``ip2country``.

Columns: first address, last address, AS number, country of the AS, description; or, in the country
tables, first address, last address, country. Addresses may be plain numbers (the ``u32`` files).
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import IPV4_LAST_KEY, address_key
from idletalk.lookups.mmdb import NetworkFacts
from idletalk.lookups.words import as_country, as_number, as_text

COUNTRY_TABLE_COLUMNS = 3
ASN_TABLE_COLUMNS = 5
GZIP_MAGIC = b"\x1f\x8b"
"""RFC 1952, 2.3.1."""


def read_iptoasn(path: Path) -> tuple[str, str, Iterator[NetworkFacts]]:
    """Name, date (that of the file, since the table has none) and the networks, sorted by first key.

    :raises LookupFileError: the file cannot be read, or a line is not of the form.
    """
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
        lines = content.decode("utf-8").splitlines()
        date = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as fault:
        raise LookupFileError(f"{path}: cannot be read as a table of iptoasn.com ({fault}); fetch it anew") from fault
    facts = [
        _facts(path, number, columns)
        for number, columns in enumerate(
            csv.reader(io.StringIO("\n".join(lines)), delimiter="\t", quoting=csv.QUOTE_NONE), start=1
        )
        if columns
    ]
    facts.sort(key=lambda f: (f.first_key, f.last_key))
    return path.name.removesuffix(".gz").removesuffix(".tsv"), date, iter(facts)


def _facts(path: Path, number: int, columns: list[str]) -> NetworkFacts:
    try:
        first_key, last_key = _key(columns[0]), _key(columns[1])
        if first_key > last_key:
            raise ValueError("the range ends before it begins")
        if len(columns) == COUNTRY_TABLE_COLUMNS:
            return NetworkFacts(first_key, last_key, None, None, as_country(columns[2]), None)
        if len(columns) != ASN_TABLE_COLUMNS:
            raise ValueError(f"{len(columns)} columns")
        return NetworkFacts(
            first_key, last_key, as_number(columns[2]), as_text(columns[4]), None, as_country(columns[3])
        )
    except (ValueError, IndexError) as fault:
        raise LookupFileError(
            f"{path}, line {number}: not a line of an iptoasn.com table ({fault}); give ip2asn-v4.tsv, "
            "ip2asn-v6.tsv, ip2asn-combined.tsv or a MaxMind .mmdb"
        ) from fault


def _key(text: str) -> int:
    if text.isascii() and text.isdigit():
        if int(text) > IPV4_LAST_KEY:
            raise ValueError(f"{text} is no IPv4 address")
        return int(text)
    return address_key(text)

"""Reads what the user's ``.mmdb`` file tells: AS number, organisation, country, for each network.

The shapes known: MaxMind GeoLite2/GeoIP2 and DB-IP Lite (ASN, Country, City, Enterprise), IPinfo
Lite, and the flat records of ip-location-db.
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import NamedTuple, cast

from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import IPV4_LAST_KEY, key_of
from idletalk.lookups.mmdb_tree import leaves
from idletalk.lookups.words import as_country, as_number, as_text


class NetworkFacts(NamedTuple):
    """What one line or record of a source tells about a range of addresses; None is unknown."""

    first_key: int
    last_key: int
    asn: int | None
    organisation: str | None
    country: str | None
    """Country of the addresses."""
    asn_country: str | None
    """Country in which the AS number is registered."""


READER_FAULTS = (OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, struct.error)
"""What maxminddb's reader in Python raises over broken files; ``InvalidDatabaseError`` is a RuntimeError."""


def read_mmdb(path: Path) -> tuple[str, str, Iterator[NetworkFacts]]:
    """Name, date (ISO 8601) and the networks of a MaxMind database, sorted by first key.

    :raises LookupFileError: the file is no MaxMind database, or (while iterating) is broken.
    """
    name, date, records = mmdb_records(path)
    return name, date, (NetworkFacts(first, last, *_facts(record)) for first, last, record in records)


def mmdb_records(path: Path) -> tuple[str, str, Iterator[tuple[int, int, Mapping[str, object]]]]:
    """Name, date, and (first key, last key, record) of each network; see :func:`read_mmdb`."""
    from maxminddb.const import MODE_MEMORY
    from maxminddb.reader import Reader

    try:
        content = path.read_bytes()
        reader = Reader(str(path), MODE_MEMORY)
        metadata = reader.metadata()
        date = datetime.fromtimestamp(metadata.build_epoch, UTC).date().isoformat()
        name = as_text(metadata.database_type) or path.stem
    except READER_FAULTS as fault:
        raise LookupFileError(f"{path}: no readable MaxMind database ({_one_line(fault)}); fetch it anew") from fault

    def records() -> Iterator[tuple[int, int, Mapping[str, object]]]:
        known: dict[int, object] = {}
        try:
            for leaf in leaves(content, metadata.node_count, metadata.record_size, metadata.ip_version):
                if leaf.record not in known:
                    known[leaf.record] = reader.get(_address(leaf.first_address))  # pyright: ignore[reportUnknownMemberType]
                record = known[leaf.record]
                if isinstance(record, Mapping):
                    first_key, last_key = key_of(_address(leaf.first_address)), key_of(_address(leaf.last_address))
                    yield first_key, last_key, cast(Mapping[str, object], record)
        except READER_FAULTS as fault:
            raise LookupFileError(f"{path}: broken MaxMind database ({_one_line(fault)}); fetch it anew") from fault

    return name, date, records()


def _address(number: int) -> IPv4Address | IPv6Address:
    return IPv4Address(number) if number <= IPV4_LAST_KEY else IPv6Address(number)


def _one_line(fault: BaseException) -> str:
    return as_text(str(fault)) or type(fault).__name__


def _facts(record: Mapping[str, object]) -> tuple[int | None, str | None, str | None, str | None]:
    asn = as_number(record.get("autonomous_system_number", record.get("asn")))
    organisation = as_text(record.get("autonomous_system_organization", record.get("as_name")))
    country = record.get("country", record.get("registered_country"))
    if isinstance(country, Mapping):
        country = cast(Mapping[str, object], country).get("iso_code")
    code = as_country(record.get("country_code")) or as_country(country)
    return asn, organisation, code, None

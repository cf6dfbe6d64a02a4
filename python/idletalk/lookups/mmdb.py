"""Reads what the user's ``.mmdb`` file tells: AS number, organisation, country, for each network.

The shapes known: MaxMind GeoLite2/GeoIP2 and DB-IP Lite (ASN, Country, City, Enterprise), IPinfo
Lite, and the flat records of ip-location-db.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

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


T = TypeVar("T")

READER_FAULTS = (OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, struct.error)
"""What maxminddb raises over broken files; ``InvalidDatabaseError`` is a RuntimeError."""


def read_mmdb(path: Path) -> tuple[str, str, Iterator[NetworkFacts]]:
    """Name, date (ISO 8601) and the networks of a MaxMind database, sorted by first key.

    :raises LookupFileError: the file is no MaxMind database, or (while iterating) is broken.
    """
    name, date, records = mmdb_records(path, _facts)
    return name, date, (NetworkFacts(first_key, last_key, *facts) for first_key, last_key, facts in records)


def mmdb_records(
    path: Path, read: Callable[[Mapping[str, object]], T]
) -> tuple[str, str, Iterator[tuple[int, int, T]]]:
    """Name, date, and (first key, last key, what ``read`` makes of the record) of each network.

    See :func:`read_mmdb`. Each record is decoded and read once, however many networks share it.
    """
    import maxminddb

    try:
        content = path.read_bytes()
        reader = maxminddb.open_database(str(path))  # pyright: ignore[reportUnknownMemberType]
        metadata = reader.metadata()
        date = datetime.fromtimestamp(metadata.build_epoch, UTC).date().isoformat()
        name = as_text(metadata.database_type) or path.stem
    except READER_FAULTS as fault:
        raise LookupFileError(f"{path}: no readable MaxMind database ({_one_line(fault)}); fetch it anew") from fault

    def records() -> Iterator[tuple[int, int, T]]:
        known: dict[int, T | None] = {}
        try:
            for first, last, offset in leaves(content, metadata.node_count, metadata.record_size, metadata.ip_version):
                address = _address(first)
                if offset not in known:
                    record = cast(object, reader.get(address))  # pyright: ignore[reportUnknownMemberType]
                    is_map = isinstance(record, Mapping)
                    known[offset] = read(cast(Mapping[str, object], record)) if is_map else None
                facts = known[offset]
                if facts is not None:
                    yield key_of(address), key_of(_address(last)), facts
        except READER_FAULTS as fault:
            raise LookupFileError(f"{path}: broken MaxMind database ({_one_line(fault)}); fetch it anew") from fault
        finally:
            reader.close()

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

"""Reads what the user's ``.mmdb`` file tells: AS number, organisation, country, for each network.

The shapes known: MaxMind GeoLite2/GeoIP2 and DB-IP Lite (ASN, Country, City, Enterprise), IPinfo
Lite, and the flat records of ip-location-db.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, cast

from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import key_of
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


def read_mmdb(path: Path) -> tuple[str, str, Iterator[NetworkFacts]]:
    """Name, date (ISO 8601) and the networks of a MaxMind database, sorted by first key.

    :raises LookupFileError: the file is no MaxMind database, or (while iterating) is broken.
    """
    import maxminddb

    try:
        reader = maxminddb.open_database(path)
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as fault:
        raise LookupFileError(f"{path}: no readable MaxMind database ({fault}); fetch the file anew") from fault
    metadata = reader.metadata()
    date = datetime.fromtimestamp(metadata.build_epoch, UTC).date().isoformat()

    def networks() -> Iterator[NetworkFacts]:
        try:
            for network, record in reader:
                if isinstance(record, Mapping):
                    first_key, last_key = key_of(network.network_address), key_of(network.broadcast_address)
                    yield NetworkFacts(first_key, last_key, *_facts(cast(Mapping[str, object], record)))
        except (maxminddb.InvalidDatabaseError, OSError, ValueError) as fault:
            raise LookupFileError(f"{path}: broken MaxMind database ({fault}); fetch the file anew") from fault
        finally:
            reader.close()

    return metadata.database_type, date, networks()


def _facts(record: Mapping[str, object]) -> tuple[int | None, str | None, str | None, str | None]:
    asn = as_number(record.get("autonomous_system_number", record.get("asn")))
    organisation = as_text(record.get("autonomous_system_organization", record.get("as_name")))
    country = record.get("country", record.get("registered_country"))
    if isinstance(country, Mapping):
        country = cast(Mapping[str, object], country).get("iso_code")
    code = as_country(record.get("country_code")) or as_country(country)
    return asn, organisation, code, None

"""Converts look-up files that the user fetched (``.mmdb``, iptoasn TSV) into tables, once.

The tables go into the user's look-up folder, whose answers go before those that come with idletalk.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.iptoasn import read_iptoasn
from idletalk.lookups.mmdb import NetworkFacts, read_mmdb
from idletalk.lookups.parquet import ASN_COLUMNS, COUNTRY_COLUMNS, NAMES_COLUMNS, write_table
from idletalk.lookups.ranges import KeyRange, bucketed, merged
from idletalk.lookups.sources import Source, Tells, read_sources, sha256_of, write_sources

USER_LICENCE = "as the user obtained it"
"""The licence of the user's own files is between them and the publisher."""


def user_folder() -> Path:
    """Where the user's look-ups live: ``$XDG_DATA_HOME/idletalk/lookups`` (XDG Base Directory 0.8)."""
    base = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".local" / "share") / "idletalk" / "lookups"


def convert(paths: Sequence[Path], folder: Path) -> tuple[Source, ...]:
    """Convert files into tables in the folder and list them there; a file of the same name is replaced.

    All files are converted before the list changes, so a broken one leaves the folder as useful as it was.

    :raises LookupFileError: a file is broken, or tells neither AS numbers nor countries.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        added = tuple(source for path in paths for source in _convert_file(path, folder))
        replaced = {source.file for source in added}
        kept = tuple(source for source in read_sources(folder) if source.file not in replaced)
        write_sources(folder, kept + added)
    except OSError as fault:
        raise LookupFileError(f"{folder}: cannot write look-up tables ({fault}); give --lookups a folder") from fault
    return added


def _convert_file(path: Path, folder: Path) -> Iterator[Source]:
    name, date, networks = read_mmdb(path) if path.suffix == ".mmdb" else read_iptoasn(path)
    facts = list(_joined(networks))
    stem = path.name.split(".")[0]
    written = False
    for tells, rows, columns in (
        (Tells.ASN, bucketed(asn_ranges(facts, str(path))), ASN_COLUMNS),
        (Tells.NAMES, as_names(facts), NAMES_COLUMNS),
        (Tells.COUNTRY, bucketed(country_ranges(facts, str(path))), COUNTRY_COLUMNS),
    ):
        table = folder / f"{stem}-{tells}.parquet"
        if write_table(rows, columns, table):
            written = True
            yield Source(name, tells, date, USER_LICENCE, "", "", table.name, sha256_of(table))
        else:
            table.unlink()
    if not written:
        raise LookupFileError(f"{path}: tells neither AS numbers nor countries; give an ASN, Country or City database")


def _joined(facts: Iterable[NetworkFacts]) -> Iterator[NetworkFacts]:
    """Neighbours that tell the same as one: a City database shrinks to a tenth, and is held in memory."""
    held: NetworkFacts | None = None
    for fact in facts:
        if held is not None and fact[2:] == held[2:] and fact.first_key - held.last_key in (0, 1):
            held = held._replace(last_key=fact.last_key)
            continue
        if held is not None:
            yield held
        held = fact
    if held is not None:
        yield held


def asn_ranges(facts: Iterable[NetworkFacts], origin: str) -> Iterator[KeyRange[int]]:
    """The ranges whose AS number is known, neighbours joined."""
    return merged((KeyRange(f.first_key, f.last_key, f.asn) for f in facts if f.asn is not None), origin)


def country_ranges(facts: Iterable[NetworkFacts], origin: str) -> Iterator[KeyRange[str]]:
    """The ranges whose country is known, neighbours joined."""
    return merged((KeyRange(f.first_key, f.last_key, f.country) for f in facts if f.country is not None), origin)


def as_names(facts: Iterable[NetworkFacts]) -> list[tuple[int, str | None, str | None]]:
    """AS number, organisation and country of registration, by number; the first that is told counts."""
    organisations: dict[int, str] = {}
    countries: dict[int, str] = {}
    for fact in facts:
        if fact.asn is None:
            continue
        if fact.organisation is not None:
            organisations.setdefault(fact.asn, fact.organisation)
        if fact.asn_country is not None:
            countries.setdefault(fact.asn, fact.asn_country)
    numbers = sorted(organisations.keys() | countries.keys())
    return [(number, organisations.get(number), countries.get(number)) for number in numbers]

"""Makes the look-up tables that come with idletalk out of files that you fetched; see docs/lookups.md.

Takes the publishers' files, writes ``python/idletalk/lookups/data/``. ``clouds.tsv`` there is written by hand
and kept. Uses no network.
"""

import re
from argparse import ArgumentParser
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import cast

from world import outlines_date, world_map

from idletalk.lookups.clouds import CLOUDS_FILE
from idletalk.lookups.convert import as_names, asn_ranges, country_ranges
from idletalk.lookups.keys import address_key
from idletalk.lookups.mmdb import NetworkFacts, mmdb_records, read_mmdb
from idletalk.lookups.parquet import ASN_COLUMNS, COUNTRY_COLUMNS, NAMES_COLUMNS, OUI_COLUMNS, write_table
from idletalk.lookups.ranges import KeyRange, bucketed, merged
from idletalk.lookups.sources import Source, Tells, sha256_of, write_sources
from idletalk.lookups.words import as_country, as_text

OUT = Path(__file__).parents[2] / "python" / "idletalk" / "lookups" / "data"
DBIP = "IP Geolocation by DB-IP (https://db-ip.com)"
IPFIRE = "IPFire Location database (https://location.ipfire.org/), CC BY-SA 4.0"
MAC_BITS = 48
UNASSIGNED_VENDORS = frozenset({"IEEE Registration Authority", "Private"})
"""Holders in the IEEE lists that are no maker: blocks divided into MA-M and MA-S, and names kept secret."""
ZERO_PREFIX = 0
"""00:00:00 is Xerox's, but an all-zero MAC is what a device sends that has none."""


def as_countries(asn_file: Path, country_file: Path) -> dict[int, str]:
    """AS number to country of registration: the one told for most of its networks."""
    _, _, asn_facts = read_mmdb(asn_file)
    _, _, country_facts = read_mmdb(country_file)
    countries = list(country_facts)
    first_keys = [fact.first_key for fact in countries]
    votes: dict[int, Counter[str]] = {}
    for fact in asn_facts:
        told = countries[bisect_right(first_keys, fact.first_key) - 1]
        if fact.asn is not None and told.country is not None and told.last_key >= fact.first_key:
            votes.setdefault(fact.asn, Counter())[told.country] += 1
    return {number: min(c, key=lambda code: (-c[code], code)) for number, c in votes.items()}


def country_names(country_file: Path) -> list[tuple[str, str]]:
    """Country code and English name, as DB-IP writes it."""
    _, _, records = mmdb_records(country_file, _country_name)
    names = {code: english for _, _, (code, english) in records if code is not None and english is not None}
    return sorted(names.items())


def _country_name(record: Mapping[str, object]) -> tuple[str | None, str | None]:
    country = cast(Mapping[str, object], record.get("country", {}))
    names = cast(Mapping[str, object], country.get("names", {}))
    return as_country(country.get("iso_code")), as_text(names.get("en"))


def ipfire_ranges(paths: list[Path]) -> tuple[str, Iterator[KeyRange[str]]]:
    """Date and ranges of the country tables that Tor makes of IPFire Location (first,last,country)."""
    generated = ""
    ranges: list[KeyRange[str]] = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                found = re.search(r"Generated:\s+\w+, (\d+ \w+ \d+)", line)
                generated = found.group(1) if found else generated
                continue
            first, last, code = line.split(",")
            country = as_country(code)
            if country is not None:
                ranges.append(KeyRange(_ipfire_key(first), _ipfire_key(last), country))
    date = datetime.strptime(generated, "%d %b %Y").date().isoformat()
    return date, merged(sorted(ranges), "IPFire")


def _ipfire_key(text: str) -> int:
    return int(text) if text.isdigit() else address_key(text)


def oui_rows(manuf: Path) -> list[tuple[int, int, str]]:
    """Prefix, its length in bits and vendor, of Wireshark's list: prefix, short name, name as registered."""
    rows: list[tuple[int, int, str]] = []
    for line in manuf.read_text(encoding="utf-8").splitlines():
        columns = [column.strip() for column in line.split("\t")]
        if line.startswith("#") or len(columns) != 3:
            continue
        digits, _, bits = columns[0].partition("/")
        digits = digits.replace(":", "")
        prefix = int(digits, 16) << (MAC_BITS - 4 * len(digits))
        vendor = as_text(columns[2])
        if vendor and vendor not in UNASSIGNED_VENDORS and prefix != ZERO_PREFIX:
            rows.append((prefix, int(bits or 24), vendor))
    return sorted(rows)


def with_countries(
    names: list[tuple[int, str | None, str | None]], countries: dict[int, str]
) -> Iterator[tuple[int, str | None, str | None]]:
    """The names of AS numbers with their countries of registration from another source."""
    organisations = {number: organisation for number, organisation, _ in names}
    for number in sorted(organisations.keys() | countries.keys()):
        yield number, organisations.get(number), countries.get(number)


def facts_of(path: Path) -> tuple[str, list[NetworkFacts]]:
    """Date and networks of a MaxMind database."""
    _, date, networks = read_mmdb(path)
    return date, list(networks)


def main() -> None:
    """Read the arguments and write the tables."""
    parser = ArgumentParser(description=__doc__)
    for option in ("--dbip-asn", "--dbip-country", "--iptoasn-asn", "--iptoasn-country", "--manuf"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--ipfire", type=Path, nargs=2, required=True, help="geoip and geoip6")
    parser.add_argument("--manuf-date", required=True, help="day of the list, YYYY-MM-DD")
    parser.add_argument("--clouds-date", required=True, help="day clouds.tsv was last checked")
    parser.add_argument("--natural-earth", type=Path, required=True, help="folder with the 110m .shp and .dbf")
    given = parser.parse_args()

    made: list[Source] = []

    def keep(name: str, tells: Tells, date: str, licence: str, attribution: str, url: str, file: str) -> None:
        made.append(Source(name, tells, date, licence, attribution, url, file, sha256_of(OUT / file)))

    asn_date, asn_facts = facts_of(given.dbip_asn)
    write_table(bucketed(asn_ranges(asn_facts, "DB-IP ASN")), ASN_COLUMNS, OUT / "asn_ranges.parquet")
    keep("DB-IP ASN Lite", Tells.ASN, asn_date, "CC-BY-4.0", DBIP, "https://db-ip.com/db/download/ip-to-asn-lite",
         "asn_ranges.parquet")  # fmt: skip
    iptoasn_date, _ = facts_of(given.iptoasn_asn)
    countries = as_countries(given.iptoasn_asn, given.iptoasn_country)
    write_table(with_countries(as_names(asn_facts), countries), NAMES_COLUMNS, OUT / "asn_names.parquet")
    keep("DB-IP ASN Lite (organisation), IPtoASN (country of the AS)", Tells.NAMES, min(asn_date, iptoasn_date),
         "CC-BY-4.0 (organisation), PDDL-1.0 (country of the AS)", DBIP, "https://iptoasn.com/",
         "asn_names.parquet")  # fmt: skip

    country_date, country_facts = facts_of(given.dbip_country)
    write_table(
        bucketed(country_ranges(country_facts, "DB-IP Country")), COUNTRY_COLUMNS, OUT / "country_ranges.parquet"
    )
    keep("DB-IP Country Lite", Tells.COUNTRY, country_date, "CC-BY-4.0", DBIP,
         "https://db-ip.com/db/download/ip-to-country-lite", "country_ranges.parquet")  # fmt: skip
    ipfire_date, ipfire = ipfire_ranges(given.ipfire)
    write_table(bucketed(ipfire), COUNTRY_COLUMNS, OUT / "country_ranges_ipfire.parquet")
    keep("IPFire Location", Tells.COUNTRY, ipfire_date, "CC-BY-SA-4.0", IPFIRE, "https://location.ipfire.org/",
         "country_ranges_ipfire.parquet")  # fmt: skip

    keep("idletalk clouds", Tells.CLOUD, given.clouds_date, "CC0-1.0", "", "", CLOUDS_FILE)
    write_table(oui_rows(given.manuf), OUI_COLUMNS, OUT / "oui.parquet")
    keep("IEEE MA-L, MA-M, MA-S", Tells.OUI, given.manuf_date, "facts of a public register", "",
         "https://standards-oui.ieee.org/", "oui.parquet")  # fmt: skip
    names = country_names(given.dbip_country)
    lines = ["country\tname", *(f"{code}\t{name}" for code, name in names)]
    (OUT / "countries.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    keep("DB-IP Country Lite", Tells.COUNTRIES, country_date, "CC-BY-4.0", DBIP,
         "https://db-ip.com/db/download/ip-to-country-lite", "countries.tsv")  # fmt: skip
    (OUT / "world.json").write_text(world_map(given.natural_earth), encoding="utf-8")
    keep("Natural Earth 1:110m", Tells.MAP, outlines_date(given.natural_earth), "public domain", "",
         "https://www.naturalearthdata.com/", "world.json")  # fmt: skip
    write_sources(OUT, tuple(made))


if __name__ == "__main__":
    main()

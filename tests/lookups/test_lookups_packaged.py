"""The tables that come with idletalk: what holds whatever day they are of."""

import csv
import re
import time
from collections.abc import Callable, Iterable
from datetime import date
from ipaddress import ip_network
from pathlib import Path

import duckdb
import pytest

from idletalk.lookups import Tells, country_names, list_sources, open_lookups, world_map
from idletalk.lookups.domains import registrable_domain
from idletalk.lookups.networks import PROVIDER_KINDS
from idletalk.lookups.sources import PACKAGED_FOLDER, sha256_of

AskHosts = Callable[[Path, Iterable[str]], dict[str, dict[str, object]]]
AskMacs = Callable[[Iterable[str]], dict[str, tuple[object, ...]]]

SPEED_LIMIT_S = 0.5
"""Ten times what it takes, since other work shares the machine."""


def test_every_packaged_source_has_a_date_a_licence_and_an_unchanged_file(tmp_path: Path) -> None:
    sources = list_sources(tmp_path)
    assert {source.tells for source in sources} == set(Tells) - {Tells.NETWORKS}
    for source in sources:
        assert source.licence
        assert source.date is not None
        assert date.fromisoformat(source.date) > date(2020, 1, 1)
        if source.file:
            assert sha256_of(PACKAGED_FOLDER / source.file) == source.sha256, source.file


def test_addresses_that_iana_gives_to_nobody_have_no_answer(ask_hosts: AskHosts, tmp_path: Path) -> None:
    reserved = ("10.0.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "198.51.100.7", "198.18.0.1", "224.0.0.251",
                "255.255.255.255", "::1", "fe80::1", "fd00::1", "ff02::fb", "2001:db8::1")  # fmt: skip
    for row in ask_hosts(tmp_path, reserved).values():
        told = {name: value for name, value in row.items() if name != "address" and value is not None}
        assert told == {}, row


def test_the_resolver_of_google_is_googles_in_both_families(ask_hosts: AskHosts, tmp_path: Path) -> None:
    for row in ask_hosts(tmp_path, ("8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8")).values():
        assert row["asn"] == 15169
        assert "Google" in str(row["organisation"])
        assert (row["provider"], row["anycast"]) == ("Google", True)
        assert row["country"] is not None
        assert row["asn_country"] == "US"


def test_a_host_told_twice_is_answered_twice_and_order_does_not_matter(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        open_lookups(tmp_path).register(connection)
        connection.execute("CREATE TABLE h AS SELECT '8.8.8.8' AS address, 134744072::UBIGINT AS key FROM range(2)")
        rows = connection.execute("FROM lookup_hosts('h')").fetchall()
    assert len(rows) == 2
    assert rows[0] == rows[1]


def test_sources_that_differ_are_told_and_the_first_is_believed(ask_hosts: AskHosts, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        one, other = (
            f"read_parquet('{PACKAGED_FOLDER / source.file}')"
            for source in list_sources(tmp_path)
            if source.tells is Tells.COUNTRY
        )
        found = connection.execute(
            f"SELECT a.first_key, a.country, b.country FROM {one} AS a JOIN {other} AS b USING (first_key) "
            "WHERE a.country <> b.country AND first_key < 4294967296 ORDER BY first_key LIMIT 1"
        ).fetchone()
    assert found is not None
    key, believed, doubted = found
    address = ".".join(str(byte) for byte in int(key).to_bytes(4))
    row = ask_hosts(tmp_path, [address])[address]
    assert (row["country"], row["country_disagrees"]) == (believed, True)
    assert doubted in str(row["countries_told"])


def test_packaged_ranges_are_sorted_and_disjoint(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for source in list_sources(tmp_path):
            if source.tells in (Tells.ASN, Tells.COUNTRY):
                wrong = connection.execute(
                    "SELECT count(*) FROM (SELECT first_key, last_key, lag(last_key) OVER () AS before "
                    f"FROM read_parquet('{PACKAGED_FOLDER / source.file}')) "
                    "WHERE first_key <= before OR last_key < first_key"
                ).fetchone()
                assert wrong == (0,), source.file


def test_the_longest_vendor_prefix_wins(ask_macs: AskMacs, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        open_lookups(tmp_path).register(connection)
        samples = connection.execute(
            "SELECT prefix_bits, min(prefix), arg_min(vendor, prefix) FROM lookup_oui "
            "WHERE (prefix >> 40) & 3 = 0 GROUP BY prefix_bits ORDER BY prefix_bits"
        ).fetchall()
        nested = connection.execute(
            "SELECT long.prefix, long.prefix_bits, long.vendor FROM lookup_oui AS long JOIN lookup_oui AS short "
            "ON long.prefix_bits > short.prefix_bits AND (long.prefix >> 24) << 24 = short.prefix "
            "WHERE (long.prefix >> 40) & 3 = 0 ORDER BY long.prefix LIMIT 1"
        ).fetchall()
    assert [bits for bits, *_ in samples] == [24, 28, 36]
    expected = {int(prefix).to_bytes(6).hex(":"): (vendor, bits, False) for bits, prefix, vendor in samples}
    expected |= {int(prefix).to_bytes(6).hex(":"): (vendor, bits, False) for prefix, bits, vendor in nested}
    assert ask_macs(expected) == expected


def test_made_up_group_and_broken_macs_have_no_vendor(ask_macs: AskMacs) -> None:
    answers = ask_macs(("da:a1:19:00:00:01", "01:00:5e:00:00:fb", "ff:ff:ff:ff:ff:ff", "12:34", "00-17-88-01-02-03"))
    assert answers["da:a1:19:00:00:01"] == (None, None, True)
    assert answers["01:00:5e:00:00:fb"] == (None, None, False)
    assert answers["ff:ff:ff:ff:ff:ff"] == (None, None, True)
    assert answers["12:34"] == answers["00-17-88-01-02-03"] == (None, None, None)


def test_every_line_about_clouds_has_one_subject_a_source_and_a_date() -> None:
    with (PACKAGED_FOLDER / "clouds.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    subjects = [row["asn"] or row["network"] for row in rows]
    assert len(subjects) == len(set(subjects))
    for row in rows:
        assert bool(row["asn"]) != bool(row["network"])
        assert row["asn"].isdigit() or ip_network(row["network"])
        assert row["provider"]
        assert row["provider_kind"] in PROVIDER_KINDS
        assert row["anycast"] in ("true", "")
        assert row["source"]
        assert date.fromisoformat(row["date"])


def test_the_map_draws_countries_that_have_a_name() -> None:
    drawn, names = world_map(), country_names()
    assert {"US", "CN", "DE", "FR", "NO"} <= drawn.countries.keys()
    assert drawn.countries.keys() - names.keys() <= {"XK"}
    assert all(re.fullmatch(r"(M\d+ \d+l[-\d ]+z)+", path) for path in drawn.countries.values())
    assert names["DE"] == "Germany"


def test_a_place_is_marked_inside_the_country_where_it_is() -> None:
    drawn = world_map()
    x, y = drawn.position(latitude=52.5, longitude=13.4)
    points = [(int(a), int(b)) for a, b in re.findall(r"M(\d+) (\d+)", drawn.countries["DE"])]
    assert all(abs(x - a) < 30 and abs(y - b) < 30 for a, b in points)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("Device.Example.COM.", "example.com"),
        ("bucket.s3.amazonaws.com", "amazonaws.com"),
        ("www.xn--85x722f.xn--55qx5d.cn", "食狮.公司.cn"),
        ("www.xn--\xff.com", "xn--\xff.com"),
        ("co.uk", None),
        ("printer.local", None),
        ("localhost", None),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("", None),
    ],
)
def test_the_registrable_domain_is_what_somebody_registered(name: str, domain: str | None) -> None:
    assert registrable_domain(name) == domain


def test_an_ending_that_the_list_does_not_have_is_a_suffix_by_its_default_rule() -> None:
    assert registrable_domain("push.plug.example") is None
    assert registrable_domain("push.plug.example", by_default_rule=True) == "plug.example"
    assert registrable_domain("printer", by_default_rule=True) is None


def test_200_hosts_and_50_macs_are_looked_up_while_nobody_waits(tmp_path: Path) -> None:
    """Measured 2026-11 on 2 idle cores, opening included: 58 ms the first time in a process, 42 ms after that."""
    keys = [(number * 7919 % 200 + 20) << 24 | number * 104729 % 2**24 for number in range(150)]
    keys += [(0x2A00 << 48) + (number << 36) for number in range(50)]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE h AS SELECT key::VARCHAR AS address, key FROM (SELECT unnest(?)::UBIGINT AS key)", [keys]
        )
        connection.execute(
            "CREATE TABLE m AS SELECT '00:17:88:00:00:' || format('{:02x}', range) AS mac FROM range(50)"
        )
        started = time.perf_counter()
        open_lookups(tmp_path).register(connection)
        hosts = connection.execute("FROM lookup_hosts('h')").fetchall()
        macs = connection.execute("FROM lookup_macs('m')").fetchall()
        took_s = time.perf_counter() - started
    assert (len(hosts), len(macs)) == (200, 50)
    assert took_s < SPEED_LIMIT_S

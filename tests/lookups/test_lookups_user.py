"""The user's own files: converted once, believed first, refused with one clear line when broken."""

import gzip
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idletalk.errors import IdletalkError
from idletalk.lookups import LookupFileError, Tells, convert, list_sources, open_lookups, user_folder
from idletalk.lookups.command import lookups_command

AskHosts = Callable[[Path, Iterable[str]], dict[str, dict[str, object]]]
WriteMmdb = Callable[[Path, str, dict[str, object]], Path]

EXAMPLE_AS = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example Networks"}
COUNTRY = {"country": {"iso_code": "IS"}}
NETWORKS_HEADER = "network\tasn\torganisation\tcountry\tprovider\tprovider_kind\tanycast\n"


def test_an_asn_database_goes_before_the_packaged_one(
    ask_hosts: AskHosts, write_mmdb: WriteMmdb, tmp_path: Path
) -> None:
    database = write_mmdb(
        tmp_path / "mine.mmdb", "GeoLite2-ASN", {"8.8.8.0/24": EXAMPLE_AS, "2001:db8::/32": EXAMPLE_AS}
    )
    added = convert([database], tmp_path / "own")
    assert [source.tells for source in added] == [Tells.ASN, Tells.NAMES]
    assert {source.date for source in added} == {"2023-11-14"}
    rows = ask_hosts(tmp_path / "own", ["8.8.8.8", "8.8.4.4", "2001:db8::1"])
    assert (rows["8.8.8.8"]["asn"], rows["8.8.8.8"]["organisation"]) == (64500, "Example Networks")
    assert rows["8.8.4.4"]["asn"] == 15169
    assert rows["2001:db8::1"]["asn"] == 64500


def test_the_alias_of_ipv4_in_a_database_is_not_read_twice(
    ask_hosts: AskHosts, write_mmdb: WriteMmdb, tmp_path: Path
) -> None:
    networks: dict[str, object] = {"8.8.8.0/24": EXAMPLE_AS, "::ffff:8.8.8.0/120": EXAMPLE_AS}
    convert([write_mmdb(tmp_path / "mine.mmdb", "GeoLite2-ASN", networks)], tmp_path / "own")
    assert ask_hosts(tmp_path / "own", ["8.8.8.8"])["8.8.8.8"]["asn"] == 64500


def test_a_country_database_goes_first_and_disagreement_is_said(
    ask_hosts: AskHosts, write_mmdb: WriteMmdb, tmp_path: Path
) -> None:
    database = write_mmdb(tmp_path / "mine.mmdb", "GeoLite2-Country", {"8.8.8.0/24": COUNTRY, "198.18.0.0/15": COUNTRY})
    convert([database], tmp_path / "own")
    rows = ask_hosts(tmp_path / "own", ["8.8.8.8", "198.18.0.1"])
    assert (rows["8.8.8.8"]["country"], rows["8.8.8.8"]["country_source"]) == ("IS", "GeoLite2-Country")
    assert rows["8.8.8.8"]["country_disagrees"] is True
    assert rows["198.18.0.1"]["country"] == "IS"
    assert rows["198.18.0.1"]["country_disagrees"] is None


@pytest.mark.parametrize("compressed", [False, True])
def test_an_iptoasn_table_gives_number_organisation_and_country_of_the_as(
    compressed: bool, ask_hosts: AskHosts, tmp_path: Path
) -> None:
    text = (
        "198.18.0.0\t198.18.255.255\t64501\tNO\tFJORD\n"
        "198.19.0.0\t198.19.255.255\t0\tNone\tNot routed\n"
        "2001:db8::\t2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\t64502\tSE\tSKOG\n"
    )
    path = tmp_path / ("ip2asn-combined.tsv.gz" if compressed else "ip2asn-combined.tsv")
    path.write_bytes(gzip.compress(text.encode()) if compressed else text.encode())
    convert([path], tmp_path / "own")
    rows = ask_hosts(tmp_path / "own", ["198.18.9.9", "198.19.9.9", "2001:db8::5"])
    told = {address: (row["asn"], row["organisation"], row["asn_country"]) for address, row in rows.items()}
    assert told == {
        "198.18.9.9": (64501, "FJORD", "NO"),
        "198.19.9.9": (None, None, None),
        "2001:db8::5": (64502, "SKOG", "SE"),
    }


def test_adding_a_file_again_replaces_it(write_mmdb: WriteMmdb, tmp_path: Path) -> None:
    database = write_mmdb(tmp_path / "mine.mmdb", "GeoLite2-ASN", {"8.8.8.0/24": EXAMPLE_AS})
    convert([database], tmp_path / "own")
    convert([database], tmp_path / "own")
    own = [source for source in list_sources(tmp_path / "own") if source.file.startswith("mine")]
    assert [source.tells for source in own] == [Tells.ASN, Tells.NAMES]


def test_networks_tsv_goes_before_everything_and_the_narrowest_line_counts(ask_hosts: AskHosts, tmp_path: Path) -> None:
    (tmp_path / "networks.tsv").write_text(
        "# the addresses of a study\n"
        + NETWORKS_HEADER
        + "198.18.0.0/15\t64510\tStudy Cloud\tIE\tAmazon\tcloud\tfalse\n"
        + "198.18.7.0/24\t\t\tSG\t\t\ttrue\n"
        + "2001:db8::/32\t64511\tStudy CDN\tDE\tAkamai\tcdn\t\n"
        + "8.8.8.8/32\t\t\tAQ\t\t\t\n",
        encoding="utf-8",
    )
    addresses = ["198.18.0.1", "198.18.7.1", "2001:db8::1", "8.8.8.8"]
    rows = ask_hosts(tmp_path, addresses)
    wide, narrow, ipv6, partial = (rows[address] for address in addresses)
    names = ("asn", "organisation", "country", "country_source", "provider", "provider_kind", "anycast")
    assert tuple(wide[n] for n in names) == (64510, "Study Cloud", "IE", "networks.tsv", "Amazon", "cloud", False)
    assert tuple(narrow[n] for n in names) == (None, None, "SG", "networks.tsv", None, None, True)
    assert tuple(ipv6[n] for n in names) == (64511, "Study CDN", "DE", "networks.tsv", "Akamai", "cdn", None)
    assert (partial["country"], partial["country_disagrees"], partial["asn"]) == ("AQ", True, 15169)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("198.18.0.1/15\t", "has host bits set"),
        ("2001:db8::/96\t", "narrower than /64"),
        ("198.18.0.0/15\tmany\t", "not an AS number"),
        ("198.18.0.0/15\t\t\tIreland", "two letters"),
        ("198.18.0.0/15\t\t\t\tA\tshop", "provider_kind 'shop'"),
        ("198.18.0.0/15\t\t\t\t\t\tperhaps", "anycast 'perhaps'"),
        ("198.18.0.0/15" + "\tx" * 9, "fields for"),
    ],
)
def test_a_broken_line_of_networks_tsv_is_named(line: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "networks.tsv").write_text(NETWORKS_HEADER + line + "\n", encoding="utf-8")
    with pytest.raises(LookupFileError, match=f"line 2: .*{complaint}"):
        open_lookups(tmp_path)


def test_unknown_columns_of_networks_tsv_are_refused(tmp_path: Path) -> None:
    (tmp_path / "networks.tsv").write_text("network\tcity\n", encoding="utf-8")
    with pytest.raises(LookupFileError, match="columns must be among"):
        open_lookups(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.mmdb", b"", "MaxMind"),
        ("a.mmdb", b"no database at all" * 100, "MaxMind"),
        ("a.tsv", b"1.0.0.0\t1.0.0.255\t1\tUS\n", "line 1: .*4 columns"),
        ("a.tsv", b"1.0.0.0\tnowhere\t1\tUS\tX\n", "line 1"),
        ("a.tsv", b"1.0.0.9\t1.0.0.0\t1\tUS\tX\n", "ends before"),
        ("a.tsv", b"1.0.0.0\t1.0.0.9\t1\tUS\tX\n1.0.0.3\t1.0.0.20\t2\tUS\tY\n", "overlap"),
        ("a.tsv", b"\xff\xfe\x00", "cannot be read"),
        ("a.tsv.gz", b"\x1f\x8b\x08cut", "cannot be read"),
        ("a.tsv", b"", "neither AS numbers nor countries"),
    ],
)
def test_a_broken_file_is_one_clear_error_and_changes_nothing(
    name: str, content: bytes, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    before = list_sources(tmp_path)
    with pytest.raises(IdletalkError, match=complaint) as told:
        convert([path], tmp_path)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)
    assert list_sources(tmp_path) == before


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_database_with_a_changed_byte_never_crashes(
    at: float, byte: int, write_mmdb: WriteMmdb, tmp_path: Path
) -> None:
    path = write_mmdb(tmp_path / "mine.mmdb", "GeoLite2-ASN", {"8.8.8.0/24": EXAMPLE_AS, "9.0.0.0/8": EXAMPLE_AS})
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] = byte
    path.write_bytes(content)
    with suppress(LookupFileError):
        convert([path], tmp_path / "own")


def test_a_folder_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(LookupFileError, match="no such folder"):
        open_lookups(tmp_path / "nowhere")


def test_the_users_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "idletalk" / "lookups"
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert user_folder() == Path.home() / ".local" / "share" / "idletalk" / "lookups"


def test_the_command_lists_sources_with_dates_and_adds_files(write_mmdb: WriteMmdb, tmp_path: Path) -> None:
    database = write_mmdb(tmp_path / "mine.mmdb", "GeoLite2-ASN", {"8.8.8.0/24": EXAMPLE_AS})
    own = tmp_path / "own"
    added = CliRunner().invoke(lookups_command, ["add", str(database), "--lookups", str(own)])
    assert added.exit_code == 0, added.output
    listed = CliRunner().invoke(lookups_command, ["--lookups", str(own)])
    assert listed.exit_code == 0, listed.output
    first, *rest = listed.output.splitlines()
    assert first.startswith("2023-11-14\tasn\tGeoLite2-ASN")
    assert any("DB-IP" in line for line in rest)

"""The look-up tables as DuckDB views and macros: the user's data first, then what comes with idletalk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from idletalk.bulk import Insertion
from idletalk.lookups.clouds import CLOUDS_FILE, read_clouds
from idletalk.lookups.convert import user_folder
from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import BUCKET_SQL
from idletalk.lookups.networks import NETWORKS_FILE, read_networks
from idletalk.lookups.sources import PACKAGED_FOLDER, Source, Tells, read_sources, sha256_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUERIES = ("hosts.sql", "macs.sql")
"""The files that define ``lookup_hosts`` and ``lookup_macs``."""


@dataclass(frozen=True)
class Lookups:
    """The look-up tables of one user: which there are, in the order in which they are believed."""

    sources: tuple[Source, ...]
    """All sources; of those that tell the same, the first that answers is believed."""
    folders: dict[Source, Path] = field(repr=False)
    """Where the file of a source lies."""

    def register(self, connection: DuckDBPyConnection) -> None:
        """Make the look-ups in a connection, as views and macros.

        ``lookup_hosts('t')`` for a table ``t(address, key)`` and ``lookup_macs('t')`` for ``t(mac)`` give what
        is written in hosts.sql and macs.sql. Beneath them: macros ``lookup_asn('t')`` -> (key, rank, source,
        asn) and ``lookup_country('t')`` -> (key, rank, source, country) with the answer of each source, rank 1
        first; views ``lookup_names``, ``lookup_oui``, ``lookup_countries``; tables ``lookup_networks``,
        ``lookup_cloud_asns``, ``lookup_cloud_networks``; and ``lookup_sources``.
        """
        for name, query in (
            ("lookup_asn(hosts)", self._range_query(Tells.ASN, "asn", "UINTEGER")),
            ("lookup_country(hosts)", self._range_query(Tells.COUNTRY, "country", "VARCHAR")),
        ):
            connection.execute(f"CREATE OR REPLACE MACRO {name} AS TABLE {query}")
        self._register_views(connection)
        self._register_small_tables(connection)
        for query in QUERIES:
            connection.execute((Path(__file__).parent / query).read_text(encoding="utf-8"))

    def _files(self, tells: Tells) -> list[tuple[int, Source, str]]:
        """Rank from 1, source and quoted path of the sources that tell this."""
        chosen = (source for source in self.sources if source.tells is tells and source in self.folders)
        return [
            (rank, source, _quoted(str(self.folders[source] / source.file)))
            for rank, source in enumerate(chosen, start=1)
        ]

    def _range_query(self, tells: Tells, column: str, sql_type: str) -> str:
        parts = [
            f"SELECT h.key, {rank}::UTINYINT AS rank, {_quoted(source.name)} AS source, r.{column} "
            f"FROM (SELECT DISTINCT key, {BUCKET_SQL} AS bucket FROM query_table(hosts)) AS h "
            f"JOIN read_parquet({path}) AS r ON h.bucket = r.bucket AND h.key BETWEEN r.first_key AND r.last_key"
            for rank, source, path in self._files(tells)
        ]
        nothing = (
            f"SELECT key, 0::UTINYINT AS rank, '' AS source, NULL::{sql_type} AS {column} "
            "FROM query_table(hosts) WHERE false"
        )
        return " UNION ALL ".join([*parts, nothing])

    def _register_views(self, connection: DuckDBPyConnection) -> None:
        names = [
            f"SELECT {rank}::UTINYINT AS rank, asn, organisation, country FROM read_parquet({path})"
            for rank, _, path in self._files(Tells.NAMES)
        ]
        views = {"lookup_names": " UNION ALL ".join(names)}
        for name, tells, reader in (
            ("lookup_oui", Tells.OUI, "read_parquet({path})"),
            ("lookup_countries", Tells.COUNTRIES, "read_csv({path}, delim = '\t', header = true, all_varchar = true)"),
        ):
            (_, _, path), *_ = self._files(tells)
            views[name] = f"SELECT * FROM {reader.format(path=path)}"
        for name, query in views.items():
            connection.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")

    def _register_small_tables(self, connection: DuckDBPyConnection) -> None:
        own = [
            (r.first_key, r.last_key, *r.answer)
            for source, folder in self.folders.items()
            if source.tells is Tells.NETWORKS
            for r in read_networks(folder / source.file)
        ]
        provider = "provider VARCHAR, provider_kind VARCHAR, anycast BOOLEAN"
        keys = "first_key UBIGINT, last_key UBIGINT"
        clouds = read_clouds(PACKAGED_FOLDER / CLOUDS_FILE)
        _create(
            connection,
            "lookup_networks",
            f"{keys}, asn UINTEGER, organisation VARCHAR, country VARCHAR, {provider}",
            own,
        )
        _create(
            connection,
            "lookup_cloud_asns",
            f"asn UINTEGER, {provider}",
            [(asn, *told) for asn, told in clouds.asns.items()],
        )
        _create(
            connection,
            "lookup_cloud_networks",
            f"{keys}, {provider}",
            [(r.first_key, r.last_key, *r.answer) for r in clouds.networks],
        )
        told = [(s.name, s.tells.value, s.date, s.licence, s.attribution, s.url, s.sha256) for s in self.sources]
        names = ("name", "tells", "date", "licence", "attribution", "url", "sha256")
        _create(connection, "lookup_sources", ", ".join(f"{name} VARCHAR" for name in names), told)


def open_lookups(folder: Path | None = None) -> Lookups:
    """The look-ups of a folder that the user filled, and behind them those that come with idletalk.

    :param folder: what ``idletalk lookups add`` wrote and perhaps a ``networks.tsv``; None is the user's own
        folder (:func:`user_folder`), which need not exist.
    :raises LookupFileError: the folder was named and does not exist, or its list or ``networks.tsv`` is broken.
    """
    if folder is not None and not folder.is_dir():
        raise LookupFileError(f"{folder}: no such folder; name one with look-up tables or leave --lookups out")
    own_folder = folder or user_folder()
    own = own_sources(own_folder)
    packaged = read_sources(PACKAGED_FOLDER)
    folders = dict.fromkeys(own, own_folder) | dict.fromkeys(packaged, PACKAGED_FOLDER)
    return Lookups((*own, *packaged, _domains()), folders)


def list_sources(folder: Path | None = None) -> tuple[Source, ...]:
    """All sources with their dates, in the order in which they are believed; see :func:`open_lookups`."""
    return open_lookups(folder).sources


def own_sources(folder: Path) -> tuple[Source, ...]:
    """The sources of the user's folder: ``networks.tsv``, then the converted tables, the newest first."""
    converted = sorted(read_sources(folder), key=lambda s: s.name)
    converted.sort(key=lambda s: s.date or "", reverse=True)
    for source in converted:
        if not (folder / source.file).is_file():
            raise LookupFileError(f"{folder / source.file}: missing; run 'idletalk lookups add' again")
    path = folder / NETWORKS_FILE
    if not path.is_file():
        return tuple(converted)
    read_networks(path)
    own = Source(NETWORKS_FILE, Tells.NETWORKS, None, "", "", "", NETWORKS_FILE, sha256_of(path))
    return (own, *converted)


def _domains() -> Source:
    package = "publicsuffixlist"
    release = version(package)
    date = release.rsplit(".", 1)[-1]
    return Source(
        f"Public Suffix List ({package} {release})",
        Tells.DOMAINS,
        f"{date[:4]}-{date[4:6]}-{date[6:]}",
        "MPL-2.0",
        "",
        "https://publicsuffix.org/",
        "",
        "",
    )


def _create(connection: DuckDBPyConnection, name: str, columns: str, rows: Sequence[Iterable[object]]) -> None:
    connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
    Insertion(name, [tuple(row) for row in rows]).put(connection)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

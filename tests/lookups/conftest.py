"""What the look-up tests share: asking in one line, and a writer of small MaxMind databases."""

import struct
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path

import duckdb
import pytest

from idletalk.lookups import address_key, open_lookups

Value = str | int | bytes | dict[str, "Value"]
"""What a database holds; bytes are an encoded value."""
HostsAnswer = dict[str, dict[str, object]]
AskHosts = Callable[[Path, Iterable[str]], HostsAnswer]
WriteMmdb = Callable[[Path, str, dict[str, Value]], Path]

METADATA_MARKER = b"\xab\xcd\xefMaxMind.com"
DATA_SEPARATOR = bytes(16)
BUILD_EPOCH = 1_700_000_000
"""2023-11-14."""
LONG_STRING_BYTES = 29
"""From this length on the size is in a byte of its own."""


@pytest.fixture
def ask_hosts() -> AskHosts:
    """Addresses to what the look-ups of a folder say of them."""

    def ask(folder: Path, addresses: Iterable[str]) -> HostsAnswer:
        listed = list(addresses)
        with duckdb.connect() as connection:
            open_lookups(folder).register(connection)
            connection.execute(
                "CREATE TABLE hosts AS SELECT unnest(?) AS address, unnest(?)::UBIGINT AS key",
                [listed, [address_key(address) for address in listed]],
            )
            answer = connection.execute("FROM lookup_hosts('hosts')")
            columns = [column[0] for column in answer.description or ()]
            rows = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
        assert len(rows) == len(listed)
        return {str(row["address"]): row for row in rows}

    return ask


@pytest.fixture
def ask_macs(tmp_path: Path) -> Callable[[Iterable[str]], dict[str, tuple[object, ...]]]:
    """MACs to (vendor, prefix_bits, locally_administered)."""

    def ask(macs: Iterable[str]) -> dict[str, tuple[object, ...]]:
        with duckdb.connect() as connection:
            open_lookups(tmp_path).register(connection)
            connection.execute("CREATE TABLE macs AS SELECT unnest(?) AS mac", [list(macs)])
            rows = connection.execute("FROM lookup_macs('macs')").fetchall()
        return {str(row[0]): row[1:] for row in rows}

    return ask


def encoded(value: Value) -> bytes:
    """A value of the MaxMind DB file format 2.0, data section: type in the upper 3 bits, size below."""
    if isinstance(value, str):
        content = value.encode()
        if len(content) < LONG_STRING_BYTES:
            return bytes([2 << 5 | len(content)]) + content
        return bytes([2 << 5 | LONG_STRING_BYTES, len(content) - LONG_STRING_BYTES]) + content
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return bytes([6 << 5 | 4]) + value.to_bytes(4)
    return bytes([7 << 5 | len(value)]) + b"".join(encoded(key) + encoded(item) for key, item in value.items())


@pytest.fixture
def write_mmdb() -> WriteMmdb:
    """The writer of :func:`written_mmdb`."""
    return written_mmdb


def uint16(value: int) -> bytes:
    return bytes([5 << 5 | 2]) + value.to_bytes(2)


def written_mmdb(path: Path, kind: str, networks: dict[str, Value]) -> Path:
    """A database of IPv6 with 32-bit records; IPv4 lies in ::/96 (MaxMind DB file format 2.0)."""
    content = b""
    offsets: dict[str, int] = {}
    for name, record in networks.items():
        offsets[name] = len(content)
        content += encoded(record)
    nodes: list[list[int | str | None]] = [[None, None]]
    for name in networks:
        network = ip_network(name)
        depth = network.prefixlen + (96 if network.version == 4 else 0)
        bits = f"{int(network.network_address):0128b}"[:depth]
        at = 0
        for bit in bits[:-1]:
            below = nodes[at][int(bit)]
            if not isinstance(below, int):
                nodes.append([None, None])
                below = nodes[at][int(bit)] = len(nodes) - 1
            at = below
        nodes[at][int(bits[-1])] = name
    tree = b""
    for node in nodes:
        for side in node:
            if isinstance(side, str):
                number = len(nodes) + len(DATA_SEPARATOR) + offsets[side]
            else:
                number = len(nodes) if side is None else side
            tree += struct.pack(">I", number)
    metadata: dict[str, Value] = {
        "node_count": len(nodes),
        "record_size": uint16(32),
        "ip_version": uint16(6),
        "database_type": kind,
        "binary_format_major_version": uint16(2),
        "binary_format_minor_version": uint16(0),
        "build_epoch": b"\x08\x02" + BUILD_EPOCH.to_bytes(8),
        "languages": b"\x00\x04",
        "description": {},
    }
    path.write_bytes(tree + DATA_SEPARATOR + content + METADATA_MARKER + encoded(metadata))
    return path

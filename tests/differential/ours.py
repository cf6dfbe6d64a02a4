"""idletalk's facts about one capture: `dissect`, then sums over its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from idletalk import _core

from .facts import DECODED_LINK_TYPES, LAYERS, ONCE, Facts
from .messages import COMPARED

Cell = int | str | None
Row = tuple[Cell, ...]
Query = Callable[[str, str], Iterable[Row]]
"""Rows of some columns of a table; none where the table does not exist."""

NTP_PORT = 123
ESCAPED = re.compile(rb"\\(1(?:2[89]|[3-9][0-9])|2[0-9]{2})")
"""`\\DDD` of a byte from 128 on."""


WLAN_CONTROL = "wlan"
"""`network` of 802.11 frames without a body: no data frames, so not compared by MAC."""
COOKED_LINK_TYPES = frozenset({"linux-sll", "linux-sll2"})
"""Their frames name the sender only; idletalk knows the receiver from its answers, Wireshark does not."""
VERSION_NAMES = {
    2: "SSL 2.0",
    768: "SSL 3.0",
    769: "TLS 1.0",
    770: "TLS 1.1",
    771: "TLS 1.2",
    772: "TLS 1.3",
    0xFEFF: "DTLS 1.0",
    0xFEFD: "DTLS 1.2",
    0xFB17: "TLS 1.3 (Facebook draft 23)",
    0xFB1A: "TLS 1.3 (Facebook draft 26)",
}
"""Wireshark's words for TLS versions (packet-tls-utils.c, ssl_versions)."""
VERSIONS = frozenset({"tls_version", "dtls_version", "quic_version"})
NAMES = frozenset({"dns_name", "dns_cname", "dns_ptr", "dns_srv"})
"""Classes of domain names."""
DRAFT_VERSIONS = range(0x7F00, 0x8000)
"""TLS 1.3 drafts (draft-ietf-tls-tls13-28 4.2.1.1)."""

HTTP_COLUMNS = {"method": "http_requests", "host": "http_requests", "uri": "http_requests", "status": "http_responses"}
MESSAGES: dict[str, tuple[str, str]] = {
    "dns_name": ("dns_questions", "name"),
    "dns_a": ("dns_records", "CASE WHEN kind = 1 THEN address END"),
    "dns_aaaa": ("dns_records", "CASE WHEN kind = 28 THEN address END"),
    "dns_cname": ("dns_records", "CASE WHEN kind = 5 THEN target END"),
    **{
        f"{carrier}_{about}": (table, f"CASE WHEN carrier = '{carrier}' THEN {column} END")
        for carrier in ("tls", "dtls", "quic")
        for about, (table, column) in {
            "sni": ("tls_client_hellos", "[server_name]"),
            "alpn": ("tls_client_hellos", "alpn"),
            "version": ("tls_client_hellos", "versions"),
            "cipher": (
                "tls_server_hellos",
                "[CASE WHEN is_whole THEN coalesce(cipher_name, printf('0x%04x', cipher)) END]",
            ),
            "alert": ("tls_alerts", "[coalesce(name, description::VARCHAR)]"),
            "ja3": ("tls_client_hellos", "[ja3]"),
            "ja3s": ("tls_server_hellos", "[ja3s]"),
            "serial": ("certificates", "[serial]"),
            "san": (
                "certificates",
                "[n FOR n IN alternative_names IF NOT regexp_matches(n, '^(URI|email):|^[0-9.]+$|.:.*:')]",
            ),
        }.items()
    },
    **{
        f"http_{about}": (table, f"CASE WHEN version IS DISTINCT FROM 'HTTP/2' THEN {about} END")
        for about, table in HTTP_COLUMNS.items()
    },
    "dhcp_hostname": ("dhcp", "hostname"),
    **{one.kind: (one.table, one.column) for one in COMPARED},
}
"""Class of values: the table and the column (SQL) that hold them, each a value or a list."""
TABLES = sorted({table for table, _ in MESSAGES.values()})


SEGMENT_COLUMNS = (
    "flow, frame, network, transport, originator_mac, originator, originator_port, responder_mac, responder,"
    " responder_port, originator_packets, originator_bytes, responder_packets, responder_bytes"
)
NAMED_COLUMNS = (
    "frame, transport, CASE recognised_by WHEN 'content' THEN application END, originator, originator_port, responder,"
    " responder_port"
)
_database: list[duckdb.DuckDBPyConnection] = []


def dissect(capture: Path, threads: int = 1) -> tuple[Facts, bool]:
    """Facts about a capture, and whether all its link types are among those compared beyond frames and times.

    A file that idletalk cannot open gives no facts.
    """
    if not _database:
        _database.append(duckdb.connect(config={"threads": 1}))
    with TemporaryDirectory(prefix="idletalk-") as folder:
        counts: dict[str, int] = _core.dissect([capture], Path(folder), threads=threads)

        def rows(columns: str, table: str) -> Iterable[Row]:
            if not counts.get(table):
                return []
            return _database[0].execute(f"SELECT {columns} FROM '{folder}/{table}.parquet'").fetchall()

        return _facts(rows)


def _facts(rows: Query) -> tuple[Facts, bool]:
    facts = Facts()
    for error, frames, earliest, latest in rows("error, frames, earliest_ns, latest_ns", "captures"):
        if error is not None:
            return facts, False
        facts.set("frames", "count", _number(frames))
        if earliest is not None and latest is not None:
            facts.set("time", "first", _number(earliest))
            facts.set("time", "last", _number(latest))
    tells_receivers = True
    for link_type, frames in rows("link_type, frames", "interfaces"):
        if frames and link_type not in DECODED_LINK_TYPES:
            return facts, False
        tells_receivers &= not frames or link_type not in COOKED_LINK_TYPES
        if frames and link_type == "ether":
            facts.add("layers", "eth", _number(frames), 1)
    streams: dict[str, set[str]] = {"tcp": set(), "udp": set()}
    for flow, frame, network, transport, *ends in rows(SEGMENT_COLUMNS, "flow_segments"):
        one, other, counters = ends[:3], ends[3:6], [_number(value) for value in ends[6:]]
        for layer in (network, transport):
            if layer in LAYERS:
                facts.add("layers", str(layer), counters[0] + counters[2], _number(frame))
        for source, destination, packets, size in ((one, other, *counters[:2]), (other, one, *counters[2:])):
            for mac, direction in ((source[0], "sent"), (destination[0], "received")):
                if mac is not None and network != WLAN_CONTROL and (direction == "sent" or tells_receivers):
                    facts.add_traffic("macs", f"{mac} {direction}", packets, size, _number(frame))
            if transport in streams and (source[2], destination[2]) != (0, 0):
                streams[str(transport)].add(str(flow))
                subject = f"{source[1]}:{source[2]} > {destination[1]}:{destination[2]}"
                facts.add_traffic(str(transport), subject, packets, size, _number(frame))
    for transport, flows in streams.items():
        facts.set("streams", transport, len(flows))
    for frame, transport, application, *ends in rows(NAMED_COLUMNS, "flow_segments"):
        if application is not None:
            named = (f"{address}:{port}" for address, port in (ends[:2], ends[2:]))
            facts.name(str(transport), named, str(application), _number(frame))
    for table in TABLES:
        kinds = {kind: column for kind, (of, column) in MESSAGES.items() if of == table}
        for frame, *cells in rows(", ".join(["frame", *kinds.values()]), table):
            for kind, cell in zip(kinds, cells, strict=True):
                _mention(facts, kind, _number(frame), cell)
    for frame, ssrc, packets in rows("frame, ssrc, packets", "rtp_streams"):
        facts.add("rtp", f"{ssrc} packets", _number(packets), _number(frame))
    for frame, *ends in rows("frame, source, source_port, destination, destination_port", "ntp"):
        for address, port, role in ((*ends[:2], "answers"), (*ends[2:], "asked")):
            if port == NTP_PORT:
                facts.add("ntp", f"{address} {role}", 1, _number(frame))
    return facts, True


def _mention(facts: Facts, kind: str, frame: int, cell: Cell | list[Cell]) -> None:
    for value in cell if isinstance(cell, list) else [cell]:
        if value is None:
            continue
        text = _version(value) if isinstance(value, int) and kind in VERSIONS else str(value)
        if kind in ("dns_ptr", "dns_srv"):
            text = text.replace("\\.", ".")  # a dot inside a label
        if kind in NAMES:
            text = _raw(text) or "<Root>"  # Wireshark's word for the empty name
        for part in filter(None, text.split(",")):  # as Wireshark's list of values is split
            if kind.endswith(ONCE):
                facts.set(kind, f"{frame} {part}", 1, frame)
            else:
                facts.mention(kind, frame, part)


def _raw(name: str) -> str:
    """A name whose bytes beyond ASCII stand as Wireshark prints them: raw, so that those that are no UTF-8 are lost."""
    octets = ESCAPED.sub(lambda found: bytes([int(found[1])]), name.encode())
    return octets.decode("utf-8", "replace")


def _version(number: int) -> str:
    if number in DRAFT_VERSIONS:
        return f"TLS 1.3 (draft {number - DRAFT_VERSIONS.start})"
    return VERSION_NAMES.get(number, f"{number:#06x}")


def _number(value: int | str | None) -> int:
    assert isinstance(value, int)
    return value

"""Reads the vendors' messages out of an analysis' ``payloads``, and gives flows the label that they tell."""

import json
from collections.abc import Iterator

from idletalk.protocols import installed
from idletalk.protocols.protocol import VendorProtocol
from idletalk.store import Store

MAX_PIECES = 100_000
"""Pieces of content read of one protocol: a month of a house has less, and memory must not grow with the capture."""

COLUMNS = (
    "flow VARCHAR, protocol VARCHAR, source_mac VARCHAR, source VARCHAR, destination VARCHAR, capture BIGINT, frame BIGINT, time_ns BIGINT,"
    " position INTEGER, kind VARCHAR, summary VARCHAR, encrypted BOOLEAN, encrypted_fields VARCHAR[], times BIGINT"
)

LABELS = """
CREATE TEMP TABLE flow_protocols AS SELECT flow, min(protocol) AS protocol FROM vendor_messages GROUP BY flow;
CREATE TEMP VIEW flow_segments AS SELECT s.* REPLACE (
    CASE WHEN s.recognised_by = 'content' THEN s.application ELSE coalesce(p.protocol, s.application) END AS application,
    CASE WHEN p.protocol IS NULL THEN s.recognised_by ELSE 'content' END AS recognised_by
) FROM memory.main.flow_segments AS s LEFT JOIN flow_protocols AS p USING (flow)
"""
"""Stands before the facts' own table, for whoever asks after it."""

Line = tuple[object, ...]


def _condition(protocol: VendorProtocol) -> str:
    """Ports and first bytes as SQL."""
    carriers = ", ".join(f"'{carrier}'" for carrier in protocol.carriers)
    ports = ", ".join(map(str, protocol.ports)) or "NULL"
    marks = " OR ".join(
        f"(octet_length(content) >= {len(start)} AND hex(content[1:{len(start)}]) = '{start.hex().upper()}')"
        for start in protocol.starts
    )
    where = [f"source_port IN ({ports}) OR destination_port IN ({ports})"] if protocol.ports else []
    if marks:
        where.append(marks)
    return f"carrier IN ({carriers})" + (f" AND ({' OR '.join(where)})" if where else "")


def _lines(store: Store, protocol: VendorProtocol) -> Iterator[Line]:
    rows = store.ask(
        "SELECT flow, source_mac, source, destination, capture, frame, time_ns, stream_offset, times, content FROM payloads"
        f" WHERE {_condition(protocol)} ORDER BY time_ns, capture, frame, stream_offset LIMIT {MAX_PIECES}"
    )
    for row in rows:
        for position, message in enumerate(protocol.read(row["content"])):
            yield (
                row["flow"],
                protocol.name,
                row["source_mac"],
                row["source"],
                row["destination"],
                row["capture"],
                row["frame"],
                row["time_ns"],
                position,
                message.kind,
                json.dumps(message.fields, sort_keys=True, ensure_ascii=False),
                bool(message.encrypted),
                list(message.encrypted),
                row["times"],
            )


def know_messages(store: Store) -> None:
    """Make the temporary table of messages; flows that no other protocol claims get the name of theirs."""
    lines = [line for protocol in installed() for line in _lines(store, protocol)]
    store.fill("vendor_messages", COLUMNS, lines)
    if lines:
        store.connection.execute(LABELS)

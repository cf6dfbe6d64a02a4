"""Reads these protocols' messages out of an analysis' ``payloads``, and gives flows the label that they tell."""

import json
from collections.abc import Iterator

from idletalk.protocols import installed
from idletalk.protocols.joining import Reader, Stream
from idletalk.protocols.protocol import Message, VendorProtocol
from idletalk.store import Store

MAX_PIECES = 100_000
"""Pieces of content read of one protocol: a month of a house has less, and memory must not grow with the capture."""

HEAD_BYTES = 16
"""First bytes of a piece in which most protocols' marks lie: written as hexadecimal digits once for all of them."""

WHOLE = ("udp", "mdns")
"""Carriers whose pieces are messages; of the others, a message may come in several pieces."""

UNREADABLE = "unreadable"
"""Kind of a message whose reader failed: it tells nothing, not even that the content is of its protocol."""

COLUMNS = "piece BIGINT, protocol VARCHAR, position INTEGER, kind VARCHAR, summary VARCHAR, encrypted_fields VARCHAR[]"

MESSAGES = """
CREATE TABLE vendor_messages AS
SELECT p.flow, r.protocol, p.carrier, p.source_mac, p.source, p.destination, p.capture, p.frame, p.time_ns, r.position,
    r.kind, r.summary, len(r.encrypted_fields) > 0 AS encrypted, r.encrypted_fields, p.times
FROM read_messages AS r JOIN pieces AS p USING (piece)
"""

LABELS = f"""
CREATE TABLE flow_protocols AS
    SELECT flow, min(protocol) AS protocol FROM vendor_messages WHERE carrier IN ('tcp', 'udp') AND kind <> '{UNREADABLE}' GROUP BY flow;
CREATE VIEW flow_segments AS SELECT s.* REPLACE (
    CASE WHEN s.recognised_by = 'content' THEN s.application ELSE coalesce(p.protocol, s.application) END AS application,
    CASE WHEN p.protocol IS NULL THEN s.recognised_by ELSE 'content' END AS recognised_by
) FROM memory.main.flow_segments AS s LEFT JOIN flow_protocols AS p USING (flow)
"""
"""Stands before the facts' own table, for whoever asks after it. What a known protocol carries does not rename its flow."""

Line = tuple[object, ...]


def _condition(protocol: VendorProtocol) -> str:
    """Ports and first bytes as SQL: one expression for all beginnings, since each is tried on every piece of an analysis."""
    carriers = ", ".join(f"'{carrier}'" for carrier in protocol.carriers)
    ports = ", ".join(map(str, protocol.ports)) or "NULL"
    marks = [start.hex().upper() for start in protocol.starts] + [mask.replace("_", ".") for mask in protocol.masks]
    where = [f"source_port IN ({ports}) OR destination_port IN ({ports})"] if protocol.ports else []
    if marks:
        length = max(HEAD_BYTES, *(len(mark) // 2 for mark in marks))
        where.append(f"regexp_matches(hex(content[1:{length}]), '^(?:{'|'.join(marks)})')")
    return f"carrier IN ({carriers})" + (f" AND ({' OR '.join(where)})" if where else "")


def _with_continuations(condition: str, table: str) -> str:
    """SQL: pieces of a condition, and those that may continue them. A datagram or a record is whole in itself."""
    continued = f"SELECT flow FROM {table} WHERE carrier NOT IN {WHOLE} AND ({condition})"
    return f"{condition} OR (carrier NOT IN {WHOLE} AND flow IN ({continued}))"


def _read(reader: Reader, content: bytes) -> Iterator[Message]:
    """What a reader, which may be another package's, tells of a datagram; where it fails, that it did."""
    try:
        yield from reader(content)
    except Exception:
        yield Message(UNREADABLE)


def _without_failures(reader: Reader) -> Reader:
    """The same for pieces of a stream: half a message is no failure to be told."""
    return lambda content: [message for message in _read(reader, content) if message.kind != UNREADABLE]


def _lines(store: Store, protocol: VendorProtocol) -> Iterator[Line]:
    rows = store.ask(
        "SELECT piece, carrier, flow, source, source_port, subject, stream_offset, content FROM pieces"
        f" WHERE {_with_continuations(_condition(protocol), 'pieces')}"
        f" ORDER BY time_ns, capture, frame, stream_offset LIMIT {MAX_PIECES}"
    )
    streams: dict[tuple[object, ...], Stream] = {}
    for row in rows:
        if row["carrier"] in WHOLE:
            messages = _read(protocol.read, row["content"])
        else:
            sender = (row["flow"], row["source"], row["source_port"], row["subject"])
            stream = streams.setdefault(sender, Stream(_without_failures(protocol.read)))
            messages = stream.piece(row["stream_offset"], row["content"])
        for position, message in enumerate(messages):
            summary = json.dumps(message.fields, sort_keys=True, ensure_ascii=False)
            yield row["piece"], protocol.name, position, message.kind, summary, list(message.encrypted)


def know_messages(store: Store) -> None:
    """Make the temporary table of messages; flows that no other protocol claims get the name of theirs."""
    protocols = installed()
    any_of = " OR ".join(f"({_condition(protocol)})" for protocol in protocols)
    wanted = _with_continuations(f"({any_of})", "payloads")
    store.ask(f"CREATE TABLE pieces AS SELECT row_number() OVER () AS piece, * FROM payloads WHERE {wanted}")
    lines = [line for protocol in protocols for line in _lines(store, protocol)]
    store.fill("read_messages", COLUMNS, lines)
    store.ask(MESSAGES)
    store.ask("DROP TABLE pieces")
    if lines:
        store.connection.execute(LABELS)

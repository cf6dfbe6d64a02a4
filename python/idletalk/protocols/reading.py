"""Reads these protocols' messages out of an analysis' ``payloads``, and gives flows the label that they tell."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache

from idletalk.protocols import installed
from idletalk.protocols.joining import Reader, Stream
from idletalk.protocols.protocol import Message, VendorProtocol
from idletalk.store import FACTS, Store

MAX_PIECES = 100_000
"""Pieces of content read of one protocol: a month of a house has less, and memory must not grow with the capture."""

WHOLE = ("udp", "mdns")
"""Carriers whose pieces are messages; of the others, a message may come in several pieces."""

MAX_REMEMBERED = 1024
"""Contents whose messages are remembered."""

UNREADABLE = "unreadable"
"""Kind of a message whose reader failed: it tells nothing, not even that the content is of its protocol."""

COLUMNS = "piece BIGINT, protocol VARCHAR, position INTEGER, kind VARCHAR, summary VARCHAR, encrypted_fields VARCHAR[]"

MESSAGES = """
CREATE TABLE vendor_messages AS
SELECT p.flow, r.protocol, p.carrier, p.source_mac, p.source, p.destination, p.capture, p.frame, p.time_ns, r.position,
    r.kind, r.summary, len(r.encrypted_fields) > 0 AS encrypted, r.encrypted_fields, p.times
FROM read_messages AS r JOIN pieces AS p ON p.rowid = r.piece
"""

LABELS = f"""
CREATE TABLE flow_protocols AS
    SELECT flow, min(protocol) AS protocol FROM vendor_messages WHERE carrier IN ('tcp', 'udp') AND kind <> '{UNREADABLE}' GROUP BY flow;
CREATE VIEW flow_segments AS SELECT s.* REPLACE (
    CASE WHEN s.recognised_by = 'content' THEN s.application ELSE coalesce(p.protocol, s.application) END AS application,
    CASE WHEN p.protocol IS NULL THEN s.recognised_by ELSE 'content' END AS recognised_by
) FROM {FACTS}.flow_segments AS s LEFT JOIN flow_protocols AS p USING (flow)
"""
"""Stands before the facts' own table, for whoever asks after it. What a known protocol carries does not rename its flow."""

Line = tuple[object, ...]


def _condition(protocol: VendorProtocol) -> str:
    """SQL: whether a piece is by its carrier, ports and first bytes one of the protocol."""
    carriers = ", ".join(f"'{carrier}'" for carrier in protocol.carriers)
    return f"carrier IN ({carriers}) AND ({_near([protocol])})"


def _near(protocols: Sequence[VendorProtocol]) -> str:
    """SQL: whether a piece has the ports or the first bytes of one; one expression for all beginnings."""
    if any(not protocol.ports and not _marks(protocol) for protocol in protocols):
        return "true"
    ports = ", ".join(str(port) for protocol in protocols for port in protocol.ports)
    marks = "|".join(mark for protocol in protocols for mark in _marks(protocol))
    where = [f"source_port IN ({ports}) OR destination_port IN ({ports})"] if ports else []
    return " OR ".join([*where, f"regexp_matches(head, '^(?:{marks})')"] if marks else where)


def _marks(protocol: VendorProtocol) -> list[str]:
    """First bytes as hexadecimal digits, a point for any digit."""
    return [start.hex().upper() for start in protocol.starts] + [mask.replace("_", ".") for mask in protocol.masks]


def _pieces(protocols: Sequence[VendorProtocol]) -> tuple[str, str]:
    """SQL: the table of pieces that fit a protocol, and those that may continue them; ``fits``: which, in their order.

    A datagram or a record is whole in itself. All contents are looked at, so that what is asked of most is short.
    """
    head_bytes = max(len(mark) // 2 for protocol in protocols for mark in ["", *_marks(protocol)])
    fits = ", ".join(f"coalesce({_condition(protocol)}, false)" for protocol in protocols)
    head = f"hex(content[1:{head_bytes}]) AS head"
    fitting = f"FROM (SELECT *, [{fits}] AS fits FROM headed WHERE {_near(protocols)}) WHERE list_contains(fits, true)"
    return (
        f"CREATE TABLE pieces AS WITH headed AS (SELECT *, {head} FROM payloads) {fitting}",
        f"""
INSERT INTO pieces BY NAME
WITH headed AS MATERIALIZED (
    SELECT *, {head} FROM payloads
    WHERE carrier NOT IN {WHOLE} AND flow IN (SELECT flow FROM pieces WHERE carrier NOT IN {WHOLE})
)
FROM headed WHERE NOT coalesce(({_near(protocols)}) AND list_contains([{fits}], true), false)
""",
    )


def _guarded(reader: Reader) -> Reader:
    """What a reader, which may be another package's, tells of a datagram; where it fails, that it did. Devices say the same often."""

    @lru_cache(maxsize=MAX_REMEMBERED)
    def read(content: bytes) -> Sequence[Message]:
        messages: list[Message] = []
        try:
            messages.extend(reader(content))
        except Exception:
            messages.append(Message(UNREADABLE))
        return messages

    return read


def _without_failures(reader: Reader) -> Reader:
    """The same for pieces of a stream: half a message is no failure to be told."""
    return lambda content: [message for message in reader(content) if message.kind != UNREADABLE]


def _lines(store: Store, protocol: VendorProtocol, number: int) -> Iterator[Line]:
    rows = store.ask(
        "SELECT rowid AS piece, carrier, flow, source, source_port, subject, stream_offset, content FROM pieces WHERE fits[$1]"
        f" OR (carrier NOT IN {WHOLE} AND flow IN (SELECT flow FROM pieces WHERE carrier NOT IN {WHOLE} AND fits[$1]))"
        f" ORDER BY time_ns, capture, frame, stream_offset LIMIT {MAX_PIECES}",
        number,
    )
    read = _guarded(protocol.read)
    streams: dict[tuple[object, ...], Stream] = {}
    for row in rows:
        if row["carrier"] in WHOLE:
            messages = read(row["content"])
        else:
            sender = (row["flow"], row["source"], row["source_port"], row["subject"])
            stream = streams.setdefault(sender, Stream(_without_failures(read)))
            messages = stream.piece(row["stream_offset"], row["content"])
        for position, message in enumerate(messages):
            summary = json.dumps(message.fields, sort_keys=True, ensure_ascii=False)
            yield row["piece"], protocol.name, position, message.kind, summary, list(message.encrypted)


def know_messages(store: Store) -> None:
    """Make the table of messages; flows that no other protocol claims get the name of theirs."""
    protocols = installed()
    for statement in _pieces(protocols):
        store.ask(statement)
    occurring = {
        number
        for row in store.ask("SELECT DISTINCT fits FROM pieces WHERE fits IS NOT NULL")
        for number, fits in enumerate(row["fits"], start=1)
        if fits
    }
    lines = [
        line
        for number, protocol in enumerate(protocols, start=1)
        if number in occurring
        for line in _lines(store, protocol, number)
    ]
    store.fill("read_messages", COLUMNS, lines)
    store.ask(MESSAGES)
    store.ask("DROP TABLE pieces")
    if lines:
        store.connection.execute(LABELS)

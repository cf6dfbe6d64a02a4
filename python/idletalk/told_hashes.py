"""Hashes of what was fetched, told on the wire: in messages, in fields of responses, in the target itself."""

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from idletalk.behaviours.rows import Row, by
from idletalk.store import Store

if TYPE_CHECKING:
    from idletalk.firmware.verdict import Told

HASHES_TOLD = r"""
WITH wanted AS (SELECT unnest($1) AS hash, unnest($2) AS text),
contents AS MATERIALIZED (
    -- the same is often said by many; a hash has 16 bytes or more
    SELECT DISTINCT content FROM payloads WHERE octet_length(content) >= 16
), written AS (
    -- as text a byte that is no letter, a quotation mark too, is an escape whose digits would be taken for the hash's own first ones;
    -- JSON may write a slash behind a backslash
    SELECT content, unnest(regexp_extract_all(
        regexp_replace(replace(content::VARCHAR, '\x5C/', '/'), '\\x[0-9A-F]{2}', ' ', 'g'),
        '[0-9a-fA-F]{32,64}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{22}==')) AS text
    FROM contents
), plain AS (
    SELECT DISTINCT content, CASE WHEN regexp_full_match(text, '[0-9a-fA-F]+') THEN lower(text) ELSE text END AS text FROM written
), raw AS (
    -- one pattern for all, before each is looked for
    SELECT content, hex(content) AS digits FROM contents WHERE regexp_matches(hex(content), $3)
), telling AS (
    SELECT content, hash, '' AS how FROM plain JOIN wanted USING (text)
    UNION SELECT content, hash, ' as bytes' FROM raw JOIN wanted ON contains(digits, upper(hash))
)
SELECT DISTINCT hash, e.device, concat_ws(' by ', carrier || how, source) AS told FROM telling JOIN payloads USING (content)
JOIN endpoints AS e ON e.endpoint = endpoint(destination_mac, destination) ORDER BY ALL
"""
"""Messages that tell a hash (MD5, SHA-1 or SHA-256) in hexadecimal digits, base64 or bytes: to whom, their carriers and who sent them."""

Carriers = Mapping[tuple[str, str], Sequence[str]]
"""Carriers of messages and who sent them, by the hash that they tell and the device that they tell it."""


def where_told(hashes: Sequence[str], row: Row, fields: Sequence[str], carriers: Carriers) -> list[str]:
    """Where the device was told hashes of a thing, whose transfer is `row`, all of them readable on the wire: ``HASH WHERE``, with who said it."""
    found: list[str] = []
    for value in hashes:
        if value in (row["uri"] or "").lower():
            found.append(f"{value} target that the device asked for")
        for name, _, text in (line.partition(":") for line in fields):
            if value in text.lower() or _coded(value) in text:
                found.append(f"{value} {name.lower()} by {row['peer']}")
        found.extend(f"{value} {carrier}" for carrier in carriers.get((value, row["device"]), ()))
    return found


def by_kind(told: Sequence[str]) -> "tuple[tuple[Told, str, str], ...]":
    """A list of ``HASH WHERE``, by kinds of hashes."""
    from idletalk.firmware.results import LENGTHS

    pairs = sorted({(value, where) for value, _, where in (text.partition(" ") for text in told)})
    return tuple((LENGTHS[len(value)], value, where) for value, where in pairs)


def fields_of(store: Store, transfers: Sequence[str]) -> dict[str, list[str]]:
    """By transfer: the fields of its responses."""
    rows = store.ask(
        "SELECT DISTINCT p.transfer, unnest(r.headers) AS line FROM http_responses AS r JOIN transfer_parts AS p"
        " ON r.flow = p.flow AND r.capture = p.capture AND r.frame = p.frame WHERE list_contains(?, p.transfer) ORDER BY ALL",
        list(transfers),
    )
    return by(rows, "transfer", lambda row: row["line"])


def carriers_of(store: Store, hashes: Sequence[str]) -> Carriers:
    """The messages that tell one of these hashes."""
    if not hashes:
        return {}
    rows = store.ask(HASHES_TOLD, [*hashes, *hashes], [*hashes, *map(_coded, hashes)], "|".join(hashes).upper())
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row["hash"], row["device"]), []).append(row["told"])
    return found


def _coded(value: str) -> str:
    """A hash in base64, as fields tell it (RFC 1864, RFC 9530)."""
    return base64.b64encode(bytes.fromhex(value)).decode()

"""Hits by device, kind of value, direction, peer and carrier: what was told, how, in how many frames, and what else is known of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from idletalk.behaviours.behaviour import Ask, Row
from idletalk.behaviours.exposure_kinds import DESCRIBING
from idletalk.behaviours.finding import KEPT_ONCE

Way = tuple[str, str, bool, str, str]
"""(device, kind of value, whether the device sent it, peer, carrier)"""

_COUNTED = f"""
WITH once AS MATERIALIZED (
    SELECT device, kind, sent, peer, carrier, message, min(scope) AS scope, bool_and(is_topic) AS is_topic, min(times) AS times,
        min(capture) AS capture, min(frame) AS frame FROM hits GROUP BY ALL
)
SELECT device, kind, sent, peer, carrier, min(scope) AS scope, coalesce(sum(times) FILTER (is_topic), 0)::BIGINT AS topics,
    coalesce(sum(times) FILTER (NOT is_topic), 0)::BIGINT AS others, {KEPT_ONCE} AS kept
FROM once GROUP BY device, kind, sent, peer, carrier ORDER BY device, kind, sent, peer, carrier
"""
"""A message has one place. A publication tells by its topic and by its message, a record by its names and its text: it is one frame."""

_LABELS = """
WITH places AS (SELECT DISTINCT device, kind, sent, peer, carrier, capture, frame FROM hits WHERE carrier IN ('tcp', 'udp')),
labels AS (SELECT p.carrier, p.capture, p.frame, f.application FROM payloads AS p JOIN flows AS f USING (flow) WHERE p.carrier IN ('tcp', 'udp'))
SELECT device, kind, sent, peer, carrier, list(DISTINCT application ORDER BY application) FILTER (application IS NOT NULL) AS protocols,
    count(*) = count(application) AS is_known
FROM places JOIN labels USING (carrier, capture, frame) GROUP BY ALL
"""
"""What no dissector claims can belong to a protocol that idletalk.protocols reads: the flow has its name."""

_RECORD_FRAMES = """
WITH texts AS (
    SELECT DISTINCT h.device, h.kind, h.sent, h.peer, t.subject AS name, t.content_id FROM hits AS h JOIN told AS t USING (message)
    WHERE h.carrier = 'mdns' AND t.subject IS NOT NULL
), several AS (
    SELECT device, kind, sent, peer, unnest(list(DISTINCT name)) AS name FROM texts GROUP BY device, kind, sent, peer HAVING count(*) > 1
), records AS (
    SELECT name, capture, frame, unnest([
        {'device': m.device, 'sent': true, 'peer': r.destination},
        {'device': n.device, 'sent': false, 'peer': r.source}], recursive := true)
    FROM (FROM dns_records WHERE protocol = 'mdns' AND kind = 16 AND name IN (SELECT name FROM several)) AS r
    LEFT JOIN endpoints AS m ON m.endpoint = endpoint(r.source_mac, r.source)
    LEFT JOIN endpoints AS n ON n.endpoint = endpoint(r.destination_mac, r.destination)
)
SELECT s.device, s.kind, s.sent, s.peer, 'mdns' AS carrier, count(DISTINCT frame_place(r.capture, r.frame)) AS frames
FROM several AS s JOIN records AS r USING (name, device, sent, peer) GROUP BY s.device, s.kind, s.sent, s.peer
"""
"""Several TXT records can stand in one frame: in so many frames are records of the names that told the value."""


def gathered(ask: Ask, neighbours: Mapping[tuple[str, str], str]) -> Iterator[Row]:
    """A row for each way of each kind of value, in their order; `neighbours` are the devices behind (device, peer)."""
    values: defaultdict[Way, list[Row]] = defaultdict(list)
    for row in ask(
        "SELECT device, kind, sent, peer, carrier, scope, shown, key, encoding, known_by, text, min(time_ns) AS first_ns FROM hits"
        " GROUP BY device, kind, sent, peer, carrier, scope, shown, key, encoding, known_by, text"
    ):
        values[_way(row)].append(row)
    if not values:
        return
    parties: defaultdict[str, set[str]] = defaultdict(set)
    for told in values.values():
        for row in told:
            if row["sent"] and row["scope"] == "internet":
                parties[row["text"]].add(row["peer"])
    firsts = _firsts(row for told in values.values() for row in told)
    labels = {}
    if any(carrier in ("tcp", "udp") for *_, carrier in values):
        labels = {_way(row): row for row in ask(_LABELS)}
    together: dict[Way, int] = {}
    if any(carrier == "mdns" for *_, carrier in values):
        together = {_way(row): row["frames"] for row in ask(_RECORD_FRAMES)}
    for row in ask(_COUNTED):
        way = _way(row)
        told, label = values[way], labels.get(way)
        text = min(one["text"] for one in told)
        others = min(row["others"], together.get(way, row["others"]))
        yield {
            **row,
            "frames": max(row["topics"], others),
            "shown": sorted({one["shown"] for one in told}),
            "encodings": sorted({one["encoding"] for one in told}),
            "known_by": min(one["known_by"] for one in told),
            "is_several": _is_several(told),
            "parties": len(parties[text]) if text in parties else None,
            "is_theirs": _is_theirs(way, told, firsts, neighbours),
            "protocols": label["protocols"] if label else None,
            "is_known": label["is_known"] if label else None,
        }


def _way(row: Row) -> Way:
    return row["device"], row["kind"], row["sent"], row["peer"], row["carrier"]


def _is_several(told: Iterable[Row]) -> bool:
    """Who tells several models or versions under one name speaks of things attached to it too: a bridge of its lamps."""
    named: defaultdict[Any, set[str]] = defaultdict(set)
    for one in told:
        named[one["key"]].add(one["shown"])
    return any(len(shown) > 1 for shown in named.values())


Firsts = Mapping[tuple[str, str, str], int]
"""When a device first told a value: by (device, kind, text)."""


def _firsts(rows: Iterable[Row]) -> Firsts:
    firsts: dict[tuple[str, str, str], int] = {}
    for row in rows:
        if row["sent"] and row["kind"] in DESCRIBING:
            place = row["device"], row["kind"], row["text"]
            firsts[place] = min(row["first_ns"], firsts.get(place, row["first_ns"]))
    return firsts


def _is_theirs(way: Way, told: Iterable[Row], firsts: Firsts, neighbours: Mapping[tuple[str, str], str]) -> bool:
    """Whether all that it tells of both was told before by the one that it tells it: that is no news of this one."""
    device, kind, sent, peer, _ = way
    other = neighbours.get((device, peer))
    if not sent or other is None or other == device:
        return False
    texts = {one["text"] for one in told}
    both = [text for text in texts if {(device, kind, text), (other, kind, text)} <= firsts.keys()]
    return bool(both) and max(firsts[other, kind, text] for text in both) < min(
        firsts[device, kind, text] for text in both
    )

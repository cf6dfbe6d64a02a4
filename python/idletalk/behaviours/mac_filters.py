"""Were files filtered by a MAC while they were captured? That all frames are one device's may only mean that nobody else spoke."""

from idletalk.behaviours.behaviour import Ask, Row
from idletalk.plural import counted

MIN_FRAMES = 50
"""From so many frames on, that all of them involve one MAC is no chance: the study's hourly files hold thousands."""

MIN_SIGNS = 2
"""Questions that must be missing, or broadcasts of others: a single one may be lost, or lie before the first frame."""

_WHOLE = (
    "WITH seen AS (SELECT capture, sum(originator_packets + responder_packets) AS frames FROM flow_segments GROUP BY 1),"
    " ends AS (SELECT capture, originator_mac AS mac, originator_packets + responder_packets AS frames, originator_packets AS sent FROM flow_segments"
    " WHERE originator_mac IS DISTINCT FROM responder_mac"
    " UNION ALL SELECT capture, responder_mac, originator_packets + responder_packets, responder_packets FROM flow_segments),"
    " counted AS (SELECT capture, mac, sum(frames) AS frames, sum(frames - sent) AS received FROM ends WHERE mac IS NOT NULL AND NOT is_group(mac) GROUP BY 1, 2),"
    # a segment is of the file of its first frame, so that short files are counted only where all are alike
    " alone AS (SELECT mac, count(*) FILTER (frames >= $1) AS files, count(*) = (SELECT count(*) FROM seen) AS is_all, sum(received) > 0 AS is_answered,"
    " list(capture) AS captures"
    " FROM counted JOIN seen USING (capture, frames) GROUP BY mac HAVING files > 0)"
    " SELECT mac, CASE WHEN is_all THEN $2 ELSE files END AS files, is_answered, captures FROM alone"
    " WHERE mac NOT IN (SELECT mac FROM routers) AND mac <> '00:00:00:00:00:00'"
    " AND mac NOT IN (SELECT unnest(macs) FROM devices WHERE role IN ('gateway', 'capture'))"
)
"""SQL: MACs that all frames of some files are to or from, how many files, whether anything was sent to them, and which files these are."""

_SIGNS = (
    f"WITH whole AS ({_WHOLE}), files AS (SELECT mac, unnest(captures) AS capture FROM whole WHERE is_answered),"
    # who is asked by broadcast answers to one alone (RFC 826), within a second; a search names the longest time to wait, at most five seconds
    # (UPnP Device Architecture 1.1, 1.3.2), older ones 120
    " replies AS (SELECT f.mac, a.capture, a.sender, a.time_ns FROM arp AS a JOIN files AS f ON f.capture = a.capture AND f.mac = a.source_mac"
    " WHERE a.operation = 2 AND a.sender <> a.target),"
    " responses AS (SELECT f.mac, s.destination, s.time_ns FROM ssdp AS s JOIN files AS f ON f.capture = s.capture AND f.mac = s.source_mac"
    " WHERE s.kind = 'response'),"
    " unasked AS (SELECT mac FROM replies AS r ASOF LEFT JOIN (SELECT target, time_ns FROM arp WHERE operation = 1) AS q"
    " ON q.target = r.sender AND q.time_ns <= r.time_ns WHERE q.time_ns IS NULL OR r.time_ns - q.time_ns > 1000000000"
    " UNION ALL SELECT mac FROM responses AS r ASOF LEFT JOIN (SELECT source, time_ns FROM ssdp WHERE kind = 'search') AS q"
    " ON q.source = r.destination AND q.time_ns <= r.time_ns WHERE q.time_ns IS NULL OR r.time_ns - q.time_ns > 120000000000),"
    # others that this file knows, and that called all of the LAN at the same time in another
    " spans AS (SELECT f.mac, f.capture, c.earliest_ns, c.latest_ns FROM files AS f JOIN captures AS c USING (capture)),"
    " known AS (SELECT DISTINCT capture, unnest([originator_mac, responder_mac]) AS mac FROM flow_segments SEMI JOIN spans USING (capture)),"
    " called AS (SELECT s.mac FROM spans AS s JOIN known AS k USING (capture) JOIN flow_segments AS o ON o.originator_mac = k.mac AND k.mac <> s.mac"
    " AND o.capture <> s.capture AND o.responder_mac = 'ff:ff:ff:ff:ff:ff' AND o.first_ns BETWEEN s.earliest_ns AND s.latest_ns)"
    " SELECT w.mac, w.files, (SELECT count(*) FROM unasked AS u WHERE u.mac = w.mac) AS unasked,"
    " (SELECT count(*) FROM called AS c WHERE c.mac = w.mac) AS called FROM whole AS w ORDER BY files DESC, w.mac"
)


def told(ask: Ask, files: int) -> list[tuple[str, str]]:
    """Kind and sentence for each MAC that all frames of files involve; `files` is how many hold any frame."""
    return [_told(row) for row in ask(_SIGNS, MIN_FRAMES, files)]


def _told(row: Row) -> tuple[str, str]:
    alone = f"In {counted(row['files'], 'file')} every frame is to or from {row['mac']}"
    why = [
        words
        for count, words in (
            (row["unasked"], f"it answers {row['unasked']} times what nobody is seen to ask"),
            (row["called"], "others call all of the LAN at the same time in other files"),
        )
        if count >= MIN_SIGNS
    ]
    if why:
        return (
            "mac_filter",
            f"{alone}: {'it was' if row['files'] == 1 else 'they were'} filtered by this MAC, for {' and '.join(why)}."
            " Queries of others are hidden, so nothing can be called unsolicited.",
        )
    return (
        "one_mac",
        f"{alone}: nobody else spoke, or {'it was' if row['files'] == 1 else 'they were'} filtered by this MAC; then queries of others are"
        " hidden, and what looks unsolicited may be an answer.",
    )

"""Whom does each device ask for the time?"""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.finding import FRAMES, KEPT, Claim, Kind, Scene, any_of, kept, one_way, some, unread
from idletalk.plural import counted

MIN_UNANSWERED = 3
"""Requests without an answer before a server is called silent: one or two are lost on any network."""

MAX_NAMED = 5
"""Servers named in a sentence; the filter names all."""

MIN_INTERVAL_S = 15
"""A client must not ask more often (RFC 4330 section 10, best practice 3)."""

MIN_FREQUENT = 10
"""Requests before a rate is judged: clients send a burst when they start (RFC 5905 section 13: eight)."""

UNANSWERED = Kind(
    name="ntp-unanswered",
    severity="low",
    meaning="Time servers were asked again and again and never answered.",
    would_change="an answer from one of them in a capture that sees both directions",
)
REFUSED = Kind(
    name="ntp-refused",
    severity="low",
    meaning="A time server told the device to stop or to slow down (kiss of death, RFC 5905 section 7.4).",
    would_change="no answer with stratum 0",
)
FREQUENT = Kind(
    name="ntp-frequent",
    severity="note",
    meaning=f"A time server is asked more often than every {MIN_INTERVAL_S} s, which RFC 4330 section 10 forbids.",
    would_change="a longer time between requests in a longer capture",
)

_ROWS = (
    f"SELECT t.device, t.server, {FRAMES} AS frames, {KEPT} AS kept, max(s.requests) AS requests,"
    " max(s.answers) AS answers, max(s.refusals) AS refusals, max(s.interval_s) AS interval_s, max(s.name) AS name,"
    " max(t.reference_id) FILTER (NOT is_request AND stratum = 0) AS kiss"
    " FROM time_messages AS t JOIN time_servers AS s USING (device, server)"
)


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    end = " GROUP BY t.device, t.server ORDER BY t.device, t.server"
    yield from _silent(ask, scene)
    for row in ask(f"{_ROWS} WHERE NOT is_request AND stratum = 0{end}"):
        yield _claim(
            scene,
            REFUSED,
            row,
            f"was refused the time {counted(row['refusals'], 'time')} by {_server(row)} ({row['kiss'] or 'no reason told'})",
            filters.both(
                "ntp",
                scene.sent_to(row["device"]),
                filters.address("src", row["server"]),
                "ntp.flags.mode == 4 && ntp.stratum == 0",
            ),
        )
    frequent = ask(
        f"{_ROWS} WHERE is_request AND s.requests >= ? AND s.interval_s < ?{end}", MIN_FREQUENT, MIN_INTERVAL_S
    )
    for row in frequent:
        yield _claim(
            scene,
            FREQUENT,
            row,
            f"asks {_server(row)} for the time every {row['interval_s']:.1f} s (median of {counted(row['requests'], 'request')})",
            filters.both(
                "ntp", scene.sent_by(row["device"]), filters.address("dst", row["server"]), "ntp.flags.mode == 3"
            ),
        )


def _silent(ask: Ask, scene: Scene) -> Iterable[Claim]:
    """One claim a device, over all servers that never answered it."""
    rows = ask(
        f"SELECT device, {FRAMES} AS frames, {KEPT} AS kept, list(DISTINCT server ORDER BY server) AS servers"
        " FROM time_messages AS t JOIN time_servers AS s USING (device, server)"
        " WHERE is_request AND s.answers = 0 AND s.requests >= ? AND (device, server) NOT IN (FROM unseen_peers) GROUP BY device ORDER BY device",
        MIN_UNANSWERED,
    )
    for row in rows:
        servers = row["servers"]
        told = f"{len(servers)} time servers" if len(servers) > 1 else f"the time server {servers[0]}"
        yield Claim(
            kind=UNANSWERED.name,
            device=row["device"],
            sentence=f"{scene.name(row['device'])} asked {told} {counted(row['frames'], 'time')} and never got an answer"
            + (f": {some(servers, MAX_NAMED)}." if len(servers) > 1 else "."),
            numbers={"servers": len(servers), "requests": row["frames"]},
            frames=row["frames"],
            kept=kept(row),
            filter=filters.both(
                "ntp && ntp.flags.mode == 3",
                scene.sent_by(row["device"]),
                filters.either([filters.address("dst", server) for server in servers]),
                filters.NOT_QUOTED,
            ),
        )


def _server(row: Row) -> str:
    return f"{row['name']} ({row['server']})" if row["name"] else row["server"]


def _claim(scene: Scene, kind: Kind, row: Row, told: str, shown: str) -> Claim:
    return Claim(
        kind=kind.name,
        device=row["device"],
        peer=row["server"],
        sentence=f"{scene.name(row['device'])} {told}.",
        numbers={"requests": row["requests"], "answers": row["answers"], "interval_s": row["interval_s"]},
        frames=row["frames"],
        kept=kept(row),
        filter=filters.both(shown, filters.NOT_QUOTED),
    )


BEHAVIOUR = Behaviour(
    name="timesync",
    question="Whom does each device ask for the time, how often, and who answers?",
    method=(
        "NTP and SNTP requests (mode 3) and answers (mode 4) by device and server; the name is that for which the device got "
        "the address from DNS. The interval is the median time between requests. A server that was asked "
        f"{MIN_UNANSWERED} times or more and never answered is a finding, as are refusals (stratum 0), and an interval "
        f"below {MIN_INTERVAL_S} s over {MIN_FREQUENT} requests or more. The clock of who captured is wrong where more than half of the servers "
        "that know the time (stratum 1 to 15) tell alike, in nine of ten of their answers, one that is a minute or more from it."
    ),
    limits=(
        "Where answers take another way than requests, or a capture filter hides them, a server seems silent. Time over "
        "other protocols (HTTP Date, NTS, vendors' own) is not counted."
    ),
    tables=("time_servers", "clock_error"),
    kinds=(UNANSWERED, REFUSED, FREQUENT),
    judge=_judge,
    hidden=any_of(one_way, unread("ntp")),
)

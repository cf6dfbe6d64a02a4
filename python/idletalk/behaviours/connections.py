"""Which connections does each device keep open, and what keeps them alive?"""

from collections.abc import Iterable

from idletalk.behaviours.behaviour import Ask, Behaviour, Row, by, iso
from idletalk.behaviours.finding import Claim, Scene
from idletalk.model import LongConnection

MAX_SHOWN = 20
"""Connections of one device in the report, the longest; the table has all."""


def _judge(ask: Ask, _scene: Scene) -> Iterable[Claim]:
    """Tells what keeps them alive, of what cadence has found; to keep a connection is no fault, so that no claim follows."""
    ask(
        "UPDATE long_connections AS l SET keep_alive_s = b.period_s, keep_alive = b.what FROM ("
        "SELECT h.device, h.flow, arg_min(c.period_s, (c.period_s, c.what)) AS period_s, arg_min(c.what, (c.period_s, c.what)) AS what"
        " FROM long_connections AS h JOIN cadences AS c ON c.device = h.device AND c.peer = h.peer"
        " AND (starts_with(c.what, concat_ws('/', coalesce(h.application, h.transport), h.port) || ' from the ')"
        " OR (c.what = 'MQTT ping' AND h.application = 'mqtt'))"
        " AND least(c.last_ns, h.last_ns) - greatest(c.first_ns, h.first_ns) >= (h.last_ns - h.first_ns) // 2"
        " GROUP BY h.device, h.flow) AS b WHERE b.device = l.device AND b.flow = l.flow"
    )
    return ()


BEHAVIOUR = Behaviour(
    name="connections",
    question="Which connections does each device keep open, for how long, and what keeps them alive?",
    method=(
        "TCP connections of ten minutes and more; UDP between two ports likewise, where nothing is silent for longer than five minutes, "
        "for which a NAT is recommended to keep a mapping (RFC 4787 4.3). The keep-alive is the shortest period (cadence) "
        "of what is said with that peer in that service for at least half of the connection's time; beside it stands what a client told in MQTT CONNECT."
    ),
    limits=(
        "A connection that was open before the capture, or is not closed in it, lasted at least as long as is told. Of several connections "
        "with one peer and service at a time a keep-alive can be another's. TCP's own keep-alives carry nothing new and are not counted."
    ),
    tables=("long_connections",),
    judge=_judge,
    # for the periods
    waits=True,
)


def connections(ask: Ask) -> tuple[dict[str, list[LongConnection]], dict[str, int]]:
    """The long connections of each device, the longest first, at most :data:`MAX_SHOWN` of each; and how many more each has."""
    rows = ask(
        "SELECT *, count(*) OVER (PARTITION BY device) - ? AS omitted FROM long_connections"
        " QUALIFY row_number() OVER (PARTITION BY device ORDER BY duration_s DESC, flow, opened_by_device) <= ?"
        " ORDER BY device, duration_s DESC, flow, opened_by_device",
        MAX_SHOWN,
        MAX_SHOWN,
    )
    return by(rows, "device", _connection), {row["device"]: max(0, row["omitted"]) for row in rows}


def _connection(row: Row) -> LongConnection:
    return LongConnection(
        peer=row["peer"],
        transport=row["transport"],
        application=row["application"],
        port=row["port"],
        opened_by_device=row["opened_by_device"],
        first=iso(row["first_ns"]),
        last=iso(row["last_ns"]),
        duration_s=row["duration_s"],
        began=row["began"],
        ended=row["ended"],
        messages=row["messages"],
        longest_silence_s=row["longest_silence_s"],
        keep_alive_s=row["keep_alive_s"],
        keep_alive=row["keep_alive"],
        told_keep_alive_s=row["told_keep_alive_s"],
        flow=row["flow"],
    )

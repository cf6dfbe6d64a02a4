"""What does each device use when a connection fails?"""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.finding import FRAME, MAX_KEPT, Claim, Kind, Scene, kept, unread
from idletalk.plural import counted

MIN_TIMES = 3
"""Repetitions before one following the other is no chance."""
MIN_SHARE = 0.75
"""Of the failures, and of the uses of the second place: what is used as often without a failure is no fallback."""
_CLEAR = ("http", "mqtt", "ftp", "telnet")
"""Protocols in clear that stand in for encrypted ones."""
_TLS_PORTS = (443, 8443, 8883)
"""Ports registered for protocols over TLS (IANA service names)."""

FALLBACK = Kind(
    name="fallback",
    severity="low",
    meaning="When one connection fails, the device uses another instead.",
    would_change="uses of the second place without a failure of the first",
)
FALLBACK_CLEAR = Kind(
    name="fallback-in-clear",
    severity="medium",
    meaning="When an encrypted connection fails, the device says the same in clear: whoever on the path blocks the first "
    "reads the second.",
    would_change="content of the second connection that is encrypted by itself",
)


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        f"SELECT f.*, k.a_frames, k.b_frames, k.a_kept, k.b_kept, n.name AS name, m.name AS to_name FROM fallbacks AS f JOIN ("
        " SELECT device, peer, port, to_peer, to_port, sum(asking)::BIGINT AS a_frames, count(DISTINCT frame_place(to_capture, to_frame)) AS b_frames,"
        f" min({FRAME}, {MAX_KEPT // 2}) AS a_kept, min(DISTINCT frame_place(to_capture, to_frame), {MAX_KEPT // 2}) AS b_kept"
        " FROM turns GROUP BY ALL) AS k USING (device, peer, port, to_peer, to_port)"
        " LEFT JOIN (SELECT device, peer, arg_min(name, (told_by = 'dns', -times, name)) AS name FROM peer_names GROUP BY ALL)"
        " AS n ON n.device = f.device AND n.peer = f.peer"
        " LEFT JOIN (SELECT device, peer, arg_min(name, (told_by = 'dns', -times, name)) AS name FROM peer_names GROUP BY ALL)"
        " AS m ON m.device = f.device AND m.peer = f.to_peer"
        " WHERE f.turns >= ? AND f.times >= ? * f.failures AND f.turns >= ? * f.uses ORDER BY ALL",
        MIN_TIMES,
        MIN_SHARE,
        MIN_SHARE,
    )
    for row in rows:
        yield _claim(scene, row)


def _place(name: str | None, address: str, port: int) -> str:
    return f"{name or address} at TCP port {port}"


def _failed(row: Row) -> str:
    place = _place(row["name"], row["peer"], row["port"])
    if row["tls_times"] == row["times"]:
        return f"TLS with {place} fails"
    return f"{place} cannot be reached, or TLS with it fails" if row["tls_times"] else f"{place} cannot be reached"


def _often(row: Row) -> str:
    """Where it fails several times before something else is used: how often that is."""
    return f", with {counted(row['b_frames'], 'connection')}" if row["b_frames"] < row["times"] else ""


def _claim(scene: Scene, row: Row) -> Claim:
    in_clear = row["to_application"] in _CLEAR and (row["port"] in _TLS_PORTS or row["tls_times"] > 0)
    spoken = f" by {row['to_application'].upper()}, in clear" if in_clear else ""
    others = row["failures"] + row["successes"] + row["uses"] - row["times"] - row["b_frames"]
    return Claim(
        kind=(FALLBACK_CLEAR if in_clear else FALLBACK).name,
        device=row["device"],
        peer=row["to_peer"],
        subject=f"{row['peer']} tcp/{row['port']}",
        sentence=f"When {_failed(row)}, {scene.name(row['device'])} turns to"
        f" {_place(row['to_name'], row['to_peer'], row['to_port'])}{spoken}: {row['times']} of {counted(row['failures'], 'time')}{_often(row)}.",
        numbers={
            "times": row["times"],
            "tls_failures": row["tls_times"],
            "failures": row["failures"],
            "successes": row["successes"],
            "uses": row["uses"],
        },
        frames=row["a_frames"] + row["b_frames"],
        kept=sorted({*kept(row, "a_kept"), *kept(row, "b_kept")}),
        filter=filters.both(
            "tcp.flags.syn == 1 && tcp.flags.ack == 0",
            scene.sent_by(row["device"]),
            filters.either(
                [
                    f"({filters.address('dst', row['peer'])} && tcp.dstport == {row['port']})",
                    f"({filters.address('dst', row['to_peer'])} && tcp.dstport == {row['to_port']})",
                ]
            ),
        ),
        filter_note=f"also {counted(others, 'connection')} to either that did not follow on one another"
        if others
        else None,
    )


BEHAVIOUR = Behaviour(
    name="fallback",
    question="What does each device use when a connection fails?",
    method=(
        "A TCP connection that is reset before it is open, or never answered, or in which a fatal alert ends TLS or nothing answers its "
        "first message, and the first accepted connection of the same "
        f"device to another place within 30 s, but to a name server. A fallback is told where that happened after at least three quarters of the failures, and "
        f"where the last failure before was this one for {MIN_TIMES} and three quarters of the connections to the second place."
    ),
    limits="Fallbacks inside one connection, over UDP, or after an alert of TLS 1.3 that is encrypted are not found.",
    tables=("fallbacks",),
    kinds=(FALLBACK, FALLBACK_CLEAR),
    judge=_judge,
    hidden=unread("tls"),
)

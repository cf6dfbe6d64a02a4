"""What does each device offer to others?"""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.finding import (
    FRAMES,
    KEPT,
    KEPT_ONCE,
    Claim,
    Kind,
    Scene,
    any_of,
    between_stations,
    kept,
    one_way,
    some,
    spelled,
    unread,
)
from idletalk.plural import counted

OPEN = Kind(
    name="open-service",
    severity="note",
    meaning="The device answers others at this port.",
    would_change="an end of the answers",
)
REMOTE_SHELL = Kind(
    name="clear-login-service",
    severity="medium",
    meaning="The device answers at a port of a protocol that takes logins in clear (telnet, FTP).",
    would_change="another protocol at that port",
)
ANNOUNCED = Kind(
    name="announced-service",
    severity="note",
    meaning="The device announces a service on the LAN.",
    would_change="an end of the announcements",
)

CLEAR_LOGINS = {("tcp", 21): "ftp", ("tcp", 23): "telnet", ("tcp", 2323): "telnet"}
"""Ports of protocols that take a login in clear (IANA; 2323 as an alternative for telnet is seen in the wild)."""

_ANNOUNCING = {
    # a record of that type: NSEC lists types of others in dns.resp.type
    "mdns": "mdns && dns.flags.response == 1 && dns.srv.target",
    "ssdp": 'ssdp && http.request.method == "NOTIFY"',
}
MAX_NAMED = 4
"""Services named in a sentence; the table has all."""


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        "SELECT o.device, o.transport, o.port, max(o.application) AS application, sum(packets)::BIGINT AS frames,"
        f" count(*) AS conversations, count(DISTINCT client) AS clients, {KEPT} AS kept,"
        " (SELECT count(*) FROM flows AS f WHERE f.transport = o.transport AND (f.responder_port = o.port OR f.originator_port = o.port)"
        "   AND (f.responder IN (SELECT address FROM addresses AS a WHERE a.device = o.device)"
        "     OR f.originator IN (SELECT address FROM addresses AS a WHERE a.device = o.device))) AS flows_there"
        " FROM offered AS o GROUP BY o.device, o.transport, o.port ORDER BY o.device, o.transport, o.port"
    )
    for row in rows:
        yield _open(scene, row)
    announced = ask(
        # a frame can announce several services
        f"SELECT device, protocol, {FRAMES} AS frames, {KEPT_ONCE} AS kept,"
        " list(DISTINCT what ORDER BY what) AS services"
        " FROM announcement_frames GROUP BY device, protocol ORDER BY device, protocol"
    )
    leaving = _leaving(ask) if any(row["protocol"] == "ssdp" for row in announced) else ()
    for row in announced:
        named = [service for service in row["services"] if service]
        told = some(named, MAX_NAMED) or "of what kind was not captured"
        yield Claim(
            kind=ANNOUNCED.name,
            device=row["device"],
            subject=row["protocol"],
            sentence=f"{scene.name(row['device'])} announces itself by {spelled(row['protocol'])} ({counted(row['frames'], 'frame')}): {told}.",
            numbers={"frames": row["frames"], "services": len(named)},
            frames=row["frames"],
            kept=kept(row),
            filter=filters.both(_ANNOUNCING[row["protocol"]], scene.sent_by(row["device"]), filters.NOT_QUOTED),
            filter_note="also farewells (ssdp:byebye)"
            if row["protocol"] == "ssdp" and row["device"] in leaving
            else None,
        )


def _leaving(ask: Ask) -> set[str]:
    """Devices that say by SSDP that they go."""
    rows = ask(
        "SELECT DISTINCT device FROM ssdp JOIN endpoints ON endpoint = endpoint(source_mac, source)"
        " WHERE kind = 'notify' AND nts = 'ssdp:byebye'"
    )
    return {row["device"] for row in rows}


def _open(scene: Scene, row: Row) -> Claim:
    clear = CLEAR_LOGINS.get((row["transport"], row["port"])) or (
        row["application"] if row["application"] in CLEAR_LOGINS.values() else None
    )
    spoken = clear or row["application"] or "unknown protocol"
    others = row["flows_there"] - row["conversations"]
    return Claim(
        kind=(REMOTE_SHELL if clear else OPEN).name,
        device=row["device"],
        subject=f"{row['transport']}/{row['port']}",
        sentence=f"{scene.name(row['device'])} answers at {spelled(row['transport'])} port {row['port']} ({spoken}):"
        f" {counted(row['conversations'], 'conversation')} with {counted(row['clients'], 'client')}.",
        numbers={"conversations": row["conversations"], "clients": row["clients"]},
        frames=row["frames"],
        kept=kept(row),
        filter=filters.both(
            scene.of(row["device"]),
            f"{row['transport']}.port == {row['port']}",
            _own_side(scene, row),
            filters.NOT_QUOTED,
        ),
        filter_note=f"also {counted(others, 'conversation')} that it did not answer, or whose beginning was not captured"
        if others
        else None,
    )


def _own_side(scene: Scene, row: Row) -> str:
    """The port is the device's own, not one that it asks elsewhere."""
    port, transport = row["port"], row["transport"]
    return filters.either(
        [
            f"({scene.sent_by(row['device'])} && {transport}.srcport == {port})",
            f"({scene.sent_to(row['device'])} && {transport}.dstport == {port})",
        ]
        if scene.sent_to(row["device"])
        else [f"{transport}.port == {port}"]
    )


BEHAVIOUR = Behaviour(
    name="services",
    question="What does each device offer to others?",
    method=(
        "TCP ports at which the device accepted a connection whose beginning was captured, UDP ports at which it answered "
        "what another was seen to ask, and services that it announces by mDNS (SRV records, RFC 6763) and SSDP."
    ),
    limits=(
        "A port at which nobody knocked is not seen; no port is closed because nothing was seen there. Where frames between neighbours do not "
        "reach the capture, nothing seen is undecidable."
    ),
    tables=("services", "announcements"),
    kinds=(REMOTE_SHELL, OPEN, ANNOUNCED),
    judge=_judge,
    # who uses a service is most often a neighbour
    hidden=any_of(one_way, between_stations, unread("mdns", "ssdp")),
)

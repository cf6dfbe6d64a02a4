"""What led devices to their neighbours, and what they did there, as claims."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Row
from idletalk.behaviours.finding import FRAME, FRAMES, MAX_KEPT, Claim, Kind, Scene, kept, some, spelled
from idletalk.plural import counted

FOLLOWED = Kind(
    name="lan-follow-up",
    severity="medium",
    meaning="The device searched the LAN and a neighbour answered, or it heard one announce itself, or an HTTP answer sent it there, and the device "
    "connected to that neighbour: lateral movement. An attacker who controls the device, or its cloud, learns what else is here and reaches it from inside.",
    would_change="a person or an app that asked the device to do so; connections that belong to its own system",
)
GATEWAY = Kind(
    name="gateway-follow-up",
    severity="low",
    meaning="The same, where the neighbour is the gateway: usually to have ports opened "
    "from outside (UPnP Internet gateway), or a page on which to log in. An attacker who controls the device can so open the LAN to the Internet.",
    would_change="what it asks there: reading a description opens nothing",
)

SEARCHED = {
    "ssdp": 'ssdp && http.request.method == "M-SEARCH"',
    "mdns": "mdns && dns.flags.response == 0 && dns.qry.type == 12 && dns.count.auth_rr == 0",
    "llmnr": "llmnr && dns.flags.response == 0 && dns.qry.type != 255",
    "nbns": "nbns.flags.response == 0 && nbns.flags.opcode == 0",
    # Wireshark does not know WS-Discovery: the action that the message names (OASIS WS-Discovery 1.1, appendix A)
    "wsd": 'udp.port == 3702 && udp.payload matches "/(Probe|Resolve)\\\\s*<"',
}
"""Filter for the questions of each protocol."""

_ANSWERED = {
    # from another port than 1900 Wireshark may see no SSDP in it
    "ssdp": '((ssdp && http.response) || udp.payload[0:7] == "HTTP/1.")',
    "mdns": "mdns && dns.flags.response == 1",
    "llmnr": "llmnr && dns.flags.response == 1",
    "nbns": "nbns.flags.response == 1 && nbns.flags.opcode == 0",
    "wsd": 'udp.port == 3702 && udp.payload matches "/(Probe|Resolve)Matches\\\\s*<"',
}

MAX_NAMED = 4
"""Targets named in a sentence; the table has all."""

_SOME = f"min(DISTINCT {FRAME}, {MAX_KEPT // 4})"
"""SQL: frames that are kept of each part of a chain but the connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lead:
    """What led a device to a neighbour."""

    told: str
    """the sentence up to where the device connects"""
    numbers: Mapping[str, int]
    frames: int
    kept: Sequence[tuple[int, int]]
    filter: str
    note: str | None


def followed(ask: Ask, scene: Scene) -> Iterable[Claim]:
    """Whoever was led to a neighbour and connected to it."""
    leads = {**_searches(ask, scene), **_announcements(ask, scene), **_redirects(ask, scene)}
    rows = ask(
        f"SELECT c.*, o.kept FROM lateral_chains AS c JOIN (SELECT device, peer, port, min({FRAME}, {MAX_KEPT // 2}) AS kept"
        " FROM follow_flows GROUP BY ALL) AS o USING (device, peer, port) ORDER BY c.device, c.peer, c.port"
    )
    for row in rows:
        lead = leads[_key(row)]
        conversation = filters.both(
            scene.of(row["device"]), filters.address("addr", row["peer"]), f"tcp.port == {row['port']}"
        )
        yield Claim(
            kind=(GATEWAY if row["scope"] == "gateway" else FOLLOWED).name,
            device=row["device"],
            peer=row["peer"],
            subject=f"tcp/{row['port']}",
            sentence=f"{lead.told}, and {scene.name(row['device'])} connected to its TCP port {row['port']}:"
            f" {counted(row['connections'], 'connection')}, {row['accepted']} accepted{_fetched(row)}.",
            numbers={
                **lead.numbers,
                "follow_up_frames": row["packets"],
                "connections": row["connections"],
                "requests": row["requests"],
            },
            frames=lead.frames + row["packets"],
            kept=sorted({*lead.kept, *kept(row)}),
            filter=filters.both(f"({lead.filter} || ({conversation}))", filters.NOT_QUOTED),
            filter_note=lead.note,
        )


_Key = tuple[str, str, int]


def _key(row: Row) -> _Key:
    return row["device"], row["peer"], row["port"]


def _neighbour(scene: Scene, row: Row) -> str:
    return f"{scene.name(row['peer_device'])} ({row['peer']})" if row["peer_device"] else row["peer"]


def _sources(row: Row) -> str:
    return filters.either([filters.address("src", source) for source in row["sources"]])


def _tellers(scene: Scene, row: Row) -> str:
    return some([scene.peer(row["device"], source) for source in row["sources"]], MAX_NAMED)


def _searches(ask: Ask, scene: Scene) -> dict[_Key, _Lead]:
    rows = ask(
        f"WITH answered AS (SELECT device, protocol, neighbour, {FRAMES} AS answers, {_SOME} AS kept,"
        " list(DISTINCT peer ORDER BY peer) AS sources, bool_and(is_named) AS is_named FROM answer_frames GROUP BY ALL),"
        f" searched AS (SELECT device, protocol, {FRAMES} AS searches, {_SOME} AS kept FROM search_frames GROUP BY ALL)"
        " SELECT c.*, a.answers, a.sources, a.is_named, s.searches, a.kept AS answer_kept, s.kept AS search_kept"
        " FROM lateral_chains AS c JOIN answered AS a USING (device, protocol, neighbour)"
        " JOIN searched AS s ON s.device = c.device AND s.protocol = c.protocol WHERE c.led_by = 'search'"
    )
    return {_key(row): _search(scene, row) for row in rows}


def _search(scene: Scene, row: Row) -> _Lead:
    device, protocol, neighbour = row["device"], row["protocol"], _neighbour(scene, row)
    answered = f"{_tellers(scene, row)} answered and named {neighbour}" if row["is_named"] else f"{neighbour} answered"
    searched = filters.both(SEARCHED[protocol], scene.sent_by(device))
    to_device = "" if protocol == "mdns" else scene.sent_to(device)
    answers = filters.both(_ANSWERED[protocol], to_device, _sources(row))
    return _Lead(
        told=f"{scene.name(device)} searched the LAN by {spelled(protocol)}, {answered}",
        numbers={"searches": row["searches"], "answers": row["answers"]},
        frames=row["searches"] + row["answers"],
        kept=(*kept(row, "search_kept"), *kept(row, "answer_kept")),
        filter=f"({searched}) || ({answers})",
        note="all mDNS of both, questions and answers alike" if protocol == "mdns" else None,
    )


def _announcements(ask: Ask, scene: Scene) -> dict[_Key, _Lead]:
    rows = ask(
        f"SELECT c.*, a.* EXCLUDE (device, peer, port) FROM lateral_chains AS c JOIN (SELECT c.device, c.peer, c.port, {FRAMES} AS announcements, {_SOME} AS kept,"
        " list(DISTINCT a.source ORDER BY a.source) AS sources, list(DISTINCT a.location ORDER BY a.location) FILTER (a.location IS NOT NULL) AS locations"
        " FROM lateral_chains AS c JOIN heard_places AS a ON a.neighbour = c.neighbour AND a.port = c.port AND a.protocol = c.protocol"
        " WHERE c.led_by = 'announcement' GROUP BY c.device, c.peer, c.port) AS a USING (device, peer, port)"
    )
    return {_key(row): _announcement(scene, row) for row in rows}


def _announcement(scene: Scene, row: Row) -> _Lead:
    # what a neighbour tells all is not searched for secrets where it is no device under test; a query may hold one
    locations = list(dict.fromkeys(one.split("?", 1)[0] for one in row["locations"] or ()))
    neighbour = _neighbour(scene, row)
    place = f" at {some(locations, MAX_NAMED)}" if locations else ""
    whom = (
        f"{neighbour} announce itself"
        if row["peer"] in row["sources"]
        else f"{_tellers(scene, row)} announce {neighbour}"
    )
    if row["protocol"] == "mdns":
        words = f"mdns && dns.flags.response == 1 && dns.srv.port == {row['port']}"
    else:
        queried = {one.split("?", 1)[0] for one in row["locations"] or () if "?" in one}
        where = filters.either(
            [
                f"http.location {'contains' if one in queried else '=='} {filters.quoted(one)}"
                for one in locations[:MAX_NAMED]
            ]
        )
        words = (
            f'ssdp && http.request.method == "NOTIFY" && {where if len(locations) <= MAX_NAMED else "http.location"}'
        )
    return _Lead(
        told=f"{scene.name(row['device'])} heard {whom} by {spelled(row['protocol'])}{place}",
        numbers={"announcements": row["announcements"]},
        frames=row["announcements"],
        kept=kept(row),
        filter=f"({filters.both(words, _sources(row))})",
        note=_ANNOUNCED_TOO[row["protocol"]],
    )


_ANNOUNCED_TOO = {
    "ssdp": "also announcements of it at other places, and those that take it back",
    "mdns": "also answers that take it back",
}


def _redirects(ask: Ask, scene: Scene) -> dict[_Key, _Lead]:
    rows = ask(
        "WITH led AS (SELECT c.device, c.peer, c.port, r.* EXCLUDE (device) FROM lateral_chains AS c JOIN follow_flows AS f USING (device, peer, port)"
        " JOIN redirects AS r USING (flow) WHERE c.led_by = 'redirect'),"
        " parts AS (SELECT device, peer, port, capture, frame FROM led UNION"
        " SELECT device, peer, port, request_capture, request_frame FROM led WHERE request_frame IS NOT NULL)"
        " SELECT c.*, l.* EXCLUDE (device, peer, port), p.* EXCLUDE (device, peer, port) FROM lateral_chains AS c"
        " JOIN (SELECT device, peer, port, list(DISTINCT redirector ORDER BY redirector) AS sources, list(DISTINCT location ORDER BY location) AS locations,"
        " list(DISTINCT status ORDER BY status) AS codes FROM led GROUP BY ALL) AS l USING (device, peer, port)"
        f" JOIN (SELECT device, peer, port, {FRAMES} AS frames, {_SOME} AS kept FROM parts GROUP BY ALL) AS p USING (device, peer, port)"
    )
    return {_key(row): _redirect(scene, row) for row in rows}


def _redirect(scene: Scene, row: Row) -> _Lead:
    device, locations = row["device"], row["locations"]
    by = filters.either([filters.address("addr", source) for source in row["sources"]])
    where = filters.either([f"http.location == {filters.quoted(one)}" for one in locations[:MAX_NAMED]])
    answers = where if len(locations) <= MAX_NAMED else "http.response.code >= 300"
    codes = ", ".join(map(str, row["codes"]))
    return _Lead(
        told=f"{_tellers(scene, row)} sent {scene.name(device)} on to {some(locations, MAX_NAMED)} (HTTP {codes}), which is {_neighbour(scene, row)}",
        numbers={"redirect_frames": row["frames"]},
        frames=row["frames"],
        kept=kept(row),
        filter=f"({filters.both(scene.of(device), by, f'(http.request || {answers})')})",
        note="also other requests to who sent it there",
    )


def _fetched(row: Row) -> str:
    if not row["requests"]:
        return ""
    pages = ", ".join(row["uris"][:MAX_NAMED])
    codes = ", ".join(str(status) for status in row["statuses"] or ()) or "no answer"
    asked = f"; asked for {some(row['actions'], MAX_NAMED)}" if row["actions"] else ""
    return f", {counted(row['requests'], 'HTTP request')} ({pages}{asked}; {'answer' if len(row['statuses'] or ()) < 2 else 'answers'}: {codes})"

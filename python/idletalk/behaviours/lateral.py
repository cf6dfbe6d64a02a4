"""What does each device do to its neighbours without being told to?"""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.finding import FRAME, FRAMES, KEPT, MAX_KEPT, Claim, Kind, Scene, kept, some, spelled
from idletalk.behaviours.lateral_sweeps import INTERNET, SWEEP, swept
from idletalk.plural import counted

SEARCH = Kind(
    name="lan-search",
    severity="note",
    meaning="The device searches the LAN for other devices or services. Many do, to find an app or a hub of their own. "
    "An attacker on the LAN learns what it looks for, and can answer in the name of that.",
    would_change="an end of the searches; what is searched tells whether they are for its own kind",
)
FOLLOWED = Kind(
    name="lan-follow-up",
    severity="medium",
    meaning="The device searched the LAN, a neighbour answered, and the device connected to it: lateral movement. "
    "An attacker who controls the device, or its cloud, learns what else is here and reaches it from inside.",
    would_change="a person or an app that asked the device to do so; connections that belong to its own system",
)
GATEWAY = Kind(
    name="gateway-follow-up",
    severity="low",
    meaning="The device searched the LAN, the gateway answered, and the device connected to it: usually to have ports opened "
    "from outside (UPnP Internet gateway). An attacker who controls the device can so open the LAN to the Internet.",
    would_change="what it asks there: reading a description opens nothing",
)
_SEARCHED = {
    "ssdp": 'ssdp && http.request.method == "M-SEARCH"',
    "mdns": "mdns && dns.flags.response == 0 && dns.qry.type == 12 && dns.count.auth_rr == 0",
    "llmnr": "llmnr && dns.flags.response == 0 && dns.qry.type != 255",
    "nbns": "nbns.flags.response == 0 && nbns.flags.opcode == 0",
    # Wireshark does not know WS-Discovery: the action that the message names (OASIS WS-Discovery 1.1, appendix A)
    "wsd": 'udp.port == 3702 && udp.payload matches "/(Probe|Resolve)\\\\s*<"',
}
_ANSWERED = {
    # from another port than 1900 Wireshark may see no SSDP in it
    "ssdp": '((ssdp && http.response) || udp.payload[0:7] == "HTTP/1.")',
    "mdns": "mdns && dns.flags.response == 1",
    "llmnr": "llmnr && dns.flags.response == 1",
    "nbns": "nbns.flags.response == 1 && nbns.flags.opcode == 0",
    "wsd": 'udp.port == 3702 && udp.payload matches "/(Probe|Resolve)Matches\\\\s*<"',
}
_CONTROLS = ("phone", "hub")
MAX_NAMED = 4
"""Targets named in a sentence; the table has all."""


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    controllers = {r["device"] for r in ask("SELECT device FROM devices WHERE list_contains(?, role)", list(_CONTROLS))}
    for claim in (*_searches(ask, scene), *_followed(ask, scene), *swept(ask, scene)):
        # who is there to control others does so by order of its owner
        if claim.device not in controllers:
            yield claim


def _searches(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        f"SELECT device, protocol, {FRAMES} AS frames, {KEPT} AS kept, list(DISTINCT what ORDER BY what) AS targets"
        " FROM search_frames GROUP BY device, protocol"
        " ORDER BY device, protocol"
    )
    for row in rows:
        named = [target for target in row["targets"] if target]
        told = some(named, MAX_NAMED)
        yield Claim(
            kind=SEARCH.name,
            device=row["device"],
            subject=row["protocol"],
            sentence=f"{scene.name(row['device'])} searches the LAN by {spelled(row['protocol'])} ({counted(row['frames'], 'frame')}){': ' if told else ''}{told}.",
            numbers={"frames": row["frames"], "targets": len(named)},
            frames=row["frames"],
            kept=kept(row),
            filter=filters.both(_SEARCHED[row["protocol"]], scene.sent_by(row["device"]), filters.NOT_QUOTED),
            filter_note="also questions for the names of addresses"
            if row["protocol"] == "mdns" and _reverse(ask, row)
            else None,
        )


def _reverse(ask: Ask, row: Row) -> bool:
    """Whether the device also asked mDNS which names addresses have, which the filter cannot tell apart."""
    return bool(
        ask(
            "SELECT 1 FROM dns_questions JOIN endpoints ON endpoint = endpoint(source_mac, source)"
            " WHERE device = ? AND protocol = 'mdns' AND NOT is_response AND kind = 12 AND name LIKE '%.arpa' LIMIT 1",
            row["device"],
        )
    )


def _followed(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        f"WITH answered AS (SELECT device, protocol, neighbour, {FRAMES} AS answers,"
        f" min(DISTINCT {FRAME}, {MAX_KEPT // 4}) AS kept, list(DISTINCT peer ORDER BY peer) AS sources, bool_and(is_named) AS is_named"
        " FROM answer_frames GROUP BY ALL),"
        f" searched AS (SELECT device, protocol, {FRAMES} AS searches,"
        f" min({FRAME}, {MAX_KEPT // 4}) AS kept FROM search_frames GROUP BY ALL),"
        f" opened AS (SELECT device, peer, port, min({FRAME}, {MAX_KEPT // 2}) AS kept FROM follow_flows GROUP BY ALL)"
        " SELECT c.*, a.answers, a.sources, a.is_named, s.searches, a.kept AS answer_kept, s.kept AS search_kept, o.kept AS opened_kept"
        " FROM lateral_chains AS c JOIN opened AS o USING (device, peer, port) JOIN answered AS a USING (device, protocol, neighbour)"
        " JOIN searched AS s ON s.device = c.device AND s.protocol = c.protocol ORDER BY c.device, c.peer, c.port"
    )
    for row in rows:
        neighbour = f"{scene.name(row['peer_device'])} ({row['peer']})" if row["peer_device"] else row["peer"]
        answered = (
            f"{_answerers(scene, row)} answered and named {neighbour}" if row["is_named"] else f"{neighbour} answered"
        )
        frames = row["searches"] + row["answers"] + row["packets"]
        yield Claim(
            kind=(GATEWAY if row["scope"] == "gateway" else FOLLOWED).name,
            device=row["device"],
            peer=row["peer"],
            subject=f"tcp/{row['port']}",
            sentence=f"{scene.name(row['device'])} searched the LAN by {spelled(row['protocol'])}, {answered}, and"
            f" {scene.name(row['device'])} connected to its TCP port {row['port']}: {counted(row['connections'], 'connection')},"
            f" {row['accepted']} accepted{_fetched(row)}.",
            numbers={
                "searches": row["searches"],
                "answers": row["answers"],
                "follow_up_frames": row["packets"],
                "connections": row["connections"],
                "requests": row["requests"],
            },
            frames=frames,
            kept=sorted({*kept(row, "search_kept"), *kept(row, "answer_kept"), *kept(row, "opened_kept")}),
            filter=_chain_filter(scene, row),
            filter_note=_also(row),
        )


def _answerers(scene: Scene, row: Row) -> str:
    return some([scene.peer(row["device"], source) for source in row["sources"]], MAX_NAMED)


def _also(row: Row) -> str | None:
    return "all mDNS of both, questions and answers alike" if row["protocol"] == "mdns" else None


def _fetched(row: Row) -> str:
    if not row["requests"]:
        return ""
    pages = ", ".join(row["uris"][:MAX_NAMED])
    codes = ", ".join(str(status) for status in row["statuses"] or ()) or "no answer"
    asked = f"; asked for {some(row['actions'], MAX_NAMED)}" if row["actions"] else ""
    return f", {counted(row['requests'], 'HTTP request')} ({pages}{asked}; {'answer' if len(row['statuses'] or ()) < 2 else 'answers'}: {codes})"


def _chain_filter(scene: Scene, row: Row) -> str:
    """Search, answer and connection, each by its own condition."""
    device, peer = row["device"], row["peer"]
    protocol = row["protocol"]
    to_device = "" if protocol == "mdns" else scene.sent_to(device)
    sources = filters.either([filters.address("src", source) for source in row["sources"]])
    answers = filters.both(_ANSWERED[protocol], to_device, sources)
    conversation = filters.both(scene.of(device), filters.address("addr", peer), f"tcp.port == {row['port']}")
    searched = filters.both(_SEARCHED[protocol], scene.sent_by(device))
    return filters.both(f"(({searched}) || ({answers}) || ({conversation}))", filters.NOT_QUOTED)


def _hidden(scene: Scene, _device: str) -> str | None:
    """Frames between stations that never reach the capture point cannot be judged."""
    if "station_to_station" in scene.unseen:
        return "Undecidable: " + scene.unseen["station_to_station"]
    return None


BEHAVIOUR = Behaviour(
    name="lateral",
    question="What does each device do to its neighbours without being told to?",
    method=(
        "Searching (SSDP M-SEARCH, mDNS questions for kinds of services, WS-Discovery Probe and Resolve, LLMNR and NetBIOS questions), "
        "announcing and answering are told apart; "
        "a question that carries the asker's own records, or one by LLMNR for all types of record, only asks whether its name is free "
        "(RFC 6762 8.1, RFC 4795 4.1). Lateral movement is the whole chain: the device searched, a neighbour answered it, by whichever "
        "of its addresses, and the device then opened a "
        "TCP connection to that neighbour, or to the one that the answer's URL names, at the port of the URL that it was told or within a minute of an answer. "
        "Sweeps of hosts and ports are told likewise. What phones and hubs (lab file) do to others is their purpose and no finding."
    ),
    limits=(
        "Traffic between stations of one access point may never reach the capture: then nothing seen is not nothing done. "
        "A capture filtered by MAC hides searches of others, so whether an answer was asked for cannot be told. Follow-ups "
        "by UDP are not judged, since answers look like them. Who gave the order cannot be seen when it came encrypted."
    ),
    tables=("searches", "lateral_chains"),
    kinds=(SEARCH, FOLLOWED, GATEWAY, SWEEP, INTERNET),
    judge=_judge,
    hidden=_hidden,
)

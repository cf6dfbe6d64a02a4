"""What does each device do to its neighbours without being told to?"""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.finding import (
    FRAMES,
    KEPT,
    Claim,
    Kind,
    Scene,
    any_of,
    between_stations,
    kept,
    some,
    spelled,
    unread,
)
from idletalk.behaviours.lateral_chains import FOLLOWED, GATEWAY, MAX_NAMED, SEARCHED, followed
from idletalk.behaviours.lateral_sweeps import INTERNET, SWEEP, swept
from idletalk.plural import counted

SEARCH = Kind(
    name="lan-search",
    severity="note",
    meaning="The device searches the LAN for other devices or services. Many do, to find an app or a hub of their own. "
    "An attacker on the LAN learns what it looks for, and can answer in the name of that.",
    would_change="an end of the searches; what is searched tells whether they are for its own kind",
)
_CONTROLS = ("phone", "hub")


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    controllers = {r["device"] for r in ask("SELECT device FROM devices WHERE list_contains(?, role)", list(_CONTROLS))}
    for claim in (*_searches(ask, scene), *followed(ask, scene), *swept(ask, scene)):
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
            filter=filters.both(SEARCHED[row["protocol"]], scene.sent_by(row["device"]), filters.NOT_QUOTED),
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
        "Without a search it is led there where an HTTP answer sends it to another neighbour and it goes within a minute, and where it heard an announcement and asks for just the path of "
        "its URL, or, where no request can be read, opens its first connection to that port within ten seconds of an announcement that was not made for five minutes. "
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
    hidden=any_of(between_stations, unread("ssdp", "mdns", "wsd", "llmnr", "nbns")),
)

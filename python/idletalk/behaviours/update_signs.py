"""What else speaks of updates: files that never came, questions for versions, downloads that nobody can read?"""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.finding import FRAMES, KEPT, Claim, Kind, Scene, cut, kept
from idletalk.plural import counted

UNANSWERED = Kind(
    name="update-unanswered",
    severity="medium",
    meaning="The device asks in clear for a file that it may start from or install, and nobody answers: whoever answers in place of "
    "the host gives it a file of his choice. Whether the device would check that file cannot be seen.",
    would_change="an answer, or an end of the requests",
)
REFUSED = Kind(
    name="update-refused",
    severity="note",
    meaning="The device asks in clear for a file that looks like firmware, and is told that there is none for it.",
    would_change="an answer with the file",
)
POSSIBLE = Kind(
    name="update-possible",
    severity="note",
    meaning="An encrypted download that could be firmware: large, begun by the device, and rare. It could be anything else.",
    would_change="contents that can be read, or a version that changes afterwards",
)
_TRANSPORT = {"http": "tcp", "ftp": "tcp", "tftp": "udp", "coap": "udp"}


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        "SELECT device, protocol, peer, peer_port, host, target, outcome, reason, count(*) AS times, min(time_ns) AS first_ns,"
        f" max(time_ns) AS last_ns, {FRAMES} AS frames, {KEPT} AS kept FROM failed_requests WHERE reason IS NOT NULL"
        " AND (outcome <> 'never answered' OR (device, peer) NOT IN (FROM unseen_peers))"
        " GROUP BY ALL ORDER BY ALL"
    )
    for row in rows:
        yield _failed(scene, row)
    rows = ask(
        "SELECT p.*, s.opened AS kept FROM possible_updates AS p"
        " JOIN possible_sessions AS s USING (device, name, first_ns) ORDER BY device, first_ns, name"
    )
    for row in rows:
        yield _possible(scene, row)


def _failed(scene: Scene, row: Row) -> Claim:
    is_silent = row["outcome"] == "never answered"
    told = "and nothing ever came" if is_silent else f"and got {row['outcome']}"
    who = scene.peer(row["device"], row["peer"])
    return Claim(
        kind=(UNANSWERED if is_silent else REFUSED).name,
        device=row["device"],
        peer=row["peer"],
        subject=f"{row['protocol']} {row['target']} {row['outcome']}",
        sentence=f"{scene.name(row['device'])} asked {who} by {row['protocol'].upper()} for {row['target']} {told}"
        f" ({counted(row['times'], 'time')}; {row['reason']}).",
        numbers={"times": row["times"], "outcome": row["outcome"], "host": row["host"]},
        frames=row["frames"],
        kept=kept(row),
        filter=filters.both(
            scene.sent_by(row["device"]),
            filters.address("dst", row["peer"]),
            f"{_TRANSPORT[row['protocol']]}.dstport == {row['peer_port']}",
            filters.NOT_QUOTED,
        ),
        filter_note="all that the device sent to that port; counted are its requests for this file",
    )


def _possible(scene: Scene, row: Row) -> Claim:
    return Claim(
        kind=POSSIBLE.name,
        device=row["device"],
        peer=row["peer"],
        subject=f"{row['carrier']} {row['name']} {row['first_ns']}",
        sentence=f"{scene.name(row['device'])} received {counted(row['rx_bytes'], 'byte')} from {row['name']} by {row['carrier'].upper()}: possibly an"
        f" update, which nobody can read ({'; '.join(row['reasons'])}).",
        numbers={"rx_bytes": row["rx_bytes"], "tx_bytes": row["tx_bytes"], "connections": row["connections"]},
        frames=row["connections"],
        kept=kept(row),
        filter=filters.both(scene.of(row["device"]), filters.address("addr", row["peer"]), filters.NOT_QUOTED),
        filter_note="all frames between the two; counted are the first ones of the connections",
    )


BEHAVIOUR = Behaviour(
    name="update_signs",
    waits=True,
    question="Which files did each device ask for in clear and not get, and what else speaks of updates?",
    method=(
        "Requests for files (HTTP GET, TFTP, FTP, CoAP) that got an error, or no byte although both sides were captured; what of them could be firmware "
        "is told by words in target or host, by the file's name, or by the protocol (TFTP). Questions for versions: requests and topics "
        "with such words that brought no file. Possible updates: TLS and QUIC downloads of 128 KiB or more, ten times what was sent, "
        "within an hour, and not more often than once a day; or smaller ones from a host whose name speaks of updates."
    ),
    limits=(
        "What an encrypted download holds cannot be seen: each is possible, none is certain. A device that loads often, or an update in many "
        "small pieces over days, is missed. A request without answer at the end of a capture may have been answered after it."
    ),
    tables=("failed_transfers", "version_checks", "possible_updates"),
    kinds=(UNANSWERED, REFUSED, POSSIBLE),
    judge=_judge,
    hidden=cut,
)

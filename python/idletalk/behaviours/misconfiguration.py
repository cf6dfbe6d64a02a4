"""What does each device ask for again and again without getting it?"""

from collections import Counter
from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row, iso
from idletalk.behaviours.finding import (
    FRAMES,
    KEPT,
    MAX_KEPT,
    Claim,
    Kind,
    Scene,
    any_of,
    kept,
    one_way,
    some,
    spelled,
    unread,
)
from idletalk.behaviours.record_types import type_names
from idletalk.plural import counted

MIN_TIMES = 3
"""Failures before they are a habit: a restart or a lost frame makes one or two (TCP itself sends a SYN again)."""

SERVICE_REFUSED = Kind(
    name="service-refused",
    severity="low",
    meaning="A host says again and again that nobody listens at the port that the device asks.",
    would_change="answers from that port, or an end of the requests",
)
SERVICE_UNANSWERED = Kind(
    name="service-unanswered",
    severity="low",
    meaning="A service was asked again and again and nothing ever came back.",
    would_change="an answer; a capture that sees only one direction, or a filter on the way, makes every service look so",
)
FOREIGN_ADDRESS = Kind(
    name="foreign-address",
    severity="low",
    meaning="The device sends to a private address that belongs to no network here: left over from somewhere else. "
    "Whoever gives himself that address gets what is meant for it.",
    would_change="a network or a route with that address (lab file: local_networks)",
)
NAME_MISSING = Kind(
    name="name-missing",
    severity="note",
    meaning="The device asks for a name that does not exist, again and again.",
    would_change="an answer with an address",
)
NAME_REFUSED = Kind(
    name="name-refused",
    severity="low",
    meaning="The name server refuses or fails to answer, again and again.",
    would_change="an answer without error",
)
TLS_FAILED = Kind(
    name="tls-failed",
    severity="low",
    meaning="TLS with a server fails again and again: one side ends the handshake with a fatal alert.",
    would_change="handshakes with that server that succeed",
)
CERTIFICATE_ALERTS = frozenset({42, 43, 44, 45, 46, 48})
"""Alerts by which one side says that it does not accept the other's certificate (RFC 8446 6.2)."""
FATAL_ALERT = (
    "((tls.alert_message.level == 2 && tls.alert_message.desc in {1..89, 91..255})"
    " || (!tls && tcp.payload[0:1] == 15 && tcp.payload[3:3] == 00:02:02 && !(tcp.payload[6:1] == 00) && !(tcp.payload[6:1] == 5a)))"
)
"""Neither a farewell nor a user who gave up; the record's bytes where Wireshark takes the connection for another protocol, by one of
its ports (RFC 8446 5.1)."""
MIN_ALIKE = 2
"""Other hosts at which the same fails, for it to be said: of our choice."""

MAX_TELLERS = 2
"""Hosts named that say that another cannot be reached."""

_ICMP = {4: "icmp.type == 3 && icmp.code == 3", 6: "icmpv6.type == 1 && icmpv6.code == 4"}
_WORDS = {2: "failed (SERVFAIL)", 3: "said that it does not exist (NXDOMAIN)", 5: "refused (REFUSED)"}


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    yield from _refused(ask, scene)
    yield from _connections(ask, scene)
    yield from _strangers(ask, scene)
    yield from _names(ask, scene)
    yield from _handshakes(ask, scene)


def _refused(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        f"SELECT device, peer, port, transport, version, {FRAMES} AS frames, {KEPT} AS kept, min(time_ns) AS first_ns,"
        " max(time_ns) AS last_ns, list(DISTINCT told_by ORDER BY told_by) AS tellers FROM refused_datagrams GROUP BY ALL HAVING count(*) >= ? ORDER BY ALL",
        MIN_TIMES,
    )
    for row in rows:
        yield Claim(
            kind=SERVICE_REFUSED.name,
            device=row["device"],
            peer=row["peer"],
            subject=f"{row['transport']}/{row['port']}",
            sentence=f"{scene.name(row['device'])} asks {scene.peer(row['device'], row['peer'])} at {spelled(row['transport'])} port {row['port']}{_refusal(scene, row)}:"
            f" {counted(row['frames'], 'time')} since {iso(row['first_ns'])[:19]}Z.",
            numbers={"times": row["frames"], "first": iso(row["first_ns"]), "last": iso(row["last_ns"])},
            frames=row["frames"],
            kept=kept(row),
            filter=filters.both(
                _ICMP[row["version"]],
                scene.sent_to(row["device"]),
                filters.address("dst", row["peer"]),
                f"{row['transport']}.dstport == {row['port']}",
            ),
        )


def _refusal(scene: Scene, row: Row) -> str:
    """Who says that nobody listens: the host itself, or somebody on the way, as a firewall does."""
    if row["tellers"] == [row["peer"]]:
        return ", which answers that nobody listens there"
    return f", and {_tellers(scene, row)} answers that the port cannot be reached"


def _tellers(scene: Scene, row: Row) -> str:
    return some([scene.peer(row["device"], teller) for teller in row["tellers"]], MAX_TELLERS)


def _connections(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        "SELECT a.device, a.peer, a.transport, a.port, a.outcome, max(f.times) AS times, max(f.successes) AS successes, max(u.tellers) AS tellers,"
        f" sum(originator_packets)::BIGINT AS frames, {KEPT} AS kept, min(a.first_ns) AS first_ns,"
        " max(a.last_ns) AS last_ns, max(s.peers) AS silent"
        " FROM attempts AS a JOIN failures AS f USING (device, peer, transport, port, outcome)"
        " LEFT JOIN silent_ports AS s USING (transport, port)"
        " LEFT JOIN unreachable AS u ON u.device = a.device AND u.peer = a.peer AND u.transport = a.transport AND u.port = a.port"
        " GROUP BY ALL HAVING max(f.times) >= ? AND (a.outcome = 'reset' OR max(f.successes) = 0) ORDER BY ALL",
        MIN_TIMES,
    )
    for row in rows:
        kind = SERVICE_REFUSED if row["outcome"] == "reset" else SERVICE_UNANSWERED
        told = "is refused" if row["outcome"] == "reset" else "never gets an answer"
        accepted = f"; accepted {counted(row['successes'], 'time')}" if row["successes"] else ""
        silent = (
            f"; none of the {row['silent']} hosts that were tried at this port answered, as where a filter on the way drops it"
            if row["silent"]
            else ""
        )
        barred = f"; {_tellers(scene, row)} says that it cannot be reached" if row["tellers"] else ""
        opens = "tcp.flags.syn == 1 && tcp.flags.ack == 0" if row["transport"] == "tcp" else filters.NOT_QUOTED
        yield Claim(
            kind=kind.name,
            device=row["device"],
            peer=row["peer"],
            subject=f"{row['transport']}/{row['port']}",
            sentence=f"{scene.name(row['device'])} tries {scene.peer(row['device'], row['peer'])} at {spelled(row['transport'])} port {row['port']} and {told}:"
            f" {counted(row['times'], 'time')} since {iso(row['first_ns'])[:19]}Z{accepted}{barred}{silent}.",
            numbers={
                "times": row["times"],
                "answered": row["successes"],
                "first": iso(row["first_ns"]),
                "last": iso(row["last_ns"]),
            },
            frames=row["frames"],
            kept=kept(row),
            filter=filters.both(
                scene.sent_by(row["device"]),
                filters.address("dst", row["peer"]),
                f"{row['transport']}.dstport == {row['port']}",
                opens,
            ),
            filter_note=f"also {counted(row['successes'], 'connection that was', 'connections that were')} accepted"
            if row["successes"]
            else None,
        )


def _strangers(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        "SELECT s.*, k.kept FROM strangers AS s JOIN (SELECT peer_flows.device, peer_flows.peer,"
        f" min(frame_place(flows.capture, flows.frame), {MAX_KEPT}) AS kept FROM peer_flows JOIN flows USING (flow)"
        " SEMI JOIN strangers USING (device, peer) GROUP BY ALL) AS k USING (device, peer) ORDER BY s.device, s.peer"
    )
    for row in rows:
        yield Claim(
            kind=FOREIGN_ADDRESS.name,
            device=row["device"],
            peer=row["peer"],
            sentence=f"{scene.name(row['device'])} sends to {row['peer']}, a private address of no network here:"
            f" {counted(row['tx_packets'], 'frame')}, never answered.",
            numbers={"frames": row["tx_packets"], "bytes": row["tx_bytes"]},
            frames=row["tx_packets"],
            kept=kept(row),
            filter=filters.both(scene.sent_by(row["device"]), filters.address("dst", row["peer"]), filters.NOT_QUOTED),
        )


def _names(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        f"SELECT device, name, rcode, {FRAMES} AS frames, {KEPT} AS kept, list(DISTINCT type ORDER BY type) AS types, any_value(t.types) AS found,"
        " min(time_ns) AS first_ns, max(time_ns) AS last_ns FROM failed_names LEFT JOIN found_types AS t USING (device, name)"
        " GROUP BY device, name, rcode HAVING count(*) >= ? ORDER BY device, name, rcode",
        MIN_TIMES,
    )
    for row in rows:
        yield _name(scene, row)


def _name(scene: Scene, row: Row) -> Claim:
    found = f"; it was also answered ({type_names(row['found'])})" if row["found"] else ""
    return Claim(
        kind=(NAME_MISSING if row["rcode"] == 3 else NAME_REFUSED).name,
        device=row["device"],
        subject=row["name"],
        sentence=f"{scene.name(row['device'])} asks for the name {row['name']} ({type_names(row['types'])}); the name server {_WORDS[row['rcode']]}"
        f" {counted(row['frames'], 'time')} since {iso(row['first_ns'])[:19]}Z{found}.",
        numbers={"times": row["frames"], "rcode": row["rcode"]},
        frames=row["frames"],
        kept=kept(row),
        filter=filters.both(
            f"dns.flags.response == 1 && dns.flags.rcode == {row['rcode']}",
            scene.sent_to(row["device"]),
            f"dns.qry.name == {filters.quoted(row['name'])}",
            filters.NOT_QUOTED,
        ),
    )


def _handshakes(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        f"SELECT device, peer, port, count(DISTINCT flow) AS times, {FRAMES} AS frames, {KEPT} AS kept, min(time_ns) AS first_ns, max(time_ns) AS last_ns,"
        " list(DISTINCT name ORDER BY name) FILTER (by_client) AS by_device, list(DISTINCT name ORDER BY name) FILTER (NOT by_client) AS by_peer,"
        " bool_and(by_client AND list_contains($1, description)) AS is_mistrust, coalesce(max(m.times), 0) AS successes"
        " FROM failed_handshakes LEFT JOIN made_handshakes AS m USING (device, peer, port) GROUP BY device, peer, port"
        " HAVING count(DISTINCT flow) >= $2 ORDER BY device, peer, port",
        *(sorted(CERTIFICATE_ALERTS), MIN_TIMES),
    )
    mistrusted = Counter(device for device, _ in {(row["device"], row["peer"]) for row in rows if row["is_mistrust"]})
    for row in rows:
        told = [
            f"{who} says {', '.join(names)}"
            for who, names in (("the device", row["by_device"]), ("the server", row["by_peer"]))
            if names
        ]
        why = " and does not accept the certificate" if row["is_mistrust"] else ""
        others = mistrusted[row["device"]] - 1 if row["is_mistrust"] else 0
        alike = (
            f"; the same at {others} other hosts, as where somebody on the way answers in their place"
            if others >= MIN_ALIKE
            else ""
        )
        succeeded = f"; {counted(row['successes'], 'handshake')} succeeded" if row["successes"] else "; none succeeded"
        yield Claim(
            kind=TLS_FAILED.name,
            device=row["device"],
            peer=row["peer"],
            subject=f"tcp/{row['port']}",
            sentence=f"{scene.name(row['device'])} begins TLS with {scene.peer(row['device'], row['peer'])} at TCP port {row['port']}, which fails:"
            f" {counted(row['times'], 'time')} since {iso(row['first_ns'])[:19]}Z; {'; '.join(told)}{why}{succeeded}{alike}.",
            numbers={
                "times": row["times"],
                "succeeded": row["successes"],
                "first": iso(row["first_ns"]),
                "last": iso(row["last_ns"]),
            },
            frames=row["frames"],
            kept=kept(row),
            filter=filters.both(
                scene.of(row["device"]),
                filters.address("addr", row["peer"]),
                f"tcp.port == {row['port']}",
                FATAL_ALERT,
            ),
            filter_note="also alerts that were sent again",
        )


BEHAVIOUR = Behaviour(
    name="misconfiguration",
    question="What does each device ask for again and again without getting it?",
    method=(
        "ICMP port unreachable for what the device itself began; TCP connections that are reset before they are open; "
        f"connections, DNS and TFTP requests without any answer, and other datagrams that somebody says cannot be delivered; {MIN_TIMES} times or more at one host and port. Names that "
        "the name server says do not exist, or refuses. TLS handshakes that a fatal alert ends. Private addresses in no network that DHCP tells (else: in no block of 65,536 that holds an "
        "address of somebody here), sent to three times or more, and from which nothing came."
    ),
    limits=(
        "Where the capture sees one direction of a device only, no service is called unanswered; nor over a next hop where nothing came back of connections that "
        "the device went on with (two and a tenth of those accepted there). Without such connections, answers that took another way look as if there were none. What a device "
        "passes on for others, from addresses that it never claims, is not its own. UDP that asks for no answer is not judged. An alert of TLS 1.3 behind the hellos is encrypted, so that the handshake which it ends is not counted. A route to another private network that never answers looks like a foreign address."
    ),
    tables=("failures", "strangers"),
    kinds=(SERVICE_REFUSED, SERVICE_UNANSWERED, FOREIGN_ADDRESS, NAME_MISSING, NAME_REFUSED, TLS_FAILED),
    judge=_judge,
    hidden=any_of(one_way, unread("dns", "icmp", "tls")),
)

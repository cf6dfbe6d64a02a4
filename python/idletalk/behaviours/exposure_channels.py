"""How what devices give away goes: the frames that carry it, masks that anybody can take off, commands that anybody can read."""

from collections.abc import Collection, Iterator

from idletalk import filters
from idletalk.behaviours import exposure_kinds as kinds
from idletalk.behaviours.behaviour import Ask, Row
from idletalk.behaviours.finding import KEPT, KEPT_ONCE, MAX_KEPT, Claim, Kind, Scene, kept
from idletalk.plural import counted

NOTE = "also other frames of the same conversations"

_LAYERS = {
    **dict.fromkeys(("http", "mqtt", "ftp", "telnet", "smtp", "pop3", "imap", "xmpp", "rtsp", "tls"), "tcp"),
    **dict.fromkeys(("mdns", "llmnr", "nbns", "wsd", "coap", "tftp", "snmp", "ssdp"), "udp"),
}
"""Layer whose filter selects a carrier's frames, however Wireshark labels the flow."""

SECURE_PORTS = (443, 563, 636, 853, 989, 990, 992, 993, 995, 5061, 5349, 5671, 5684, 6514, 8443, 8883)
"""Ports of services inside TLS or DTLS (IANA Service Name and Transport Protocol Port Number Registry)."""

_ENDS = "JOIN endpoints AS e ON e.endpoint = endpoint({0}_mac, {0})"


def conversation(scene: Scene, row: Row) -> str:
    """The frames that went this way in that protocol."""
    own = scene.sent_by(row["device"]) if row["sent"] else scene.sent_to(row["device"])
    layer: str = _LAYERS.get(row["carrier"]) or row["carrier"]
    peer = filters.address("dst" if row["sent"] else "src", row["peer"])
    return filters.both(own or scene.of(row["device"]), peer, layer, filters.NOT_QUOTED)


def masked(ask: Ask, scene: Scene, told_here: Collection[tuple[str, str]]) -> Iterator[Claim]:
    """Messages behind a mask that anybody can take off; of two devices here (`told_here`) those of who sends them."""
    source = (
        "SELECT DISTINCT message, device, peer, carrier, sent, times, capture, frame,"
        " CASE WHEN contains(encoding, 'rotated') THEN 'rotated bits' ELSE 'XOR' END AS mask FROM hits"
        " WHERE kind <> 'public_address' AND (contains(encoding, 'xor') OR contains(encoding, 'rotated'))"
    )
    for row in _group(ask, source, "min(mask) AS mask, "):
        if not row["sent"] and (row["device"], row["peer"]) in told_here:
            continue
        way = "sends to" if row["sent"] else "gets from"
        peer = scene.peer(row["device"], row["peer"])
        told = (
            f"What {scene.name(row['device'])} {way} {peer} is only obfuscated with {row['mask']}, readable by anyone"
        )
        way = "sent" if row["sent"] else "received"
        many = counted(row["frames"], "message was", "messages were")
        yield _claim(scene, kinds.MASKED, row, f"{row['carrier']} {way}", f"{told} ({many} read).")


def commands(ask: Ask, scene: Scene) -> Iterator[Claim]:
    """Messages from the Internet that a device subscribed to."""
    source = "SELECT message, device, peer, carrier, sent, times, capture, frame FROM told WHERE carrier = 'mqtt' AND NOT sent AND scope = 'internet' AND NOT is_topic"
    for row in _group(ask, source):
        told = f"{scene.name(row['device'])} gets {counted(row['frames'], 'message')} from {scene.peer(row['device'], row['peer'])} by MQTT in clear."
        yield _claim(scene, kinds.COMMANDS, row, "mqtt", told)


def polled(ask: Ask, scene: Scene) -> Iterator[Claim]:
    """What comes from the Internet by HTTP on a question that waits for it: answered after five seconds or more, and asked
    again within two, three times or more."""
    rows = ask(
        "SELECT device, peer, carrier, false AS sent, round(median(wait_ns) / 1e9)::BIGINT AS wait_s, count(*) AS frames,"
        f" {KEPT_ONCE} AS kept FROM (SELECT e.device, r.source AS peer, 'http' AS carrier,"
        "   r.capture, r.frame, r.time_ns - q.time_ns AS wait_ns, split_part(r.request_uri, '?', 1) AS path,"
        "   lead(q.time_ns) OVER (PARTITION BY r.source, r.destination, split_part(r.request_uri, '?', 1) ORDER BY q.time_ns) - r.time_ns AS pause_ns"
        "   FROM http_responses AS r JOIN http_requests AS q ON q.capture = r.request_capture AND q.frame = r.request_frame AND q.uri = r.request_uri"
        f"  {_ENDS.format('r.destination')} WHERE r.status = 200 AND coalesce(r.content_length, 1) > 0)"
        " SEMI JOIN (SELECT device, peer FROM peers WHERE scope = 'internet') USING (device, peer)"
        " WHERE wait_ns >= 5000000000 AND coalesce(pause_ns, 0) <= 2000000000 AND device IN (FROM subjects)"
        " GROUP BY device, peer, carrier HAVING count(*) >= 3 ORDER BY device, peer"
    )
    for row in rows:
        told = (
            f"{scene.name(row['device'])} keeps asking {scene.peer(row['device'], row['peer'])} by HTTP in clear, which answers when there is"
            f" something to say (after {row['wait_s']} s in the middle): {counted(row['frames'], 'message')} came so."
        )
        yield _claim(scene, kinds.COMMANDS, row, "http received", told)


def unprotected(ask: Ask, scene: Scene) -> Iterator[Claim]:
    """What goes in clear to or from a port of a service inside TLS."""
    flows = ask(
        "SELECT DISTINCT flow FROM flows JOIN flow_encryption AS e USING (flow) WHERE list_contains($1, responder_port)"
        " AND e.payload = 'cleartext' AND e.channel = 'none' AND (recognised_by = 'content' OR e.reason = 'bytes: text')"
        # servers of STUN and TURN stand at port 443 since firewalls let it through, and what they say is no secret (RFC 8835 3.4)
        " AND coalesce(flows.application, '') <> 'stun'"
        # who does not understand TLS says so in clear: an error to a question that was not captured tells nothing of the rest
        " AND NOT (flow IN (SELECT flow FROM http_responses GROUP BY flow HAVING min(status) >= 400) AND flow NOT IN (SELECT flow FROM http_requests))"
        " ORDER BY ALL",
        SECURE_PORTS,
    )
    if not flows:
        return
    said = " UNION ALL ".join(
        f"SELECT {times} AS times, flow, source_mac, source, source_port, destination_mac, destination, destination_port, capture, frame FROM {table}"
        for table, times in (("payloads", "times"), ("http_requests", "1"), ("http_responses", "1"))
    )
    way = (
        "SELECT e.device, {2} AS peer, f.transport AS carrier, {3} AS sent, s.{1}_port AS port, s.times, s.capture, s.frame"
        " FROM said AS s JOIN flows AS f USING (flow) {0} WHERE e.device IN (FROM subjects)"
    )
    sides = " UNION ALL ".join(
        way.format(_ENDS.format(f"s.{own}"), server, f"s.{other}", sent)
        for own, other, sent in (("source", "destination", "true"), ("destination", "source", "false"))
        for server in ("source", "destination")
    )
    rows = ask(
        f"WITH said AS (SELECT * FROM ({said}) WHERE list_contains($1, flow)) SELECT device, peer, carrier, sent, min(port) AS port,"
        f" sum(times)::BIGINT AS frames, {KEPT_ONCE} AS kept FROM ({sides}) WHERE list_contains($2, port) GROUP BY device, peer, carrier, sent ORDER BY ALL",
        *([row["flow"] for row in flows], SECURE_PORTS),
    )
    for row in rows:
        way = "sends to" if row["sent"] else "gets from"
        many = counted(row["frames"], "message was", "messages were")
        told = (
            f"What {scene.name(row['device'])} {way} {scene.peer(row['device'], row['peer'])} goes in clear, though"
            f" {row['carrier'].upper()} port {row['port']} is one of a service inside TLS ({many} read)."
        )
        subject = f"{row['carrier']} {row['port']} {'sent' if row['sent'] else 'received'}"
        yield _claim(scene, kinds.UNPROTECTED, row, subject, told)


def partly_encrypted(ask: Ask, scene: Scene) -> Iterator[Claim]:
    """Messages in clear of which parts are encrypted by themselves."""
    rows = ask(
        "SELECT e.device, s.destination AS peer, f.transport AS carrier, true AS sent, s.protocol,"
        " list_sort(list_distinct(flatten(list(s.encrypted_fields)))) AS names, sum(s.times)::BIGINT AS frames,"
        f" min(DISTINCT frame_place(s.capture, s.frame), {MAX_KEPT}) AS kept FROM messages AS s JOIN flows AS f USING (flow) {_ENDS.format('s.source')}"
        " WHERE s.encrypted AND e.device IN (FROM subjects)"
        " GROUP BY ALL ORDER BY device, peer, carrier, s.protocol"
    )
    for row in rows:
        told = (
            f"{scene.name(row['device'])} sends {scene.peer(row['device'], row['peer'])} {counted(row['frames'], 'message')} of {row['protocol']}"
            f" in clear with encrypted {', '.join(row['names'])}: who listens can read the rest."
        )
        yield _claim(scene, kinds.PARTLY, row, f"{row['protocol']} sent", told)


def _group(ask: Ask, source: str, more: str = "") -> Iterator[Row]:
    yield from ask(
        f"SELECT device, peer, carrier, sent, {more}sum(times)::BIGINT AS frames, {KEPT} AS kept"
        f" FROM ({source}) GROUP BY device, peer, carrier, sent ORDER BY device, peer, carrier, sent"
    )


def _claim(scene: Scene, kind: Kind, row: Row, subject: str, sentence: str) -> Claim:
    return Claim(
        kind=kind.name,
        device=row["device"],
        peer=row["peer"],
        subject=subject,
        sentence=sentence,
        numbers={"messages": row["frames"]},
        frames=row["frames"],
        kept=kept(row),
        filter=conversation(scene, row),
        filter_note=NOTE,
    )

"""What does each device give away in clear?"""

from collections.abc import Iterable, Mapping

from idletalk.behaviours import exposure_channels as channels
from idletalk.behaviours import exposure_kinds as kinds
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.exposure_changes import Times, Way, times_told
from idletalk.behaviours.exposure_hits import gathered
from idletalk.behaviours.exposure_media import MEDIA, MEDIA_ON_LAN, media
from idletalk.behaviours.exposure_search import MAX_CONTENT_BYTES, MAX_CONTENTS, MAX_KNOWN, search
from idletalk.behaviours.finding import Claim, Scene, cut, kept, spelled
from idletalk.exposure.search import WHOLE
from idletalk.plural import counted

MAX_NAMED = 3
"""Values named in a sentence."""
_CAPITALS = {"stun": "STUN"}
"""Protocols of `flows` that people write in capitals; vendors' names stand as they are."""


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    search(ask, scene)
    ask(
        "INSERT INTO exposures SELECT device, kind, shown, sent, peer, min(scope), carrier, encoding, key, min(known_by),"
        " sum(times)::BIGINT, min(time_ns), max(last_ns) FROM hits GROUP BY device, kind, shown, sent, peer, carrier, encoding, key"
    )
    neighbours = {
        (row["device"], row["peer"]): row["peer_device"]
        for row in ask("SELECT device, peer, peer_device FROM peers WHERE peer_device IN (FROM subjects)")
    }
    # what one device here tells another is a finding of the one that tells it
    told_here = set(neighbours)
    rows = list(gathered(ask, neighbours))
    times: Mapping[Way, Times] = times_told(ask) if any(_is_told_address(row) for row in rows) else {}
    for row in rows:
        is_own = not row["is_theirs"] if row["sent"] else (row["device"], row["peer"]) not in told_here
        if is_own:
            way = row["device"], row["peer"], row["carrier"]
            yield _claim(scene, row, times.get(way) if _is_told_address(row) else None)
    yield from channels.masked(ask, scene, told_here)
    for ways in (channels.commands, channels.polled, channels.unprotected, channels.partly_encrypted, media):
        yield from ways(ask, scene)
    # what was read is asked for no more, and can be hundreds of megabytes
    for table in ("hits", "sampled", "contents", "told_messages"):
        ask(f"DROP TABLE {table}")


def _is_told_address(row: Row) -> bool:
    return row["kind"] == "public_address" and not row["sent"]


def _claim(scene: Scene, row: Row, times: Times | None) -> Claim:
    kind: str = row["kind"]
    word = kinds.WORDS.get(kind, kind)
    shown = row["shown"]
    named = ", ".join(shown[:MAX_NAMED]) + (
        f" and {counted(len(shown) - MAX_NAMED, 'other')}" if len(shown) > MAX_NAMED else ""
    )
    peer = scene.peer(row["device"], row["peer"])
    what = _what(scene, row, word)
    told = f"tells {peer} {what}" if row["sent"] else f"is told {what} by {peer}"
    parties = row["parties"] or 0
    more = f"; {parties} Internet hosts get this value" if parties > 1 else ""
    return Claim(
        kind=kinds.kind_of(row["kind"], row["scope"], is_sent=row["sent"]).name,
        device=row["device"],
        peer=row["peer"],
        subject=f"{row['kind']} {row['carrier']} {'sent' if row['sent'] else 'received'}",
        sentence=f"{scene.name(row['device'])} {told} {kinds.written(_protocol(row), row['encodings'])}: {named}"
        f" ({counted(row['frames'], 'message')}{more}).{times.sentence() if times else ''}",
        numbers={
            "value_kind": row["kind"],
            "carrier": row["carrier"],
            "encoding": ", ".join(row["encodings"]),
            "known_by": row["known_by"],
            "messages": row["frames"],
            "values": len(shown),
            "parties": parties,
            **(times.numbers() if times else {}),
        },
        frames=row["frames"],
        kept=kept(row),
        filter=channels.conversation(scene, row),
        filter_note=channels.NOTE,
    )


def _what(scene: Scene, row: Row, word: str) -> str:
    """What is told, and whose it is as far as that is known."""
    shown: list[str] = row["shown"]
    if row["is_several"] and row["kind"] in WHOLE:
        return f"several {word}s"
    if row["kind"] == "mac" and row["sent"] and not set(shown) <= set(scene.macs.get(row["device"], ())):
        neighbour = next((device for device, macs in scene.macs.items() if set(shown) <= set(macs)), None)
        if neighbour:
            return f"the {word} of {scene.name(neighbour)}"
        return f"a {word} that no frame here has" if len(shown) == 1 else f"several {word}s"
    is_own = row["sent"] or row["kind"] == "public_address"
    # one address can be told with several ports
    values = {one.partition(":")[0] for one in shown} if row["kind"] == "public_address" else shown
    many = len(values) > 1 and row["kind"] not in WHOLE
    plural = f"{word}{'es' if word.endswith('s') else 's'}" if many else word
    return f"{'its' if is_own else 'the'} {plural}"


def _protocol(row: Row) -> str:
    """How the messages went: the carrier where it says so, else the protocol that their flows speak, as far as known."""
    layer = spelled(row["carrier"])
    if row["carrier"] not in ("tcp", "udp"):
        return layer
    known: list[str] = row["protocols"] or []
    if not known:
        return f"an unknown protocol over {layer}"
    named = " and ".join(_CAPITALS.get(one, one) for one in known)
    return f"{named} over {layer}" + ("" if row["is_known"] else " and by unknown protocols")


BEHAVIOUR = Behaviour(
    name="exposure",
    question="What does each device give away in clear?",
    method=(
        "Everything that can be read of a device's messages (HTTP heads and bodies, WebSocket messages, MQTT, CoAP, SIP, TXT records, options of DHCP, mail and FTP commands, "
        "SNMP, syslog, TFTP, RTSP, WS-Discovery, announcements by SSDP, names of mDNS, LLMNR and NetBIOS, names asked of DNS and named to TLS servers, protocols that nobody knows) "
        "is searched as it came and behind base64, hex, URL, XML and JSON escapes, gzip, CBOR, UTF-16, XOR with one byte or the byte before, rotated bits, and the masks of WebSocket frames. "
        "Values are found by the key that names them (exposure/keys.tsv; also the last part of an MQTT topic or CoAP path, before a value alone) and by their format, positions of satellite receivers (NMEA 0183) among them, each held against what such a "
        "value looks like; what is found once, the device's MAC, a host name with a number of its own, and the lab file's secrets are then searched in all its other "
        "messages: in any case, with other separators and without, as bytes, backwards, in hexadecimal digits, in base64 wherever it begins, behind XOR, as MD5, SHA-1 and SHA-256, of a MAC also as EUI-64 "
        "and as its last half at the end of a name, a position also as two binary numbers (double, float, 1e-7 degrees). Digits that are a time near the capture's are no id. The public address is told by STUN, the lab file, a key, or servers of two owners that tell the same one "
        "(the only address of a text, or in bytes beside the device's port; of no host seen and no provider of servers), and searched as text, bytes, and masked with a constant of the message itself. "
        "Orders are messages that a device subscribed to by MQTT, or that come by HTTP on a question that waits for them. Video and audio are in clear where RTSP accepted RTP/AVP and played or recorded."
    ),
    limits=(
        "Of each conversation the first 32 different messages and every so many of the later ones are decoded; the others are held "
        f"against what was found there; so are those beyond {MAX_CONTENTS} different messages or {MAX_CONTENT_BYTES >> 20} MiB in all. Of more than {MAX_KNOWN} values the others are not searched elsewhere. A value without a key that the device tells nowhere with one, or that two segments of a stream share, is not found; "
        "nor are models and versions in hex, base64 or behind XOR, unless as a part of a text that is read. "
        "Encrypted content cannot be read, and what is sent inside TLS is unknown."
    ),
    tables=("exposures",),
    kinds=(
        kinds.CREDENTIAL,
        kinds.IDENTIFIER,
        kinds.LOCATION,
        kinds.VERSION,
        kinds.ON_LAN,
        kinds.PUBLIC_ADDRESS,
        kinds.MASKED,
        kinds.COMMANDS,
        kinds.UNPROTECTED,
        kinds.PARTLY,
        MEDIA,
        MEDIA_ON_LAN,
    ),
    judge=_judge,
    is_long=True,
    hidden=cut,
)

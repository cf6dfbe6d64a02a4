"""How what devices give away goes: the frames that carry it, masks that anybody can take off, commands that anybody can read."""

from collections.abc import Collection, Iterator

from idletalk import filters
from idletalk.behaviours import exposure_kinds as kinds
from idletalk.behaviours.behaviour import Ask, Row
from idletalk.behaviours.finding import KEPT, Claim, Kind, Scene, kept
from idletalk.plural import counted

NOTE = "also other frames of the same conversations"

_LAYERS = {
    **dict.fromkeys(("http", "mqtt", "ftp", "telnet", "smtp", "pop3", "imap", "xmpp", "rtsp", "tls"), "tcp"),
    **dict.fromkeys(("mdns", "snmp", "ssdp"), "udp"),
}
"""Layer whose filter selects a carrier's frames, however Wireshark labels the flow."""


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

"""What does each device give away in clear?"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.finding import MAX_KEPT, Claim, Kind, Scene
from idletalk.exposure.mask import SECRET_KINDS, masked
from idletalk.exposure.meaning import key_kinds
from idletalk.exposure.search import Known, Leak, Message, search

MAX_FLOW_BYTES = 64 << 10
"""Content of one direction of a flow that is searched: a value that a device tells, it tells early or again."""
MAX_MESSAGES = 200_000
"""Pieces searched; a month of a house has less, and memory must not grow with the capture."""
MAX_NAMED = 3
"""Values named in a sentence."""

CREDENTIAL = Kind(
    name="exposed-credential",
    severity="high",
    meaning="A password or token crosses the Internet in clear: whoever is on the path can use it.",
    would_change="proof that the value opens nothing",
)
IDENTIFIER = Kind(
    name="exposed-identifier",
    severity="medium",
    meaning="A serial number, account or other name that identifies this device or its owner crosses the Internet in clear.",
    would_change="proof that the value is the same in every device",
)
LOCATION = Kind(
    name="exposed-location",
    severity="medium",
    meaning="Coordinates cross the Internet in clear.",
    would_change="coordinates that are not those of the home",
)
VERSION = Kind(
    name="exposed-version",
    severity="low",
    meaning="Model, firmware version or MAC cross the Internet in clear: it tells an attacker which weaknesses to try.",
    would_change="a value that is not the device's",
)
ON_LAN = Kind(
    name="exposed-on-lan",
    severity="low",
    meaning="A value that identifies the device, its place or its owner is told on the LAN in clear.",
    would_change="a network that nobody else can join",
)
PUBLIC_ADDRESS = Kind(
    name="public-address-told",
    severity="note",
    meaning="A server tells the device under which public address and port it is seen: with that it can be reached through "
    "the router.",
    would_change="an address that is not that of this network",
)
MASKED = Kind(
    name="fake-encryption",
    severity="low",
    meaning="Messages are only masked by exclusive or, which anybody undoes: no encryption.",
    would_change="text that came out by chance, which a longer message excludes",
)
COMMANDS = Kind(
    name="commands-in-clear",
    severity="medium",
    meaning="Messages from the Internet that a device subscribes to come in clear: whoever is on the path reads and can change them.",
    would_change="content that is encrypted by itself",
)

_OF_KIND = {
    "password": CREDENTIAL, "token": CREDENTIAL, "latitude": LOCATION, "longitude": LOCATION,
    "model": VERSION, "firmware": VERSION, "mac": VERSION,
}  # fmt: skip
_WORDS = {
    "device_id": "device id", "mac": "MAC", "ssid": "Wi-Fi name", "email": "e-mail address", "user": "user name",
    "public_address": "public address", "firmware": "firmware version", "imei": "IMEI", "serial": "serial number",
}  # fmt: skip


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    messages = list(_messages(ask))
    leaks = _once(search(messages, _known(ask, scene)))
    for kind, text in sorted({(leak.kind, leak.text) for leak in leaks if leak.kind in SECRET_KINDS}):
        ask("INSERT INTO secret_texts VALUES (?, ?)", kind, text)
    groups: dict[tuple[str, str, bool, str, str], list[Leak]] = {}
    for leak in leaks:
        message = leak.message
        groups.setdefault((message.device, leak.kind, message.sent, message.peer, message.carrier), []).append(leak)
    for _, group in sorted(groups.items()):
        _keep_row(ask, group)
        yield _claim(scene, group, leaks)
    yield from _fake(scene, leaks)
    yield from _commands(scene, messages)


def _known(ask: Ask, scene: Scene) -> Known:
    """What is known before anything is read: MACs, names that identify, and what the lab file tells."""
    known = Known()
    for row in ask("SELECT mac, device FROM device_macs WHERE device IN (FROM subjects) ORDER BY mac"):
        known.learn(row["device"], "mac", row["mac"])
    for row in ask(
        "SELECT device, address FROM addresses JOIN subjects USING (device) WHERE form_of(address, NULL) = 'global'"
    ):
        known.public.add(row["address"])
    for name, texts in scene.secrets.items():
        kind = key_kinds().get(name.replace("_", "").lower(), name)
        known.of_all.update(dict.fromkeys((text for text in texts if len(text) >= 4), kind))
    known.public |= set(scene.public_addresses)
    return known


def _messages(ask: Ask) -> Iterator[Message]:
    """The content of each direction of a flow; what follows without a gap is put together."""
    rows = ask(
        "SELECT t.*, p.scope FROM (SELECT *, sum(octet_length(content)) OVER (PARTITION BY flow, sent, device"
        " ORDER BY time_ns, capture, frame, stream_offset, carrier) AS bytes FROM told) AS t"
        " LEFT JOIN peers AS p ON p.device = t.device AND p.peer = t.peer"
        " WHERE bytes <= ? + octet_length(content)"
        " ORDER BY t.device, t.flow, t.sent, t.carrier, t.subject, t.stream_offset, t.capture, t.frame LIMIT ?",
        MAX_FLOW_BYTES,
        MAX_MESSAGES,
    )
    for _, group in groupby(rows, _stream):
        waiting: list[Row] = []
        end = -1
        for row in group:
            if waiting and not (row["stream_offset"] == end and row["carrier"] in ("tcp", "http") and end > 0):
                yield _message(waiting)
                waiting = []
            waiting.append(row)
            end = row["stream_offset"] + len(row["content"])
        yield _message(waiting)


def _stream(row: Row) -> tuple[Any, ...]:
    """What the pieces of one direction have in common."""
    return row["device"], row["flow"], row["sent"], row["peer"], row["carrier"], row["subject"]


def _message(rows: Sequence[Row]) -> Message:
    first = rows[0]
    begin = first["stream_offset"]
    return Message(
        device=first["device"],
        sent=first["sent"],
        peer=first["peer"] or "unknown",
        scope=first["scope"],
        carrier=first["carrier"],
        subject=first["subject"],
        flow=first["flow"],
        content=b"".join(row["content"] for row in rows),
        times=max(row["times"] for row in rows),
        pieces=tuple((row["stream_offset"] - begin, row["capture"], row["frame"]) for row in rows),
        first_ns=min(row["time_ns"] for row in rows),
        last_ns=max(row["last_ns"] for row in rows),
    )


def _once(leaks: Iterable[Leak]) -> list[Leak]:
    """A value of a message once: by its key rather than by what is known."""
    found: dict[tuple[int, str, str], Leak] = {}
    for leak in leaks:
        found.setdefault((id(leak.message), leak.kind, leak.text.lower()), leak)
    return list(found.values())


def _keep_row(ask: Ask, group: Sequence[Leak]) -> None:
    by_value: dict[tuple[str, str, str | None], list[Leak]] = {}
    for leak in group:
        by_value.setdefault((leak.text, leak.encoding, leak.key), []).append(leak)
    for (text, encoding, key), same in by_value.items():
        first = same[0]
        ask(
            "INSERT INTO exposures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            first.message.device, first.kind, masked(first.kind, text), first.message.sent, first.message.peer,
            first.message.scope, first.message.carrier, encoding, key, first.by,
            sum(leak.message.times for leak in same),
            min(leak.message.first_ns for leak in same), max(leak.message.last_ns for leak in same),
        )  # fmt: skip


def _kind(leak: Leak) -> Kind:
    if leak.kind == "public_address":
        return PUBLIC_ADDRESS
    if leak.message.scope != "internet":
        return ON_LAN
    return _OF_KIND.get(leak.kind, IDENTIFIER)


def _frames(group: Sequence[Leak]) -> tuple[int, list[tuple[int, int]]]:
    """How many frames told it, and the first of them."""
    messages = {id(leak.message): leak.message.times for leak in group}
    return sum(messages.values()), sorted({leak.frame for leak in group})[:MAX_KEPT]


def _claim(scene: Scene, group: Sequence[Leak], leaks: Sequence[Leak]) -> Claim:
    first = group[0]
    message = first.message
    frames, kept = _frames(group)
    shown = sorted({masked(first.kind, leak.text) for leak in group})
    parties = {leak.message.peer for leak in leaks if leak.text == first.text and leak.message.scope == "internet"}
    encodings = sorted({leak.encoding for leak in group})
    word = _WORDS.get(first.kind, first.kind)
    named = ", ".join(shown[:MAX_NAMED]) + (f" and {len(shown) - MAX_NAMED} others" if len(shown) > MAX_NAMED else "")
    verb = "tells" if message.sent else "is told by"
    told = f"{verb} {message.peer} its {word}" if message.sent else f"{verb} {message.peer} the {word}"
    carrier = f"{message.carrier.upper()}" + (
        " of no protocol that is known here" if message.carrier in ("tcp", "udp") else ""
    )
    more = f"; {len(parties)} Internet hosts get this value" if len(parties) > 1 else ""
    return Claim(
        kind=_kind(first).name,
        device=message.device,
        peer=message.peer,
        subject=f"{first.kind} {message.carrier} {'sent' if message.sent else 'received'}",
        sentence=f"{scene.name(message.device)} {told} in clear, by {carrier} as {', '.join(encodings)}: {named}"
        f" ({frames} messages{more}).",
        numbers={
            "value_kind": first.kind,
            "carrier": message.carrier,
            "encoding": ", ".join(encodings),
            "known_by": first.by,
            "messages": frames,
            "values": len(shown),
            "parties": len(parties),
        },
        frames=frames,
        kept=kept,
        filter=_conversation(scene, message),
        filter_note="also other frames of the same conversations",
    )


def _conversation(scene: Scene, message: Message) -> str:
    """The frames that went this way in that protocol."""
    way = "dst" if message.sent else "src"
    own = scene.sent_by(message.device) if message.sent else scene.sent_to(message.device)
    layer = {"http": "tcp", "mqtt": "tcp", "mdns": "udp"}.get(message.carrier, message.carrier)
    return filters.both(own or scene.of(message.device), filters.address(way, message.peer), layer, filters.NOT_QUOTED)


def _fake(scene: Scene, leaks: Sequence[Leak]) -> Iterator[Claim]:
    groups: dict[tuple[str, str, str], list[Leak]] = {}
    for leak in leaks:
        if leak.kind != "public_address" and any(part.startswith("xor") for part in leak.encoding.split("+")):
            groups.setdefault((leak.message.device, leak.message.peer, leak.message.carrier), []).append(leak)
    for (device, peer, carrier), group in sorted(groups.items()):
        frames, kept = _frames(group)
        how = "the byte before" if any("autokey" in leak.encoding for leak in group) else "one byte"
        yield Claim(
            kind=MASKED.name,
            device=device,
            peer=peer,
            subject=carrier,
            sentence=f"{scene.name(device)} and {peer} mask what they say by exclusive or with {how} ({carrier.upper()}):"
            f" {frames} messages were read.",
            numbers={"messages": frames},
            frames=frames,
            kept=kept,
            filter=_conversation(scene, group[0].message),
            filter_note="also other frames of the same conversations",
        )


def _commands(scene: Scene, messages: Sequence[Message]) -> Iterator[Claim]:
    groups: dict[tuple[str, str], list[Message]] = {}
    for message in messages:
        if message.carrier == "mqtt" and not message.sent and message.scope == "internet":
            groups.setdefault((message.device, message.peer), []).append(message)
    for (device, peer), group in sorted(groups.items()):
        kept = sorted({(capture, frame) for message in group for _, capture, frame in message.pieces})[:MAX_KEPT]
        frames = sum(message.times for message in group)
        yield Claim(
            kind=COMMANDS.name,
            device=device,
            peer=peer,
            subject="mqtt",
            sentence=f"{scene.name(device)} gets {frames} messages from {peer} by MQTT in clear.",
            numbers={"messages": frames},
            frames=frames,
            kept=kept,
            filter=_conversation(scene, group[0]),
            filter_note="also other frames of the same conversations",
        )


def _hidden(scene: Scene, _device: str) -> str | None:
    if "snaplen" in scene.unseen:
        return "Could not be seen: " + scene.unseen["snaplen"]
    return None


BEHAVIOUR = Behaviour(
    name="exposure",
    question="What does each device give away in clear?",
    method=(
        "Everything that can be read of a device's messages (HTTP heads and bodies, MQTT, TXT records, protocols that nobody "
        "knows) is searched as it came and behind base64, hex, URL, XML and JSON escapes, gzip, and exclusive or with one byte or the byte before. "
        "Values are found by the key that names them (exposure/keys.tsv) and by their format, each held against what such a "
        "value looks like; what is found once, the device's MAC, and the lab file's secrets are then searched in all its other "
        "messages, in every spelling, as bytes and as MD5, SHA-1 and SHA-256. The public address is told by STUN or the lab file, "
        "and searched as text, bytes, and masked with a constant of the message itself."
    ),
    limits=(
        f"Of each direction of a flow {MAX_FLOW_BYTES // 1024} KiB are searched. A value without a key that nothing else tells is not found. "
        "Encrypted content cannot be read, and what is sent inside TLS is unknown."
    ),
    tables=("exposures",),
    kinds=(CREDENTIAL, IDENTIFIER, LOCATION, VERSION, ON_LAN, PUBLIC_ADDRESS, MASKED, COMMANDS),
    judge=_judge,
    hidden=_hidden,
)

"""Messages in, leaks out: values by meaning first, then everything that is known of the device, in every encoding."""

import hashlib
import ipaddress
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from idletalk.exposure.decode import View, is_text, views
from idletalk.exposure.meaning import values

MIN_KNOWN_CHARS = 5
"""Shorter values occur by chance in what else is said."""
SEARCHED = frozenset(
    {
        *("serial", "mac", "device_id", "imei", "ssid", "email", "token", "password"),
        *("latitude", "longitude", "model", "firmware"),
    }
)
"""Kinds of which a value, once known, is searched in the device's other messages."""
WHOLE = frozenset({"model", "firmware"})
"""Of these only a whole word counts: 1.2.3 is not told by 11.2.34."""
_STUN_COOKIE = 0x2112A442
"""RFC 8489 section 5."""
_ADDRESS = re.compile(rb"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?(?![\d.])")
_STUN_MAPPED = {0x0001: False, 0x0020: True, 0x8020: True}
"""STUN attributes with the mapped address, and whether it is masked (RFC 8489 14.1, 14.2; 0x8020 of early drafts)."""
MAX_MASKED_BYTES = 128
"""Longest message in which an address that is masked with a constant of the message itself is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Content that went one way in a conversation, with the frame of each of its pieces."""

    device: str
    sent: bool
    peer: str
    scope: str | None
    carrier: str
    subject: str | None
    flow: str
    content: bytes
    times: int
    pieces: Sequence[tuple[int, int, int]]
    """(place of the first byte, capture, frame), in order"""
    first_ns: int
    last_ns: int

    def frame_at(self, place: int) -> tuple[int, int]:
        """The frame that holds a byte."""
        found = self.pieces[0]
        for piece in self.pieces:
            if piece[0] > place:
                break
            found = piece
        return found[1], found[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A value in a message."""

    message: Message
    kind: str
    text: str
    key: str | None
    encoding: str
    by: str
    """meaning (key or format) or known (told elsewhere, by the link, or by the lab file)"""
    frame: tuple[int, int]


@dataclass(slots=True)
class Known:
    """Values of each device that are searched: kind and text by device; those of the lab file belong to all."""

    by_device: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    of_all: dict[str, str] = field(default_factory=dict[str, str])
    public: set[str] = field(default_factory=set[str])
    """the public addresses of this network"""

    def learn(self, device: str, kind: str, text: str) -> None:
        """Keeps a value of a device to be searched."""
        if len(text) >= MIN_KNOWN_CHARS:
            self.by_device.setdefault(device, {}).setdefault(text, kind)

    def of(self, device: str) -> dict[str, str]:
        """Kind by text of what is searched in a device's messages."""
        return {**self.of_all, **self.by_device.get(device, {})}


def search(messages: Sequence[Message], known: Known) -> list[Leak]:
    """Leaks in all messages; what one message tells by its key is searched in the others, in every encoding."""
    leaks: list[Leak] = []
    for message in messages:
        for leak in _by_meaning(message):
            leaks.append(leak)
            if leak.kind in SEARCHED:
                known.learn(message.device, leak.kind, leak.text)
        for address, leak in _told_back(message):
            leaks.append(leak)
            known.public.add(address)
    automata = {device: _Patterns(known.of(device)) for device in {message.device for message in messages}}
    for message in messages:
        leaks.extend(automata[message.device].leaks(message))
        if not message.sent and len(message.content) <= MAX_MASKED_BYTES:
            leaks.extend(_masked(message, known.public))
    return leaks


def _outermost(view: View, fallback: str) -> str:
    return "+".join(view.encodings) if view.encodings else fallback


def _form(content: bytes) -> str:
    """What kind of text it is."""
    head = content.lstrip()[:1]
    if head in (b"{", b"["):
        return "json"
    if head == b"<":
        return "xml"
    return "text" if is_text(content) else "binary"


def _by_meaning(message: Message) -> Iterator[Leak]:
    seen: set[tuple[str, str]] = set()
    for view in views(message.content):
        if not is_text(view.content) and view.encodings:
            continue
        for value in values(view.content):
            if (value.kind, value.text) not in seen:
                seen.add((value.kind, value.text))
                place = value.start if not view.encodings else 0
                yield Leak(
                    message=message,
                    kind=value.kind,
                    text=value.text,
                    key=value.key,
                    encoding=_outermost(view, _form(view.content)),
                    by="meaning",
                    frame=message.frame_at(place),
                )


def _told_back(message: Message) -> Iterator[tuple[str, Leak]]:
    """The device's public address as a STUN server tells it (RFC 8489)."""
    content = message.content
    if message.sent or len(content) < 20 or content[:2] not in (b"\x01\x01", b"\x01\x11"):
        return
    length, cookie = struct.unpack_from("!HI", content, 2)
    place = 20
    while cookie == _STUN_COOKIE and place + 4 <= min(len(content), 20 + length):
        kind, size = struct.unpack_from("!HH", content, place)
        if kind in _STUN_MAPPED and size == 8 and place + 12 <= len(content):
            port, number = struct.unpack_from("!HI", content, place + 6)
            if _STUN_MAPPED[kind]:
                port, number = port ^ (_STUN_COOKIE >> 16), number ^ _STUN_COOKIE
            address = str(ipaddress.ip_address(number))
            encoding = "stun-xor" if _STUN_MAPPED[kind] else "stun"
            yield address, _public(message, f"{address}:{port}", encoding, place)
        place += 4 + size + (-size % 4)


def _public(message: Message, text: str, encoding: str, place: int) -> Leak:
    return Leak(
        message=message,
        kind="public_address",
        text=text,
        key=None,
        encoding=encoding,
        by="known",
        frame=message.frame_at(place),
    )


def _masked(message: Message, public: Iterable[str]) -> Iterator[Leak]:
    """The public address in what the device gets: as text, as bytes, or masked with a constant of the message."""
    content = message.content
    for text in public:
        address = ipaddress.ip_address(text)
        if address.version != 4:
            continue
        for match in _ADDRESS.finditer(content):
            if match[1].decode() == text:
                port = f":{match[2].decode()}" if match[2] else ""
                yield _public(message, text + port, "text", match.start())
        raw = address.packed
        place = content.find(raw)
        if place >= 0:
            port = f":{int.from_bytes(content[place + 4 : place + 6], 'big')}" if len(content) >= place + 6 else ""
            yield _public(message, text + port, "binary", place)
            continue
        if content[:2] in (b"\x01\x01", b"\x01\x11"):
            continue
        yield from _behind_constant(message, text, int.from_bytes(raw, "big"))


def _behind_constant(message: Message, text: str, number: int) -> Iterator[Leak]:
    """The address with an exclusive or of four bytes that stand before it in the same message, such as a magic number."""
    content = message.content
    before: set[int] = set()
    words = [int.from_bytes(content[place : place + 4], "big") for place in range(len(content) - 3)]
    for place, word in enumerate(words[:-2]):
        if place >= 4:
            before.add(words[place - 4])
        mask = word ^ number
        if mask in before and mask not in (0, 0xFFFFFFFF):
            port = int.from_bytes(content[place + 4 : place + 6], "big") ^ (mask >> 16)
            yield _public(message, f"{text}:{port}", "xor", place)
            return


class _Patterns:
    """The known values of one device in all spellings, searched in one pass."""

    def __init__(self, known: Mapping[str, str]) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        self._spellings: list[tuple[bytes, str, str, str]] = []
        for text, kind in sorted(known.items()):
            self._spellings.extend((raw, kind, text, how) for raw, how in _spellings(kind, text))
        self._automaton = BytesAhoCorasick([raw for raw, *_ in self._spellings]) if self._spellings else None

    def leaks(self, message: Message) -> Iterator[Leak]:
        """Every known value in a message, once."""
        if self._automaton is None:
            return
        seen: set[tuple[str, str]] = set()
        for view in views(message.content):
            for index, start, end in self._automaton.find_matches_as_indexes(view.content, overlapping=True):
                _raw, kind, text, how = self._spellings[index]
                if kind in WHOLE and not _stands_alone(view.content, start, end):
                    continue
                if (kind, text) not in seen:
                    seen.add((kind, text))
                    form = how if how != "text" else _form(view.content)
                    yield Leak(
                        message=message,
                        kind=kind,
                        text=text,
                        key=None,
                        encoding=_outermost(view, form),
                        by="known",
                        frame=message.frame_at(0 if view.encodings else start),
                    )


def _stands_alone(content: bytes, start: int, end: int) -> bool:
    """Whether what stands before and behind does not go on with the word or the number."""
    around = content[max(0, start - 1) : start] + content[end : end + 1]
    return not any((chr(byte).isalnum() and byte < 128) or byte in b"._-" for byte in around)


def _spellings(kind: str, text: str) -> Iterator[tuple[bytes, str]]:
    """A value as devices write it: case, separators, bytes, reversed bytes, digests."""
    plain = {text, text.lower(), text.upper()}
    if kind == "mac":
        digits = re.sub(r"[^0-9a-f]", "", text.lower())
        raw = bytes.fromhex(digits)
        for sign in (":", "-", "", "."):
            step = 4 if sign == "." else 2
            spelt = sign.join(digits[place : place + step] for place in range(0, 12, step))
            plain |= {spelt, spelt.upper()}
        yield raw, "binary"
        yield raw[::-1], "binary reversed"
    for spelling in sorted(plain):
        yield spelling.encode("utf-8", "replace"), "text"
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
        yield digest.encode(), name
        yield digest.upper().encode(), name

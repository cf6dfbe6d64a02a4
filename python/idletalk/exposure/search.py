"""Messages in, leaks out: values by meaning first, then everything that is known of the device, in every encoding."""

import hashlib
import ipaddress
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

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
_STUN_RESPONSES = (b"\x01\x01", b"\x01\x11")
_ADDRESS = re.compile(rb"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?(?![\d.])")
_STUN_MAPPED = {0x0001: False, 0x0020: True, 0x8020: True}
"""STUN attributes with the mapped address, and whether it is masked (RFC 8489 14.1, 14.2; 0x8020 of early drafts)."""
MAX_KEPT_BYTES = 32 << 20
"""Bytes of decoded views that are kept for the second search; others are decoded again."""
MAX_MASKED_BYTES = 128
"""Longest message in which an address that is masked with a constant of the message itself is looked for."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that somebody said, and whether a device got them (rather than sent them)."""

    id: int
    content: bytes
    received: bool


class Decoded:
    """Contents and their views; each content is decoded once, as long as the views are not too many to keep."""

    def __init__(self, contents: Iterable[Content]) -> None:
        """`contents` are kept as they are."""
        self.contents = tuple(contents)
        self._kept: dict[int, tuple[View, ...]] = {}
        self._room = MAX_KEPT_BYTES

    def views(self, content: Content) -> Iterable[View]:
        """The views of one of the contents."""
        found = self._kept.get(content.id)
        if found is None:
            found = tuple(views(content.content))
            self._room -= sum(len(view.content) for view in found[1:])
            if self._room >= 0:
                self._kept[content.id] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A value in a content."""

    content: int
    kind: str
    text: str
    key: str | None
    encoding: str
    known_by: str
    """meaning (key or format) or known (told elsewhere, by the link, or by the lab file)"""
    raw: bytes | None
    """how it stands in the content, where the same bytes can be searched in others"""


def by_meaning(decoded: Decoded) -> Iterator[Leak]:
    """Values that contents tell by key or format, and public addresses that STUN tells back."""
    for content in decoded.contents:
        yield from _meant(content, decoded.views(content))
        yield from _told_back(content)


def by_value(decoded: Decoded, known: Mapping[str, str], public: Iterable[str]) -> Iterator[Leak]:
    """Known values (kind by text) in every spelling and encoding, and public addresses in what devices get."""
    patterns = Patterns(known)
    numbers = [(text, ipaddress.ip_address(text)) for text in sorted(public)]
    addresses = [(text, address.packed) for text, address in numbers if address.version == 4]
    for content in decoded.contents:
        yield from patterns.leaks(content, decoded.views(content))
        if content.received and len(content.content) <= MAX_MASKED_BYTES:
            for text, packed in addresses:
                yield from _address(content, text, packed)


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


def _meant(content: Content, those: Iterable[View]) -> Iterator[Leak]:
    seen: set[tuple[str, str]] = set()
    for view in those:
        if view.encodings and not is_text(view.content):
            continue
        for value in values(view.content):
            if (value.kind, value.text) not in seen:
                seen.add((value.kind, value.text))
                yield Leak(
                    content=content.id,
                    kind=value.kind,
                    text=value.text,
                    key=value.key,
                    encoding=_outermost(view, _form(view.content)),
                    known_by="meaning",
                    raw=_raw(content.content, view, value.text.encode()),
                )


def _raw(content: bytes, view: View, text: bytes) -> bytes | None:
    """The bytes of the content that say it: as they are, or masked with the one byte that the view took off."""
    if not view.encodings:
        return text
    if view.encodings == ("xor",):
        place = view.content.find(text)
        return content[place : place + len(text)] if place >= 0 else None
    return None


def _told_back(content: Content) -> Iterator[Leak]:
    """The device's public address as a STUN server tells it (RFC 8489)."""
    raw = content.content
    if not content.received or len(raw) < 20 or raw[:2] not in _STUN_RESPONSES:
        return
    length, cookie = struct.unpack_from("!HI", raw, 2)
    place = 20
    while cookie == _STUN_COOKIE and place + 4 <= min(len(raw), 20 + length):
        kind, size = struct.unpack_from("!HH", raw, place)
        if kind in _STUN_MAPPED and size == 8 and place + 12 <= len(raw):
            port, number = struct.unpack_from("!HI", raw, place + 6)
            if _STUN_MAPPED[kind]:
                port, number = port ^ (_STUN_COOKIE >> 16), number ^ _STUN_COOKIE
            encoding = "stun-xor" if _STUN_MAPPED[kind] else "stun"
            yield _public(content, f"{ipaddress.ip_address(number)}:{port}", encoding, raw[place + 8 : place + 12])
        place += 4 + size + (-size % 4)


def _public(content: Content, text: str, encoding: str, raw: bytes | None) -> Leak:
    return Leak(
        content=content.id, kind="public_address", text=text, key=None, encoding=encoding, known_by="known", raw=raw
    )


def _address(content: Content, text: str, packed: bytes) -> Iterator[Leak]:
    """The public address in what a device gets: as text, as bytes, or masked with a constant of the message."""
    raw = content.content
    if text.encode() in raw:
        for match in _ADDRESS.finditer(raw):
            if match[1].decode() == text:
                port = f":{match[2].decode()}" if match[2] else ""
                yield _public(content, text + port, "text", text.encode())
    place = raw.find(packed)
    if place >= 0:
        port = f":{int.from_bytes(raw[place + 4 : place + 6], 'big')}" if len(raw) >= place + 6 else ""
        yield _public(content, text + port, "binary", packed)
    elif raw[:2] not in _STUN_RESPONSES:
        yield from _behind_constant(content, text, int.from_bytes(packed, "big"))


def _behind_constant(content: Content, text: str, number: int) -> Iterator[Leak]:
    """The address with an exclusive or of four bytes that stand before it in the same message, such as a magic number."""
    raw = content.content
    before: set[int] = set()
    words = [int.from_bytes(raw[place : place + 4], "big") for place in range(len(raw) - 3)]
    for place, word in enumerate(words[:-2]):
        if place >= 4:
            before.add(words[place - 4])
        mask = word ^ number
        if mask in before and mask not in (0, 0xFFFFFFFF):
            port = int.from_bytes(raw[place + 4 : place + 6], "big") ^ (mask >> 16)
            yield _public(content, f"{text}:{port}", "xor", raw[place : place + 4])
            return


class Patterns:
    """Known values in all spellings, searched in one pass."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """`known` is the kind by text."""
        from ahocorasick_rs import BytesAhoCorasick

        self._spellings: list[tuple[bytes, str, str, str]] = []
        for text, kind in sorted(known.items()):
            self._spellings.extend((raw, kind, text, how) for raw, how in _spellings(kind, text))
        self._automaton = BytesAhoCorasick([raw for raw, *_ in self._spellings]) if self._spellings else None

    def leaks(self, content: Content, those: Iterable[View]) -> Iterator[Leak]:
        """Every known value in a content, once."""
        if self._automaton is None:
            return
        seen: set[tuple[str, str]] = set()
        for view in those:
            for index, start, end in self._automaton.find_matches_as_indexes(view.content, overlapping=True):
                raw, kind, text, how = self._spellings[index]
                if (kind in WHOLE and not _stands_alone(view.content, start, end)) or (kind, text) in seen:
                    continue
                seen.add((kind, text))
                yield Leak(
                    content=content.id,
                    kind=kind,
                    text=text,
                    key=None,
                    encoding=_outermost(view, how if how != "text" else _form(view.content)),
                    known_by="known",
                    raw=_raw(content.content, view, raw),
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

"""A content as it came, and what it is when one of the encodings that devices use is taken off.

Each view names the encodings taken off. Work is bounded: depth, size of what is decompressed, keys that are tried.
"""

import base64
import binascii
import html
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote_to_bytes

MAX_DEPTH = 2
"""Encodings on top of one another: base64 of JSON in a form is two."""
MAX_INFLATED_BYTES = 256 << 10
"""Bytes taken out of one compressed content."""
MAX_RUNS = 32
"""Stretches of base64 or hex decoded in one content."""
MIN_PRINTABLE = 0.85
"""Share of printable bytes from which on a content is text: English JSON has 1.0, random bytes have 0.38."""
MIN_TEXT_BYTES = 6

_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-]{16,}={0,2}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,}")
_ESCAPE = re.compile(rb"\\u00([0-9A-Fa-f]{2})")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_AUTOKEY_START = 171
"""Start key of the autokey cipher in TP-Link's Smart Home protocol (softScheck, 2016)."""
_FREQUENT = (0x20, 0x22, 0x30, 0x65)
"""Bytes that are frequent in records of text: space, quote, 0, e."""
HEAD_BYTES = 512
"""First bytes of a content by whose frequencies a key is guessed."""
MAX_SKIPPED_BYTES = 16
"""Length of the head in clear that may stand before masked text."""
MAX_TEXT_ALPHABET = 16
"""The most frequent byte of text makes at least one in so many; of random bytes one in 60 (512 bytes)."""
_JSON_MARKS = (b'":"', b'": "')
"""What stands between a key and a text in JSON, tight and as most libraries write it."""


@dataclass(frozen=True, slots=True)
class View:
    """Bytes and the encodings that were taken off to get them."""

    content: bytes
    encodings: tuple[str, ...]


def printable_share(content: bytes) -> float:
    """Share of printable ASCII among the bytes."""
    return 1 - len(content.translate(None, _PRINTABLE)) / len(content) if content else 0.0


def is_text(content: bytes) -> bool:
    """Whether a content is text that can be read."""
    return len(content) >= MIN_TEXT_BYTES and printable_share(content) >= MIN_PRINTABLE


def views(content: bytes, depth: int = 0) -> Iterator[View]:
    """The content and what it holds in encoded form; the content itself comes first."""
    yield View(content, ())
    if depth >= MAX_DEPTH:
        return
    for name, inner in _inner(content):
        for view in views(inner, depth + 1):
            yield View(view.content, (name, *view.encodings))


def _inner(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content[:2] == b"\x1f\x8b" or content[:2] in (b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        inflated = _inflate(content)
        if inflated:
            yield "gzip" if content[0] == 0x1F else "zlib", inflated
        return
    if is_text(content):
        yield from _text_inside(content)
        key = _crib_key(content)  # a low key leaves text printable
        if key is not None:
            yield "xor", xor(content, key)
    else:
        yield from _runs(content)
        yield from _unmasked(content)


def _inflate(content: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=47).decompress(content, MAX_INFLATED_BYTES)
    except zlib.error:
        return b""


def _text_inside(content: bytes) -> Iterator[tuple[str, bytes]]:
    if b"%" in content:
        plain = unquote_to_bytes(content.replace(b"+", b" "))
        if plain != content:
            yield "url", plain
    if b"&" in content and b";" in content:
        plain = html.unescape(content.decode("utf-8", "replace")).encode()
        if plain != content:
            yield "xml", plain
    if b"\\" in content:
        plain = (
            _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), content).replace(b'\\"', b'"').replace(b"\\/", b"/")
        )
        if plain != content:
            yield "json", plain
    yield from _runs(content)


def _runs(content: bytes) -> Iterator[tuple[str, bytes]]:
    for name, pattern, decode in (("hex", _HEX, binascii.unhexlify), ("base64", _BASE64, _base64)):
        for count, match in enumerate(pattern.finditer(content)):
            if count >= MAX_RUNS:
                break
            try:
                plain = decode(match[0])
            except (binascii.Error, ValueError):
                continue
            if len(plain) >= MIN_TEXT_BYTES and (is_text(plain) or name == "hex"):
                yield name, plain


def _base64(run: bytes) -> bytes:
    core = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    return base64.b64decode(core[: len(core) - (len(core) % 4 == 1)] + b"=" * (-len(core) % 4))


def _unmasked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Text behind an exclusive or: with one byte, or with the byte before (autokey)."""
    for skip in (0, 4):  # over TCP a length of four bytes comes first
        plain = autokey(content[skip:])
        if is_text(plain):
            yield "xor-autokey", plain
            return
    key = _crib_key(content)
    if key is None and _may_be_frequent(content):
        heads = (content[skip : skip + HEAD_BYTES] for skip in range(0, MAX_SKIPPED_BYTES + 1, 4))
        key = next((key for head in heads if (key := _frequent_key(head)) is not None), None)
    if key is not None:
        yield "xor", xor(content, key)


def _crib_key(content: bytes) -> int | None:
    """The key under which ``":"`` of JSON stands in the content, whatever the key: neighbours keep their difference."""
    steps = differences(content)
    for mark in _JSON_MARKS:
        crib = differences(mark)
        place = steps.find(crib)
        while place >= 0:
            key = content[place] ^ mark[0]
            plain = xor(content, key) if key else b""
            if plain.count(mark) > 1 and is_text(plain[plain.find(b"{") :]):
                return key
            place = steps.find(crib, place + 1) if key == 0 else -1
    return None


def _may_be_frequent(content: bytes) -> bool:
    """Whether one byte is frequent enough for text, wherever the text begins; most of what is encrypted ends here."""
    count = max(Counter(content[: HEAD_BYTES + MAX_SKIPPED_BYTES]).values(), default=0)
    return count * MAX_TEXT_ALPHABET >= min(HEAD_BYTES, len(content) - MAX_SKIPPED_BYTES)


def _frequent_key(head: bytes) -> int | None:
    """The key that makes the most frequent byte one that is frequent in text, and the whole text."""
    if len(head) < 2 * MIN_TEXT_BYTES:
        return None
    counts = Counter(head)
    frequent = max(counts, key=counts.__getitem__)
    if counts[frequent] * MAX_TEXT_ALPHABET < len(head):
        return None
    for guess in _FREQUENT:
        key = frequent ^ guess
        if key and is_text(xor(head, key)):
            return key
    return None


@cache
def _table(key: int) -> bytes:
    return bytes(byte ^ key for byte in range(256))


def xor(content: bytes, key: int) -> bytes:
    """Every byte with the same key."""
    return content.translate(_table(key))


def differences(content: bytes) -> bytes:
    """Each byte with the next one: the same whatever single byte a content is masked with."""
    if len(content) < 2:
        return b""
    return (int.from_bytes(content[:-1], "big") ^ int.from_bytes(content[1:], "big")).to_bytes(len(content) - 1, "big")


def autokey(content: bytes) -> bytes:
    """Every byte with the cipher byte before it."""
    if not content:
        return b""
    shifted = bytes([_AUTOKEY_START]) + content[:-1]
    return (int.from_bytes(content, "big") ^ int.from_bytes(shifted, "big")).to_bytes(len(content), "big")

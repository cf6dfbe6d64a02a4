"""How a value can be written, for `tests.planted`."""

import base64
import binascii
import gzip
import hashlib
import json
import random
import zlib
from collections.abc import Callable
from urllib.parse import quote

Encode = Callable[[str, random.Random], bytes]

KEYS = {"mac": "mac", "serial": "sn", "device_id": "deviceId", "email": "email", "token": "token", "ssid": "ssid"}
AUTOKEY_START = 171


def quoted(text: str) -> str:
    """As a form has it."""
    return quote(text, safe="")


def _digits(text: str) -> bytes:
    return bytes.fromhex("".join(sign for sign in text if sign not in ":-"))


def _base64(text: str, draw: random.Random) -> bytes:
    lead = draw.randbytes(draw.randrange(3, 12))
    coded = draw.choice([base64.b64encode, base64.urlsafe_b64encode])(lead + text.encode() + draw.randbytes(5))
    return b"v" * draw.randrange(4) + coded


def _record(text: str, draw: random.Random) -> bytes:
    return json.dumps({"data": text, "n": draw.randrange(1000), "more": "of the same"}).encode()


def _between(text: bytes, draw: random.Random) -> bytes:
    return draw.randbytes(8) + b"\x01\xfe" + text + b"\x80\x81" + draw.randbytes(8)


def _xor(plain: bytes, draw: random.Random) -> bytes:
    key = draw.randrange(1, 256)
    return bytes(byte ^ key for byte in plain)


def _autokey(plain: bytes) -> bytes:
    key, masked = AUTOKEY_START, bytearray()
    for byte in plain:
        key ^= byte
        masked.append(key)
    return bytes(masked)


def _digest(name: str) -> Encode:
    def encode(text: str, draw: random.Random) -> bytes:
        digest = hashlib.new(name, text.encode()).digest()
        return draw.choice([digest.hex().encode(), digest.hex().upper().encode(), base64.b64encode(digest)])

    return encode


ENCODINGS: dict[str, Encode] = {
    "plain": lambda text, _: text.encode(),
    "small letters": lambda text, _: text.lower().encode(),
    "capitals": lambda text, _: text.upper().encode(),
    "other separators": lambda text, draw: text.replace(":", draw.choice(["", "-"])).replace("-", "").encode(),
    "hex": lambda text, draw: draw.choice("0f").encode() + binascii.hexlify(text.encode()),
    "hex with separators": lambda text, draw: binascii.hexlify(text.encode(), draw.choice(": ")),
    "base64": _base64,
    "base64 of JSON": lambda text, draw: base64.b64encode(_record(text, draw)),
    "URL escapes": lambda text, _: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "JSON escapes": lambda text, _: ('{"data":"' + "".join(f"\\u{ord(sign):04x}" for sign in text) + '"}').encode(),
    "XML escapes": lambda text, _: ("<data>" + "".join(f"&#x{ord(sign):x};" for sign in text) + "</data>").encode(),
    "gzip": lambda text, draw: draw.randbytes(draw.choice([0, 4])) + gzip.compress(_record(text, draw)),
    "zlib": lambda text, draw: zlib.compress(_record(text, draw)),
    "base64 of gzip": lambda text, draw: base64.b64encode(gzip.compress(_record(text, draw))),
    "XOR of JSON": lambda text, draw: _xor(_record(text, draw), draw),
    "XOR between bytes": lambda text, draw: _xor(_between(text.encode(), draw), draw),
    "XOR autokey of JSON": lambda text, draw: _autokey(_record(text, draw)),
    "XOR autokey between bytes": lambda text, draw: _autokey(_between(text.encode(), draw)),
    "reversed": lambda text, _: text[::-1].encode(),
    "bytes": lambda text, draw: _between(_digits(text), draw),
    "bytes reversed": lambda text, draw: _between(_digits(text)[::-1], draw),
    "EUI-64": lambda text, _: (text[:8] + ":ff:fe:" + text[9:]).encode(),
    "md5": _digest("md5"),
    "sha1": _digest("sha1"),
    "sha256": _digest("sha256"),
}
_BYTES = (
    "gzip",
    "zlib",
    "XOR of JSON",
    "XOR between bytes",
    "XOR autokey of JSON",
    "XOR autokey between bytes",
    "bytes",
    "bytes reversed",
)
_NOT_IN_HEADERS = ("JSON escapes", "XML escapes", "hex with separators")
_LABELS = ("plain", "other separators", "small letters", "hex")


def fitting(kind: str, takes: str) -> list[str]:
    """Encodings in which a value of this kind can stand where `takes` fits: bytes, text, word (of a header), label (of a name), or host.

    A host name that is the digits of a value would be a value of its own.
    """
    found = [name for name in ENCODINGS if takes == "bytes" or name not in _BYTES]
    if takes in ("word", "label", "host"):
        found = [name for name in found if name not in _NOT_IN_HEADERS]
    if takes in ("label", "host"):
        found = [
            name
            for name in _LABELS
            if name == "hex" or kind in ("serial", "device_id") or (kind == "mac" and name == "other separators")
        ]
    if takes == "host":
        found = [name for name in found if name != "hex"]
    if kind not in ("mac", "device_id"):
        found = [name for name in found if not name.startswith("bytes")]
    if kind != "mac":
        found = [name for name in found if name != "EUI-64"]
    if kind in ("email", "ssid", "token"):
        found = [name for name in found if name != "other separators"]
    if kind == "ssid" and takes == "word":
        found = [name for name in found if name not in ("plain", "small letters", "capitals", "reversed")]
    return found


def noise(draw: random.Random) -> bytes:
    """What is no value: random bytes, a time, a digest, noise in base64, a counter."""
    return draw.choice(
        [
            draw.randbytes(48),
            json.dumps({"time": 1_700_000_000 + draw.randrange(10**6), "hash": draw.randbytes(16).hex()}).encode(),
            base64.b64encode(draw.randbytes(60)),
            b'{"seq": %d, "temp": 21.5, "state": "on"}' % draw.randrange(10**6),
        ]
    )

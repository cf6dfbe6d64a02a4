"""What a certificate says, read without the strictness that real vendors' roots fail (RFC 5280, X.690)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from idletalk.firmware.der import DerError, Element, element, oid
from idletalk.firmware.shape import check_certificate

T = TypeVar("T")

NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "emailAddress",
    "0.9.2342.19200300.100.1.25": "DC",
}
ALGORITHMS = {
    "1.2.840.113549.1.1.2": "md2WithRSA",
    "1.2.840.113549.1.1.4": "md5WithRSA",
    "1.2.840.113549.1.1.5": "sha1WithRSA",
    "1.2.840.113549.1.1.10": "rsaPSS",
    "1.2.840.113549.1.1.11": "sha256WithRSA",
    "1.2.840.113549.1.1.12": "sha384WithRSA",
    "1.2.840.113549.1.1.13": "sha512WithRSA",
    "1.2.840.10045.4.1": "ecdsaWithSHA1",
    "1.2.840.10045.4.3.2": "ecdsaWithSHA256",
    "1.2.840.10045.4.3.3": "ecdsaWithSHA384",
    "1.2.840.10045.4.3.4": "ecdsaWithSHA512",
    "1.3.101.112": "ed25519",
}
"""Signature algorithms (RFC 8017, RFC 5758, RFC 8410)."""
CURVES = {
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.1": ("sect163k1", 163),
    "1.3.132.0.16": ("sect283k1", 283),
}
RSA = "1.2.840.113549.1.1.1"
EC = "1.2.840.10045.2.1"
BASIC_CONSTRAINTS = "2.5.29.19"
ALTERNATIVE_NAMES = "2.5.29.17"
SUBJECT_KEY_ID = "2.5.29.14"
AUTHORITY_KEY_ID = "2.5.29.35"


@dataclass(frozen=True, slots=True)
class Lenient:
    """The fields of a certificate."""

    serial: int
    algorithm: str
    issuer: str
    subject: str
    issuer_der: bytes
    subject_der: bytes
    not_before: datetime
    not_after: datetime
    key: str
    key_bits: int | None
    public_key: bytes
    authority: bool | None
    names: tuple[str, ...]
    own_id: bytes | None
    issuer_id: bytes | None
    signed: bytes
    signature: bytes


def lenient_certificate(der: bytes) -> Lenient:
    """The fields of a certificate. Raises DerError or ValueError where they are not there."""
    whole = element(der)
    if whole.tag != 0x30 or len(whole.whole) != len(der):
        raise DerError("not one sequence")
    check_certificate(whole)
    body, algorithm, signature = whole.children()[:3]
    fields = body.children()
    if fields[0].tag == 0xA0:
        fields = fields[1:]
    serial, _, issuer, validity, subject, public = fields[:6]
    start, end = (_moment(found) for found in validity.children()[:2])
    kind, bits = _key(public)
    extensions = next((found for found in fields[6:] if found.tag == 0xA3), None)
    said = dict(_extensions(extensions)) if extensions else {}
    return Lenient(
        serial=int.from_bytes(serial.content, signed=True),
        algorithm=_algorithm(algorithm),
        issuer=name(issuer),
        subject=name(subject),
        issuer_der=issuer.whole,
        subject_der=subject.whole,
        not_before=start,
        not_after=end,
        key=kind,
        key_bits=bits,
        public_key=public.whole,
        authority=_of(said, BASIC_CONSTRAINTS, _authority),
        names=_of(said, ALTERNATIVE_NAMES, _names) or (),
        own_id=_of(said, SUBJECT_KEY_ID, lambda value: element(value).content),
        issuer_id=_of(said, AUTHORITY_KEY_ID, _issuer_id),
        signed=body.whole,
        signature=signature.content[1:],
    )


def _algorithm(sequence: Element) -> str:
    number = oid(sequence.children()[0].content)
    return ALGORITHMS.get(number, number)


def _moment(found: Element) -> datetime:
    """UTCTime has two digits of the year: 50 to 99 are of the last century (RFC 5280, 4.1.2.5.1)."""
    text = found.content.decode("ascii")
    match = re.fullmatch(r"(\d{10,14}?)(\d\d)?Z", text)
    if not match:
        raise ValueError(f"no time: {text!r}")
    digits = text[:-1]
    if found.tag == 0x17:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    return datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def name(sequence: Element) -> str:
    """A distinguished name as ``CN=..., O=...``, in the order in which it is stored."""
    parts: list[str] = []
    for group in sequence.children():
        for pair in group.children():
            key, value = pair.children()[:2]
            number = oid(key.content)
            coding = "utf-16-be" if value.tag == 0x1E else "utf-8"
            parts.append(f"{NAMES.get(number, number)}={value.content.decode(coding, 'replace')}")
    return ", ".join(parts)


def _key(public: Element) -> tuple[str, int | None]:
    algorithm, bits = public.children()[:2]
    parts = algorithm.children()
    number = oid(parts[0].content)
    if number == RSA:
        modulus = element(bits.content[1:]).children()[0].content
        length = int.from_bytes(modulus).bit_length()
        return f"RSA {length}", length
    if number == EC and len(parts) > 1 and parts[1].tag == 6:
        curve = oid(parts[1].content)
        known, length = CURVES.get(curve, (curve, None))
        return f"EC {known}", length
    return {"1.3.101.112": "Ed25519", "1.3.101.110": "X25519", "1.2.840.10040.4.1": "DSA"}.get(number, number), None


def _extensions(holder: Element) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for extension in holder.children()[0].children():
        parts = extension.children()
        found.append((oid(parts[0].content), parts[-1].content))
    return found


def _of(said: dict[str, bytes], wanted: str, read: Callable[[bytes], T]) -> T | None:
    """What an extension says; none where it is not there or cannot be read, which makes no certificate less of one."""
    try:
        return read(said[wanted]) if wanted in said else None
    except DerError:
        return None


def _issuer_id(value: bytes) -> bytes | None:
    return next((found.content for found in element(value).children() if found.tag == 0x80), None)


def _authority(value: bytes) -> bool:
    parts = element(value).children()
    return bool(parts) and parts[0].tag == 1 and parts[0].content != b"\0"


def _names(value: bytes) -> tuple[str, ...]:
    names: list[str] = []
    for found in element(value).children():
        if found.tag == 0x82:
            names.append(found.content.decode("ascii", "replace"))
        elif found.tag == 0x87 and len(found.content) == 4:
            names.append(".".join(map(str, found.content)))
    return tuple(names)

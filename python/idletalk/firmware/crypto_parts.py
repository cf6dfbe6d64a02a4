"""From recognised PEM and DER to objects: certificates, keys, and what only looks like them."""

import base64
import binascii
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from idletalk.firmware.der import DerError
from idletalk.firmware.lenient import Lenient, lenient_certificate
from idletalk.firmware.model import Part, Unparsed

KEY_LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY")
ENCRYPTED_LABEL = "ENCRYPTED PRIVATE KEY"
MAX_RSA_BITS = 16_384
"""Largest modulus that OpenSSL takes (OPENSSL_RSA_MAX_MODULUS_BITS)."""
CERTIFICATE_LABELS = ("CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE")

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FoundCertificate:
    """A certificate and where it is."""

    offset: int
    length: int
    stored_as: str
    der: bytes
    strict: x509.Certificate | None
    lenient: Lenient


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A private key, or what is called one, and where it is."""

    offset: int
    stored_as: str
    state: str
    key: Any = None


@dataclass(slots=True)
class Material:
    """All of a file."""

    certificates: list[FoundCertificate] = field(default_factory=list)
    keys: list[FoundKey] = field(default_factory=list)
    unparsed: list[tuple[int, str, str]] = field(default_factory=list)

    def not_certificates(self, file: str) -> Iterator[Unparsed]:
        """What looked like a certificate."""
        for offset, stored_as, why in self.unparsed:
            yield Unparsed(file=file, offset=offset, stored_as=stored_as, why=why)


def material(parts: tuple[Part, ...], data: bytes) -> Material:
    """Certificates and keys of a file, by its recognised parts."""
    found = Material()
    for part in parts:
        if part.category != "crypto" or (part.truncated and part.format != "pem"):
            if part.format == "der-certificate" and part.parent is None:
                found.unparsed.append((part.offset, "DER", "the file ends in it"))
            continue
        raw = data[part.offset : part.offset + (part.length or 0)]
        if part.format == "pem":
            _pem(found, part.offset, str(part.fields.get("label", "")), raw)
        elif part.format == "pem-label":
            if str(part.fields.get("label", "")).endswith("PRIVATE KEY"):
                found.keys.append(FoundKey(part.offset, "PEM", "label only"))
            elif str(part.fields.get("label", "")) in CERTIFICATE_LABELS:
                found.unparsed.append((part.offset, "PEM", "a label without a certificate behind it"))
        elif part.format == "der-certificate":
            _certificate(found, part.offset, len(raw), "DER", raw)
        elif part.format == "der-private-key":
            _key(found, part.offset, "DER", raw)
    return found


def unescaped(block: bytes) -> bytes:
    """A PEM block as it would be in a file: ``\\n`` of source code made lines, quotes and trailing zeros away."""
    text = block.replace(b"\\r", b"").replace(b"\\n", b"\n").replace(b"\r", b"")
    lines = [line.strip().strip(b"\"'\\,").strip() for line in text.split(b"\n")]
    return b"\n".join(line for line in lines if line) + b"\n"


def _pem(found: Material, offset: int, label: str, raw: bytes) -> None:
    block = unescaped(raw)
    if label in CERTIFICATE_LABELS:
        try:
            body = b"".join(line for line in block.split(b"\n") if line and b"-----" not in line and b":" not in line)
            der = base64.b64decode(body, validate=True)
        except binascii.Error as error:
            found.unparsed.append((offset, "PEM", str(error)))
            return
        _certificate(found, offset, len(raw), "PEM", der)
    elif label == ENCRYPTED_LABEL or (label in KEY_LABELS and b"Proc-Type: 4,ENCRYPTED" in raw):
        state = "encrypted" if _has_der(block) else "label only"
        found.keys.append(FoundKey(offset, "PEM", state))
    elif label in KEY_LABELS:
        _key(found, offset, "PEM", with_headers_apart(block))


def with_headers_apart(block: bytes) -> bytes:
    """A key's block without headers (RFC 1421), which an unencrypted key does not need."""
    return b"\n".join(line for line in block.split(b"\n") if b": " not in line)


def _has_der(block: bytes) -> bool:
    body = b"".join(line for line in block.split(b"\n") if b"-----" not in line and b": " not in line)
    try:
        return len(base64.b64decode(body, validate=True)) >= 64
    except binascii.Error:
        return False


def _key(found: Material, offset: int, stored_as: str, data: bytes) -> None:
    try:
        if stored_as == "DER":
            key = serialization.load_der_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
        elif b"OPENSSH" in data[:40]:
            key = serialization.load_ssh_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
        else:
            key = serialization.load_pem_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
        if isinstance(key, rsa.RSAPrivateKey):
            _check_rsa(key)
    except TypeError:
        found.keys.append(FoundKey(offset, stored_as, "encrypted"))
    except (ValueError, UnsupportedAlgorithm) as error:
        if "password-protected" in str(error):
            found.keys.append(FoundKey(offset, stored_as, "encrypted"))
        elif stored_as == "PEM":
            found.keys.append(FoundKey(offset, stored_as, "label only"))
    else:
        found.keys.append(FoundKey(offset, stored_as, "verified", key))


def _check_rsa(key: rsa.RSAPrivateKey) -> None:
    """Raises ValueError where the numbers are no key pair. Whether the factors are prime is not asked: of 15,360 bits, as programs
    carry them to measure speed, that takes half a minute, and no other numbers fit one another."""
    if key.key_size > MAX_RSA_BITS:
        raise ValueError("more bits than any program takes")
    numbers = key.private_numbers()
    public = numbers.public_numbers
    if min(numbers.p, numbers.q) < 2 or numbers.p * numbers.q != public.n:
        raise ValueError("the factors are not those of the modulus")
    if numbers.d * public.e % math.lcm(numbers.p - 1, numbers.q - 1) != 1:
        raise ValueError("the exponents are not those of the modulus")


def _certificate(found: Material, offset: int, length: int, stored_as: str, der: bytes) -> None:
    try:
        lenient = lenient_certificate(der)
    except (DerError, ValueError, IndexError, OverflowError) as error:
        found.unparsed.append((offset, stored_as, str(error)))
        return
    strict: x509.Certificate | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a later version will refuse it: it is read leniently then
            strict = x509.load_der_x509_certificate(der)
            strict.public_key()
            _ = strict.subject, strict.extensions, strict.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        strict = None
    found.certificates.append(FoundCertificate(offset, length, stored_as, der, strict, lenient))

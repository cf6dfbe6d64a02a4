"""CMS behind RAUC bundles and in SWUpdate's archives (RFC 5652): who signed, over which bytes, and whether that holds.

Signed attributes are re-tagged as SET for the signature (section 5.4). RAUC's plain format signs the whole bundle apart from
the message; verity and crypt sign a manifest inside the message, which names the bundle's root hash.
"""

import hashlib
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from idletalk.firmware.der import DerError, Element, element, oid
from idletalk.firmware.model import Check
from idletalk.firmware.verity import fits_manifest

DIGESTS = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Hashes by object identifier."""
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  to verify what others signed
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
PSS = "1.2.840.113549.1.1.10"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"


def verify_cms(image: bytes, check: Check) -> tuple[bool | None, dict[str, Any]]:
    """Whether the signature holds, none where it cannot be told, and what else is known."""
    message = image[int(check.detail["signature_at"]) : int(check.detail["signature_end"])]
    try:
        return _verified(message, image[check.start : check.end])
    except (DerError, ValueError, IndexError, UnsupportedAlgorithm) as error:
        return None, {"because": f"CMS that cannot be read: {error}"}


def _verified(message: bytes, content: bytes) -> tuple[bool | None, dict[str, Any]]:
    signed = element(message).children()[1].children()[0].children()
    encapsulated = signed[2].children()
    more: dict[str, Any] = {"content": "detached: the bytes that the check covers"}
    payload = content
    if len(encapsulated) > 1:
        payload = encapsulated[1].children()[0].content
        manifest = payload.decode("utf-8", "replace")
        more = {"content": "the manifest inside the message", "manifest": manifest[:2000]}
        if fits_manifest(content, manifest) is False:
            return False, {**more, "because": "the content has not the hash that the signed manifest names"}
    certificates = [
        x509.load_der_x509_certificate(found.whole)
        for part in signed[3:]
        if part.tag == 0xA0
        for found in part.children()
    ]
    signers = [part for part in signed[3:] if part.tag == 0x31]
    if not signers or not signers[0].children():
        return None, {**more, "because": "nobody signed"}
    outcomes = [_signer(found.children(), payload, certificates) for found in signers[0].children()]
    held = [who for valid, who in outcomes if valid]
    more["signers"] = [who for _, who in outcomes]
    if held:
        return True, {**more, "key_from": "a certificate in the image"}
    if any(valid is False for valid, _ in outcomes):
        return False, more
    return None, {**more, "because": "the signer's certificate is not in the image"}


def _signer(parts: list[Element], payload: bytes, certificates: list[x509.Certificate]) -> tuple[bool | None, str]:
    digest_name = DIGESTS[oid(parts[2].children()[0].content)]
    attributes = next((part for part in parts[3:] if part.tag == 0xA0), None)
    at = 4 if attributes else 3
    algorithm, signature = oid(parts[at].children()[0].content), parts[at + 1].content
    certificate = next((known for known in certificates if _is_signer(parts[1], known)), None)
    who = certificate.subject.rfc4514_string() if certificate else "unknown"
    signed = payload
    if attributes:
        stated = [
            attribute.children()[1].children()[0].content
            for attribute in attributes.children()
            if oid(attribute.children()[0].content) == MESSAGE_DIGEST
        ]
        if stated != [hashlib.new(digest_name, payload).digest()]:
            return False, who
        signed = b"\x31" + attributes.whole[1:]
    if certificate is None:
        return None, who
    key, method = certificate.public_key(), HASHES[digest_name]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            scheme = padding.PSS(padding.MGF1(method), padding.PSS.AUTO) if algorithm == PSS else padding.PKCS1v15()
            key.verify(signature, signed, scheme, method)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(method))
        else:
            return None, who
    except InvalidSignature:
        return False, who
    return True, who


def _is_signer(identifier: Element, certificate: x509.Certificate) -> bool:
    """By issuer and serial number, or by subject key identifier."""
    if identifier.tag == 0x30:
        issuer, serial = identifier.children()[:2]
        return (
            issuer.whole == certificate.issuer.public_bytes()
            and int.from_bytes(serial.content, signed=True) == certificate.serial_number
        )
    try:
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return False
    return identifier.content == own

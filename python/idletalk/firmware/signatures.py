"""Signatures that the recogniser listed, verified where a key is at hand: in the image, or given.

A key that the image carries itself shows that its bytes belong together. Whether the device knows the key is in the device.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from idletalk.firmware.cms import verify_cms
from idletalk.firmware.fit import verify_fit
from idletalk.firmware.keys import PublicKey, tree_keys
from idletalk.firmware.model import Check, Part

CURVES: dict[str, tuple[type[ec.EllipticCurve], int]] = {
    "ecdsa-p192": (ec.SECP192R1, 24),
    "ecdsa-p256": (ec.SECP256R1, 32),
    "ecdsa-p384": (ec.SECP384R1, 48),
}
"""Curves of Secure Boot V2 and bytes of a coordinate."""


HASHES_SIGNED = ("mcuboot", "fit", "swupdate")
"""Formats of which a signature covers the hashes of the parts: MCUboot's over the hash of the image, U-Boot's of a configuration over
the hashes of its images, SWUpdate's over the description that has all of them.
"""
RAW = ("Secure Boot", "ECDSA P-256")
"""Beginnings of the names of checks whose signature is two numbers of 32 bytes and no DER."""


def resolve(parts: Sequence[Part], image: bytes, keys: Sequence[PublicKey] = ()) -> tuple[Part, ...]:
    """The parts with their signatures verified; ``keys`` are public keys that the user trusts. Those of the image's own device trees
    are tried after them.
    """
    keys = (*keys, *tree_keys(parts))
    return tuple(
        replace(part, checks=tuple(_resolved(check, part, image, keys) for check in part.checks)) for part in parts
    )


def _resolved(check: Check, part: Part, image: bytes, keys: Sequence[PublicKey]) -> Check:
    if check.kind != "signature" or check.verdict != "present_unverifiable":
        return check
    # What is signed holds the hashes of the rest: where one of them is wrong, the signature is not of these bytes.
    wrong = next((other for other in part.checks if other.kind == "hash" and other.verdict == "invalid"), None)
    if wrong is not None and part.format in HASHES_SIGNED:
        return replace(
            check, verdict="invalid", detail={**check.detail, "because": f"the signed {wrong.name} is wrong"}
        )
    if str(check.detail.get("scheme")).lower() == "cms":
        valid, more = verify_cms(image, check)
        verdict = check.verdict if valid is None else "valid" if valid else "invalid"
        return replace(check, verdict=verdict, detail={**check.detail, **more})
    if "public_key" in check.detail:
        return _own_key(check)
    if check.detail.get("scheme") == "certificate":
        return _by_certificate(check, image)
    if part.format == "fit":
        return verify_fit(check, keys)
    for key in keys:
        if _verifies(check, key.key):
            return replace(check, verdict="valid", detail={**check.detail, "key_from": key.source})
    damaged = next((other for other in part.checks if other.kind == "checksum" and other.verdict == "invalid"), None)
    if keys and damaged is not None and part.format == "silabs-gbl":
        because = f"no key verifies it, and the {damaged.name} over the same bytes is wrong"
        return replace(check, verdict="invalid", detail={**check.detail, "because": because})
    return check


def _by_certificate(check: Check, image: bytes) -> Check:
    """By one of the certificates that lie before the signature."""
    stored = image[int(check.detail["certificates_at"]) : int(check.detail["certificates_end"])]
    try:
        keys = [certificate.public_key() for certificate in x509.load_pem_x509_certificates(stored)]
    except (ValueError, UnsupportedAlgorithm) as error:
        return replace(check, detail={**check.detail, "because": f"certificates that cannot be read: {error}"})
    if any(_verifies(check, key) for key in keys):
        return replace(check, verdict="valid", detail={**check.detail, "key_from": "a certificate in the image"})
    because = "no certificate before it verifies it"
    return replace(check, verdict="invalid", detail={**check.detail, "because": because})


def _own_key(check: Check) -> Check:
    detail = check.detail
    signature, public, digest = (bytes.fromhex(str(detail[name])) for name in ("signature", "public_key", "digest"))
    algorithm = hashes.SHA384() if detail.get("hash") == "sha384" else hashes.SHA256()
    try:
        if detail["scheme"] == "rsa-pss-sha256":
            numbers = rsa.RSAPublicNumbers(int(detail["exponent"]), int.from_bytes(public))
            # the salt is as long as the hash (ESP-IDF, "Secure Boot V2")
            numbers.public_key().verify(
                signature, digest, padding.PSS(padding.MGF1(algorithm), 32), utils.Prehashed(algorithm)
            )
        else:
            curve, width = CURVES[str(detail["scheme"])]
            key = ec.EllipticCurvePublicNumbers(
                int.from_bytes(public[:width]), int.from_bytes(public[width:]), curve()
            ).public_key()
            r, s = int.from_bytes(signature[:width]), int.from_bytes(signature[width:])
            key.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(algorithm)))
    except UnsupportedAlgorithm:
        return replace(check, detail={**detail, "because": "this curve is not supported here"})
    except (InvalidSignature, ValueError) as error:
        return replace(check, verdict="invalid", detail={**detail, "because": str(error) or "it does not verify"})
    return replace(check, verdict="valid", detail={**detail, "key_from": "the image itself"})


def _is_pkcs1(key: rsa.RSAPublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        key.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _verifies(check: Check, key: Any) -> bool:
    try:
        signature, digest = bytes.fromhex(str(check.detail["signature"])), bytes.fromhex(str(check.detail["digest"]))
        prehashed = utils.Prehashed(hashes.SHA256())
        if isinstance(key, rsa.RSAPublicKey):
            # SWUpdate signs with RSA of either kind (its documentation, "Update images from verified source")
            scheme = (
                padding.PKCS1v15()
                if _is_pkcs1(key, signature, digest)
                else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            )
            key.verify(signature, digest, scheme, prehashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if len(signature) == 64 and check.name.startswith(RAW):
                signature = utils.encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
            key.verify(signature, digest, ec.ECDSA(prehashed))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, digest)
        else:
            return False
    except (InvalidSignature, ValueError, KeyError, UnsupportedAlgorithm):
        return False
    return True

"""Signatures of U-Boot's FIT images, verified with the keys that are at hand (U-Boot, "FIT Signature Verification").

The recogniser put together what a signature covers and hashed it. A key is tried by the name that the signature hints at, then those
without a name, then all others.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from idletalk.firmware.keys import PublicKey
from idletalk.firmware.model import Check

ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  to verify what others signed
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def verify_fit(check: Check, keys: Sequence[PublicKey]) -> Check:
    """The check with its outcome: invalid only where the key is known to be the signer's."""
    detail = check.detail
    algorithm = ALGORITHMS.get(str(detail.get("hash")))
    if algorithm is None or not detail.get("digest") or not detail.get("signature"):
        return replace(check, detail={**detail, "because": "what it covers, or its hash, is not known here"})
    signature, digest = bytes.fromhex(detail["signature"]), bytes.fromhex(detail["digest"])
    hint = detail.get("key_name")
    is_pss = detail.get("padding") == "pss"
    for key in sorted(keys, key=lambda key: (key.name != hint, key.name is not None)):
        outcome = _outcome(key.key, signature, digest, algorithm, is_pss=is_pss)
        if outcome:
            return replace(check, verdict="valid", detail={**detail, "key_from": key.source})
        if outcome is False or key.name == hint:
            because = f"it is not of these bytes, by the key {key.name or hint or 'that was given'}"
            return replace(check, verdict="invalid", detail={**detail, "because": because})
    return check


def _outcome(
    key: Any, signature: bytes, digest: bytes, algorithm: hashes.HashAlgorithm, *, is_pss: bool
) -> bool | None:
    """Whether this key signed this hash; false where it signed another one, none where it need not be the signer's."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            if not is_pss:
                return key.recover_data_from_signature(signature, padding.PKCS1v15(), algorithm) == digest
            scheme = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            key.verify(signature, digest, scheme, utils.Prehashed(algorithm))
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            half = len(signature) // 2
            encoded = utils.encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
            key.verify(encoded, digest, ec.ECDSA(utils.Prehashed(algorithm)))
            return True
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return None
    return None

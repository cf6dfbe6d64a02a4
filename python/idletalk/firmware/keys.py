"""Public keys for signatures: given by the user as PEM, DER or a device tree of U-Boot, or found in a device tree of the image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idletalk.errors import IdletalkError
from idletalk.firmware.model import Part
from idletalk.firmware.recogniser import recognise

DEVICE_TREE = b"\xd0\x0d\xfe\xed"
"""Devicetree Specification 0.4, section 5.2"""
MAX_KEY_BYTES = 16 << 20
"""Control device trees have some hundred kilobytes."""
CURVES: dict[str, type[ec.EllipticCurve]] = {"prime256v1": ec.SECP256R1, "secp384r1": ec.SECP384R1}
"""Curves as U-Boot names them (signature.rst)."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, the name that a tree gives it, and where it is from, in words."""

    key: Any
    name: str | None
    source: str


def keys_of(path: Path) -> list[PublicKey]:
    """The public keys of a file. Raises IdletalkError where it cannot be read or has none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEY_BYTES)
    except OSError as error:
        raise IdletalkError(f"{path}: {error.strerror}") from None
    if data.startswith(DEVICE_TREE):
        found = [PublicKey(key.key, key.name, "given") for key in tree_keys(recognise(path).parts)]
        if found:
            return found
        raise IdletalkError(f"{path}: this device tree has no key under /signature")
    for load in (serialization.load_pem_public_key, serialization.load_der_public_key):
        try:
            return [PublicKey(load(data), None, "given")]
        except (ValueError, UnsupportedAlgorithm):
            continue
    raise IdletalkError(f"{path}: this is no public key in PEM or DER, and no device tree with keys")


def tree_keys(parts: Sequence[Part]) -> Iterator[PublicKey]:
    """Keys of the control device trees among the parts; those that are no key of their kind are left out."""
    for part in parts:
        for stored in part.fields.get("signature_keys", ()):
            try:
                key = _key(stored)
            except (ValueError, KeyError, UnsupportedAlgorithm):
                continue
            yield PublicKey(key, str(stored["name"]), "a device tree in the image")


def _key(stored: dict[str, str]) -> Any:
    if "curve" in stored:
        numbers = ec.EllipticCurvePublicNumbers(int(stored["x"], 16), int(stored["y"], 16), CURVES[stored["curve"]]())
        return numbers.public_key()
    return rsa.RSAPublicNumbers(int(stored["exponent"], 16), int(stored["modulus"], 16)).public_key()

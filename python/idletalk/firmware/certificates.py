"""Certificates judged: chains among those that are here, roles, validity on a day, weak keys, and who trusts them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from idletalk.firmware.crypto_parts import FoundCertificate, FoundKey
from idletalk.firmware.lenient import Lenient
from idletalk.firmware.model import Certificate, PrivateKey, Trust
from idletalk.firmware.trust import is_formerly_public, public_roots

NEAR_END = timedelta(days=90)
"""An end nearer than this is named; public certificates live 90 days and less, a device's image is updated more rarely."""
LONG_YEARS = 25.0
"""Longer lives are named: no public root lives longer (CCADB lists none above 30, most have 25)."""
MIN_RSA_BITS = 2048
"""NIST SP 800-131A Rev. 2."""
MIN_EC_BITS = 224
"""NIST SP 800-131A Rev. 2."""
WEAK_HASHES = ("md2", "md5", "sha1")
DAYS_OF_A_YEAR = 365.2425

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  to verify what others signed
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "md5": hashes.MD5(),  # noqa: S303
}


def judge_certificates(
    found: Sequence[tuple[str, FoundCertificate]], as_of: datetime | None
) -> tuple[Certificate, ...]:
    """Every certificate once for each place; ``found`` are (file, certificate)."""
    distinct = {hashlib.sha256(certificate.der).hexdigest(): certificate for _, certificate in found}
    issuers = {digest: _issuer(digest, certificate, distinct) for digest, certificate in distinct.items()}
    return tuple(
        _judged(file, certificate, issuers[hashlib.sha256(certificate.der).hexdigest()], issuers, distinct, as_of)
        for file, certificate in found
    )


def _issuer(digest: str, certificate: FoundCertificate, all_here: dict[str, FoundCertificate]) -> str | None:
    """The certificate that signed this one: the name fits, the key identifier too, and the signature holds."""
    child = certificate.lenient
    for other, candidate in all_here.items():
        parent = candidate.lenient
        if parent.subject_der != child.issuer_der or other == digest:
            continue
        if child.issuer_id and parent.own_id and child.issuer_id != parent.own_id:
            continue
        if signed_by(child, parent) is not False:
            return other
    return None


def signed_by(child: Lenient, parent: Lenient) -> bool | None:
    """Whether the parent's key made the child's signature; none where that cannot be computed."""
    name = child.algorithm
    method = next((kind for label, kind in _HASHES.items() if label in name.lower()), None)
    if method is None:
        return None
    try:
        key = serialization.load_der_public_key(parent.public_key)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(child.signature, child.signed, padding.PKCS1v15(), method)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(child.signature, child.signed, ec.ECDSA(method))
        else:
            return None
    except InvalidSignature:
        return False
    except (ValueError, UnsupportedAlgorithm):
        return None
    return True


def _judged(
    file: str,
    found: FoundCertificate,
    issuer: str | None,
    issuers: dict[str, str | None],
    all_here: dict[str, FoundCertificate],
    as_of: datetime | None,
) -> Certificate:
    said = found.lenient
    digest = hashlib.sha256(found.der).hexdigest()
    own = said.subject_der == said.issuer_der and signed_by(said, said) is not False
    return Certificate(
        sha256=digest,
        file=file,
        offset=found.offset,
        stored_as=found.stored_as,
        length=found.length,
        subject=said.subject,
        issuer=said.issuer,
        serial=f"{said.serial:x}",
        not_before=said.not_before.strftime("%Y-%m-%dT%H:%M:%SZ"),
        not_after=said.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
        role=_role(said, own, digest in issuers.values()),
        key=said.key,
        signature_algorithm=said.algorithm,
        weaknesses=tuple(_weaknesses(said, own, strict=found.strict is not None)),
        validity=_validity(said, as_of),
        lifetime_years=round((said.not_after - said.not_before).total_seconds() / 86400 / DAYS_OF_A_YEAR, 1),
        trust=_trust(digest, said, issuers, all_here),
        issued_by=issuer,
        strict=found.strict is not None,
        names=said.names,
    )


def _role(said: Lenient, own: bool, issued: bool) -> str:
    """A root signs itself and may sign others; without basic constraints (version 1) that it is its own issuer decides."""
    if own:
        return "self-signed leaf" if said.authority is False else "root"
    return "intermediate" if said.authority or issued else "leaf"


def _weaknesses(said: Lenient, own: bool, *, strict: bool) -> list[str]:
    found: list[str] = []
    if said.key_bits is not None:
        if said.key.startswith("RSA") and said.key_bits < MIN_RSA_BITS:
            found.append(f"RSA key of {said.key_bits} bits")
        elif said.key.startswith("EC") and said.key_bits < MIN_EC_BITS:
            found.append(f"key on a curve of {said.key_bits} bits")
    weak = next((name for name in WEAK_HASHES if name in said.algorithm.lower()), None)
    if weak and not own:
        found.append(f"signed with {weak.upper()}")
    years = (said.not_after - said.not_before).days / DAYS_OF_A_YEAR
    if years > LONG_YEARS:
        found.append(f"valid for {years:.0f} years")
    if said.serial <= 0:
        found.append("serial number not above 0")
    if not strict:
        found.append("strict parsers refuse it")
    return found


def _validity(said: Lenient, as_of: datetime | None) -> str | None:
    if as_of is None:
        return None
    if as_of < said.not_before:
        return "not yet valid"
    if as_of > said.not_after:
        return "expired"
    if said.not_after - as_of < NEAR_END:
        return f"ends in {(said.not_after - as_of).days} days"
    return "valid"


def _trust(digest: str, said: Lenient, issuers: dict[str, str | None], all_here: dict[str, FoundCertificate]) -> Trust:
    roots = public_roots()
    if digest in roots.digests or (said.public_key in roots.keys and said.subject_der in roots.subjects):
        return "public root now"
    if is_formerly_public(digest):
        return "formerly public"
    seen: set[str] = set()
    current: str | None = digest
    while current and current not in seen:
        seen.add(current)
        link = all_here[current].lenient
        for parent in roots.by_subject.get(link.issuer_der, ()):
            if signed_by(link, parent):
                return "issued under a public root now"
        current = issuers.get(current)
        if current and is_formerly_public(current):
            return "formerly public"
    return "vendor-private or unknown"


def judge_keys(
    found: Sequence[tuple[str, FoundKey]], certificates: Sequence[tuple[str, FoundCertificate]]
) -> tuple[PrivateKey, ...]:
    """Private keys with the certificates that they belong to."""
    owners = {certificate.lenient.public_key: certificate for _, certificate in certificates}
    judged: list[PrivateKey] = []
    for file, key in found:
        kind = public = owner = None
        if key.key is not None:
            half = key.key.public_key()
            der = half.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            public = hashlib.sha256(der).hexdigest()
            kind = f"EC {half.curve.name}" if isinstance(half, ec.EllipticCurvePublicKey) else _kind(half)
            certificate = owners.get(der)
            owner = hashlib.sha256(certificate.der).hexdigest() if certificate else None
        judged.append(
            PrivateKey(
                state=key.state,  # type: ignore[arg-type]
                file=file,
                offset=key.offset,
                stored_as=key.stored_as,
                kind=kind,
                public_sha256=public,
                certificate=owner,
            )
        )
    return tuple(judged)


def _kind(public: object) -> str:
    bits = getattr(public, "key_size", None)
    name = type(public).__name__.removeprefix("_").removesuffix("PublicKey")
    return f"{name} {bits}" if bits else name


def moment(text: str) -> datetime:
    """A day or a time of ISO 8601, UTC where it says nothing else. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)

"""Whose roots are trusted by the public: the store that browsers use now (certifi), and roots that left it."""

import functools
import hashlib
import importlib.metadata
import ssl
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from idletalk.firmware.lenient import Lenient, lenient_certificate

FORMER_ROOTS = Path(__file__).parent / "data" / "former_roots.tsv"
"""Roots that releases of certifi (Mozilla's store) had and have no more: SHA-256, the newest looked-at release that had it, its name. Made by
``tools/former_roots.py``. By hash, since a name is no proof: who makes a certificate can write any.
"""


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots of a store."""

    digests: frozenset[str]
    keys: frozenset[bytes]
    subjects: frozenset[bytes]
    by_subject: dict[bytes, tuple[Lenient, ...]]


@functools.cache
def public_roots() -> Roots:
    """The roots that certifi has."""
    import certifi

    digests: set[str] = set()
    by_subject: dict[bytes, list[Lenient]] = defaultdict(list)
    text = Path(certifi.where()).read_text("ascii", "ignore")
    for block in text.split("-----BEGIN CERTIFICATE-----")[1:]:
        der = ssl.PEM_cert_to_DER_cert(
            "-----BEGIN CERTIFICATE-----" + block.split("-----END")[0] + "-----END CERTIFICATE-----"
        )
        root = lenient_certificate(der)
        digests.add(hashlib.sha256(der).hexdigest())
        by_subject[root.subject_der].append(root)
    roots = [root for group in by_subject.values() for root in group]
    return Roots(
        frozenset(digests),
        frozenset(root.public_key for root in roots),
        frozenset(by_subject),
        {subject: tuple(group) for subject, group in by_subject.items()},
    )


def store_date() -> str:
    """The day of the store: certifi's version is a date."""
    return importlib.metadata.version("certifi")


@functools.cache
def former_roots() -> dict[str, str]:
    """When each root that is gone was last seen in a public store, by SHA-256 of the certificate."""
    lines = FORMER_ROOTS.read_text("utf-8").splitlines()[1:]
    return {digest: day for digest, day, _ in (line.split("\t", 2) for line in lines)}


def is_formerly_public(digest: str) -> bool:
    """Whether it is a root that public stores had."""
    return digest in former_roots()

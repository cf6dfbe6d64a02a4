"""Whose roots are trusted by the public: the store that browsers use now (certifi), and roots that left it."""

import functools
import hashlib
import importlib.metadata
import ssl
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from idletalk.firmware.lenient import Lenient, lenient_certificate

FORMERLY_PUBLIC = (
    ("Go Daddy Class 2 Certification Authority", "left Mozilla's store in 2025"),
    ("Starfield Class 2 Certification Authority", "left Mozilla's store in 2025"),
    ("Class 3 Public Primary Certification Authority", "Symantec, distrusted 2018 to 2021"),
    ("VeriSign Class 3 Public Primary Certification Authority - G5", "Symantec, distrusted 2018 to 2021"),
    ("GeoTrust Global CA", "Symantec, distrusted 2018 to 2021"),
    ("GeoTrust Primary Certification Authority", "Symantec, distrusted 2018 to 2021"),
    ("thawte Primary Root CA", "Symantec, distrusted 2018 to 2021"),
    ("Equifax Secure Certificate Authority", "1024 bits, removed 2015"),
    ("DST Root CA X3", "expired 2021"),
    ("AddTrust External CA Root", "expired 2020"),
    ("UTN-USERFirst-Hardware", "expired 2019"),
    ("GTE CyberTrust Global Root", "1024 bits, expired 2018"),
    ("Baltimore CyberTrust Root", "expired 2025"),
    ("GlobalSign Root CA - R2", "expired 2021"),
    ("Cybertrust Global Root", "expired 2021"),
    ("StartCom Certification Authority", "distrusted 2017"),
    ("CNNIC ROOT", "distrusted 2015"),
    ("WoSign", "distrusted 2017"),
    ("Entrust.net Certification Authority (2048)", "no longer trusted for websites, 2024"),
)
"""Names of roots that public stores had, and why not now. Source: Mozilla's "Removed CA Certificate Report" (CCADB) and
Mozilla's announcements of distrust. A name is no proof: who made a certificate can write any."""


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


def is_formerly_public(digest: str, subject: str) -> bool:
    """Whether the name is one of a root that public stores had."""
    return digest not in public_roots().digests and any(name in subject for name, _ in FORMERLY_PUBLIC)

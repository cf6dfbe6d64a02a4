"""Roots that public stores had and have no more, from releases of certifi (Mozilla's store), into the table that firmware is held against.

    pip download --no-deps certifi==YEAR.MONTH.DAY ...       some releases, old and new
    python -m tools.former_roots certifi-*.whl

A root counts as gone where neither it nor another certificate with its name and key is in the certifi that is installed. Only hashes and names are
kept: a name alone would be no proof, since whoever makes a certificate can write any.
"""

import hashlib
import re
import ssl
import sys
import zipfile
from pathlib import Path

from idletalk.firmware.lenient import lenient_certificate
from idletalk.firmware.trust import FORMER_ROOTS, public_roots

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def main(wheels: list[str]) -> None:
    """Write the table."""
    now = public_roots()
    rows: dict[str, tuple[str, str]] = {}
    releases = {re.findall(r"certifi-([0-9.]+)-", wheel)[0]: wheel for wheel in wheels}
    for release in sorted(releases, key=lambda text: [int(part) for part in text.split(".")]):
        text = zipfile.ZipFile(releases[release]).read("certifi/cacert.pem").decode("utf-8", "replace")
        for block in PEM.findall(text):
            der = ssl.PEM_cert_to_DER_cert(block)
            root = lenient_certificate(der)
            if root.public_key not in now.keys or root.subject_der not in now.subjects:
                year, month, day = (int(part) for part in release.split("."))
                rows[hashlib.sha256(der).hexdigest()] = (f"{year}-{month:02}-{day:02}", root.subject)
    lines = [
        f"{digest}\t{day}\t{name}" for digest, (day, name) in sorted(rows.items(), key=lambda row: (row[1], row[0]))
    ]
    head = "sha256\tlast_seen\tsubject"
    FORMER_ROOTS.parent.mkdir(exist_ok=True)
    FORMER_ROOTS.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    print(f"{len(lines)} roots: {Path(FORMER_ROOTS).name}")


if __name__ == "__main__":
    main(sys.argv[1:])

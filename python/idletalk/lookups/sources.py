"""Where each look-up table comes from, kept beside the tables in ``sources.json``."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from idletalk.lookups.errors import LookupFileError

PACKAGED_FOLDER = Path(__file__).parent / "data"
"""The tables that come with idletalk."""

SOURCES_FILE = "sources.json"
"""The list of sources of a look-up folder."""


class Tells(StrEnum):
    """What a source tells about an address, an AS number or a MAC."""

    ASN = "asn"
    """Address range to AS number: columns bucket, first_key, last_key, asn."""
    NAMES = "names"
    """AS number to organisation and country of registration: asn, organisation, country."""
    COUNTRY = "country"
    """Address range to country: bucket, first_key, last_key, country (ISO 3166-1 alpha-2)."""
    CLOUD = "cloud"
    """AS number or network to provider; see ``clouds.tsv``."""
    OUI = "oui"
    """MAC prefix to vendor: prefix, prefix_bits, vendor."""
    COUNTRIES = "countries"
    """Country code to English name."""
    MAP = "map"
    """Country code to outline."""
    NETWORKS = "networks"
    """The user's own ``networks.tsv``."""
    DOMAINS = "domains"
    """Public suffixes, for the registrable domain."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of look-up data and where it comes from."""

    name: str
    """What a person calls it, such as ``DB-IP ASN Lite``."""
    tells: Tells
    date: str | None
    """The day the data is of (ISO 8601), as the publisher says; of an iptoasn table the day of the file; None
    for ``networks.tsv``, which its SHA-256 identifies."""
    licence: str
    """SPDX identifier, or a few words where there is none."""
    attribution: str
    """What the licence wants shown with the results; empty where it wants nothing."""
    url: str
    """Where the publisher offers it; empty for the user's own files."""
    file: str
    """File name in its folder; empty for what a Python package carries."""
    sha256: str
    """SHA-256 of the file in hexadecimal; empty for what a Python package carries."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    return sha256(path.read_bytes()).hexdigest()


def read_sources(folder: Path) -> tuple[Source, ...]:
    """The sources of a look-up folder in the order of its list; none where there is no list.

    :raises LookupFileError: the list is not as :func:`write_sources` writes it.
    """
    path = folder / SOURCES_FILE
    if not path.exists():
        return ()
    try:
        entries = cast(list[dict[str, Any]], json.loads(path.read_text(encoding="utf-8")))
        return tuple(Source(**{**entry, "tells": Tells(entry["tells"])}) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
        raise LookupFileError(
            f"{path}: not a list of look-up sources ({fault}); delete the folder and add your files again"
        ) from fault


def write_sources(folder: Path, sources: tuple[Source, ...]) -> None:
    """Replace the list of sources of a folder in one step."""
    text = json.dumps([asdict(source) for source in sources], indent=1, ensure_ascii=False) + "\n"
    unfinished = folder / (SOURCES_FILE + ".new")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / SOURCES_FILE)

"""Components of an image as CycloneDX 1.6 (ECMA-424) JSON: software that names itself with a version, and where.

No serial number and no time, so that the same image gives the same bytes.
"""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from idletalk.firmware.model import Examination, Said

SPECIFICATION = "1.6"
TYPES = {
    "kernel": "operating-system",
    "rtos": "operating-system",
    "sdk": "framework",
    "library": "library",
    "bootloader": "firmware",
}
"""CycloneDX's types by the sorts of the recogniser; anything else is an application."""
MAX_OCCURRENCES = 20
"""Places told of one component."""


def cyclonedx(examination: Examination, program_version: str) -> dict[str, Any]:
    """The component list of an image as a JSON object; only what says its name and version in the image is listed."""
    named: dict[tuple[str, str], list[Said]] = {}
    for said in examination.said:
        if said.kind == "version" and said.name and said.version:
            named.setdefault((said.name, said.version), []).append(said)
    found = examination.recognised
    reference = f"sha256:{found.sha256}"
    components = [_component(name, version, places) for (name, version), places in sorted(named.items())]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "idletalk", "version": program_version}]},
            "component": {
                "type": "firmware",
                "bom-ref": reference,
                "name": PurePath(examination.image).name,
                "hashes": [
                    {"alg": "MD5", "content": found.md5},
                    {"alg": "SHA-1", "content": found.sha1},
                    {"alg": "SHA-256", "content": found.sha256},
                ],
            },
        },
        "components": components,
        "dependencies": [{"ref": reference, "dependsOn": [component["bom-ref"] for component in components]}],
        # told by strings alone: what does not name itself is missing
        "compositions": [{"aggregate": "incomplete", "assemblies": [reference]}],
    }


def _component(name: str, version: str, places: Sequence[Said]) -> dict[str, Any]:
    first = places[0]
    url = f"pkg:generic/{quote(name, safe='')}@{quote(version, safe='')}"
    seen = [{"location": said.file or "image", "offset": said.offset} for said in places[:MAX_OCCURRENCES]]
    return {
        "type": TYPES.get(first.sort or "", "application"),
        "bom-ref": url,
        "name": name,
        "version": version,
        "purl": url,
        "evidence": {
            "identity": [
                {
                    "field": "version",
                    "methods": [{"technique": "binary-analysis", "confidence": 0.5, "value": first.text}],
                }
            ],
            "occurrences": seen,
        },
    }

"""The folder of an examination: firmware.json, a page, certificates and what was unpacked."""

import base64
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from idletalk.errors import IdletalkError
from idletalk.firmware.examination import Options, examine
from idletalk.firmware.model import Examination
from idletalk.firmware.verdict import Told

RESULT = "firmware.json"
"""The file that marks a folder as ours."""
UNPACKED = "unpacked"
CERTIFICATES = "certificates"
PRIVATE = 0o700
"""Mode of folders that hold an image's own bytes."""

LENGTHS: dict[int, Told] = {32: "md5", 40: "sha1", 64: "sha256"}


def told_hashes(texts: Sequence[str]) -> tuple[tuple[Told, str], ...]:
    """Hashes by their length. Raises IdletalkError where one is none."""
    found: list[tuple[Told, str]] = []
    for text in texts:
        kind = LENGTHS.get(len(text))
        if kind is None or not all(c in "0123456789abcdefABCDEF" for c in text):
            raise IdletalkError(f"{text!r} is no MD5, SHA-1 or SHA-256 in hexadecimal")
        found.append((kind, text.lower()))
    return tuple(found)


def folder_of(image: Path, out: Path | None, *, several: bool, force: bool) -> Path:
    """Where results of an image go; made empty. Raises IdletalkError where something else is there."""
    folder = Path(f"{image.name}.idletalk-firmware")
    if out is not None:
        folder = out / folder if several else out
    if folder.exists() and any(folder.iterdir()):
        if not (folder / RESULT).exists():
            raise IdletalkError(f"{folder} has other things in it: name another folder with --out")
        if not force:
            raise IdletalkError(f"{folder} is there already: --force writes over it, --out names another")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    folder.chmod(PRIVATE)
    return folder


def write(image: Path, options: Options, folder: Path) -> Examination:
    """Examine an image and write the results."""
    unpacked = folder / UNPACKED
    if options.unpack:
        unpacked.mkdir(mode=PRIVATE, exist_ok=True)
    examination = examine(image, options, unpacked if options.unpack else None)
    write_certificates(image, examination, unpacked, folder / CERTIFICATES)
    text = msgspec.json.format(msgspec.json.encode(examination), indent=1)
    (folder / RESULT).write_bytes(text + b"\n")
    return examination


def examine_aside(image: Path, options: Options) -> Examination:
    """Examine an image without keeping what is unpacked of it."""
    with tempfile.TemporaryDirectory(prefix="idletalk-") as folder:
        return examine(image, options, Path(folder))


def write_certificates(image: Path, examination: Examination, unpacked: Path, target: Path) -> dict[str, str]:
    """Each certificate once as DER, named by its SHA-256 (never by what the image calls it); gives file names by SHA-256."""
    written: dict[str, str] = {}
    for certificate in examination.certificates:
        holder = image if not certificate.file else unpacked / certificate.file
        try:
            with holder.open("rb") as file:
                file.seek(certificate.offset)
                raw = file.read(certificate.length)
            der = der_of(raw, certificate.stored_as)
        except (OSError, ValueError):  # unpacked elsewhere, or not kept
            continue
        if hashlib.sha256(der).hexdigest() == certificate.sha256:
            target.mkdir(exist_ok=True, mode=0o700)
            name = f"{certificate.sha256}.der"
            (target / name).write_bytes(der)
            written[certificate.sha256] = name
    return written


def der_of(raw: bytes, stored_as: str) -> bytes:
    """DER of a certificate as an image holds it. Raises ValueError where PEM does not decode."""
    if stored_as != "PEM":
        return raw
    text = raw.replace(b"\\n", b"\n").replace(b"\\r", b"")
    lines = [line.strip() for line in text.split(b"\n")]
    return base64.b64decode(b"".join(line for line in lines if line and b"-----" not in line), validate=True)

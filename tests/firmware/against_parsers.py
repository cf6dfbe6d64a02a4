"""Zigbee OTA files, IKEA's wrapper, GBL and Hikvision's headers: what others' parsers read, held against what the recogniser says.

    pip install zigpy==2.4.0 pygbl==1.2.0 hiktools==1.2.2
    python -m tests.firmware.against_parsers [FILE_OR_FOLDER...]

Without arguments it asks about images that the tests make, each also with one bit changed. Prints every difference.
"""

# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
import logging
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from idletalk.errors import IdletalkError
from idletalk.firmware.model import Part
from idletalk.firmware.recogniser import read, recognise_bytes
from tests.firmware import made
from tests.firmware.against_openssl import files_of
from tests.firmware.test_wrappers import FIXTURES, HIKVISION_KEY, ikea

Said = dict[str, object]


def zigbee(data: bytes, part: Part) -> tuple[Said, Said]:
    """By zigpy: what its header says."""
    from zigpy.ota.image import parse_ota_image

    names = ("manufacturer_code", "image_type", "file_version")
    try:
        header: Any = parse_ota_image(data[part.offset :])[0].header
    except (ValueError, AssertionError):
        return {}, {}
    theirs: Said = dict(zip(names, (header.manufacturer_id, header.image_type, header.file_version), strict=True))
    return {name: part.fields[name] for name in names}, theirs


def wrapped(data: bytes, part: Part) -> tuple[Said, Said]:
    """By zigpy: whether each block has the hash that IKEA's wrapper says."""
    from zigpy.ota.providers import SignedIkeaRemoteOtaImageMetadata

    size = struct.unpack_from("<I", data, part.offset + 20)[0]
    told = SignedIkeaRemoteOtaImageMetadata(file_version=1, url="", file_size=size)
    try:
        asyncio.run(told._validate(data[part.offset :]))  # pyright: ignore[reportPrivateUsage]
        theirs = True
    except ValueError:
        theirs = False
    return {"blocks": {check.verdict for check in part.checks if check.kind == "hash"} == {"valid"}}, {"blocks": theirs}


def gbl(data: bytes, part: Part) -> tuple[Said, Said]:
    """By pygbl: whether the CRC is right, how many signatures there are, and whether it is encrypted."""
    import pygbl

    try:
        image = pygbl.GBL3Image.from_bytes(data[part.offset :], validate=False)
    except pygbl.GBLError:
        return {"whole": not part.truncated}, {"whole": False}
    try:
        image.validate()
        valid = True
    except pygbl.GBLError:
        valid = False
    header = image.get_first_tag(pygbl.GBL3Header)
    theirs = {
        "crc": valid,
        "signatures": len(image.get_tags(pygbl.GBL3Signature, allow_missing=True)),
        "encrypted": bool(int(header.type) & 1),
    }
    ours = {
        "crc": any(check.name == "CRC-32" and check.verdict == "valid" for check in part.checks),
        "signatures": sum(check.name == "ECDSA P-256" for check in part.checks),
        "encrypted": part.encrypted == "yes",
    }
    return ours, theirs


def gbl4(data: bytes, part: Part) -> tuple[Said, Said]:
    """By pygbl: how long it is, its version, and whether its manifest says that it is encrypted."""
    from pygbl import gbl4 as other

    try:
        image, rest = other.GBL4Image.deserialize(data[part.offset :])
    except ValueError:
        return {}, {}
    info = image.get_first_tag(other.GBL4ManifestInfo)
    bundle = image.get_tags(other.GBL4BundleVersion, allow_missing=True)
    signatures = image.get_tags(other.GBL4Signature, allow_missing=True)
    theirs = {
        "length": len(data) - part.offset - len(rest),
        "version": bundle[0].bundle_version if bundle else None,
        "encrypted": bool(int(info.features) & 2),
        "signatures": len(signatures),
    }
    ours = {
        "length": part.length,
        "version": part.fields.get("bundle_version"),
        "encrypted": part.encrypted == "yes",
        "signatures": len(part.checks),
    }
    return ours, theirs


def hikvision(data: bytes, part: Part) -> tuple[Said, Said]:
    """By hiktools: the header's fields and where its files lie."""
    from hiktools import fmod

    if part.fields["kind"] != "SWKH":
        return {}, {}
    raw = data[part.offset : part.offset + 64 + 44 * int(part.fields["files"])]
    plain = raw if raw.startswith(b"SWKH") else fmod.decode_xor16(raw, HIKVISION_KEY, len(raw))
    header = fmod.split_header(plain)
    # hiktools calls the first number a length, but the vendor's own structure (upgrade_file.h) and published headers have the offset there
    files = [(name, at + part.offset, size) for name, at, size, *_ in fmod.split_files(plain, len(plain))]
    theirs = {"files": header.files, "language": header.language, "contents": files}
    contents = [(each["name"], each["offset"], each["bytes"]) for each in part.fields["contents"]]
    return {"files": part.fields["files"], "language": part.fields["language"], "contents": contents}, theirs


PARSERS = {
    "zigbee-ota": zigbee,
    "ikea-ngis": wrapped,
    "silabs-gbl": gbl,
    "silabs-gbl4": gbl4,
    "hikvision-dav": hikvision,
}


def images(arguments: list[str]) -> Iterator[tuple[str, bytes]]:
    """Files, or what the tests make and that with a bit changed."""
    for path in files_of(arguments):
        try:
            yield str(path), read(path)[0]
        except IdletalkError:
            continue
    if arguments:
        return
    own = {path.name: path.read_bytes() for path in FIXTURES.iterdir()}
    own |= {"ikea": ikea(own["zigbee.ota"]), "hikvision": made.hikvision(), "plain": made.hikvision(plain=True)}
    for name, data in own.items():
        yield name, data
        yield f"{name}, changed", made.with_flipped(data, len(data) - len(data) // 2)


def main() -> None:
    """Compare and print."""
    logging.disable(logging.CRITICAL)
    asked: Counter[str] = Counter()
    differences: list[str] = []
    for name, data in images(sys.argv[1:]):
        for part in recognise_bytes(data, len(data)).parts:
            if part.format in PARSERS:
                ours, theirs = PARSERS[part.format](data, part)
                asked[f"{part.format}{'' if theirs else ' that the other does not read'}"] += 1
                if ours != theirs:
                    differences.append(f"{name} {part.format} at {part.offset:#x}: {ours}, the other {theirs}")
    print(*(f"{count} {what}" for what, count in asked.most_common()), sep="\n")
    print(f"{len(differences)} differences", *differences, sep="\n  ")


if __name__ == "__main__":
    main()

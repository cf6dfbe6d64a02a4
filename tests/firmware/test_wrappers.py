"""IKEA's hashes of blocks, Hikvision's containers, certificates and a signature behind an image, and YAFFS, which has no magic."""

import hashlib
import struct
from pathlib import Path

import pytest

from idletalk.firmware import examine
from idletalk.firmware.model import Examination
from tests.firmware import made
from tests.firmware.foreign import Missing, run

FIXTURES = Path(__file__).parent / "fixtures"
HIKVISION_KEY = bytes.fromhex("bacdbcfed6caddd3bab9a3abbfcbb5be")


def examined(folder: Path, data: bytes) -> Examination:
    path = folder / "image.bin"
    path.write_bytes(data)
    return examine(path)


def ikea(inner: bytes, block: int = 256) -> bytes:
    """The wrapper as zigpy 2.4.0 reads and checks it; ``python -m tests.firmware.against_parsers`` holds it against that."""
    parts = [inner[at : at + block] for at in range(0, len(inner), block)]
    start = 40 + 32 * len(parts)
    head = b"NGIS" + struct.pack(
        "<9I", 12, 2010, start - 12, start, len(inner), start + len(inner), 11, block, len(parts)
    )
    return head + b"".join(hashlib.sha256(part).digest() for part in parts) + inner + made.noise(512)


def hikvision_several() -> bytes:
    """Two sets of files in one container, which does not count them."""
    sets = [made.hikvision(), made.hikvision()]
    at, entries = 64 + 44 * len(sets), b""
    for number, data in enumerate(sets):
        entries += (b"model %d" % number).ljust(32, b"\0") + struct.pack("<III", at, len(data), made.byte_sum(data))
        at += len(data)
    tail = struct.pack("<II", 0, at).ljust(52, b"\xff") + entries
    header = b"02KH" + struct.pack("<II", made.byte_sum(tail), 64 + len(entries)) + tail
    return hidden(header) + b"".join(sets)


def hidden(header: bytes) -> bytes:
    return bytes(byte ^ HIKVISION_KEY[(i + (i >> 4)) & 15] for i, byte in enumerate(header))


def test_the_hashes_of_ikeas_blocks_are_computed(tmp_path: Path) -> None:
    image = ikea((FIXTURES / "zigbee.ota").read_bytes())
    whole = examined(tmp_path, image)
    assert [part.format for part in whole.recognised.parts[:3]] == ["ikea-ngis", "zigbee-ota", "esp32"]
    assert (whole.judgement.integrity, whole.judgement.authentication) == ("intact", "signature present, key unknown")
    changed = examined(tmp_path, made.with_flipped(image, 400))
    wrong = [check.verdict for check in changed.recognised.parts[0].checks]
    assert wrong == ["valid", "invalid", "valid", "present_unverifiable"]
    assert changed.judgement.integrity == "damaged"
    assert examined(tmp_path, image[:600]).judgement.integrity == "partial"


def test_a_container_of_hikvision_is_read_to_the_innermost_file(tmp_path: Path) -> None:
    image = hikvision_several()
    whole = examined(tmp_path, image)
    assert [part.fields["kind"] for part in whole.recognised.parts] == ["02KH", "SWKH", "SWKH"]
    assert whole.recognised.parts[0].fields["files"] == 2
    outcomes = [
        examined(tmp_path, data).judgement.integrity for data in (image, made.with_flipped(image, 3000), image[:5000])
    ]
    assert outcomes == ["intact", "damaged", "partial"]


def test_an_encrypted_container_of_hikvision_is_told_as_encrypted(tmp_path: Path) -> None:
    head = hidden(b"03KH" + struct.pack("<III", 0x7E09E7EA, 0xEC0, 55))
    judged = examined(tmp_path, head + made.noise(8000)).judgement
    assert (judged.encryption, judged.authentication) == ("yes", "undecidable (opaque or partial)")


def test_certificates_and_a_signature_behind_an_image_are_verified(tmp_path: Path) -> None:
    image = (FIXTURES / "mediatek.bin").read_bytes()
    (tmp_path / "body").write_bytes(image)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650")
    try:
        run(
            "openssl",
            "req",
            "-x509",
            *curve,
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-subj",
            "/CN=root",
            folder=tmp_path,
        )
    except Missing:
        pytest.skip("openssl is not installed")
    issued = ("-CA", "ca.pem", "-CAkey", "ca.key")
    run(
        "openssl", "req", "-x509", *curve, "-keyout", "leaf.key", "-out", "leaf.pem", "-subj", "/CN=leaf", *issued,
        folder=tmp_path,
    )  # fmt: skip
    run("openssl", "dgst", "-sha256", "-sign", "leaf.key", "-out", "signature", "body", folder=tmp_path)
    tail = b"".join((tmp_path / name).read_bytes() for name in ("ca.pem", "leaf.pem", "signature"))
    whole = examined(tmp_path, image + tail)
    assert [part.format for part in whole.recognised.parts[:2]] == ["pem-signed", "mediatek-mmm"]
    assert whole.judgement.authentication == "signature verified"
    assert "a certificate in the image" in whole.judgement.by
    for at in (40, 300, len(image) - 30):
        changed = examined(tmp_path, made.with_flipped(image, at) + tail).judgement
        assert (changed.authentication, changed.integrity) == ("signature present, invalid", "damaged"), at
    assert examined(tmp_path, image[:400]).judgement.integrity == "partial"


@pytest.mark.parametrize(("page", "big"), [(2048, False), (4096, True), (8192, False)])
def test_yaffs_is_told_by_objects_that_lie_where_the_one_before_says(page: int, big: bool, tmp_path: Path) -> None:
    image = made.yaffs(page, big=big)
    whole = examined(tmp_path, made.noise(4096) + image + b"\xff" * 4096)
    [part] = whole.recognised.parts
    assert (part.format, part.offset, part.length, part.fields["objects"]) == ("yaffs", 4096, len(image), 3)
    assert (part.fields["page_bytes"], part.fields["byte_order"]) == (page, "big" if big else "little")
    # one description alone, or one with another mode, is chance
    assert examined(tmp_path, image[: page + page // 32] + made.noise(9000)).format is None
    wrong = bytearray(image)
    wrong[268:272] = bytes(4)
    assert examined(tmp_path, bytes(wrong)).recognised.parts[:1] != [part]

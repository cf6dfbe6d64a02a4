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
    # words of a program, as its TLS library has them
    image = (FIXTURES / "mediatek.bin").read_bytes() + b"-----BEGIN CERTIFICATE-----\0-----END CERTIFICATE-----\0"
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
    filled = [examined(tmp_path, image + tail + rest) for rest in (b"\xff" * 15, b"\xff" * 16, b"\xff\0")]
    assert [each.format for each in filled] == ["pem-signed", "mediatek-mmm", "mediatek-mmm"]
    assert filled[0].judgement.authentication == "signature verified"
    for at in (40, 300, len(image) - 30):
        changed = examined(tmp_path, made.with_flipped(image, at) + tail).judgement
        assert (changed.authentication, changed.integrity) == ("signature present, invalid", "damaged"), at
    assert examined(tmp_path, image[:400]).judgement.integrity == "partial"


@pytest.mark.parametrize("big", [False, True])
def test_jffs2_that_was_in_use_is_one_file_system(big: bool, tmp_path: Path) -> None:
    image = made.jffs2(big=big)
    [part] = examined(tmp_path, image).recognised.parts
    assert (part.format, part.offset, part.length, part.fields["nodes"]) == ("jffs2", 0, len(image), 16)
    # a node that is obsolete keeps the check of the one it was
    changed = examined(tmp_path, made.with_flipped(image, 9)).recognised.parts
    assert [part.offset for part in changed] == [12]


def test_telink_is_read_within_zigbee_and_by_a_right_checksum_alone(tmp_path: Path) -> None:
    for inner, core in ((made.telink(), None), (made.telink_risc_v(), "RISC-V")):
        parts = examined(tmp_path, made.zigbee(inner)).recognised.parts
        assert [part.format for part in parts] == ["zigbee-ota", "telink"]
        assert parts[1].fields.get("core") == core
        assert parts[1].fields.get("manufacturer_code") == (None if core else 0x1286)
    assert examined(tmp_path, made.with_flipped(made.telink_risc_v(), 900)).format is None


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


def test_a_cut_patch_of_bsdiff_is_partial_wherever_it_is_cut(tmp_path: Path) -> None:
    """It has no checksum of its own, and its last block no length: that ends where its stream does."""
    (tmp_path / "old").write_bytes(made.noise(4000))
    (tmp_path / "new").write_bytes(made.noise(3000) + made.noise(2000, seed=2))
    try:
        run("bsdiff", "old", "new", "patch", folder=tmp_path)
    except Missing:
        pytest.skip("bsdiff is not installed")
    patch = (tmp_path / "patch").read_bytes()
    assert examined(tmp_path, patch).judgement.integrity == "nothing to check"
    for left in (len(patch) * 6 // 10, len(patch) - 1):
        cut = examined(tmp_path, patch[:left])
        assert (cut.format, cut.judgement.integrity) == ("bsdiff", "partial"), left

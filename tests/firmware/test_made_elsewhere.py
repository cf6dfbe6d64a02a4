"""Images that others' programs made (`tests/firmware/make_fixtures.py` says which and how): whole, changed and cut are told apart.

ltchiptool 4.15.0: RBL by ``ltchiptool soc bkpackager ota``, UG and AmebaZ2 by its library. zigpy 2.4.0: Zigbee OTA around an image of
esptool 5.6.0. pygbl 1.2.0: GBL. Not from a registry (docs/validation.md): Tuya's UG of two files by Tuya's ``package``, AmebaZ by
Realtek's ``ota`` around parts of ltchiptool, Marvell by ``axf2firmware``, MediaTek packed by a published description of its structures,
YAFFS1 by ``mkyaffs2``.
"""

from pathlib import Path

import pytest

from idletalk.firmware import examine
from idletalk.firmware.examination import Options
from idletalk.firmware.model import Examination
from tests.firmware import made

FIXTURES = Path(__file__).parent / "fixtures"
NONE, UNKNOWN = "none found in image (only checksum or hash)", "signature present, key unknown"

EXPECTED = {
    "beken-plain.rbl": ("beken-rbl", NONE, "no"),
    "beken-gzip.rbl": ("beken-rbl", NONE, "no"),
    "beken-aes256.rbl": ("beken-rbl", "undecidable (opaque or partial)", "yes"),
    "tuya.ug": ("tuya-ug", NONE, "no"),
    "ameba-z2-hash.bin": ("ameba-z2", NONE, "no"),
    "ameba-z2-keyed.bin": ("ameba-z2", UNKNOWN, "no"),
    "zigbee.ota": ("zigbee-ota", NONE, "no"),
    "tuya-several.ug": ("tuya-ug", NONE, "unknown"),
    "ameba-z-ota.bin": ("ameba-z-ota", NONE, "no"),
    "marvell.bin": ("marvell-mw300", NONE, "no"),
    "mediatek.bin": ("mediatek-mmm", NONE, "no"),
    "silabs.gbl": ("silabs-gbl", NONE, "no"),
    "silabs-signed.gbl": ("silabs-gbl", UNKNOWN, "no"),
    "silabs-certificate.gbl": ("silabs-gbl", "signature verified", "no"),
    "silabs-encrypted.gbl": ("silabs-gbl", "undecidable (opaque or partial)", "yes"),
}
"""Format, what authenticates it, and whether it is encrypted."""

WITHOUT_CHECKS = {"silabs-4.gbl": ("silabs-gbl4", UNKNOWN, "no"), "yaffs.bin": ("yaffs", NONE, "no")}
"""The same of what has no checksum of its own."""
VENDOR_KEY = FIXTURES / "silabs-signed.pem"


def examined(folder: Path, data: bytes) -> Examination:
    path = folder / "image.bin"
    path.write_bytes(data)
    return examine(path)


def test_each_fixture_is_expected_and_each_expected_one_is_there() -> None:
    assert {path.name for path in FIXTURES.iterdir()} == {*EXPECTED, *WITHOUT_CHECKS, VENDOR_KEY.name}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_whole_a_changed_and_a_cut_image_are_told_apart(name: str, tmp_path: Path) -> None:
    image = (FIXTURES / name).read_bytes()
    whole, cut = examined(tmp_path, image), examined(tmp_path, image[: len(image) * 6 // 10])
    assert (whole.format, whole.judgement.authentication, whole.judgement.encryption) == EXPECTED[name]
    assert whole.judgement.integrity == "intact"
    for at in (len(image) // 2, len(image) - 40):
        changed = examined(tmp_path, made.with_flipped(image, at))
        assert (changed.format, changed.judgement.integrity) == (whole.format, "damaged"), at
    assert (cut.format, cut.judgement.integrity) == (whole.format, "partial")
    assert cut.judgement.authentication == "undecidable (opaque or partial)"


@pytest.mark.parametrize("name", WITHOUT_CHECKS)
def test_a_cut_image_without_checksums_is_partial(name: str, tmp_path: Path) -> None:
    image = (FIXTURES / name).read_bytes()
    whole, cut = examined(tmp_path, image), examined(tmp_path, image[: len(image) * 9 // 10])
    assert (whole.format, whole.judgement.authentication, whole.judgement.encryption) == WITHOUT_CHECKS[name]
    assert whole.judgement.integrity == "nothing to check"
    assert (cut.format, cut.judgement.integrity) == (whole.format, "partial")


@pytest.mark.parametrize(("name", "given"), [("silabs-signed.gbl", True), ("silabs-certificate.gbl", False)])
def test_a_changed_byte_under_a_verified_signature_makes_it_invalid(name: str, given: bool, tmp_path: Path) -> None:
    image, keys = (FIXTURES / name).read_bytes(), (VENDOR_KEY,) if given else ()
    path = tmp_path / "image.bin"
    for data, outcome in (
        (image, "signature verified"),
        (made.with_flipped(image, 600), "signature present, invalid"),
    ):
        path.write_bytes(data)
        assert examine(path, Options(keys=keys)).judgement.authentication == outcome


def test_what_a_maker_wrote_is_read() -> None:
    [rbl, *_] = examine(FIXTURES / "beken-gzip.rbl").recognised.parts
    assert [rbl.fields[name] for name in ("partition", "version", "compression")] == ["app", "1.2.3", "gzip"]
    names = [part.format for part in examine(FIXTURES / "tuya.ug").recognised.parts]
    assert names[:2] == ["tuya-ug", "beken-rbl"]
    [z2, *_] = examine(FIXTURES / "ameba-z2-hash.bin").recognised.parts
    assert z2.fields["image_types"] == [2, 8]
    assert [check.name for check in z2.checks] == ["SHA-256 of header", *["SHA-256 of image"] * 2, "byte sum"]
    ota, esp, *_ = examine(FIXTURES / "zigbee.ota").recognised.parts
    assert (ota.fields["header_text"], esp.format, esp.fields["chip"]) == ("lamp", "esp32", "ESP32-H2")
    mediatek, *inside = examine(FIXTURES / "mediatek.bin").recognised.parts
    assert [image["flash_address"] for image in mediatek.fields["images"]] == ["0x10079000", "0x10089000"]
    assert [part.format for part in inside] == ["lzma", "lzma"]
    [realtek, *inside] = examine(FIXTURES / "ameba-z-ota.bin").recognised.parts
    assert (realtek.fields["parts"], [part.format for part in inside]) == (2, ["ameba-z"] * 4)
    [yaffs, *_] = examine(FIXTURES / "yaffs.bin").recognised.parts
    assert [yaffs.fields[name] for name in ("objects", "page_bytes", "spare_bytes")] == [3, 512, 16]

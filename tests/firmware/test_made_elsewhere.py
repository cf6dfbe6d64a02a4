"""Images that others' programs made (`tests/firmware/make_fixtures.py` says which and how): whole, changed and cut are told apart.

ltchiptool 4.15.0: RBL by ``ltchiptool soc bkpackager ota``, UG and AmebaZ2 by its library. zigpy 2.4.0: Zigbee OTA around an image of
esptool 5.6.0.
"""

from pathlib import Path

import pytest

from idletalk.firmware import examine
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
}
"""Format, what authenticates it, and whether it is encrypted."""


def examined(folder: Path, data: bytes) -> Examination:
    path = folder / "image.bin"
    path.write_bytes(data)
    return examine(path)


def test_each_fixture_is_expected_and_each_expected_one_is_there() -> None:
    assert {path.name for path in FIXTURES.iterdir()} == set(EXPECTED)


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

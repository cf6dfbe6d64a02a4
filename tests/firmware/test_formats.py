"""Each vendor's format: whole, with one bit changed, and cut."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from idletalk.firmware import Options, examine
from idletalk.firmware.model import Examination
from tests.firmware import made

CHECKED: dict[str, Callable[[], bytes]] = {
    "esp8266": made.esp8266,
    "esp8266-ota": made.esp8266_ota,
    "esp32": made.esp32,
    "tuya-ug": made.tuya_single,
    "tuya-ug of several": made.tuya_multi,
    "beken-rbl": made.beken_rbl,
    "ameba-z-ota": made.ameba_z_ota,
    "marvell-mw300": made.marvell,
    "hikvision-dav": made.hikvision,
    "hikvision-dav plain": lambda: made.hikvision(plain=True),
    "uimage": made.uimage,
    "mcuboot": made.mcuboot,
    "mcuboot signed": lambda: made.mcuboot(signed=True),
    "zigbee-ota": made.zigbee,
    "telink": made.telink,
    "telink for Bluetooth": lambda: made.telink(zigbee=False),
    "swupdate": made.swupdate,
    "esp32 signed with RSA": made.esp32_signed_rsa,
    "esp32 signed with ECDSA": made.esp32_signed_ecdsa,
}


def examined(tmp_path: Path, image: bytes) -> Examination:
    path = tmp_path / "image.bin"
    path.write_bytes(image)
    return examine(path)


@pytest.mark.parametrize("name", CHECKED)
def test_a_whole_a_changed_and_a_cut_image_are_told_apart(name: str, tmp_path: Path) -> None:
    image = CHECKED[name]()
    # a byte in the middle of what the format carries
    changed = made.with_flipped(
        image, len(image) // 2 if name == "swupdate" else len(image) - 40 if name == "zigbee-ota" else len(image) // 3
    )
    found = [examined(tmp_path, data) for data in (image, changed, image[: len(image) * 6 // 10])]
    assert [each.format for each in found] == [name.split()[0]] * 3
    assert [each.judgement.integrity for each in found] == ["intact", "damaged", "partial"]
    assert found[2].judgement.authentication == "undecidable (opaque or partial)"
    assert any("% of the" in note for note in found[2].notes)


ONE_LINE = 'software = { version = "1.4"; images: ( { filename = "root.img"; sha256 = "%s"; } ); }'
JSON = '{"software": {"version": "1.4", "images": [{"sha256": "%s", "filename": "root.img"}]}}'


@pytest.mark.parametrize("description", [made.SW_DESCRIPTION, ONE_LINE, JSON])
def test_swupdate_binds_its_files_however_the_description_is_laid_out(description: str, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    public = tmp_path / "key.pem"
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )

    def verdict(image: bytes) -> tuple[str, str, str]:
        path = tmp_path / "image.bin"
        path.write_bytes(image)
        judged = examine(path, Options(keys=(public,))).judgement
        return judged.authentication, judged.by, judged.integrity

    def sign(text: bytes) -> bytes:
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())

    whole = made.swupdate(description, sign)
    by = "sw-description.sig, with the key that was given"
    assert verdict(whole) == ("signature verified", by, "intact")
    assert verdict(made.with_flipped(whole, len(whole) - 600))[::2] == ("signature present, invalid", "damaged")
    # a file of which nothing is told has nothing wrong, and nothing that authenticates it
    more = made.swupdate(description, sign, script=b"echo")
    assert verdict(more) == ("signature verified", f"{by}; not covered: script", "intact")


@pytest.mark.parametrize("make", [made.esp32_signed_rsa, made.esp32_signed_ecdsa])
def test_one_signed_byte_changed_makes_a_verified_signature_invalid(make: Callable[[], bytes], tmp_path: Path) -> None:
    image = make()
    assert examined(tmp_path, image).judgement.authentication == "signature verified"
    for at in (200, 1000, 3000):
        assert examined(tmp_path, made.with_flipped(image, at)).judgement.authentication == "signature present, invalid"


def test_a_signature_without_its_key_is_present_and_no_more(tmp_path: Path) -> None:
    judged = examined(tmp_path, made.mcuboot(signed=True)).judgement
    assert judged.authentication == "signature present, key unknown"
    assert examined(tmp_path, made.mcuboot()).judgement.authentication == "none found in image (only checksum or hash)"


def test_a_changed_hash_under_a_signature_makes_it_invalid(tmp_path: Path) -> None:
    judged = examined(tmp_path, made.with_flipped(made.mcuboot(signed=True), 100)).judgement
    assert judged.authentication == "signature present, invalid"


def test_a_keyed_mac_is_present_and_its_key_unknown(tmp_path: Path) -> None:
    found = examined(tmp_path, made.ameba_z2())
    assert found.format == "ameba-z2"
    assert found.judgement.authentication == "signature present, key unknown"
    assert "MAC" in found.judgement.by


def test_the_application_descriptor_tells_what_was_built(tmp_path: Path) -> None:
    found = examined(tmp_path, made.esp32())
    fields = found.recognised.parts[0].fields
    assert (fields["chip"], fields["project"], fields["version"], fields["sdk"]) == (
        "ESP32",
        "plug",
        "1.2.3",
        "ESP-IDF v5.2",
    )
    assert found.judgement.rollback.endswith(": 3")
    assert found.as_of == "2025-06-01T12:00:00Z"


def test_a_file_without_a_known_format_is_undecidable_and_says_what_was_checked(tmp_path: Path) -> None:
    found = examined(tmp_path, made.noise(50_000))
    assert found.judgement.authentication == "undecidable (opaque or partial)"
    assert any("formats were looked for" in note for note in found.notes)


def test_a_word_of_a_table_that_ends_like_a_magic_is_no_image(tmp_path: Path) -> None:
    """ "VERBL" among texts of published Zigbee firmware."""
    words = b"SOMEWHERE VE" + b"RBL\0\0\0ERIEN SERIE\0REVERSE\0VERSION\0SERIAL\0" * 4
    assert not examined(tmp_path, words + made.noise(4000)).recognised.parts
    # with one bit of the header changed it still is one, and damaged
    changed = examined(tmp_path, made.with_flipped(made.beken_rbl(), 13))
    assert (changed.format, changed.judgement.integrity) == ("beken-rbl", "damaged")


def test_no_image_is_called_plainly_unsigned(tmp_path: Path) -> None:
    for make in CHECKED.values():
        judged = examined(tmp_path, make()).judgement
        assert "unsigned" not in f"{judged.authentication} {judged.sentence} {judged.by}"


def test_the_map_names_every_byte_once(tmp_path: Path) -> None:
    image = made.noise(5000) + made.uimage() + b"\xff" * 3000 + made.esp32() + b"text and more text. " * 200
    regions = examined(tmp_path, image).recognised.map
    at = 0
    for region in regions:
        assert region.offset == at
        at += region.length
    assert at == len(image)
    assert {"part", "padding"} <= {region.kind for region in regions}

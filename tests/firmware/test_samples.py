"""Images that others made: signed, digested, encrypted and plain variants are told apart (skipped where they are absent)."""

from pathlib import Path

import pytest

from idletalk.firmware.examination import Options, examine

SAMPLES = Path(__file__).parents[3] / "shared" / "firmware"

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the collection of firmware samples is not beside the repository"
)

VERIFIED, UNKNOWN, INVALID = "signature verified", "signature present, key unknown", "signature present, invalid"
NONE, OPAQUE = "none found in image (only checksum or hash)", "undecidable (opaque or partial)"
SECURE = "esptool_secure_images"

EXPECTED = {
    **{
        f"{SECURE}/bootloader_{many}signed_v2_{scheme}.bin": ("esp32", VERIFIED)
        for many in ("", "multi_")
        for scheme in ("rsa", "ecdsa192", "ecdsa256", "ecdsa384")
    },
    f"{SECURE}/bootloader_unsigned_v2.bin": ("esp32", NONE),
    f"{SECURE}/bootloader.bin": ("esp32", NONE),
    f"{SECURE}/bootloader_signed.bin": ("esp32", UNKNOWN),
    f"{SECURE}/hello-world-signed.bin": ("esp32", UNKNOWN),
    f"{SECURE}/bootloader_digested.bin": ("esp-secure-boot-digest", UNKNOWN),
    **{
        f"{SECURE}/{name}.bin": (None, OPAQUE)
        for name in ("bootloader-encrypted", "bootloader-encrypted-aes-xts", "hello-world-signed-encrypted")
    },
    "esptool_images/bootloader_esp8266.bin": ("esp8266", NONE),
    "esptool_images/esp_idf_blink_esp32s2.bin": ("esp32", NONE),
    "esptool_images/fifty_kb.bin": (None, OPAQUE),
    "rauc/good-bundle.raucb": ("rauc", VERIFIED),
    "rauc/good-verity-bundle.raucb": ("rauc", VERIFIED),
    "rauc/good-crypt-bundle-encrypted.raucb": ("rauc", UNKNOWN),
    "rauc/invalid-sig-bundle.raucb": ("rauc", INVALID),
    "synthetic/mcu_signed.bin": ("mcuboot", UNKNOWN),
    "synthetic/mcu_unsigned.bin": ("mcuboot", NONE),
    "synthetic/p.bsdiff": ("bsdiff", NONE),
    "synthetic/p.xdelta": ("vcdiff", NONE),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_variants_are_told_apart(name: str) -> None:
    found = examine(SAMPLES / name, Options(unpack=False))
    assert (found.format, found.judgement.authentication) == EXPECTED[name]

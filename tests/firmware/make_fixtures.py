"""Images of vendors' formats made by others' programs, which need not be there when the tests run.

    pip install zigpy==2.4.0 ltchiptool==4.15.0 esptool==5.6.0 pygbl==1.2.0
    python -m tests.firmware.make_fixtures

ltchiptool (MIT) writes Beken's RBL, Tuya's UG around it, and Realtek's AmebaZ2 images; zigpy writes Zigbee OTA files, here with an image
of esptool's inside; pygbl writes GBL. What they hold are made-up bytes. Fixtures of programs that no registry has are not made here:
docs/validation.md says where these programs are published.
"""

# pyright: reportMissingImports=false

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.firmware.foreign import RISCV, elf
from tests.firmware.made import noise

FOLDER = Path(__file__).parent / "fixtures"
BODY = b"words that compress " * 30 + noise(600)


def beken(folder: Path, compression: str, encryption: str) -> bytes:
    """``ltchiptool soc bkpackager ota``."""
    source, target = folder / "app.bin", folder / "app.rbl"
    source.write_bytes(BODY)
    keys = ("--key", "k" * 32, "--iv", "i" * 16) if encryption != "none" else ()
    command = ["soc", "bkpackager", "ota", source, target, compression, encryption, "-v", "1.2.3", *keys]
    subprocess.run([sys.executable, "-m", "ltchiptool", *command], check=True)
    return target.read_bytes()


def tuya(folder: Path) -> bytes:
    """ltchiptool's ``elf2bin`` for BK7231, with a toolchain that hands over BODY."""
    from ltchiptool.soc.bk72xx.binary import BK72XXBinary

    settings: dict[str, Any] = {
        "build.mcu": "bk7231t",
        "build.bkcrypt_coeffs": "0" * 32,
        "build.bkrbl_size_app": "0x1000",
    }
    settings |= {"build.bkota.encryption": "none", "build.bkota.compression": "gzip", "build.bkota.format": "rbl-ug"}

    class Board:
        toolchain = SimpleNamespace(
            nm=lambda _: {"_vector_start": 0x10000}, objcopy=lambda _, target: Path(target).write_bytes(BODY)
        )

        def __getitem__(self, name: str) -> Any:
            return settings.get(name)

        def region(self, name: str) -> tuple[int, int, int]:
            return (0x11000, 0x121000, 0x132000) if name == "app" else (0x132000, 0xA6000, 0x1D8000)

    (folder / "raw_firmware.elf").write_bytes(b"")
    BK72XXBinary.elf2bin(SimpleNamespace(board=Board()), str(folder / "raw_firmware.elf"), 1)  # type: ignore[arg-type]
    [made] = folder.glob("*ota.ug.bin")
    return made.read_bytes()


def ameba_z2(hash_key: bytes | None) -> bytes:
    """ltchiptool's model of an update with two images."""
    from ltchiptool.soc.ambz2.util.models.enums import ImageType, SectionType
    from ltchiptool.soc.ambz2.util.models.headers import FST, EntryHeader, ImageHeader, KeyblockOTA, SectionHeader
    from ltchiptool.soc.ambz2.util.models.images import Image
    from ltchiptool.soc.ambz2.util.models.partitions import Firmware, Section

    # the public key of the family, as in all its images
    public = bytes.fromhex("68513ef83e396b12ba059a900f36b6d31d11fe1c5d25eb8aa7c550307f9c2405")
    made = b""
    for index, kind in enumerate((ImageType.FWHS_S, ImageType.XIP)):
        section = Section(
            header=SectionHeader(type=SectionType.SRAM),
            entry=EntryHeader(address=0x10000000),
            data=noise(320, seed=index),
        )
        header = ImageHeader(type=kind, next_offset=0xFFFFFFFF if index else 0, idx_pkey=0)
        image = Image(
            keyblock=KeyblockOTA(decryption=public), header=header, data=Firmware(fst=FST(), sections=[section])
        )
        made += image.pack(hash_key=hash_key, is_ota=True, is_first=index == 0)
    return made + (sum(made) & 0xFFFFFFFF).to_bytes(4, "little")


def zigbee(folder: Path) -> bytes:
    """zigpy's container around an image that esptool made."""
    from zigpy.ota.image import (
        ElementTagId,
        FieldControl,
        HeaderString,
        LVBytes32,
        OTAImage,
        OTAImageHeader,
        SubElement,
    )

    (folder / "app.elf").write_bytes(
        elf(RISCV, (".text", 0x40800000, noise(400)), (".data", 0x40820000, b"words " * 20))
    )
    esptool = (sys.executable, "-m", "esptool", "--chip", "esp32h2")
    subprocess.run([*esptool, "elf2image", "--output", folder / "app.bin", folder / "app.elf"], check=True)
    data = (folder / "app.bin").read_bytes()
    element = SubElement(tag_id=ElementTagId.UPGRADE_IMAGE, data=LVBytes32(data))
    header = OTAImageHeader(
        upgrade_file_id=OTAImageHeader.MAGIC_VALUE,
        header_version=256,
        header_length=56,
        field_control=FieldControl(0),
        manufacturer_id=0x131B,
        image_type=1,
        file_version=0x01020304,
        stack_version=2,
        header_string=HeaderString("lamp"),
        image_size=56 + len(element.serialize()),
    )
    return OTAImage(header=header, subelements=[element]).serialize()


def gbl() -> dict[str, bytes]:
    """pygbl's images: plain, signed, by a certificate's key, encrypted; of version 4; and the key that verifies the signed one."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from pygbl import gbl3, gbl4
    from pygbl.crypto import sign_digest

    vendor, product = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    application = gbl3.GBL3ApplicationInfo(
        type=gbl3.GBL3ApplicationType.ZIGBEE, version=7, capabilities=0, product_id=bytes(16)
    )
    program = gbl3.GBL3Prog(address=0x4000, data=BODY)
    header = gbl3.GBL3Header(version=3, type=gbl3.GBL3Type.NONE)
    plain = gbl3.GBL3Image(tags=[header, application, program]).regenerate_crc()
    numbers = product.public_key().public_numbers()
    key = b"".join(number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
    blank = gbl3.GBL3CertificateEcdsaP256(struct_version=1, flags=bytes(3), key=key, version=1, signature=bytes(64))
    r, s = sign_digest(vendor, hashlib.sha256(blank.serialize_payload()[:72]).digest())
    certificate = replace(blank, signature=r + s)
    by_certificate = gbl3.GBL3Image(tags=[header, certificate, application, program]).sign(product)
    # version 4: pygbl frames the tags; nobody publishes what their signature covers
    manifest = gbl4.GBL4Manifest(
        children=[
            gbl4.GBL4ManifestInfo(version=1, features=gbl4.GBL4Feature.SIGNATURE_ECDSA),
            gbl4.GBL4BundleVersion(product_id=bytes(16), bundle_version=9, min_version=1),
            gbl4.GBL4ManifestFinish(),
            gbl4.GBL4Signature(signature=gbl4.HashValue(hash_type=1, value=noise(64))),
        ]
    )
    section = gbl4.GBL4MemorySection(children=[gbl4.GBL4MemorySectionBlob(data=BODY)])
    root = gbl4.GBL4Root(children=[manifest, gbl4.GBL4UpdateProcess(children=[section])])
    return {
        "silabs.gbl": plain.serialize(),
        "silabs-signed.gbl": plain.sign(vendor).serialize(),
        "silabs-signed.pem": vendor.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "silabs-certificate.gbl": by_certificate.serialize(),
        "silabs-encrypted.gbl": plain.encrypt(b"k" * 16).serialize(),
        "silabs-4.gbl": gbl4.GBL4Image(root=root).serialize(),
    }


def main() -> None:
    """Make all of them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for target, data in {
            "beken-plain.rbl": beken(folder, "none", "none"),
            "beken-gzip.rbl": beken(folder, "gzip", "none"),
            "beken-aes256.rbl": beken(folder, "gzip", "aes256"),
            "tuya.ug": tuya(folder),
            "ameba-z2-hash.bin": ameba_z2(None),
            "ameba-z2-keyed.bin": ameba_z2(b"k" * 32),
            "zigbee.ota": zigbee(folder),
            **gbl(),
        }.items():
            (FOLDER / target).write_bytes(data)
            print(f"{target}: {len(data)} bytes")


if __name__ == "__main__":
    main()

"""FIT images that mkimage signed: verified with a key at hand, invalid where one signed byte is another, unknown where no key is."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from idletalk.errors import IdletalkError
from idletalk.firmware import Options, examine
from idletalk.firmware.model import Judgement
from tests.firmware import made
from tests.firmware.foreign import Missing, certificate, run

VERIFIED, UNKNOWN, INVALID = "signature verified", "signature present, key unknown", "signature present, invalid"

TREE = """/dts-v1/;
/ {{
    description = "an update"; #address-cells = <1>;
    images {{
        kernel {{ description = "kernel"; data = /incbin/("kernel"); type = "kernel"; arch = "arm"; os = "linux"; compression = "none";
            load = <0x80000000>; entry = <0x80000000>; hash-1 {{ algo = "{digest}"; }}; {own} {cipher} }};
        disk {{ description = "disk"; data = /incbin/("disk"); type = "ramdisk"; arch = "arm"; os = "linux"; compression = "none";
            hash-1 {{ algo = "sha256"; }}; }};
    }};
    configurations {{ default = "one"; one {{ kernel = "kernel"; {disk} {configuration} }}; }};
}};
"""


def signed(
    folder: Path, scheme: str = "sha256,rsa2048", *options: str, own: bool = False, disk: bool = False, cipher: str = ""
) -> Path:
    """An image whose configuration is signed, or whose kernel is (``own``), with control.dtb and public.pem beside it."""
    signature = f'signature-1 {{ algo = "{scheme}"; key-name-hint = "vendor"; {" ".join(options)}'
    tree = TREE.format(
        digest=scheme.split(",")[0],
        own=f"{signature} }};" if own else "",
        cipher=cipher,
        disk='ramdisk = "disk";' if disk else "",
        configuration="" if own else f'{signature} sign-images = "kernel"; }};',
    )
    (folder / "image.its").write_text(tree)
    (folder / "kernel").write_bytes(made.noise(3000))
    (folder / "disk").write_bytes(made.noise(2000, seed=2))
    (folder / "empty.dts").write_text("/dts-v1/; / { signature { }; };")
    if "ecdsa" in scheme:
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "vendor.pem", folder=folder)
        run("openssl", "ec", "-in", "vendor.pem", "-pubout", "-out", "public.pem", folder=folder)
    else:
        certificate(folder, "vendor", bits=int(scheme.rpartition("rsa")[2]))
        run("openssl", "rsa", "-in", "vendor.key", "-pubout", "-out", "public.pem", folder=folder)
    run("dtc", "-o", "control.dtb", "empty.dts", folder=folder)
    run("mkimage", "-f", "image.its", "-k", ".", "-K", "control.dtb", "-r", "image.itb", folder=folder)
    return folder / "image.itb"


def judged(image: Path, *keys: Path) -> Judgement:
    return examine(image, Options(keys=keys)).judgement


@pytest.fixture(autouse=True)
def _makers() -> None:
    from idletalk.firmware.tools import found_program

    missing = [name for name in ("mkimage", "dtc", "openssl") if found_program(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("sha256,rsa2048", ()),
        ("sha1,rsa2048", ()),
        ("sha256,rsa2048", ('padding = "pss";',)),
        ("sha256,ecdsa256", ()),
    ],
)
@pytest.mark.parametrize("own", [False, True])
def test_a_key_that_is_given_verifies_it(scheme: str, options: Sequence[str], own: bool, tmp_path: Path) -> None:
    image = signed(tmp_path, scheme, *options, own=own)
    for key in ("public.pem", "control.dtb"):
        found = judged(image, tmp_path / key)
        assert found.authentication == VERIFIED
        assert "the key that was given" in found.by
    assert judged(image).authentication == UNKNOWN


@pytest.mark.parametrize("scheme", ["sha256,rsa3072", "sha384,rsa4096"])
def test_a_longer_key_verifies_it_too(scheme: str, tmp_path: Path) -> None:
    image = signed(tmp_path, scheme)
    assert judged(image, tmp_path / "public.pem").authentication == VERIFIED
    image.write_bytes(made.with_flipped(image.read_bytes(), 1500))
    assert judged(image, tmp_path / "public.pem").authentication == INVALID


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_an_image_with_a_cipher_is_told_as_encrypted_and_its_signature_verified(bits: int, tmp_path: Path) -> None:
    (tmp_path / "aes.bin").write_bytes(made.noise(bits // 8))
    (tmp_path / "iv.bin").write_bytes(made.noise(16))
    cipher = f'cipher {{ algo = "aes{bits}"; key-name-hint = "aes"; iv-name-hint = "iv"; }};'
    image = signed(tmp_path, cipher=cipher)
    data = image.read_bytes()
    assert made.noise(3000) not in data
    found = judged(image, tmp_path / "public.pem")
    assert (found.authentication, found.encryption, found.integrity) == (VERIFIED, "yes", "intact")
    assert "cipher" in found.encryption_reason
    image.write_bytes(made.with_flipped(data, 1500))
    assert judged(image, tmp_path / "public.pem").authentication == INVALID


def test_the_key_of_another_vendor_says_nothing(tmp_path: Path) -> None:
    image = signed(tmp_path)
    run("openssl", "genrsa", "-out", "other.key", "2048", folder=tmp_path)
    run("openssl", "rsa", "-in", "other.key", "-pubout", "-out", "other.pem", folder=tmp_path)
    assert judged(image, tmp_path / "other.pem").authentication == UNKNOWN
    assert judged(image, tmp_path / "other.pem", tmp_path / "public.pem").authentication == VERIFIED


def test_one_changed_byte_that_is_signed_makes_it_invalid(tmp_path: Path) -> None:
    image = signed(tmp_path)
    data = image.read_bytes()
    places = {
        "data of the kernel": data.index(made.noise(3000)) + 1500,
        "load address": data.index(bytes.fromhex("80000000")),
        "what the configuration names": data.index(b"kernel\0\0\0\0\0", data.index(b"configurations")),
        "the name of an image": data.index(b"kernel\0"),
    }
    changed = tmp_path / "changed.itb"
    for what, at in places.items():
        changed.write_bytes(made.with_flipped(data, at))
        for key in ("public.pem", "control.dtb"):
            assert judged(changed, tmp_path / key).authentication == INVALID, (what, key)


def test_no_changed_byte_of_the_tree_before_its_signature_leaves_it_verified_and_another_image(tmp_path: Path) -> None:
    image = signed(tmp_path)
    data, changed = image.read_bytes(), tmp_path / "changed.itb"
    start = data.index(b"kernel\0")
    for at in range(start, start + 40):
        changed.write_bytes(made.with_flipped(data, at))
        assert judged(changed, tmp_path / "control.dtb").authentication != VERIFIED, at


def test_data_behind_the_tree_is_covered_too(tmp_path: Path) -> None:
    image = signed(tmp_path)
    run("mkimage", "-E", "-F", image, folder=tmp_path)
    data = image.read_bytes()
    assert judged(image, tmp_path / "public.pem").authentication == VERIFIED
    image.write_bytes(made.with_flipped(data, data.index(made.noise(3000)) + 9))
    assert judged(image, tmp_path / "public.pem").authentication == INVALID


def test_a_device_tree_in_the_image_has_the_key(tmp_path: Path) -> None:
    image = signed(tmp_path)
    flash = tmp_path / "flash.bin"
    flash.write_bytes(
        made.noise(4096) + (tmp_path / "control.dtb").read_bytes().ljust(8192, b"\xff") + image.read_bytes()
    )
    found = judged(flash)
    assert found.authentication == VERIFIED
    assert "a device tree in the image" in found.by


def test_an_image_that_the_signature_does_not_cover_is_named(tmp_path: Path) -> None:
    image = signed(tmp_path, disk=True)
    found = judged(image, tmp_path / "public.pem")
    assert (found.authentication, found.by.rpartition("not covered: ")[2]) == (VERIFIED, "/images/disk")


def test_a_tree_without_keys_is_no_key(tmp_path: Path) -> None:
    image = signed(tmp_path)
    run("dtc", "-o", "empty.dtb", "empty.dts", folder=tmp_path)
    with pytest.raises(IdletalkError, match="no key under /signature"):
        judged(image, tmp_path / "empty.dtb")


def test_a_maker_that_is_missing_is_told() -> None:
    with pytest.raises(Missing, match="no-such-program"):
        run("no-such-program", folder=Path())

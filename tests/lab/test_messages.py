"""What devices put on the wire, read back by code of its own or by its other half."""

import hashlib
import struct
import subprocess
from pathlib import Path

import pytest
from lab import authority, stun
from lab.devices.office import netbios_name
from lab.devices.plug_xor import LENGTH, scramble, unscramble
from lab.firmware import ESP_CHECKSUM_SEED, SQUASHFS_AT, Image, make_all
from lab.home import draw_home
from lab.needs import program_path


def test_the_local_protocol_reads_back() -> None:
    scrambled = scramble(b'{"system":{}}')
    assert scrambled[: LENGTH.size] == struct.pack("!I", 13)
    assert scrambled[LENGTH.size] == 171 ^ ord("{")
    assert unscramble(scrambled[LENGTH.size :]) == b'{"system":{}}'


def test_stun_tells_the_address_that_asked() -> None:
    answer = stun.response(stun.request(b"t" * 12), ("198.18.1.104", 42325))
    assert stun.mapped(answer) == ("198.18.1.104", 42325)
    assert b"\xc6\x12\x01\x68" not in answer  # not in clear: XORed


def test_a_netbios_name_is_encoded_as_rfc_1001_says() -> None:
    assert netbios_name("FRED") == b"\x20EGFCEFEECACACACACACACACACACACAAA\0"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image]:
    """The images of one seed, by kind of device."""
    if program_path("mksquashfs") is None:
        pytest.skip("mksquashfs is not installed")
    roots = {vendor: authority.root(vendor) for vendor in authority.VENDORS}
    folder = tmp_path_factory.mktemp("firmware") / "images"
    return {image.program: image for image in make_all(draw_home(3), roots, folder)}


def test_the_lamps_image_ends_with_its_checksum_and_hash(images: dict[str, Image]) -> None:
    content = images["lamp"].content
    body, digest = content[:-32], content[-32:]
    assert hashlib.sha256(body).digest() == digest
    assert len(body) % 16 == 0
    at, checksum = 24, ESP_CHECKSUM_SEED
    for _ in range(content[1]):
        (length,) = struct.unpack_from("<4xI", body, at)
        for byte in body[at + 8 : at + 8 + length]:
            checksum ^= byte
        at += 8 + length
    assert body[-1] == checksum


def test_the_cameras_image_holds_a_file_system_that_can_be_listed(images: dict[str, Image], tmp_path: Path) -> None:
    if program_path("unsquashfs") is None:
        pytest.skip("unsquashfs is not installed")
    file_system = tmp_path / "rootfs"
    file_system.write_bytes(images["camera"].content[SQUASHFS_AT:])
    listed = subprocess.run(["unsquashfs", "-l", str(file_system)], check=True, capture_output=True, text=True).stdout
    assert "etc/dhcpd.conf" in listed


def test_what_an_image_is_said_to_contain_is_there(images: dict[str, Image]) -> None:
    plug = images["plug_mdns"].content
    assert plug[:2] == b"\xea\x04"
    assert b"-----BEGIN CERTIFICATE-----" in plug
    assert b"-----BEGIN RSA PRIVATE KEY-----" in plug
    assert b"-----END RSA PRIVATE KEY-----" not in plug
    assert images["door"].content.startswith(b"PTCH")

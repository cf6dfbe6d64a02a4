"""Firmware images that the lab makes: real headers, real file system, real certificates.

Each image is new for each seed. Formats: ESP8266 and ESP32 application images as Espressif's
documentation of esptool describes them, a legacy uImage header (U-Boot, image.h), squashfs 4.0 by
mksquashfs; the wrapper of the camera's image and the door's patch format are the lab's own.
"""

import base64
import hashlib
import random
import struct
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

from lab import authority
from lab.home import FIXED_HOSTS
from lab.plan import Home

ESP_MAGIC, ESP8266_V2_MAGIC, ESP_CHECKSUM_SEED = 0xE9, 0xEA, 0xEF
ESP32_DESCRIPTION_MAGIC = 0xABCD5432
ESP32_CHIP_ID = 0
UIMAGE_MAGIC = 0x27051956
SQUASHFS_AT = 196  # where the study's camera image has it
WORDS = ["task", "queue", "wifi", "connect", "station", "heap", "event", "handler", "timer", "uart", "flash", "partition", "boot", "mesh", "relay", "switch", "cloud", "socket", "retry", "json", "token", "failed", "success", "start", "stop", "version", "update"]  # fmt: skip
SHA256_CONSTANTS = (  # the first eight of FIPS 180-4, 4.2.2
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
)  # fmt: skip
BASE64_TABLE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(frozen=True, slots=True)
class Image:
    """One image on its server, and what was put into it."""

    program: str
    host: str
    path: str
    content: bytes
    kind: str
    contains: list[str]

    @property
    def sha256(self) -> str:
        """SHA-256 of the image, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def md5(self) -> str:
        """MD5 of the image, in hex: what the device is told."""
        return hashlib.md5(self.content).hexdigest()


def _code(source: random.Random, size: int) -> bytes:
    """Bytes as compressible as machine code: a small vocabulary of four-byte words, some numbers."""
    vocabulary = [source.randbytes(3) for _ in range(200)]
    out = bytearray()
    while len(out) < size:
        out += source.choice(vocabulary) + bytes([source.choice((0, 0, 16, 32, source.getrandbits(8)))])
    return bytes(out[:size])


def _texts(source: random.Random, lines: list[str]) -> bytes:
    """C strings: these lines among log messages."""
    noise = [" ".join(source.choices(WORDS, k=4)) + " %d\n" for _ in range(60)]
    mixed = noise + lines
    source.shuffle(mixed)
    return b"".join(line.encode() + b"\0" for line in mixed)


def _esp_image(segments: list[tuple[int, bytes]], head: bytes, hashed: bool) -> bytes:
    checksum = ESP_CHECKSUM_SEED
    body = head
    for address, content in segments:
        padded = content + bytes(-len(content) % 4)
        body += struct.pack("<II", address, len(padded)) + padded
        for byte in padded:
            checksum ^= byte
    body += bytes(15 - len(body) % 16) + bytes([checksum])
    return body + hashlib.sha256(body).digest() if hashed else body


def esp8266(source: random.Random, certificate: bytes, lines: list[str], size: int) -> bytes:
    """A version 2 image: irom segment with a 0xEA header, then an 0xE9 image. Its private key is none."""
    garbage = base64.encodebytes(source.randbytes(300))
    key = b"-----BEGIN RSA PRIVATE KEY-----\n" + source.randbytes(200) + garbage
    irom = _code(source, size) + _texts(source, [*lines, "Firmware ONLY supports ESP8266!!!"])
    irom += certificate + key + BASE64_TABLE + struct.pack("<8I", *SHA256_CONSTANTS)
    irom += bytes(-len(irom) % 16)
    head = struct.pack("<BBBBI", ESP8266_V2_MAGIC, 4, 0, 0x40, 0x40100004)
    first = head + struct.pack("<II", 0, len(irom)) + irom
    segments = [(0x40100000, _code(source, 8192)), (0x3FFE8000, _texts(source, lines))]
    second = struct.pack("<BBBBI", ESP_MAGIC, len(segments), 0, 0x40, 0x40100004)
    return first + _esp_image(segments, second, hashed=False)


def esp32(source: random.Random, version: str, certificates: bytes, lines: list[str], size: int) -> bytes:
    """An application image with its description block, and a SHA-256 at its end."""
    description = struct.pack(
        "<II8x32s32s16s16s32s32s80x", ESP32_DESCRIPTION_MAGIC, 0, version.encode(), b"miio_app",
        b"09:54:38", b"Mar 21 2021", b"v3.3.5", source.randbytes(32),
    )  # fmt: skip
    rodata = description + _texts(source, [*lines, "ESP32 SoC microcontroller"]) + certificates
    segments = [(0x3F400020, rodata), (0x40080000, _code(source, 16384)), (0x400D0018, _code(source, size))]
    head = struct.pack("<BBBBI", ESP_MAGIC, len(segments), 2, 0x20, 0x40081000)
    head += struct.pack("<4xHB2H4xB", ESP32_CHIP_ID, 0, 0, 0xFFFF, 1)
    return _esp_image(segments, head.ljust(24, b"\0"), hashed=True)


def patch(source: random.Random, certificate: bytes, lines: list[str], size: int) -> bytes:
    """An incremental patch in a format nobody documents: PTCH, lengths, copied and new pieces."""
    return (
        b"PTCHPTCH"
        + struct.pack("<II", 1, size)
        + _code(source, size)
        + _texts(source, [*lines, "Failed to verify peer certificate! Flags = %d", "/api/user/device/update"])
        + certificate
        + BASE64_TABLE
    )


def uimage(source: random.Random, name: bytes, size: int) -> bytes:
    """A gzip-compressed kernel behind a legacy uImage header with right checksums."""
    kernel = zlib.compress(_code(source, size), level=9, wbits=31)
    fields = [UIMAGE_MAGIC, 0, 1_600_000_000, len(kernel), 0x80008000, 0x80008000, zlib.crc32(kernel)]
    tail = struct.pack("!4B32s", 5, 2, 2, 1, name)  # Linux, ARM, kernel, gzip
    fields[1] = zlib.crc32(struct.pack("!7I", *fields) + tail)
    return struct.pack("!7I", *fields) + tail + kernel


def squashfs(source: random.Random, folder: Path, certificate: bytes, lines: list[str], size: int) -> bytes:
    """A file system as cameras have: scripts, a password file, a DHCP server's configuration."""
    tree = folder / "tree"
    salt = "".join(source.choices("abcdefghijkmnopqrstuvwxyz", k=8))
    hashed = base64.b64encode(source.randbytes(16)).decode()[:22]
    files = {
        "etc/passwd": f"root:$1${salt}${hashed}:0:0::/:/bin/sh\n".encode(),
        "etc/dhcpd.conf": b"ddns-update-style none;\nsubnet 192.168.8.0 netmask 255.255.255.0{\n"
        b"interface br0\nstart 192.168.8.2\nend 192.168.8.254\n}\n",
        "etc/ssl/root.pem": certificate,
        "init.d/rcS": b"#!/bin/sh\nmount -t proc proc /proc\ninsmod /lib/wifi.ko\n/app/ipc &\n",
        "app/ipc": b"\x7fELF\x01\x01\x01" + bytes(9) + _code(source, size) + _texts(source, lines),
        "lib/wifi.ko": b"\x7fELF\x01\x01\x01" + bytes(9) + _code(source, size // 2),
    }
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    out = folder / "rootfs.squashfs"
    subprocess.run(
        ["mksquashfs", str(tree), str(out), "-comp", "xz", "-all-root", "-noappend", "-quiet",
         "-no-progress", "-processors", "1", "-mkfs-time", "1600000000", "-all-time", "1600000000"],
        check=True, capture_output=True,
    )  # fmt: skip
    return out.read_bytes()


def make_all(home: Home, authorities: dict[str, authority.Authority], folder: Path) -> list[Image]:
    """One image a kind of device that is updated, drawn from the seed."""
    source = random.Random(f"{home.seed} firmware")
    folder.mkdir()
    roots = {vendor: own.certificate for vendor, own in authorities.items()}
    names = list(FIXED_HOSTS)
    own = {vendor: [name for name in names if f".{vendor}." in name] for vendor in roots}
    switch_root, lamp_root = authority.pem(roots["switchnow"]), authority.pem(roots["lumen"])
    broken = lamp_root.replace(b"M", b"@", 3)
    file_system = squashfs(source, folder, authority.pem(roots["camview"]), own["camview"], 90_000)
    kernel = uimage(source, b"Linux-3.0.8", 120_000)
    camera = struct.pack("!4s32sI", b"DLAB", home.device("cam-a").model.encode(), len(file_system))
    camera = camera.ljust(SQUASHFS_AT, b"\0") + file_system + kernel + authority.der(roots["camview"])
    lamp_certificates = lamp_root + authority.pem(roots["office"]) + switch_root + broken
    lamp_version = home.device("lamp").next_firmware
    tag = f"{source.getrandbits(128):032x}"
    return [
        Image("camera", "update.camview.example", f"/firmware/{home.device('cam-a').model}.dav", camera,
              "own header, squashfs, uImage, DER certificate",
              ["squashfs", "uimage", "certificate_der", "password_hash"]),
        Image("plug_mdns", "ota.switchnow.example", f"/ota/rom/{tag[:12]}/user2.1024.new.2.bin",
              esp8266(source, switch_root, own["switchnow"], source.randint(60, 90) * 1024),
              "ESP8266 version 2 application",
              ["certificate_pem", "private_key_header_before_garbage"]),
        Image("door", "ota.switchnow.example", f"/ota/rom/{tag[12:24]}/user1.1024.new.2.bin",
              patch(source, switch_root, own["switchnow"], source.randint(16, 30) * 1024),
              "PTCH patch", ["certificate_pem"]),
        Image("lamp", "cdn.lumen.example", f"/{tag}_upd_lumen.light.lamp4.bin",
              esp32(source, lamp_version, lamp_certificates, own["lumen"], source.randint(60, 90) * 1024),
              "ESP32 application", ["certificate_pem", "certificate_pem_broken"]),
    ]  # fmt: skip

"""Images built from the documented layouts, so that tests need nobody's firmware."""

import hashlib
import hmac
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


def noise(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


def byte_sum(data: bytes) -> int:
    return sum(data) & 0xFFFFFFFF


def esp_segments(*segments: tuple[int, bytes]) -> tuple[bytes, int]:
    checksum = 0xEF
    body = b""
    for address, data in segments:
        body += struct.pack("<II", address, len(data)) + data
        for byte in data:
            checksum ^= byte
    return body, checksum


def esp8266(code: bytes = b"\x12\xc1\xf0\x09" * 64) -> bytes:
    body, checksum = esp_segments((0x40100000, code), (0x3FFE8000, b"data" * 20))
    head = struct.pack("<BBBBI", 0xE9, 2, 0, 0x20, 0x40100004) + body
    return head + bytes(-(len(head) + 1) % 16) + bytes([checksum])


def esp8266_ota() -> bytes:
    irom = noise(4096)
    first = struct.pack("<BBBBI", 0xEA, 4, 0, 1, 0x40100004) + struct.pack("<II", 0, len(irom)) + irom
    # the second header pads to 16 bytes from its own file offset, which is a multiple of 16 here
    body = first + esp8266()
    crc = zlib.crc32(body)
    return body + struct.pack("<I", ~crc & 0xFFFFFFFF if crc & 0x80000000 else crc + 1)


def esp32(*, chip: int = 0, secure_version: int = 3, hashed: bool = True) -> bytes:
    descriptor = struct.pack(
        "<II8x32s32s16s16s32s", 0xABCD5432, secure_version, b"1.2.3", b"plug", b"12:00:00", b"Jun  1 2025", b"v5.2"
    )
    descriptor += hashlib.sha256(b"elf").digest() + bytes(80)
    body, checksum = esp_segments((0x3F400020, descriptor), (0x40080000, noise(2048)))
    head = struct.pack("<BBBBI", 0xE9, 2, 2, 0x20, 0x40081000)
    head += struct.pack("<B3xH B HH4xB", 0xEE, chip, 0, 0, 0, int(hashed)) + body
    image = head + bytes(-(len(head) + 1) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest() if hashed else image


def _block(kind: int, fields: bytes) -> bytes:
    body = (bytes([0xE7, kind]) + fields).ljust(1196, b"\0")
    return body + struct.pack("<I", zlib.crc32(body)) + bytes(16)


def esp32_signed_rsa() -> bytes:
    image = esp32()
    image += b"\xff" * (-len(image) % 4096)
    digest = hashlib.sha256(image).digest()
    key = rsa.generate_private_key(65537, 3072)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signature = key.sign(digest, scheme, utils.Prehashed(hashes.SHA256()))
    fields = bytes(2) + digest + key.public_key().public_numbers().n.to_bytes(384, "little")
    fields += struct.pack("<I", 65537) + bytes(384 + 4) + signature[::-1]
    return image + _block(2, fields).ljust(4096, b"\xff")


def esp32_signed_ecdsa() -> bytes:
    image = esp32(chip=13)
    image += b"\xff" * (-len(image) % 4096)
    digest = hashlib.sha256(image).digest()
    key = ec.generate_private_key(ec.SECP256R1())
    r, s = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256()))))
    numbers = key.public_key().public_numbers()
    fields = bytes(2) + digest + b"\x02" + b"".join(n.to_bytes(32, "little") for n in (numbers.x, numbers.y, r, s))
    return image + _block(3, fields).ljust(4096, b"\xff")


def tuya_single() -> bytes:
    body = noise(3000)
    head = b"\x55\xaa\x55\xaa" + b"1.0.7".ljust(12, b"\0") + struct.pack(">II", len(body), byte_sum(body))
    return head + struct.pack(">I", byte_sum(head)) + b"\xaa\x55\xaa\x55" + body


def tuya_multi() -> bytes:
    files = [noise(1000, 2), noise(1500, 3)]
    start = 19 + 12 * len(files) + 8
    head = b"\x55\xaa\x55\xaa" + b"1.0.7".ljust(11, b"\0") + struct.pack(">I", len(files))
    for data in files:
        head += struct.pack(">III", start, len(data), byte_sum(data))
        start += len(data)
    return head + struct.pack(">I", byte_sum(head)) + b"\xaa\x55\xaa\x55" + b"".join(files)


def beken_rbl() -> bytes:
    body = noise(2000)
    head = b"RBL\0" + bytes([0, 0, 0, 0]) + struct.pack("<I", 1_600_000_000) + b"app".ljust(16, b"\0")
    head += b"2.1".ljust(24, b"\0") + b"0001".ljust(24, b"\0")
    head += struct.pack("<IIII", zlib.crc32(body), 0, len(body), len(body))
    return head + struct.pack("<I", zlib.crc32(head)) + body


def ameba_z_ota() -> bytes:
    part = b"81958711" + struct.pack("<II", 480, 0x0800B020) + b"\xff" * 16 + noise(480)
    offset = 8 + 24
    entry = b"OTA1" + struct.pack("<IIIII", 0x18, byte_sum(part), len(part), offset, 0x0800B000)
    return struct.pack("<II", 0x20170111, 1) + entry + part


def ameba_z2() -> bytes:
    keys = bytes.fromhex("68513ef83e396b12") + noise(24) + b"\xff" * 160
    header = struct.pack("<IIBB", 1024, 0xFFFFFFFF, 4, 0).ljust(0x60, b"\xff")
    secret = b"a key that nobody has"
    whole = hmac.digest(secret, header, "sha256") + keys + header + noise(1024)
    whole += hmac.digest(secret, whole, "sha256")
    whole += b"\x87" * (-len(whole) % 64)
    return whole + struct.pack("<I", byte_sum(whole))


def marvell() -> bytes:
    data = noise(1024)
    crc = zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF
    head = b"MRVL" + struct.pack("<IIII", 0x2E9CF17B, 1_500_000_000, 1, 0x1F000001)
    head += struct.pack("<IIIII", 2, 0xC8, len(data), 0x100000, crc)
    return head.ljust(0xC8, b"\0") + data


def hikvision(*, plain: bool = False) -> bytes:
    data = noise(4000)
    tail = struct.pack("<I", 1) + struct.pack("<IIIIIII", 1, 10, 0, 5, 0, 0, 0) + bytes(20)
    tail = tail[: 64 - 12] + b"digicap.dav".ljust(32, b"\0") + struct.pack("<III", 0x6C, len(data), byte_sum(data))
    header = b"SWKH" + struct.pack("<II", byte_sum(tail), 0x6C) + tail
    assert len(header) == 0x6C, len(header)
    key = bytes.fromhex("bacdbcfed6caddd3bab9a3abbfcbb5be")
    if not plain:
        header = bytes(byte ^ key[(i + (i >> 4)) & 15] for i, byte in enumerate(header))
    return header + data


def uimage() -> bytes:
    data = noise(2000)
    fields = struct.pack(">IIII", 1_600_000_000, len(data), 0x80000000, 0x80000000)
    tail = struct.pack(">I", zlib.crc32(data)) + bytes([5, 5, 2, 0]) + b"Linux-4.14".ljust(32, b"\0")
    blank = b"\x27\x05\x19\x56" + bytes(4) + fields + tail
    return blank[:4] + struct.pack(">I", zlib.crc32(blank)) + blank[8:] + data


def mcuboot(*, signed: bool = False) -> bytes:
    body = noise(2000)
    image = struct.pack("<IIHHIIBBHII", 0x96F3B83D, 0, 32, 0, len(body), 0, 1, 2, 3, 4, 0) + body
    digest = hashlib.sha256(image).digest()
    entries = struct.pack("<BxH", 0x10, 32) + digest
    if signed:
        key = ec.generate_private_key(ec.SECP256R1())
        signature = key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        entries += struct.pack("<BxH", 0x01, 32) + noise(32) + struct.pack("<BxH", 0x22, len(signature)) + signature
    return image + struct.pack("<HH", 0x6907, 4 + len(entries)) + entries


def gbl() -> bytes:
    inner = noise(1500)
    # GBL: header tag, a program tag, and the end tag with the CRC-32 of all before it
    image = struct.pack("<IIII", 0x03A617EB, 8, 0x03000000, 0) + struct.pack("<II", 0xFE0101FE, len(inner)) + inner
    image += struct.pack("<II", 0xFC0404FC, 4)
    return image + struct.pack("<I", zlib.crc32(image))


def zigbee(inner: bytes | None = None) -> bytes:
    inner = inner or gbl()
    body = struct.pack("<HI", 0, len(inner)) + inner
    return struct.pack("<IHHHHHIH32sI", 0x0BEEF11E, 0x100, 56, 0, 0x117C, 0x1234, 5, 2, b"bulb", 56 + len(body)) + body


def jffs2(*, big: bool = False) -> bytes:
    """Two erase blocks of 4 KiB, each with its marker, nodes of which every other is obsolete, and an erased rest."""
    order = ">" if big else "<"
    blocks = b""
    for seed in range(2):
        block = b""
        for number in range(8):
            kind, content = (0xE002, noise(101, seed * 8 + number)) if number else (0x2003, b"")
            head = struct.pack(order + "HHI", 0x1985, kind, 12 + len(content))
            check = zlib.crc32(head, 0xFFFFFFFF) ^ 0xFFFFFFFF
            if number % 2 == 0:
                head = struct.pack(order + "HHI", 0x1985, kind & ~0x2000, 12 + len(content))
            block += head + struct.pack(order + "I", check) + content
            block += b"\xff" * (-len(block) % 4)
        blocks += block.ljust(4096, b"\xff") if seed == 0 else block
    return blocks


def telink(*, zigbee: bool = True) -> bytes:
    code = noise(1500)
    named = struct.pack("<HHH", 0x1286, 0x0202, 0) if zigbee else bytes(6)
    head = b"\x58\x80" + struct.pack("<I", 0x10033607 if zigbee else 0) + b"\x5d\x02KNLT" + bytes(6) + named
    head += struct.pack("<II", len(head) + 8 + len(code) + 4, 0)
    return head + code + struct.pack("<I", ~zlib.crc32(head + code) & 0xFFFFFFFF)


def telink_risc_v() -> bytes:
    code = noise(1500)
    head = noise(0x18, 2) + struct.pack("<II", 0x24 + len(code) + 4, 0) + b"KNLT"
    return head + code + struct.pack("<I", ~zlib.crc32(head + code) & 0xFFFFFFFF)


def cpio(*files: tuple[str, bytes], mode: int = 0o100644) -> bytes:
    out = b""
    for name, data in (*files, ("TRAILER!!!", b"")):
        named = name.encode() + b"\0"
        numbers = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(named), 0)
        out += b"070701" + b"".join(b"%08x" % number for number in numbers) + named
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


SW_DESCRIPTION = (
    'software =\n{\n  version = "1.4";\n  images: ({\n    filename = "root.img";\n    sha256 = "%s";\n  });\n}\n'
)


def swupdate(description: str = SW_DESCRIPTION, sign: Callable[[bytes], bytes] | None = None, **others: bytes) -> bytes:
    """``description`` has the place of the image's hash; ``others`` are files that it does not name."""
    data = noise(1000)
    text = (description % hashlib.sha256(data).hexdigest()).encode()
    signature = [("sw-description.sig", sign(text))] if sign else []
    return cpio(("sw-description", text), *signature, ("root.img", data), *others.items())


def yaffs(page: int = 2048, *, big: bool = False) -> bytes:
    """YAFFS2 with a directory and a file in it, another file behind that, and the tags of each chunk in its spare bytes."""
    order = ">" if big else "<"
    chunks: list[bytes] = []

    def chunk(data: bytes, number: int, index: int, used: int) -> None:
        tags = struct.pack(f"{order}IIII", 0x1000, number, index, used)
        chunks.append(data.ljust(page, b"\xff") + tags.ljust(page // 32, b"\xff"))

    def item(number: int, parent: int, name: bytes, mode: int, data: bytes | None = None) -> None:
        head = struct.pack(f"{order}IIH", 3 if data is None else 1, parent, 0xFFFF) + name.ljust(258, b"\0")
        head += struct.pack(f"{order}6IIi", mode, 0, 0, 0, 0, 0, 0 if data is None else len(data), -1) + bytes(160)
        chunk(head, number, 0, 0xFFFF)
        for index in range(0, len(data or b""), page):
            piece = (data or b"")[index : index + page]
            chunk(piece, number, index // page + 1, len(piece))

    item(257, 1, b"etc", 0o040755)
    item(258, 257, b"passwd", 0o100644, b"root:x:0:0::/:/bin/sh\n" * 200)
    item(259, 1, b"empty", 0o100644, b"")
    return b"".join(chunks)


def with_flipped(image: bytes, at: int) -> bytes:
    return image[:at] + bytes([image[at] ^ 1]) + image[at + 1 :]


def declared_squashfs(path: Path) -> Path:
    """The head of a SquashFS of 4 GB, and a hole: inodes 1, blocks of 128 KiB, gzip, version 4.0, tables absent."""
    head = bytearray(96)
    head[0:8] = b"hsqs\x01\0\0\0"
    head[12:16], head[20:24] = (1 << 17).to_bytes(4, "little"), bytes([1, 0, 17, 0])
    head[28:32], head[40:48] = bytes([4, 0, 0, 0]), (4 << 30).to_bytes(8, "little")
    head[48:96] = b"\xff" * 48
    with path.open("wb") as file:
        file.write(head)
        file.truncate(4 << 30)
    return path

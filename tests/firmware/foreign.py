"""Images made at test time by the programs that make them in earnest. Each maker gives the image, and a public key that verifies it
where a signature needs one from outside. Raises Missing where a program is not installed.
"""

import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from idletalk.firmware.tools import found_program
from tests.firmware.made import noise


class Missing(Exception):
    """A program that is not installed."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image and what is known of it."""

    data: bytes
    format: str
    covered: int
    """a byte that its check or signature covers"""
    key: Path | None = None
    """a public key for it"""
    is_signed: bool = False


Maker = Callable[[Path], Image]


def run(program: str, *arguments: str | Path, folder: Path) -> None:
    place = found_program(program) or found_program(f"/usr/sbin/{program}")
    if place is None:
        raise Missing(program)
    done = subprocess.run([place, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"


def elf(machine: int, *sections: tuple[str, int, bytes]) -> bytes:
    """An executable of 32 bits with allocated sections (name, address, content): what a linker would give an image maker."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name, _, _ in sections) + b".shstrtab\0"
    body, headers, at = b"", bytes(40), 52
    for name, address, content in sections:
        flags = 6 if name == ".text" else 3
        index = names.index(name.encode())
        headers += struct.pack("<10I", index, 1, flags, address, at, len(content), 0, 0, 4, 0)
        body, at = body + content, at + len(content)
    headers += struct.pack("<10I", names.index(b".shstrtab"), 3, 0, 0, at, len(names), 0, 0, 1, 0)
    body += names
    head = b"\x7fELF\x01\x01\x01" + bytes(9)
    head += struct.pack(
        "<HHIIIIIHHHHHH",
        2,
        machine,
        1,
        sections[0][1],
        0,
        52 + len(body),
        0,
        52,
        32,
        0,
        40,
        len(sections) + 2,
        len(sections) + 1,
    )
    return head + body + headers


XTENSA, RISCV = 94, 243


def _esp(chip: str, machine: int, code: int, data: int) -> Maker:
    def make(folder: Path) -> Image:
        (folder / "app.elf").write_bytes(elf(machine, (".text", code, noise(2000)), (".data", data, b"words " * 100)))
        # images of the ESP8266 are named by their offset in flash
        run("esptool", "--chip", chip, "elf2image", "--output", folder / "app.bin", folder / "app.elf", folder=folder)
        [made] = folder.glob("app.bin*")
        return Image(made.read_bytes(), "esp8266" if chip == "esp8266" else "esp32", 600)

    return make


def _signed_esp(scheme: str, *key: str) -> Maker:
    def make(folder: Path) -> Image:
        plain = _esp("esp32c6", RISCV, 0x40800000, 0x40820000)(folder)
        run(
            "espsecure", "generate-signing-key", "--version", "2", "--scheme", scheme, folder / "key.pem", folder=folder
        )
        run(
            "espsecure",
            "sign-data",
            "--version",
            "2",
            "--keyfile",
            folder / "key.pem",
            "--output",
            folder / "signed.bin",
            folder / "app.bin",
            folder=folder,
        )
        return replace(plain, data=(folder / "signed.bin").read_bytes(), is_signed=True)

    return make


def _mcuboot(kind: str | None) -> Maker:
    def make(folder: Path) -> Image:
        (folder / "app").write_bytes(noise(3000))
        signing: tuple[str | Path, ...] = ()
        if kind:
            run("imgtool", "keygen", "-k", "key.pem", "-t", kind, folder=folder)
            run("imgtool", "getpub", "-k", "key.pem", "-e", "pem", "-o", "public.pem", folder=folder)
            signing = ("--key", "key.pem")
        sizes = (
            "--header-size",
            "0x20",
            "--pad-header",
            "--slot-size",
            "0x10000",
            "--align",
            "4",
            "--version",
            "1.2.3",
        )
        run("imgtool", "sign", *signing, *sizes, "app", "app.bin", folder=folder)
        return Image(
            (folder / "app.bin").read_bytes(), "mcuboot", 500, folder / "public.pem" if kind else None, bool(kind)
        )

    return make


def uimage(folder: Path) -> Image:
    (folder / "kernel").write_bytes(noise(3000))
    run(
        "mkimage",
        "-A",
        "mips",
        "-O",
        "linux",
        "-T",
        "kernel",
        "-C",
        "none",
        "-n",
        "Linux-5.10",
        "-d",
        "kernel",
        "uImage",
        folder=folder,
    )
    return Image((folder / "uImage").read_bytes(), "uimage", 1000)


TREE = """/dts-v1/;
/ {
    description = "an update"; #address-cells = <1>;
    images { kernel { description = "kernel"; data = /incbin/("kernel"); type = "kernel"; arch = "arm"; os = "linux"; compression = "none";
        load = <0x80000000>; entry = <0x80000000>; hash-1 { algo = "sha256"; }; }; };
    configurations { default = "one"; one { kernel = "kernel"; SIGNATURE }; };
};
"""


def _fit(signed: bool) -> Maker:
    def make(folder: Path) -> Image:
        (folder / "kernel").write_bytes(noise(3000))
        wanted = (
            'signature-1 { algo = "sha256,rsa2048"; key-name-hint = "vendor"; sign-images = "kernel"; };'
            if signed
            else ""
        )
        (folder / "image.its").write_text(TREE.replace("SIGNATURE", wanted))
        keys: tuple[str, ...] = ()
        if signed:
            certificate(folder, "vendor")
            keys = ("-k", ".", "-r")
            run("openssl", "rsa", "-in", "vendor.key", "-pubout", "-out", "public.pem", folder=folder)
        run("mkimage", "-f", "image.its", *keys, "image.itb", folder=folder)
        data = (folder / "image.itb").read_bytes()
        key = folder / "public.pem" if signed else None
        return Image(data, "fit", data.index(noise(3000)) + 100, key, is_signed=signed)

    return make


def certificate(folder: Path, name: str, bits: int = 2048) -> None:
    """A key (PEM) and its own certificate (PEM)."""
    made = ("-newkey", f"rsa:{bits}", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt")
    run("openssl", "req", "-x509", *made, "-subj", f"/CN={name}", "-days", "3650", folder=folder)


def _rauc(form: str) -> Maker:
    def make(folder: Path) -> Image:
        certificate(folder, "vendor")
        (folder / "bundle").mkdir()
        (folder / "bundle" / "rootfs.img").write_bytes(noise(8192))
        manifest = (
            f"[update]\ncompatible=Lamp\nversion=2\n[bundle]\nformat={form}\n[image.rootfs]\nfilename=rootfs.img\n"
        )
        (folder / "bundle" / "manifest.raucm").write_text(manifest)
        run("rauc", "bundle", "--cert=vendor.crt", "--key=vendor.key", "bundle", "update.raucb", folder=folder)
        return Image((folder / "update.raucb").read_bytes(), "rauc", 500, is_signed=True)

    return make


def _swupdate(signed: bool) -> Maker:
    def make(folder: Path) -> Image:
        (folder / "root.img").write_bytes(noise(3000))
        run("openssl", "dgst", "-sha256", "-r", "-out", "digest", "root.img", folder=folder)
        digest = (folder / "digest").read_text().split()[0]
        text = f'software =\n{{\n  version = "1.4";\n  images: ({{\n    filename = "root.img";\n    sha256 = "{digest}";\n  }});\n}};\n'
        (folder / "sw-description").write_text(text)
        names = ["sw-description", "root.img"]
        if signed:
            names.insert(1, "sw-description.sig")
            run("openssl", "genrsa", "-out", "key.pem", "2048", folder=folder)
            run("openssl", "rsa", "-in", "key.pem", "-pubout", "-out", "public.pem", folder=folder)
            run(
                "openssl",
                "dgst",
                "-sha256",
                "-sign",
                "key.pem",
                "-out",
                "sw-description.sig",
                "sw-description",
                folder=folder,
            )
        place = found_program("cpio")
        if place is None:
            raise Missing("cpio")
        packed = subprocess.run(
            [place, "-o", "-H", "crc"], input="\n".join(names).encode(), cwd=folder, capture_output=True, check=True
        )
        data = packed.stdout
        return Image(data, "swupdate", data.index(noise(3000)) + 100, folder / "public.pem" if signed else None, signed)

    return make


def cramfs(folder: Path) -> Image:
    (folder / "root").mkdir()
    (folder / "root" / "file").write_bytes(noise(9000))
    run("mkfs.cramfs", "root", "image", folder=folder)
    return Image((folder / "image").read_bytes(), "cramfs", 5000)


MAKERS: dict[str, Maker] = {
    "esptool, ESP8266": _esp("esp8266", XTENSA, 0x40100000, 0x3FFE8000),
    "esptool, ESP32": _esp("esp32", XTENSA, 0x40080000, 0x3FFB0000),
    "esptool, ESP32-C3": _esp("esp32c3", RISCV, 0x40380000, 0x3FC80000),
    "espsecure, RSA": _signed_esp("rsa3072"),
    "espsecure, ECDSA P-256": _signed_esp("ecdsa256"),
    "imgtool, hash": _mcuboot(None),
    "imgtool, ECDSA P-256": _mcuboot("ecdsa-p256"),
    "imgtool, RSA": _mcuboot("rsa-2048"),
    "imgtool, Ed25519": _mcuboot("ed25519"),
    "mkimage, legacy": uimage,
    "mkimage, FIT": _fit(False),
    "mkimage, FIT signed": _fit(True),
    "rauc, plain": _rauc("plain"),
    "rauc, verity": _rauc("verity"),
    "swupdate": _swupdate(False),
    "swupdate signed": _swupdate(True),
    "mkfs.cramfs": cramfs,
}

"""What the recogniser and binwalk each claim of images, and how many of these claims another program confirms.

    python -m tests.firmware.claims_beside_binwalk FILE_OR_FOLDER...

A claim is confirmed or refuted by a program that reads the format: OpenSSL for certificates and private keys, Python's decompressors
for gzip, zlib, LZMA, xz, and bzip2, unsquashfs for SquashFS, dumpimage for U-Boot's images. Claims of other
kinds are counted and not judged; texts (paths, copyright lines, version strings, tables of constants) are no claims of a format.
"""

import argparse
import bz2
import lzma
import re
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from idletalk.firmware.crypto_parts import material, unescaped, with_headers_apart
from idletalk.firmware.recogniser import recognise
from idletalk.firmware.tools import found_program
from tests.firmware.against_openssl import OpenSsl

MIN_DECODED = 256
"""A decompressor that gives fewer bytes of a stream that goes on has read chance."""
MAX_READ = 4 << 20
"""Of a stream, from where it is claimed."""
PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{3,40})-----(.{40,65536}?)-----END \1-----", re.DOTALL)

NAMES = (
    ("certificate", ("certificate",)),
    ("private key", ("private key",)),
    ("gzip", ("gzip compressed",)),
    ("zlib", ("zlib compressed",)),
    ("lzma", ("lzma compressed",)),
    ("xz", ("xz compressed",)),
    ("bzip2", ("bzip2 compressed",)),
    ("squashfs", ("squashfs filesystem",)),
    ("uimage", ("uimage header",)),
    (
        "text",
        ("copyright", "unix path", "version string", "html document", "xml document", "executable script", "base64"),
    ),
    ("constants", ("crc32 polynomial", "sha256", "aes", "mcrypt", "rijndael", "des ", "md5", "blowfish")),
)
"""Words in binwalk's descriptions, and what they claim."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something said to be at an offset."""

    kind: str
    offset: int


def of_binwalk(binwalk: str, path: Path) -> Iterator[Claim]:
    """What binwalk says."""
    told = subprocess.run([binwalk, path], check=False, capture_output=True, text=True, errors="replace").stdout
    for line in told.splitlines():
        parts = line.split(None, 2)
        if len(parts) == 3 and parts[0].isdigit():
            words = parts[2].lower()
            kind = next((kind for kind, starts in NAMES if any(start in words for start in starts)), None)
            yield Claim(kind or words.split(",")[0].split(" (")[0][:30], int(parts[0]))


def of_recogniser(path: Path, data: bytes) -> Iterator[Claim]:
    """What the recogniser says; of certificates and keys what the examination makes of it."""
    parts = recognise(path).parts
    found = material(parts, data)
    for certificate in found.certificates:
        yield Claim("certificate", certificate.offset)
    for key in found.keys:
        if key.state != "label only":
            yield Claim("private key", key.offset)
    for part in parts:
        if part.category != "crypto":
            yield Claim(part.format, part.offset)


def _decodes(make: Callable[[], object]) -> Callable[[bytes], bool]:
    def judge(data: bytes) -> bool:
        decoder = make()
        given, at = 0, 0
        while at < min(len(data), MAX_READ):
            try:
                given += len(decoder.decompress(data[at : at + 512]))  # type: ignore[attr-defined]
            except (zlib.error, lzma.LZMAError, OSError, EOFError):
                break
            if decoder.eof:  # type: ignore[attr-defined]
                return True
            at += 512
        else:
            return given > 0
        return given >= MIN_DECODED

    return judge


class Judges:
    """Programs that read a format."""

    def __init__(self, folder: Path) -> None:
        """``folder`` takes copies for programs that want a file of their own."""
        self._openssl, self._folder = OpenSsl(), folder
        self._streams = {
            "gzip": _decodes(lambda: zlib.decompressobj(31)),
            "zlib": _decodes(lambda: zlib.decompressobj(15)),
            "lzma": _decodes(lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE)),
            "xz": _decodes(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)),
            "bzip2": _decodes(bz2.BZ2Decompressor),
        }
        self._programs = {"squashfs": ("unsquashfs", "-s"), "uimage": ("dumpimage", "-l")}

    def confirms(self, claim: Claim, data: bytes) -> bool | None:
        """Whether it is so; none where nobody is asked."""
        rest = data[claim.offset :]
        if claim.kind in ("certificate", "private key"):
            return self._crypto(claim.kind, rest)
        if claim.kind in self._streams:
            return self._streams[claim.kind](rest)
        if claim.kind in self._programs:
            program, option = self._programs[claim.kind]
            if (place := found_program(program)) is None:
                return None
            copy = self._folder / "copy"
            copy.write_bytes(rest)
            return subprocess.run([place, option, copy], capture_output=True, check=False).returncode == 0
        return None

    def _crypto(self, kind: str, rest: bytes) -> bool:
        is_key = kind == "private key"
        if rest.startswith(b"-----"):
            block = PEM.match(rest)
            if block is None:
                return False
            if b"ENCRYPTED" in block[0]:  # that it is one, its password alone would show
                return is_key
            text = unescaped(block[0])
            return self._openssl.pem(with_headers_apart(text) if is_key else text, key=is_key)
        return self._openssl.key(rest[:65536]) if is_key else self._openssl.certificate(rest[:65536])


def files(paths: list[Path]) -> Iterator[Path]:
    """All files of what was named."""
    for path in paths:
        yield from sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else (path,)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="+", type=Path)
    wanted = parser.parse_args()
    if (binwalk := found_program("binwalk")) is None:
        sys.exit("binwalk is not installed")
    counts: dict[str, Counter[tuple[str, bool | None]]] = {"binwalk": Counter(), "idletalk": Counter()}
    first: Counter[str] = Counter()
    number = 0
    with tempfile.TemporaryDirectory() as name:
        judges = Judges(Path(name))
        for path in files(wanted.paths):
            number, data = number + 1, path.read_bytes()
            claims = {"binwalk": set(of_binwalk(binwalk, path)), "idletalk": set(of_recogniser(path, data))}
            for who, found in claims.items():
                first[who] += any(claim.offset == 0 for claim in found)
                for claim in sorted(found, key=lambda claim: (claim.offset, claim.kind)):
                    outcome = judges.confirms(claim, data)
                    counts[who][claim.kind, outcome] += 1
                    if outcome is False:
                        print(f"{who}: {path.name} @{claim.offset}: {claim.kind} refuted")
    print(
        f"{number} files; something is claimed at offset 0 of {first['binwalk']} by binwalk, of {first['idletalk']} here"
    )
    print("kind: binwalk confirmed/refuted/not judged, idletalk the same")
    for kind in sorted({kind for count in counts.values() for kind, _ in count}):
        row = ("/".join(str(counts[who][kind, outcome]) for outcome in (True, False, None)) for who in counts)
        print(f"  {kind}: {', '.join(row)}")


if __name__ == "__main__":
    main()

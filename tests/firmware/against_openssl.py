"""Certificates and private keys of files as OpenSSL finds them, held against the recogniser's.

    python -m tests.firmware.against_openssl FILE_OR_FOLDER...

OpenSSL's own library (libcrypto) is asked at every place where a sequence of DER or a PEM block begins: it does not search, so the
places are found here by first bytes alone, without the recogniser's rules. A key counts where OpenSSL's check of it succeeds.
Missed is what OpenSSL confirms and the recogniser does not have at that place; false is what the recogniser claims and OpenSSL does
not take when it is handed over.
"""

import ctypes
import ctypes.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from idletalk.errors import IdletalkError
from idletalk.firmware.crypto_parts import material, unescaped
from idletalk.firmware.recogniser import read, recognise_bytes

CERTIFICATE = re.compile(rb"\x30(?:\x81.|\x82..)\x30[\x81\x82]", re.DOTALL)
KEY = re.compile(rb"\x30(?:[\x1e-\x7f]|\x81.|\x82..)\x02\x01[\x00\x01]", re.DOTALL)
PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{3,40})-----(.{40,65536}?)-----END \1-----", re.DOTALL)
MAX_SLOW_BITS = 16_384
"""Larger RSA moduli are no key of anybody: OpenSSL's test for primes would take minutes."""

Found = set[tuple[str, int]]
"""(certificate or key, offset)"""


class OpenSsl:
    """Calls of libcrypto (d2i_X509(3), d2i_AutoPrivateKey(3), EVP_PKEY_check(3), PEM_read_bio(3))."""

    def __init__(self) -> None:
        """Raises OSError where the library is not there."""
        name = ctypes.util.find_library("crypto")
        if name is None:
            raise OSError("libcrypto is not installed")
        self._library = library = ctypes.CDLL(name)
        pointer = ctypes.c_void_p
        for call, result, arguments in (
            ("d2i_X509", pointer, (pointer, ctypes.POINTER(ctypes.c_char_p), ctypes.c_long)),
            ("d2i_AutoPrivateKey", pointer, (pointer, ctypes.POINTER(ctypes.c_char_p), ctypes.c_long)),
            ("BIO_new_mem_buf", pointer, (ctypes.c_char_p, ctypes.c_int)),
            ("PEM_read_bio_X509", pointer, (pointer, pointer, pointer, ctypes.c_char_p)),
            ("PEM_read_bio_PrivateKey", pointer, (pointer, pointer, pointer, ctypes.c_char_p)),
            ("EVP_PKEY_CTX_new", pointer, (pointer, pointer)),
            ("EVP_PKEY_check", ctypes.c_int, (pointer,)),
            ("EVP_PKEY_get_bits", ctypes.c_int, (pointer,)),
            ("EVP_PKEY_free", None, (pointer,)),
            ("EVP_PKEY_CTX_free", None, (pointer,)),
            ("X509_free", None, (pointer,)),
            ("BIO_free", ctypes.c_int, (pointer,)),
            ("ERR_clear_error", None, ()),
        ):
            function = getattr(library, call)
            function.restype, function.argtypes = result, arguments

    def certificate(self, data: bytes) -> bool:
        """Whether a certificate in DER begins here."""
        found = self._library.d2i_X509(None, ctypes.byref(ctypes.c_char_p(data)), len(data))
        self._library.X509_free(found)
        return self._done(found is not None)

    def key(self, data: bytes) -> bool:
        """Whether a sound private key in DER begins here."""
        return self._sound(self._library.d2i_AutoPrivateKey(None, ctypes.byref(ctypes.c_char_p(data)), len(data)))

    def pem(self, block: bytes, *, key: bool) -> bool:
        """Whether this block of PEM is a certificate, or a sound private key that needs no password."""
        buffer = self._library.BIO_new_mem_buf(block, len(block))
        read = self._library.PEM_read_bio_PrivateKey if key else self._library.PEM_read_bio_X509
        found = read(buffer, None, None, b"")  # the empty password: nobody is asked for one
        self._library.BIO_free(buffer)
        if key:
            return self._sound(found)
        self._library.X509_free(found)
        return self._done(found is not None)

    def _sound(self, key: int | None) -> bool:
        if key is None:
            return self._done(False)
        sound = False
        if self._library.EVP_PKEY_get_bits(key) <= MAX_SLOW_BITS:
            context = self._library.EVP_PKEY_CTX_new(key, None)
            sound = self._library.EVP_PKEY_check(context) == 1
            self._library.EVP_PKEY_CTX_free(context)
        self._library.EVP_PKEY_free(key)
        return self._done(sound)

    def _done(self, outcome: bool) -> bool:
        self._library.ERR_clear_error()
        return outcome


@dataclass(slots=True)
class Compared:
    """What came of it."""

    files: int = 0
    size_bytes: int = 0
    both: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)


def theirs(openssl: OpenSsl, data: bytes) -> Found:
    """Where OpenSSL finds something; also blocks that are written into source code with ``\\n``."""
    found: Found = set()
    for place in CERTIFICATE.finditer(data):
        if openssl.certificate(data[place.start() : place.start() + 65536]):
            found.add(("certificate", place.start()))
    for place in KEY.finditer(data):
        if openssl.key(data[place.start() : place.start() + 16384]):
            found.add(("key", place.start()))
    for place in PEM.finditer(data):
        label = place[1].decode()
        if openssl.pem(unescaped(place[0]), key="KEY" in label):
            found.add(("key" if "KEY" in label else "certificate", place.start()))
    return found


def ours(openssl: OpenSsl, data: bytes) -> tuple[Found, Found]:
    """What the recogniser claims, and what of that OpenSSL refuses."""
    found = material(recognise_bytes(data, len(data)).parts, data)
    claimed = {("certificate", each.offset): openssl.certificate(each.der) for each in found.certificates}
    for each in found.keys:
        if each.state == "verified":
            der = each.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            claimed["key", each.offset] = openssl.key(der)
    return set(claimed), {each for each, taken in claimed.items() if not taken}


def compare(openssl: OpenSsl, paths: Iterator[Path]) -> Compared:
    """All files, one after the other."""
    compared = Compared()
    for path in paths:
        try:
            data, _ = read(path)
        except IdletalkError:
            continue
        compared.files += 1
        compared.size_bytes += len(data)
        confirmed = theirs(openssl, data)
        claimed, refused = ours(openssl, data)
        compared.both += len(confirmed & claimed)
        compared.missed += [f"{path} {kind} at {offset:#x}" for kind, offset in sorted(confirmed - claimed)]
        compared.false += [f"{path} {kind} at {offset:#x}" for kind, offset in sorted(refused)]
    return compared


def files_of(arguments: list[str]) -> Iterator[Path]:
    """Regular files below the arguments, each once."""
    for argument in map(Path, arguments):
        for path in sorted(argument.rglob("*")) if argument.is_dir() else [argument]:
            if path.is_file() and not path.is_symlink():
                yield path


if __name__ == "__main__":
    result = compare(OpenSsl(), files_of(sys.argv[1:]))
    print(f"{result.files} files, {result.size_bytes / 1e6:.1f} MB: {result.both} certificates and keys in both,")
    for title, lines in (("missed", result.missed), ("false", result.false)):
        print(f"{len(lines)} {title}", *lines, sep="\n  ")

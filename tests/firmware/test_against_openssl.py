"""Certificates and keys that OpenSSL's own program makes, in every form, between noise: what it confirms is found, and nothing else."""

import subprocess
from pathlib import Path

import pytest

from idletalk.firmware.lenient import lenient_certificate
from tests.firmware.against_openssl import OpenSsl, compare, ours, theirs
from tests.firmware.made import noise

KEYS = {
    "rsa": ("RSA", "rsa_keygen_bits:2048"),
    "p256": ("EC", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "ec_paramgen_curve:P-384"),
    "p521": ("EC", "ec_paramgen_curve:P-521"),
    "k256": ("EC", "ec_paramgen_curve:secp256k1"),
    "bp256": ("EC", "ec_paramgen_curve:brainpoolP256r1"),
    "ed25519": ("ED25519", None),
    "ed448": ("ED448", None),
    "x25519": ("X25519", None),
}
SIGNING = ("rsa", "p256", "p384", "p521", "k256", "bp256", "ed25519", "ed448")


@pytest.fixture(scope="module")
def openssl() -> OpenSsl:
    try:
        return OpenSsl()
    except OSError as missing:
        pytest.skip(str(missing))


def run(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True).stdout


def made(folder: Path) -> list[bytes]:
    """Keys as PKCS #8 and in their older forms, and certificates, as PEM and as DER."""
    pieces: list[bytes] = []
    for name, (kind, option) in KEYS.items():
        run(folder, "genpkey", "-algorithm", kind, "-out", name, *(("-pkeyopt", option) if option else ()))
        pieces += [(folder / name).read_bytes(), run(folder, "pkey", "-in", name, "-outform", "DER")]
        if kind in ("RSA", "EC"):
            older = ("pkey", "-in", name, "-traditional")
            pieces += [run(folder, *older), run(folder, *older, "-outform", "DER")]
    for name in SIGNING:
        subject = ("-subj", f"/CN={name}.example", "-days", "30")
        pieces += [run(folder, "req", "-x509", "-key", name, *subject, "-outform", form) for form in ("PEM", "DER")]
    return pieces


def test_every_certificate_and_key_that_openssl_confirms_is_found(openssl: OpenSsl, tmp_path: Path) -> None:
    pieces = made(tmp_path)
    image = tmp_path / "image.bin"
    decoys = b"-----BEGIN RSA PRIVATE KEY-----\0-----END RSA PRIVATE KEY-----\0-----BEGIN CERTIFICATE-----\0"
    broken = [piece[:40] + bytes([piece[40] ^ 0xFF]) + piece[41:] for piece in pieces if piece[:1] == b"\x30"]
    image.write_bytes(
        b"".join(
            noise(50 + index, index) + b"\0" + piece + b"\0" for index, piece in enumerate([*pieces, decoys, *broken])
        )
    )
    data = image.read_bytes()
    confirmed = theirs(openssl, data)
    assert len(confirmed) >= len(pieces)
    claimed, refused = ours(openssl, data)
    missed = {(kind, data[at : at + 24].hex(" ")) for kind, at in confirmed - claimed}
    assert missed == set()
    assert refused == set()


def test_the_stores_of_this_machine_are_read_as_openssl_reads_them(openssl: OpenSsl) -> None:
    import certifi

    stores = [Path(certifi.where()), Path("/etc/ssl/certs/ca-certificates.crt")]
    compared = compare(openssl, iter(path for path in stores if path.is_file()))
    assert compared.both > 100
    assert (compared.missed, compared.false) == ([], [])


def test_no_changed_byte_makes_a_certificate_that_openssl_refuses(openssl: OpenSsl, tmp_path: Path) -> None:
    run(tmp_path, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key")
    der = run(tmp_path, "req", "-x509", "-key", "key", "-subj", "/CN=x.example", "-days", "30", "-outform", "DER")
    for at in range(4, len(der)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            changed = der[:at] + bytes([der[at] ^ mask]) + der[at + 1 :]
            try:
                lenient_certificate(changed)
            except ValueError:
                continue
            assert openssl.certificate(changed), (at, mask)

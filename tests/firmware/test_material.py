"""Certificates, keys and credentials: the true ones are found, and nothing else is claimed."""

import base64
import datetime
import gzip
import io
import math
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from idletalk.firmware import Options, examine
from idletalk.firmware.model import Examination
from idletalk.firmware.trust import former_roots
from tests.firmware.made import noise

START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PKCS8, PLAIN = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    issuer: tuple[str, ec.EllipticCurvePrivateKey] | None = None,
    *,
    days: int = 3650,
    authority: bool = True,
) -> x509.Certificate:
    def called(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    by, signer = issuer or (name, key)
    return (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called(by))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(START)
        .not_valid_after(START + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )


def examined(tmp_path: Path, image: bytes, as_of: str | None = "2026-11-01", *, shown: bool = False) -> Examination:
    path = tmp_path / "image.bin"
    path.write_bytes(image)
    return examine(path, Options(as_of=as_of, show_secrets=shown))


def test_a_chain_is_built_and_its_roles_are_named(tmp_path: Path) -> None:
    top, middle, low = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    chain = [
        certificate("Vendor Root", top, days=36500),
        certificate("Vendor CA", middle, ("Vendor Root", top)),
        certificate("device", low, ("Vendor CA", middle), days=2500, authority=False),
    ]
    image = noise(999) + chain[0].public_bytes(DER) + noise(500, 2) + chain[1].public_bytes(PEM) + noise(77, 3)
    found = examined(tmp_path, image + chain[2].public_bytes(DER)).certificates
    assert [each.role for each in found] == ["root", "intermediate", "leaf"]
    assert [each.stored_as for each in found] == ["DER", "PEM", "DER"]
    assert [each.issued_by for each in found] == [None, found[0].sha256, found[1].sha256]
    assert [each.validity for each in found] == ["valid", "valid", "ends in 4 days"]
    assert "valid for 100 years" in found[0].weaknesses
    assert {each.trust for each in found} == {"vendor-private or unknown"}


def test_without_a_day_validity_is_not_judged(tmp_path: Path) -> None:
    root = certificate("Vendor Root", ec.generate_private_key(ec.SECP256R1()))
    found = examined(tmp_path, root.public_bytes(DER), None)
    assert (found.as_of, found.certificates[0].validity) == (None, None)
    assert "not judged" in found.as_of_source


def test_a_public_root_is_known(tmp_path: Path) -> None:
    import certifi

    text = Path(certifi.where()).read_text("ascii", "ignore")
    block = text[text.index("-----BEGIN") : text.index("-----END CERTIFICATE-----") + 25]
    found = examined(tmp_path, block.encode()).certificates
    assert [each.trust for each in found] == ["public root now"]


def test_keys_in_every_form_are_found_with_their_certificate(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    small = ec.generate_private_key(ec.SECP256R1())
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    pieces = [
        key.private_bytes(PEM, PKCS8, PLAIN),
        key.private_bytes(DER, traditional, PLAIN),
        small.private_bytes(DER, traditional, PLAIN),
        small.private_bytes(DER, PKCS8, PLAIN),
        small.private_bytes(PEM, PKCS8, PLAIN).replace(b"\n", b"\\n"),
        small.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"unknown")),
        certificate("server", key).public_bytes(DER),
    ]
    found = examined(tmp_path, b"".join(noise(100 + i, i) + piece + b"\0" for i, piece in enumerate(pieces)))
    assert [each.state for each in found.keys] == ["verified"] * 5 + ["encrypted"]
    assert [each.certificate for each in found.keys] == [found.certificates[0].sha256] * 2 + [None] * 4
    assert [each.kind for each in found.keys[:3]] == ["RSA 2048", "RSA 2048", "EC secp256r1"]


def test_labels_of_a_tls_library_and_garbage_are_no_keys(tmp_path: Path) -> None:
    labels = b"-----BEGIN RSA PRIVATE KEY-----\0-----END RSA PRIVATE KEY-----\0-----BEGIN CERTIFICATE-----\0"
    garbage = b"-----BEGIN PRIVATE KEY-----\n" + b"QUJD" * 60 + b"\n-----END PRIVATE KEY-----\n"
    found = examined(tmp_path, noise(300) + labels + noise(200, 2) + garbage)
    assert {each.state for each in found.keys} == {"label only"}
    assert found.certificates == ()
    assert [each.why for each in found.not_certificates] == ["a label without a certificate behind it"]


def test_a_certificate_that_strict_parsers_refuse_is_read(tmp_path: Path) -> None:
    der = certificate("Odd Root".ljust(60, "x"), ec.generate_private_key(ec.SECP256R1())).public_bytes(DER)
    # the signature algorithm with a NULL parameter, as some vendors' roots have it, inside and outside
    plain, odd = bytes.fromhex("300a06082a8648ce3d040302"), bytes.fromhex("300c06082a8648ce3d0403020500")
    body = der[4:].replace(plain, odd)
    inner = int.from_bytes(body[2:4]) + 2
    body = body[:2] + inner.to_bytes(2) + body[4:]
    found = examined(tmp_path, b"\x30\x82" + len(body).to_bytes(2) + body).certificates
    assert [each.subject for each in found] == ["CN=" + "Odd Root".ljust(60, "x")]


def test_credentials_have_their_shape_and_are_masked(tmp_path: Path) -> None:
    hashed = b"root:$6$saltsalt$" + b"a1B2" * 21 + b"cd:18000:0:99999:7:::\n"
    image = (
        b"password login admin secret\n" + hashed + b'network={\n psk="correct horse"\n}\nguest::0:0:guest:/:/bin/sh\n'
    )
    found = {each.kind: each for each in examined(tmp_path, image).secrets}
    assert set(found) == {"password hash", "Wi-Fi password", "empty password"}
    assert "user root" in found["password hash"].about
    assert "a1B2a1B2" not in found["password hash"].text
    shown = {each.kind: each.text for each in examined(tmp_path, image, shown=True).secrets}
    assert shown["Wi-Fi password"] == '"correct horse"'


@pytest.mark.parametrize(
    ("line", "kind", "user"),
    [
        (b"root:ab3FGkLmNoPqR:0:0:root:/:/bin/sh\n", "password hash", "root"),
        (b"root:ab3FGkLmNoPqR:10933:0:99999:7:::\n", "password hash", "root"),
        (b"admin:ab3FGkLmNoPqR:::::::\r\n", "password hash", "admin"),
        (b"guest::10933:0:99999:7:::\n", "empty password", None),
        (b"daemon:*:10933:0:99999:7:::\nbin:!:10933:0:99999:7:::\nstd::vector::size\na::::::::\n", None, None),
        (b"root:aaaaaaaaaaaaa:10933:0:99999:7:::\n", None, None),
    ],
)
def test_lines_of_password_and_shadow_files_are_read(
    tmp_path: Path, line: bytes, kind: str | None, user: str | None
) -> None:
    found = examined(tmp_path, b"# users\n" + line).secrets
    assert [each.kind for each in found] == ([kind] if kind else [])
    assert user is None or found[0].about.endswith(f"user {user}")


def test_words_that_look_like_hosts_are_not_hosts(tmp_path: Path) -> None:
    image = b"\0".join(
        [
            b"main.py",
            b"foo.data.bar",
            b"https://api.vendor.example.com/v1",
            b"mqtt.vendor-cloud.com",
            b"libc.so",
            b"/modules.dep.bb",
            b'x.open("GET");h.open("GET");window.location.search;div.center{color:red}input.center{}',
            b"10.9.8.7",
        ]
    )
    found = examined(tmp_path, image)
    assert [each.text for each in found.hosts] == ["api.vendor.example.com", "mqtt.vendor-cloud.com"]
    assert [each.text for each in found.said if each.kind == "ip"] == ["10.9.8.7"]


def test_versions_of_software_are_named(tmp_path: Path) -> None:
    image = (
        noise(50)
        + b"Linux version 4.14.90 (build@ci) #1\0BusyBox v1.31.1 (2020)\0OpenSSL 1.0.2k  26 Jan 2017\0"
        + noise(50, 2)
    )
    said = {(each.name, each.version) for each in examined(tmp_path, image).said if each.kind == "version"}
    assert said == {("Linux", "4.14.90"), ("BusyBox", "1.31.1"), ("OpenSSL", "1.0.2k")}


def test_a_root_that_left_the_public_stores_is_told_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    name = "Go Daddy Class 2 Certification Authority"
    own = certificate(name, ec.generate_private_key(ec.SECP256R1())).public_bytes(PEM)
    assert [each.trust for each in examined(tmp_path, own).certificates] == ["vendor-private or unknown"]
    store = Path("/etc/ssl/certs/ca-certificates.crt")
    if not store.is_file():
        pytest.skip("this machine has no store of roots beside certifi's")
    found = examined(tmp_path, store.read_bytes()).certificates
    former = [each.subject for each in found if each.trust == "formerly public"]
    if not former:
        pytest.skip("this machine's store is as new as certifi's")
    assert all(each.trust == "public root now" for each in found if "ISRG Root X1" in each.subject)
    assert former_roots().keys() >= {each.sha256 for each in found if each.trust == "formerly public"}


def test_what_looks_like_a_credential_in_compressed_bytes_is_none(tmp_path: Path) -> None:
    token = b"AKIA" + b"QWERTYUIOPASDFGH"
    packed = gzip.compress(b"words " * 400, 1)
    assert [secret.about for secret in examined(tmp_path, packed + b" " + token + b" ").secrets] == [
        "AWS access key id"
    ]
    hidden = io.BytesIO()
    with gzip.GzipFile(filename=token.decode(), mode="wb", fileobj=hidden) as file:
        file.write(b"words " * 400)
    assert examined(tmp_path, hidden.getvalue()).secrets == ()


def rsa_pem(p: int, q: int, *, exponent: int = 65537, off: int = 0) -> bytes:
    """PKCS #1 of a key with these factors; ``off`` makes its private exponent wrong."""
    d = pow(exponent, -1, math.lcm(p - 1, q - 1)) + off
    numbers = [0, p * q, exponent, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]

    def item(tag: int, body: bytes) -> bytes:
        size = len(body).to_bytes((len(body).bit_length() + 7) // 8)
        return bytes([tag]) + (size if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body

    der = item(0x30, b"".join(item(2, number.to_bytes(number.bit_length() // 8 + 1)) for number in numbers))
    lines = base64.encodebytes(der).replace(b"\n", b"")
    body = b"\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + body + b"\n-----END RSA PRIVATE KEY-----\n"


def test_a_key_of_many_bits_costs_no_half_minute_and_numbers_that_do_not_fit_are_none(tmp_path: Path) -> None:
    # Mersenne's primes: factors of a key that need no search
    large = rsa_pem(2**4423 - 1, 2**4253 - 1)
    began = time.process_time()
    found = examined(tmp_path, large + rsa_pem(2**1279 - 1, 2**607 - 1, off=2))
    assert time.process_time() - began < 3
    assert [(key.state, key.kind) for key in found.keys] == [("verified", "RSA 8676"), ("label only", None)]

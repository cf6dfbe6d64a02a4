"""Certificate authorities of the lab's vendors, and certificates for their hosts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

VENDORS = {  # vendor: (organisation of its root, years the root is valid, its key)
    "camview": ("CamView Root CA", 20, "rsa"),
    "switchnow": ("SwitchNow Root CA", 98, "ec"),
    "linkplug": ("LinkPlug Cloud Root", 25, "ec"),
    "lumen": ("Lumen Root", 50, "ec"),
    "office": ("Lab Web Root", 10, "ec"),
}
LEAF_DAYS = 825
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """A vendor's root with its key."""

    name: x509.Name
    key: PrivateKey
    certificate: x509.Certificate


def _key(kind: str) -> PrivateKey:
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _builder(subject: x509.Name, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) - timedelta(days=30)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
    )


def root(vendor: str) -> Authority:
    """A new root for this vendor."""
    organisation, years, kind = VENDORS[vendor]
    key = _key(kind)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, organisation),
        ]
    )
    certificate = (
        _builder(name, name, 365 * years)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(name, key, certificate)


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=not authority,
        data_encipherment=False, key_agreement=False, key_cert_sign=authority,
        crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def issue(authority: Authority, host: str, folder: Path) -> None:
    """Write HOST.pem (key, leaf, root) for a server."""
    key = _key("rsa" if isinstance(authority.key, rsa.RSAPrivateKey) else "ec")
    public = key.public_key()
    leaf = (
        _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), authority.name, LEAF_DAYS)
        .public_key(public)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .add_extension(_usage(authority=False), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    (folder / f"{host}.pem").write_bytes(private_pem(key) + pem(leaf) + pem(authority.certificate))


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def private_pem(key: PrivateKey) -> bytes:
    """The key as unencrypted PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def found_all(folder: Path, hosts: list[str]) -> dict[str, Authority]:
    """Roots of all vendors (VENDOR.pem for clients), and certificates for all their hosts."""
    folder.mkdir()
    authorities: dict[str, Authority] = {}
    for vendor in VENDORS:
        authorities[vendor] = root(vendor)
        (folder / f"{vendor}.pem").write_bytes(pem(authorities[vendor].certificate))
        for host in hosts:
            if host.split(".")[-2] == vendor:
                issue(authorities[vendor], host, folder)
    return authorities

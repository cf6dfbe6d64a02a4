"""Certificates with faults, old versions and weak cipher suites are told, for clients and servers; sound ones are not."""

import datetime
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from tests import made
from tests.made import GATEWAY, PLUG

import idletalk
from idletalk.model import Finding

NOW = 1_600_000_000
HERE, CLOUD = (PLUG, "192.168.1.2", 40_000), (GATEWAY, "203.0.113.5", 443)
PHONE = ("02:00:00:00:00:77", "192.168.1.77", 50_000)
KINDS = ("certificate-fault", "tls-old-version", "tls-weak-cipher")
KEY, AUTHORITY = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the fault


def certificate(
    *names: str, key: rsa.RSAPrivateKey = KEY, by: rsa.RSAPrivateKey = AUTHORITY, days: tuple[int, int] = (-10, 90)
) -> bytes:
    now = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    subject, issuer = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        for name in (names[0], names[0] if by is key else "CA")
    )
    first, last = (now + datetime.timedelta(days=day) for day in days)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), 7, first, last)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    return (
        builder.add_extension(alternatives, critical=False)
        .sign(by, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    handshake = bytes([kind]) + len(body).to_bytes(3) + body
    return b"\x16" + struct.pack(">HH", version, len(handshake)) + handshake


def hello(name: str) -> bytes:
    entry = b"\0" + struct.pack(">H", len(name)) + name.encode()
    extension = struct.pack(">HHH", 0, len(entry) + 2, len(entry)) + entry
    return record(
        1,
        b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x00\x2f" + b"\x01\0" + struct.pack(">H", len(extension)) + extension,
    )


def answer(shown: bytes, version: int = 0x0303, cipher: int = 0x002F) -> bytes:
    chosen = struct.pack(">H", version) + bytes(32) + b"\0" + struct.pack(">H", cipher) + b"\0"
    listed = len(shown).to_bytes(3) + shown
    return record(2, chosen, version) + record(11, len(listed).to_bytes(3) + listed, version)


def told(
    tmp_path: Path,
    *answers: bytes,
    name: str = "a.example",
    client: tuple[str, str, int] = HERE,
    server: tuple[str, str, int] = CLOUD,
    now: float = NOW,
    more: Sequence[tuple[float, bytes]] = (),
) -> list[Finding]:
    frames: list[bytes] = []
    for number, flight in enumerate(answers):
        here = (client[0], client[1], client[2] + number)
        asked = hello(name.format(number))
        frames += [made.segment(here, server, 1, 2), made.segment(server, here, 1, 18)]
        frames.append(made.segment(here, server, 2, 24, asked))
        frames.append(made.segment(server, here, 2, 24, flight))
    timed = [*((now + number / 10, frame) for number, frame in enumerate(frames)), *more]
    capture = made.pcap(tmp_path / "in.pcap", timed)
    found = idletalk.analyze([capture], tmp_path / "out")
    return [finding for finding in found.report.findings if finding.kind in KINDS]


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        (certificate("a.example", days=(-100, -3)), "expired on 2020-09-10"),
        (certificate("a.example", days=(3, 100)), "not valid before 2020-09-16"),
        (certificate("a.example", by=KEY), "signed by itself"),
        (certificate("b.example", "*.a.example"), "for b.example, *.a.example, not a.example"),
        (certificate("a.example", key=SHORT), "with a key of 1024 bits (RSA)"),
    ],
)
def test_a_certificate_with_a_fault_is_told(shown: bytes, fault: str, tmp_path: Path) -> None:
    [finding] = told(tmp_path, answer(shown), answer(shown), answer(certificate("a.example")))
    assert (finding.kind, finding.device, finding.peer) == ("certificate-fault", PLUG, "203.0.113.5")
    assert f" from a.example (203.0.113.5) at TCP port 443: {fault}; 2 times" in finding.sentence
    assert "none was finished" in finding.sentence
    assert finding.evidence.frames == 2
    assert "also 1 certificate" in (finding.evidence.filter_note or "")


def test_days_are_not_held_against_a_clock_that_nobody_had_set(tmp_path: Path) -> None:
    assert told(tmp_path, answer(certificate("a.example", days=(-3, 100))), now=42.0) == []


def test_days_are_held_against_the_time_that_servers_tell(tmp_path: Path) -> None:
    """The capture's clock is ten days slow: what it takes for a certificate of tomorrow is sound, what seems sound is over."""
    slow = NOW - 10 * 86_400
    clock = made.time_answer(slow + 60, "203.0.113.9", NOW + 60)
    shown = [answer(certificate("a.example", days=days)) for days in ((-3, 100), (-100, -3))]
    [finding] = told(tmp_path, *shown, now=slow, more=[clock])
    assert ": expired on 2020-09-10; 1 time since" in finding.sentence


@pytest.mark.parametrize("names", [("a.example",), ("b.example", "A.Example"), ("*.example",)])
def test_a_sound_certificate_is_none(names: tuple[str, ...], tmp_path: Path) -> None:
    assert told(tmp_path, answer(certificate(*names))) == []


def test_a_star_stands_for_one_label_only(tmp_path: Path) -> None:
    [finding] = told(tmp_path, answer(certificate("*.example")), name="x.a.example")
    assert "for *.example, not x.a.example" in finding.sentence


def test_a_certificate_that_is_for_none_of_several_names_is_told_once(tmp_path: Path) -> None:
    shown = answer(certificate("b.example"))
    [finding] = told(tmp_path, shown, shown, name="a{}.example")
    assert ": for b.example, not a0.example or a1.example; 2 times" in finding.sentence


def test_what_a_device_shows_others_is_told_of_it(tmp_path: Path) -> None:
    server = (PLUG, "192.168.1.2", 8443)
    found = told(tmp_path, answer(certificate("plug", by=KEY)), name="plug", client=PHONE, server=server)
    assert {(finding.device, finding.peer) for finding in found} == {(PLUG, None), (PHONE[0], "192.168.1.2")}
    [own] = [finding for finding in found if finding.device == PLUG]
    assert "shows a certificate at TCP port 8443: signed by itself; 1 time" in own.sentence


@pytest.mark.parametrize(
    ("version", "cipher", "kinds"),
    [
        (0x0303, 0x002F, {}),
        (0x0301, 0x002F, {"tls-old-version": "on TLS 1.0 with"}),
        (0x0303, 0x0002, {"tls-weak-cipher": "on TLS_RSA_WITH_NULL_SHA with"}),
        (
            0x0302,
            0x0005,
            {"tls-old-version": "on TLS 1.1 with", "tls-weak-cipher": "on TLS_RSA_WITH_RC4_128_SHA with"},
        ),
    ],
)
def test_old_versions_and_weak_ciphers_are_told(
    version: int, cipher: int, kinds: dict[str, str], tmp_path: Path
) -> None:
    found = told(tmp_path, answer(certificate("a.example"), version, cipher))
    assert {finding.kind for finding in found} == set(kinds)
    assert all(kinds[finding.kind] in finding.sentence for finding in found)

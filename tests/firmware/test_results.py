"""What an examination leaves behind: certificates as files, and what changed between two images."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from idletalk.errors import IdletalkError
from idletalk.firmware.command import firmware_command
from tests.firmware import made


@pytest.fixture
def pem() -> bytes:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Device Root")])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 4711, datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(firmware_command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_certificates_are_files_named_by_their_hash(tmp_path: Path, pem: bytes) -> None:
    image = tmp_path / "image.bin"
    image.write_bytes(made.noise(5000, 1) + b"\0" + pem + b"\0" + made.noise(5000, 2))
    run(str(image), "--out", str(tmp_path / "out"))
    [file] = (tmp_path / "out" / "certificates").iterdir()
    assert file.name == hashlib.sha256(file.read_bytes()).hexdigest() + ".der"
    told = json.loads((tmp_path / "out" / "firmware.json").read_text())
    assert [certificate["sha256"] + ".der" for certificate in told["certificates"]] == [file.name]


def test_two_versions_are_compared(tmp_path: Path, pem: bytes) -> None:
    old, new = tmp_path / "old.bin", tmp_path / "new.bin"
    old.write_bytes(b"\0" * 64 + b"http://old.example/firmware\0" + b"\0" * 64)
    new.write_bytes(b"\0" * 64 + b"https://new.example/firmware\0" + pem + b"\0" * 64)
    printed = run("--compare", str(old), str(new))
    assert "- http://old.example/firmware" in printed
    assert "+ https://new.example/firmware" in printed
    assert "Device Root until 2050-01-01" in printed
    assert run("--compare", str(old), str(old)) == "Nothing that is looked at differs.\n"


def test_a_comparison_takes_two_images(tmp_path: Path) -> None:
    image = tmp_path / "one.bin"
    image.write_bytes(b"x")
    with pytest.raises(IdletalkError, match="two images"):
        CliRunner().invoke(firmware_command, ["--compare", str(image)], catch_exceptions=False)


def test_printed_json_and_comparisons_know_what_is_inside_too(tmp_path: Path) -> None:
    images = []
    for name, word in (("old", b"first.example.com"), ("new", b"second.example.com")):
        images.append(tmp_path / name)
        with tarfile.open(images[-1], "w:gz") as packed:
            member = tarfile.TarInfo("etc/server")
            member.size = len(word)
            packed.addfile(member, io.BytesIO(word))
    printed = CliRunner().invoke(firmware_command, [str(images[0]), "--json"], catch_exceptions=False).stdout
    assert [host["text"] for host in json.loads(printed)["hosts"]] == ["first.example.com"]
    beside = (
        CliRunner().invoke(firmware_command, ["--compare", *map(str, images), "--json"], catch_exceptions=False).stdout
    )
    hosts = {each["about"]: (each["gone"], each["new"]) for each in json.loads(beside)}["hosts"]
    assert hosts == (["first.example.com"], ["second.example.com"])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new", "old"]

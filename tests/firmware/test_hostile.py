"""Images made to hurt: bounded, one clear line, nothing outside the folder."""

import gzip
import io
import os
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from idletalk.firmware import Options, examine
from idletalk.firmware.model import Examination
from idletalk.firmware.streams import safe_name
from tests.firmware import made


def unpacked(tmp_path: Path, image: bytes) -> Examination:
    path, folder = tmp_path / "image.bin", tmp_path / "out"
    path.write_bytes(image)
    folder.mkdir()
    found = examine(path, Options(unpack=True), folder)
    for place in tmp_path.rglob("*"):
        assert place.is_relative_to(folder) or place in (path, folder)
        assert not place.is_symlink()
    return found


def test_a_gzip_bomb_is_ended(tmp_path: Path) -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(600)) + bomb.flush()
    found = unpacked(tmp_path, data)
    assert any("bomb" in line for line in found.unpacking.stopped)
    assert found.unpacking.bytes <= 512 << 20


def test_a_zip_that_says_more_than_it_has_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "small")
        archive.writestr("../../outside.txt", "climbs")
        archive.writestr("/etc/absolute", "roots")
        archive.writestr("\x1b[31mred\n", "escapes")
    found = unpacked(tmp_path, file.getvalue())
    names = [each.path for each in found.unpacking.files]
    assert [name.split("/", 1)[1] for name in names] == ["a.txt", "outside.txt", "etc/absolute", "__31mred_"]


def test_links_and_devices_are_not_made(tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("null", tarfile.CHRTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "../../../../etc/passwd"
            archive.addfile(entry)
        entry = tarfile.TarInfo("link/through")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"hi"))
    found = unpacked(tmp_path, file.getvalue())
    assert [each.path.split("/", 1)[1] for each in found.unpacking.files] == ["link/through"]


def test_archives_in_archives_end_at_a_depth(tmp_path: Path) -> None:
    data = b"the end"
    for _ in range(12):
        data = gzip.compress(data + made.noise(64))
    found = unpacked(tmp_path, data)
    assert any("deeper than" in line for line in found.unpacking.stopped)


def test_files_without_end_are_ended(tmp_path: Path) -> None:
    data = made.cpio(*((f"f{i}", b"") for i in range(21_000)))
    found = unpacked(tmp_path, data)
    assert any("more than 20000 files" in line for line in found.unpacking.stopped)


def test_the_child_has_no_network_or_says_so(tmp_path: Path) -> None:
    assert "network" in unpacked(tmp_path, gzip.compress(b"a" * 2000)).unpacking.isolation


def test_a_sparse_squashfs_of_4_gigabytes_is_partial(tmp_path: Path) -> None:
    path = made.declared_squashfs(tmp_path / "sparse.bin")
    started = time.process_time()
    found = examine(path)
    assert time.process_time() - started < 60
    assert found.judgement.authentication == "undecidable (opaque or partial)"
    assert any("only the first" in note for note in found.notes)


def test_an_empty_file_is_one_line(tmp_path: Path) -> None:
    assert "the file is empty" in unpacked(tmp_path, b"").notes


@pytest.mark.parametrize(
    "pattern",
    [b"\x1f\x8b\x08", b"-----BEGIN A-----", b"hsqs", b"PK\x03\x04", b"\x30\x82", b"\xe9", b"BZh91AY&SY", b"070701"],
)
def test_a_file_of_nothing_but_a_pattern_is_bounded(pattern: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(pattern * ((4 << 20) // len(pattern)))
    started = time.process_time()
    examine(path)
    assert time.process_time() - started < 20


def test_names_are_cleaned() -> None:
    assert safe_name("../../etc/passwd") == "etc/passwd"
    assert safe_name("/a//b/./c\x00d") == "a/b/c_d"
    assert safe_name("..") == "unnamed"
    assert safe_name("C:\\x\u202egpj.exe") == "C_/x_gpj.exe"
    assert all(len(part) <= 100 for part in safe_name("a" * 5000 + "/" + "b" * 5000).split("/"))


def test_random_bytes_are_no_format(tmp_path: Path) -> None:
    path = tmp_path / "random.bin"
    path.write_bytes(made.noise(64 << 20, 20261101))
    assert [(part.format, part.offset) for part in examine(path).recognised.parts] == []


def test_no_output_folder_of_others_is_written_to(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from idletalk.cli import main_group

    image, folder = tmp_path / "image.bin", tmp_path / "mine"
    image.write_bytes(made.esp32())
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    result = CliRunner().invoke(main_group, ["firmware", str(image), "--out", str(folder)])
    assert result.exit_code != 0
    assert os.listdir(folder) == ["thesis.txt"]  # noqa: PTH208

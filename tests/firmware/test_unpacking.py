"""The child process that unpacks: what it cannot reach, and what unblob adds where it is installed."""

import gzip
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from idletalk.firmware import Options, Unpackers, examine
from idletalk.firmware.model import Unpacking
from idletalk.firmware.recogniser import recognise
from idletalk.firmware.tools import found_program
from tests.firmware.made import cpio, noise, yaffs

FIXTURES = Path(__file__).parent / "fixtures"
SECRET = b"only whoever unpacked everything knows this"


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if found_program(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def unpacked(tmp_path: Path, image: bytes) -> tuple[Unpacking, dict[str, bytes]]:
    path, folder = tmp_path / "image.bin", tmp_path / "out"
    path.write_bytes(image)
    folder.mkdir()
    told = examine(path, Options(unpack=True), folder).unpacking
    assert not [place for place in folder.rglob("*") if place.is_symlink()]
    assert {place.name for place in tmp_path.iterdir()} <= {"image.bin", "out", "tree", "made"}
    return told, {file.path: (folder / file.path).read_bytes() for file in told.files}


def nested(content: bytes) -> bytes:
    """A zip in a tar: both are unpacked here, as soon as something hands them over."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("etc/deep.conf", content)
    with tarfile.open(fileobj=outer, mode="w") as archive:
        entry = tarfile.TarInfo("inner.zip")
        entry.size = len(inner.getvalue())
        archive.addfile(entry, io.BytesIO(inner.getvalue()))
    return outer.getvalue()


def tree(tmp_path: Path) -> Path:
    """A root file system that has an archive, and links that lead outside."""
    root = tmp_path / "tree"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "inner.tar").write_bytes(nested(SECRET))
    (root / "etc" / "passwd").symlink_to("/etc/passwd")
    (root / "up").symlink_to("../../../..")
    return root


MAKERS = {
    "jffs2": ("mkfs.jffs2", "--eraseblock=65536", "--root={tree}", "--output={made}"),
    "cramfs": ("mkfs.cramfs", "{tree}", "{made}"),
    "ext": ("mke2fs", "-q", "-t", "ext2", "-d", "{tree}", "{made}", "1M"),
    "romfs": ("genromfs", "-d", "{tree}", "-f", "{made}"),
    "erofs": ("mkfs.erofs", "{made}", "{tree}"),
    "ubifs": ("mkfs.ubifs", "-r", "{tree}", "-m", "2048", "-e", "126976", "-c", "100", "-o", "{made}"),
    "7z": ("7z", "a", "-t7z", "-snl", "{made}.", "{tree}"),
}


@needs("unblob")
@pytest.mark.parametrize("name", MAKERS)
def test_what_a_foreign_file_system_holds_is_unpacked_to_its_end(name: str, tmp_path: Path) -> None:
    program, *arguments = MAKERS[name]
    place = shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if place is None:
        pytest.skip(f"{program} is not installed")
    root, made = tree(tmp_path), tmp_path / "made"
    filled = [argument.format(tree=root, made=made) for argument in arguments]
    subprocess.run([place, *filled], check=True, capture_output=True)
    told, files = unpacked(tmp_path, noise(4096) + made.read_bytes())
    assert told.unblob
    assert SECRET in files.values(), told
    assert not any(b"root:" in content for content in files.values())


@needs("unblob")
def test_yaffs_is_unpacked_where_a_directory_comes_first_and_else_told(tmp_path: Path) -> None:
    """unblob finds the size of the spare bytes by an object inside of the first one."""
    told, files = unpacked(tmp_path, yaffs())
    assert [name.rpartition("/")[2] for name in files] == ["empty", "passwd"], told
    shutil.rmtree(tmp_path / "out")
    told, files = unpacked(tmp_path, (FIXTURES / "yaffs.bin").read_bytes())
    assert files == {}
    assert told.stopped == ("yaffs at 0x0: recognised, but unblob finds none there",)


@needs("unblob")
def test_a_volume_in_ubi_is_unpacked_to_its_end(tmp_path: Path) -> None:
    places = [shutil.which(name, path="/usr/sbin:/sbin") for name in ("mkfs.ubifs", "ubinize")]
    if None in places:
        pytest.skip("mtd-utils is not installed")
    mkfs, ubinize = (str(place) for place in places)
    root, folder = tree(tmp_path), tmp_path / "made"
    folder.mkdir()
    volume, made = folder / "volume", folder / "image"
    geometry = ("-r", root, "-m", "2048", "-e", "126976", "-c", "100", "-o", volume)
    subprocess.run([mkfs, *geometry], check=True, capture_output=True)
    wanted = f"[root]\nmode=ubi\nimage={volume}\nvol_id=0\nvol_size=4MiB\nvol_type=dynamic\nvol_name=root\n"
    (folder / "volumes").write_text(wanted)
    pages = ("-o", made, "-m", "2048", "-p", "131072", folder / "volumes")
    subprocess.run([ubinize, *pages], check=True, capture_output=True)
    told, files = unpacked(tmp_path, made.read_bytes())
    assert SECRET in files.values(), told


@needs("unblob", "zstd")
def test_what_unblob_unpacks_is_the_same_where_it_was_loaded_ahead(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"text " * 1000)
    subprocess.run(["zstd", "-q", tmp_path / "text", "-o", tmp_path / "image"], check=True)
    told: list[Unpacking] = []
    for number, expects in enumerate((False, True, True)):
        (tmp_path / str(number)).mkdir()
        with Unpackers() as unpackers:
            if expects:
                unpackers.expect(recognise(tmp_path / "image"))
            told.append(unpackers.unpack(tmp_path / "image", tmp_path / str(number)))
    assert told[0] == told[1] == told[2]
    assert len(told[0].files) == 1, told[0]


def test_what_an_archive_holds_is_unpacked_once(tmp_path: Path) -> None:
    """SWUpdate's files stand in it as they are, and are recognised there too."""
    member = gzip.compress(b"export HOME=/root\n" * 200, mtime=0)
    _, files = unpacked(tmp_path, cpio(("sw-description", b'software = { version = "1.4"; };'), ("root.gz", member)))
    assert sorted(files) == ["0-swupdate/root.gz", "0-swupdate/root.gz.d/0-gzip", "0-swupdate/sw-description"]


def test_without_unblob_a_known_format_is_recognised_and_said_not_to_be_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (place := shutil.which("zstd")) is None:
        pytest.skip("zstd is not installed")
    if found_program("unblob"):
        pytest.skip("unblob is installed")
    image = subprocess.run([place, "-c"], input=b"text " * 1000, check=True, capture_output=True).stdout
    told, files = unpacked(tmp_path, image)
    assert files == {}
    assert any("not unpacked without unblob" in line for line in told.stopped)


@needs("unblob", "zstd")
def test_a_bomb_that_unblob_would_unpack_is_ended(tmp_path: Path) -> None:
    with subprocess.Popen(["head", "-c", "1500M", "/dev/zero"], stdout=subprocess.PIPE) as zeros:
        image = subprocess.run(["zstd", "-c"], stdin=zeros.stdout, check=True, capture_output=True).stdout
    told, _ = unpacked(tmp_path, image)
    assert told.bytes <= 512 << 20
    assert told.stopped


def test_the_child_sees_no_file_of_others(tmp_path: Path) -> None:
    image, folder, other = tmp_path / "image.bin", tmp_path / "out", tmp_path / "other.txt"
    image.write_bytes(b"image")
    other.write_bytes(b"precious")
    folder.mkdir()
    script = f"""
from pathlib import Path
from idletalk.firmware.isolation import isolate
held = isolate(Path({str(image)!r}), Path({str(folder)!r}))
print(held)
Path({str(folder / "mine")!r}).write_bytes(Path({str(image)!r}).read_bytes())
import socket
for attempt in (
    lambda: Path({str(other)!r}).read_bytes(), lambda: Path({str(other)!r}).write_bytes(b""), lambda: Path("/etc/passwd").read_bytes(),
    lambda: Path({str(image)!r}).write_bytes(b""), lambda: socket.create_connection(("127.0.0.1", 9), 1),
):
    try:
        attempt()
        print("reached")
    except OSError as error:
        print(type(error).__name__)
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True)
    held, *attempts = done.stdout.splitlines()
    if "no files elsewhere" not in held:
        pytest.skip(f"this system cannot: {held}")
    assert attempts[:4] == ["PermissionError"] * 4
    assert attempts[4] in ("PermissionError", "OSError")
    assert (folder / "mine").read_bytes() == b"image"
    assert other.read_bytes() == b"precious"

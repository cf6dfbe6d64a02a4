"""Downloads: equal to what tshark exports, told as they are where servers lie, and cheap."""

import hashlib
import json
import resource
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import idletalk
from idletalk import images
from idletalk.dissector import dissect
from idletalk.store import Store
from tests import made
from tests.conftest import ROOT
from tests.firmware.made import uimage
from tests.made import GATEWAY, PLUG

SHARED = ROOT.parent / "shared" / "captures"
HERE, THERE = (PLUG, "192.168.1.9", 40000), (GATEWAY, "198.51.100.7", 80)
SYN, ACK, SYN_ACK, FIN_ACK = 2, 16, 18, 17

EXPORTED = [
    "zeek+zeek/206_example_c.pcap",
    "zeek+zeek/concurrent-range-requests-complete.pcap",
    "zeek+zeek/http-filename.pcap",
    "zeek+zeek/m57-long-49583-80.pcap",
    "zeek+zeek/vnd.ms-cab-compressed-multi-conn.pcap",
    "nfstream+nfstream/1kxun.pcap",
    "chrissanders+packets/http_espn.pcapng",
    "arkime+arkime/http-content-zip.pcap",
    "markofu+pcaps/suspicious-time.pcap",
]
"""Captures without loss and tunnels, of which tshark exports everything that is whole."""


def shared(name: str) -> Path:
    capture = SHARED / name
    if not capture.exists():
        pytest.skip("needs captures of others in ../shared")
    return capture


@pytest.mark.parametrize("name", EXPORTED)
def test_bodies_are_those_that_tshark_exports(tmp_path: Path, name: str) -> None:
    capture = shared(f"downloads/{name}")
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark")
    run = ["tshark", "-n", "-q", "-r", str(capture), "--export-objects", f"http,{tmp_path / 'theirs'}"]
    subprocess.run(run, check=True, capture_output=True)
    theirs = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (tmp_path / "theirs").iterdir()}
    dissect([capture], tmp_path / "ours")
    store = Store(tmp_path / "ours")
    rows = store.ask("SELECT sha256, decoded_sha256 FROM http_bodies WHERE is_complete AND length_bytes > 0")
    store.close()
    assert rows
    # tshark undoes content encodings where it can
    assert all({row["sha256"], row["decoded_sha256"]} & theirs for row in rows)


def image(tmp_path: Path, name: str) -> dict[str, object]:
    found = idletalk.analyze([shared(name)], tmp_path / "out")
    [row] = found.sql("SELECT size_bytes, is_complete, missing, sha256 FROM images ORDER BY size_bytes DESC LIMIT 1")
    return row


def test_concurrent_ranges_give_the_whole(tmp_path: Path) -> None:
    row = image(tmp_path, "downloads/zeek+zeek/concurrent-range-requests-complete.pcap")
    assert (row["size_bytes"], row["is_complete"], row["missing"]) == (34, True, [])


def response(fields: bytes, body: bytes) -> list[tuple[float, bytes]]:
    """A request for an image, and its response in segments."""
    return exchange(HERE[2], fields, body, 0.0)


def exchange(port: int, fields: bytes, body: bytes, seconds: float) -> list[tuple[float, bytes]]:
    here = (PLUG, "192.168.1.9", port)
    frames = [made.segment(here, THERE, 99, SYN), made.segment(THERE, here, 499, SYN_ACK)]
    frames.append(made.segment(here, THERE, 100, ACK, b"GET /firmware/a.bin HTTP/1.1\r\nHost: a.example\r\n\r\n"))
    sent = b"HTTP/1.1 " + fields + b"\r\n\r\n" + body
    frames += [made.segment(THERE, here, 500 + n, ACK, sent[n : n + 1400]) for n in range(0, len(sent), 1400)]
    frames.append(made.segment(THERE, here, 500 + len(sent), FIN_ACK))
    return [(seconds + index * 0.001, frame) for index, frame in enumerate(frames)]


CONTENT = b"\x7fELF" + bytes(range(256)) * 40


def test_a_range_that_is_shorter_than_it_says_leaves_a_hole(tmp_path: Path) -> None:
    fields = b"206 Partial Content\r\nContent-Range: bytes 0-5999/6000\r\nContent-Length: 4000"
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", response(fields, CONTENT[:4000]))], tmp_path / "out")
    [row] = found.sql("SELECT size_bytes, is_complete, missing FROM images")
    assert row == {"size_bytes": 6000, "is_complete": False, "missing": [4000, 6000]}


def test_a_range_that_says_less_than_it_brings_gives_only_what_it_says(tmp_path: Path) -> None:
    fields = b"206 Partial Content\r\nContent-Range: bytes 0-2999/6000\r\nContent-Length: 4000"
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", response(fields, CONTENT[:4000]))], tmp_path / "out")
    assert found.sql("SELECT missing FROM images") == [{"missing": [3000, 6000]}]


def test_ranges_that_contradict_one_another_are_counted(tmp_path: Path) -> None:
    frames = exchange(
        40000, b"206 Partial Content\r\nContent-Range: bytes 0-3999/6000\r\nContent-Length: 4000", CONTENT[:4000], 0.0
    )
    other = bytearray(CONTENT[2000:6000])
    other[10] ^= 1
    frames += exchange(
        40001, b"206 Partial Content\r\nContent-Range: bytes 2000-5999/6000\r\nContent-Length: 4000", bytes(other), 1.0
    )
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")
    [row] = found.sql("SELECT is_complete, conflicting_bytes, repeated_bytes, sha256 FROM images")
    assert row == {
        "is_complete": True,
        "conflicting_bytes": 1,
        "repeated_bytes": 2000,
        "sha256": hashlib.sha256(CONTENT[:6000]).hexdigest(),
    }


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"image/jpeg", b"\xff\xd8\xff\xe0" + bytes(9000)),
        (b"text/html", b"<html>" + b"firmware update " * 400),
        (b"application/pkix-crl", b"\x30\x82\x0f\xff" + bytes(range(256)) * 16),
        (b"application/json", b'{"version": "1.2", "x": "' + b"a" * 4000 + b'"}'),
    ],
)
def test_what_is_no_firmware_is_not_called_so(tmp_path: Path, kind: bytes, content: bytes) -> None:
    fields = b"200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: " + str(len(content)).encode()
    frames = response(fields, content)
    decoy = [(t, frame.replace(b"/firmware/a.bin", b"/content/a.dat")) for t, frame in frames]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", decoy)], tmp_path / "out")
    assert found.sql("FROM images WHERE is_firmware") == []
    assert found.report.images == ()


def test_an_incomplete_image_shows_its_holes(tmp_path: Path) -> None:
    content = uimage()
    low, high = len(content) - 40, len(content)
    fields = f"206 Partial Content\r\nContent-Range: bytes 0-{low - 1}/{high}\r\nContent-Length: {low}".encode()
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", response(fields, content[:low]))], tmp_path / "out")
    [page] = found.report.images
    assert (page.format, page.missing, page.missing_bytes, len(page.devices)) == ("uimage", (low, high), 40, 1)
    html = (found.folder / "report.html").read_text("utf-8")
    assert 'class="hole"' in html
    assert f"bytes {low} to {high - 1}" in html


def test_without_downloads_no_byte_is_kept(tmp_path: Path) -> None:
    frames = response(b"404 Not Found\r\nContent-Length: 3", b"no\n")
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")
    assert list((found.folder / "spool").iterdir()) == []
    assert not (found.folder / "firmware").exists()


BLOCK = 60_000


def large(path: Path, megabytes: int) -> Path:
    """A download of so many megabytes, in segments of 60,000 bytes (as captures before segmentation show them)."""
    count = megabytes * 1_000_000 // BLOCK
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {count * BLOCK}\r\n\r\n".encode()
    frames = [made.segment(HERE, THERE, 99, SYN), made.segment(THERE, HERE, 499, SYN_ACK)]
    frames.append(made.segment(HERE, THERE, 100, ACK, b"GET /firmware/a.bin HTTP/1.1\r\nHost: a.example\r\n\r\n"))
    frames.append(made.segment(THERE, HERE, 500, ACK, head))
    made.pcap(path, [(index * 0.001, frame) for index, frame in enumerate(frames)])
    noise = hashlib.shake_256(b"noise").digest(BLOCK)
    with path.open("ab") as file:
        for index in range(count):
            body = struct.pack(">I", index) + noise[4:]
            frame = made.segment(THERE, HERE, (500 + len(head) + index * BLOCK) % 2**32, ACK, body)
            file.write(struct.pack("<IIII", 1, index, len(frame), len(frame)) + frame)
    return path


def peak_mebibytes(capture: Path, out: Path, examined_bytes: int = images.MAX_EXAMINED_BYTES) -> float:
    """Greatest memory of an analysis that examines so much of an image, and of the processes that it starts."""
    code = (
        "import json, resource, sys; from pathlib import Path; import idletalk; from idletalk import images;"
        "images.MAX_EXAMINED_BYTES = int(sys.argv[3]);"
        "idletalk.analyze([Path(sys.argv[1])], Path(sys.argv[2]));"
        "print(json.dumps([resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(capture), str(out), str(examined_bytes)],
        check=True,
        capture_output=True,
        text=True,
    )
    return max(json.loads(run.stdout)) / 1024


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_CHILDREN"), reason="needs Unix")
def test_a_large_download_needs_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    # both are longer than what is examined, which is less than usual: it costs the same for both
    examined = 8 << 20
    small = peak_mebibytes(large(tmp_path / "small.pcap", 10), tmp_path / "small", examined)
    big = peak_mebibytes(large(tmp_path / "big.pcap", 250), tmp_path / "big", examined)
    assert big < small + 40
    [row] = idletalk.Analysis(tmp_path / "big").sql("SELECT is_complete, size_bytes FROM images")
    assert row == {"is_complete": True, "size_bytes": 4166 * BLOCK}

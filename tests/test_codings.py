"""Images that come under a content coding of HTTP are examined as what the device gets of them."""

import gzip
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import idletalk
from idletalk import codings
from tests import made
from tests.firmware.made import uimage
from tests.made import GATEWAY, PLUG

PLUG_END, CLOUD = (PLUG, "192.168.1.9", 50000), (GATEWAY, "198.51.100.9", 80)


def raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def fetched(path: Path, coding: str, body: bytes, *before: bytes) -> Path:
    """A plug asks for a file, and gets it under a coding, in chunks."""
    asked = b"GET /fw.bin HTTP/1.1\r\nHost: ota.example\r\n\r\n"
    chunks = [body[at : at + 700] for at in range(0, len(body), 700)]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    whole = head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    frames = [made.segment(PLUG_END, CLOUD, 99, 2), made.segment(CLOUD, PLUG_END, 499, 18)]
    frames.append(made.segment(PLUG_END, CLOUD, 100, 24, asked))
    frames += [made.segment(CLOUD, PLUG_END, 500 + at, 24, whole[at : at + 1400]) for at in range(0, len(whole), 1400)]
    return made.pcap(path, [(100 + number / 100, frame) for number, frame in enumerate([*before, *frames])])


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("X-GZIP", gzip.compress), ("deflate", zlib.compress), ("deflate", raw)],
)
def test_an_image_under_a_content_coding_is_firmware(
    tmp_path: Path, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    image = uimage()
    found = idletalk.analyze([fetched(tmp_path / "in.pcap", coding, pack(image))], tmp_path / "out")
    [row] = [row for row in found.report.conclusions.updates or () if row.seen]
    assert (row.format, row.size_bytes, row.sha256) == ("uimage", len(image), hashlib.sha256(image).hexdigest())
    [kept] = (found.folder / "firmware").glob("*.bin")
    assert kept.read_bytes() == image


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_hash_told_of_an_image_or_of_it_as_it_was_sent_is_compared(tmp_path: Path, is_plain: bool) -> None:
    image = uimage()
    packed = gzip.compress(image)
    digest = hashlib.sha256(image if is_plain else packed).hexdigest()
    manifest = made.datagram((GATEWAY, "198.51.100.7", 9000), (PLUG, "192.168.1.9", 9001), f"sha256={digest}".encode())
    found = idletalk.analyze([fetched(tmp_path / "in.pcap", "gzip", packed, manifest)], tmp_path / "out")
    [row] = found.sql("SELECT authentication, authenticated_by FROM images")
    assert row["authentication"] == "hash told in clear, matching"
    assert ("as it was sent" in row["authenticated_by"]) != is_plain


@pytest.mark.parametrize("body", [gzip.compress(uimage())[:-9], gzip.compress(uimage()) + b"more", b"\x80\x01" * 700])
def test_what_is_cut_or_something_else_stays_as_it_was_sent(tmp_path: Path, body: bytes) -> None:
    found = idletalk.analyze([fetched(tmp_path / "in.pcap", "gzip", body)], tmp_path / "out")
    assert [path.read_bytes() for path in (found.folder / "firmware").glob("*")] == [body]


def test_a_bomb_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coded = tmp_path / "bomb"
    coded.write_bytes(gzip.compress(bytes(8 << 20)))
    monkeypatch.setattr(codings, "MAX_DECODED_BYTES", 3 << 20)
    assert codings.undone(coded, "gzip") is None
    assert list(tmp_path.iterdir()) == [coded]

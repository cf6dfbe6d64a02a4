"""Firmware that a device is sent, and versions that it tells in messages that are no text."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

import idletalk
from tests import made
from tests.firmware.made import uimage
from tests.made import GATEWAY, PLUG

PHONE_MAC = "02:00:00:00:00:77"
PHONE, DEVICE = (PHONE_MAC, "192.168.1.77", 50000), (PLUG, "192.168.1.9", 80)
OUT, CLOUD = (PLUG, "192.168.1.9", 9999), (GATEWAY, "198.51.100.9", 9999)
SYN, ACK, SYN_ACK, FIN_ACK = 2, 16, 18, 17


def sent(method: bytes, kind: bytes, body: bytes) -> list[tuple[float, bytes]]:
    """A request with a body to the device, and its answer."""
    fields = b"Host: 192.168.1.9\r\nContent-Type: " + kind + b"\r\nContent-Length: " + str(len(body)).encode()
    whole = method + b" /upgrade HTTP/1.1\r\n" + fields + b"\r\n\r\n" + body
    frames = [made.segment(PHONE, DEVICE, 99, SYN), made.segment(DEVICE, PHONE, 499, SYN_ACK)]
    frames += [made.segment(PHONE, DEVICE, 100 + n, ACK, whole[n : n + 1400]) for n in range(0, len(whole), 1400)]
    frames.append(made.segment(DEVICE, PHONE, 500, ACK, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    frames.append(made.segment(PHONE, DEVICE, 100 + len(whole), FIN_ACK))
    return [(100 + index * 0.001, frame) for index, frame in enumerate(frames)]


FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n" + uimage() + b"\r\n--edge--\r\n"
)


@pytest.mark.parametrize(
    ("method", "kind", "body"),
    [
        (b"PUT", b"application/octet-stream", uimage()),
        (b"POST", b"application/octet-stream", uimage()),
        (b"POST", b"multipart/form-data; boundary=edge", FORM),
    ],
)
def test_an_image_that_is_sent_to_a_device_is_an_update(
    tmp_path: Path, method: bytes, kind: bytes, body: bytes
) -> None:
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", sent(method, kind, body))], tmp_path / "out")
    [row] = [row for row in found.report.conclusions.updates or () if row.seen]
    assert (row.format, row.size_bytes, row.peer) == ("uimage", len(body), PHONE[1])
    assert row.triggered_by == "192.168.1.77, which sent the image to the device"
    [finding] = [finding for finding in found.report.findings if finding.kind == "firmware-changeable"]
    assert "was sent firmware in clear by 192.168.1.77" in finding.sentence


def test_a_hash_that_was_told_as_bytes_is_held_against_the_image(tmp_path: Path) -> None:
    body = uimage()
    told = made.datagram(CLOUD, OUT, b"\x55\xaa\x01\x20" + hashlib.sha256(body).digest() + b"\x00")
    frames = [(1.0, told), *sent(b"PUT", b"application/octet-stream", body)]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")
    [row] = [row for row in found.report.conclusions.updates or () if row.seen]
    assert row.authenticated_by == "hash told in clear, matching"
    assert row.told_hashes == (f"{hashlib.sha256(body).hexdigest()} udp as bytes by {CLOUD[1]}",)


@pytest.mark.parametrize(
    ("around", "code"),
    [
        (b'{"sha256":"%s","size":7}', lambda digest: digest.hex()),
        (b"<sum v='%s'/>", lambda digest: digest.hex().upper()),
        (b'{"sum":"%s"}', lambda digest: base64.b64encode(digest).decode().replace("/", "\\/")),
    ],
)
def test_a_hash_between_quotation_marks_is_held_against_the_image(
    tmp_path: Path, around: bytes, code: Callable[[bytes], str]
) -> None:
    body = uimage()
    told = made.datagram(CLOUD, OUT, around % code(hashlib.sha256(body).digest()).encode())
    frames = [(1.0, told), *sent(b"PUT", b"application/octet-stream", body)]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")
    [row] = [row for row in found.report.conclusions.updates or () if row.seen]
    assert row.authenticated_by == "hash told in clear, matching"
    assert row.told_hashes == (f"{hashlib.sha256(body).hexdigest()} udp by {CLOUD[1]}",)


def test_a_hash_that_another_device_was_told_is_not_told_to_this_one(tmp_path: Path) -> None:
    body = uimage()
    other = ("02:00:00:00:00:88", "192.168.1.88", 9999)
    told = made.datagram(CLOUD, other, b'{"sha256":"%s"}' % hashlib.sha256(body).hexdigest().encode())
    frames = [(1.0, told), *sent(b"PUT", b"application/octet-stream", body)]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")
    [row] = [row for row in found.report.conclusions.updates or () if row.seen]
    assert row.authenticated_by == "none found in image (only checksum or hash)"


def test_versions_are_read_in_messages_that_are_no_text(tmp_path: Path) -> None:
    def told(seconds: float, version: bytes) -> tuple[float, bytes]:
        message = b"\xf7\x00\x02fw" + bytes([len(version)]) + version + b"\xff\x01\x80\x90"
        return seconds, made.datagram(OUT, CLOUD, message)

    frames = [told(1, b"1.2.24"), *sent(b"PUT", b"application/octet-stream", uimage()), told(200, b"1.3.1")]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")
    [row] = [row for row in found.report.conclusions.updates or () if row.seen]
    assert [(version.before, version.after) for version in row.versions] == [("1.2.24", "1.3.1")]

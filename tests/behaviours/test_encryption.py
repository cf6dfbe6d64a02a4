"""Whether a flow is encrypted is told by its protocol, else by its bytes, else it is unknown."""

import random
import zlib
from pathlib import Path

from tests import made
from tests.made import PLUG

import idletalk

SERVER = ("02:00:00:00:00:01", "203.0.113.9", 40001)
DEVICE = (PLUG, "192.168.1.2", 50001)


def noise(count: int, seed: int = 1) -> bytes:
    """Bytes as a cipher gives them."""
    return random.Random(seed).randbytes(count)


def verdicts(tmp_path: Path, messages: list[bytes]) -> tuple[str, str]:
    """Payload and reason of datagrams of an unknown protocol from the device."""
    frames = [(float(n), made.datagram(DEVICE, SERVER, message)) for n, message in enumerate(messages)]
    path = made.pcap(tmp_path / "in.pcap", frames)
    analysis = idletalk.analyze([path], tmp_path / "out", idletalk.Options(), force=True)
    [row] = analysis.sql("SELECT payload, reason FROM flow_encryption")
    [device] = [device for device in analysis.report.devices if PLUG in device.macs]
    [protocol] = [protocol for peer in device.peers for protocol in peer.protocols]
    assert (protocol.channel, protocol.payload, protocol.payload_reason) == ("none", row["payload"], row["reason"])
    return row["payload"], row["reason"]


def test_random_bytes_behind_a_constant_head_are_encrypted(tmp_path: Path) -> None:
    messages = [b"\x01\x02\x00\x00\x00\x40" + n.to_bytes(2, "big") + noise(64, n) for n in range(30)]
    assert verdicts(tmp_path, messages) == ("encrypted", "bytes: like random ones")


def test_a_few_random_bytes_tell_nothing(tmp_path: Path) -> None:
    assert verdicts(tmp_path, [noise(64)]) == ("unknown", "bytes: too few")


def test_the_same_ciphertext_again_and_again_is_no_structure(tmp_path: Path) -> None:
    assert verdicts(tmp_path, [noise(64)] * 50) == ("unknown", "bytes: too few")


def test_text_is_in_clear_even_where_it_is_short(tmp_path: Path) -> None:
    assert verdicts(tmp_path, [b"temperature=21.5;humidity=40"]) == ("cleartext", "bytes: text")


def test_compressed_bytes_are_not_called_encrypted(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    words = " ".join(str(random.Random(7).random()) for _ in range(1)).join(str(n * n) for n in range(3000)).encode()
    packed = packer.compress(words) + packer.flush()
    messages = [packed[place : place + 1000] for place in range(0, len(packed), 1000)]
    assert verdicts(tmp_path, messages) == ("cleartext", "bytes: compressed or media (gzip)")


def test_what_zlib_compressed_behind_a_head_is_not_called_encrypted(tmp_path: Path) -> None:
    words = ",".join(str(n * n * 7919) for n in range(4000)).encode()
    messages = [b"\x02\x00\x00" + zlib.compress(words[place : place + 3000], 9) for place in range(0, 24_000, 3000)]
    assert verdicts(tmp_path, messages) == ("cleartext", "bytes: compressed or media (zlib)")


def units(count: int) -> list[bytes]:
    """Parts of pictures of H.264, each of which refers to others, and what an encoder makes of them."""
    coded = noise(900 * count).replace(b"\x00", b"\x17")
    return [b"\x00\x00\x00\x01\x41\x9a" + coded[place : place + 900] for place in range(0, 900 * count, 900)]


def test_video_without_its_beginning_is_media_where_enough_of_it_is_seen(tmp_path: Path) -> None:
    assert verdicts(tmp_path, units(6)) == ("cleartext", "bytes: compressed or media (h26x)")
    some = [noise(900, 5).replace(b"\x00", b"\x17"), *units(1), noise(900, 6)]
    assert verdicts(tmp_path, some) == ("unknown", "bytes: like random ones, with what may be start codes of video")


def test_a_transport_stream_is_media(tmp_path: Path) -> None:
    packets = [b"\x47\x01\x00" + bytes([0x10 | n & 15]) + noise(184, n) for n in range(70)]
    messages = [b"".join(packets[place : place + 7]) for place in range(0, 70, 7)]
    assert verdicts(tmp_path, messages) == ("cleartext", "bytes: compressed or media (mpeg-ts)")


def test_the_middle_of_a_picture_is_media(tmp_path: Path) -> None:
    scan = noise(8000).replace(b"\xff", b"\xff\x00")
    messages = [scan[place : place + 1000] for place in range(0, len(scan), 1000)]
    assert verdicts(tmp_path, messages) == ("cleartext", "bytes: compressed or media (jpeg)")


def test_text_masked_by_a_repeated_byte_is_not_called_encrypted(tmp_path: Path) -> None:
    messages = [
        bytes(b ^ 0xAB for b in b'{"state": %d, "power": %d, "name": "lamp"}' % (n % 2, n * 37)) for n in range(40)
    ]
    assert verdicts(tmp_path, messages)[0] == "cleartext"


def test_text_before_random_bytes_is_mixed(tmp_path: Path) -> None:
    messages = [b"message %d to the cloud: " % n + noise(200, n) for n in range(20)]
    assert verdicts(tmp_path, messages)[0] in ("mixed", "unknown")


def test_a_known_protocol_tells_it(tmp_path: Path) -> None:
    request = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
    frames = [(0.0, made.segment(DEVICE, SERVER, 1, 2)), (0.1, made.segment(DEVICE, SERVER, 2, 24, request))]
    path = made.pcap(tmp_path / "in.pcap", frames)
    analysis = idletalk.analyze([path], tmp_path / "out", idletalk.Options(), force=True)
    rows = analysis.sql("SELECT sender, channel, payload, reason FROM flow_encryption")
    assert rows == [{"sender": "originator", "channel": "none", "payload": "cleartext", "reason": "protocol: http"}]

"""Files by TFTP, FTP and CoAP: byte for byte, over the connection that the control connection tells."""

import hashlib
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

import idletalk
from tests import made
from tests.conftest import ROOT
from tests.made import GATEWAY, PLUG

SHARED = ROOT.parent / "shared" / "captures"
IMAGE = random.Random(7).randbytes(5000)
SHA256 = hashlib.sha256(IMAGE).hexdigest()
HERE, SERVER = (PLUG, "192.168.1.9", 40000), (GATEWAY, "198.51.100.7", 69)
SYN, ACK, SYN_ACK, FIN_ACK = 2, 16, 18, 17
Frames = list[bytes]


def analyzed(tmp_path: Path, frames: Frames) -> idletalk.Analysis:
    timed = [(index * 0.01, frame) for index, frame in enumerate(frames)]
    return idletalk.analyze([made.pcap(tmp_path / "in.pcap", timed)], tmp_path / "out", force=True)


def files(found: idletalk.Analysis) -> list[tuple[str, str, str | None, int, bool]]:
    rows = found.sql(
        "SELECT protocol, uri, i.sha256, size_bytes, is_complete FROM images AS i JOIN transfers USING (transfer) ORDER BY ALL"
    )
    return [(row["protocol"], row["uri"], row["sha256"], row["size_bytes"], row["is_complete"]) for row in rows]


def tftp(size: int = 512, options: bytes = b"", *, agreed: bool = False) -> Frames:
    """A read request, and the blocks from another port."""
    there = (GATEWAY, "198.51.100.7", 3001)
    frames = [made.datagram(HERE, SERVER, b"\0\x01plug.bin\0octet\0" + options)]
    if agreed:
        frames.append(made.datagram(there, HERE, b"\0\x06" + options))
    for index in range(len(IMAGE) // size + 1):
        number = struct.pack(">H", index + 1)
        frames.append(made.datagram(there, HERE, b"\0\x03" + number + IMAGE[index * size : (index + 1) * size]))
        frames.append(made.datagram(HERE, there, b"\0\x04" + number))
    return frames


def test_the_blocks_of_a_tftp_transfer_are_the_file(tmp_path: Path) -> None:
    assert files(analyzed(tmp_path, tftp())) == [("tftp", "plug.bin", SHA256, 5000, True)]


def test_blocks_of_another_size_are_put_where_they_belong(tmp_path: Path) -> None:
    options = b"blksize\x001024\0tsize\x005000\0"
    assert files(analyzed(tmp_path, tftp(1024, options, agreed=True))) == [("tftp", "plug.bin", SHA256, 5000, True)]
    # the agreement is missing in the capture: the first block shows it
    assert files(analyzed(tmp_path, tftp(1024, options))) == [("tftp", "plug.bin", SHA256, 5000, True)]


def test_blocks_twice_and_out_of_order_change_nothing_and_a_missing_one_is_a_hole(tmp_path: Path) -> None:
    frames = tftp()
    shuffled = [frames[0], *(frames[index] for index in (3, 1, 1, 5, 3)), *frames[6:]]
    assert files(analyzed(tmp_path, shuffled)) == [("tftp", "plug.bin", SHA256, 5000, True)]
    found = analyzed(tmp_path, frames[:5] + frames[7:])
    assert files(found) == [("tftp", "plug.bin", None, 5000, False)]
    assert found.sql("SELECT missing FROM images") == [{"missing": [1024, 1536]}]


def connection(here: tuple[str, str, int], there: tuple[str, str, int], sent: bytes) -> tuple[Frames, Frames]:
    """A connection that `here` opens and in which `there` sends: its start, and the rest."""
    start = [
        made.segment(here, there, 99, SYN),
        made.segment(there, here, 499, SYN_ACK),
        made.segment(here, there, 100, ACK),
    ]
    rest = [made.segment(there, here, 500 + n, ACK, sent[n : n + 1000]) for n in range(0, len(sent), 1000)]
    return start, [*rest, made.segment(there, here, 500 + len(sent), FIN_ACK), made.segment(here, there, 100, FIN_ACK)]


def ftp(lines: list[tuple[bool, bytes]], at: int, other: tuple[Frames, Frames]) -> Frames:
    """A control connection (true: the client's lines) that the start of another one interrupts after line `at`."""
    here, there = (PLUG, "192.168.1.9", 50000), (GATEWAY, "198.51.100.7", 21)
    frames = [made.segment(here, there, 99, SYN), made.segment(there, here, 499, SYN_ACK)]
    places = [100, 500]
    for index, (asks, line) in enumerate(lines):
        if index == at:
            frames += other[0]
        ends = (here, there) if asks else (there, here)
        frames.append(made.segment(*ends, places[not asks], ACK, line + b"\r\n"))
        places[not asks] += len(line) + 2
    return frames + other[1]


def test_the_data_connection_that_passive_mode_tells_is_the_file(tmp_path: Path) -> None:
    told = [
        (False, b"220 FTP server"),
        (True, b"TYPE I"),
        (True, b"PASV"),
        (False, b"227 Entering Passive Mode (10,0,0,1,31,65)"),
        (True, b"RETR /fw/plug.bin"),
    ]
    other = connection((PLUG, "192.168.1.9", 50001), (GATEWAY, "198.51.100.7", 8001), IMAGE)
    found = analyzed(tmp_path, ftp(told, 4, other))
    assert files(found) == [("ftp", "/fw/plug.bin", SHA256, 5000, True)]
    assert {row["application"] for row in found.sql("SELECT application FROM flows")} == {"ftp", "ftp-data"}


def test_active_mode_and_the_extended_commands_are_understood(tmp_path: Path) -> None:
    server = (GATEWAY, "198.51.100.7", 20)
    opened = connection(server, (PLUG, "192.168.1.9", 8001), b"")
    sent = [
        made.segment(server, (PLUG, "192.168.1.9", 8001), 100 + n, ACK, IMAGE[n : n + 1000])
        for n in range(0, 5000, 1000)
    ]
    end = made.segment(server, (PLUG, "192.168.1.9", 8001), 5100, FIN_ACK)
    for line in (b"PORT 192,168,1,9,31,65", b"EPRT |1|192.168.1.9|8001|"):
        told = [
            (False, b"220 FTP server"),
            (True, line),
            (False, b"200 ok"),
            (True, b"RETR plug.bin"),
            (False, b"150 go"),
        ]
        found = analyzed(tmp_path, ftp(told, 4, (opened[0], [*sent, end])))
        assert files(found) == [("ftp", "plug.bin", SHA256, 5000, True)]
    told = [(False, b"220 FTP server"), (True, b"EPSV"), (False, b"229 Entering (|||8001|)"), (True, b"RETR plug.bin")]
    other = connection((PLUG, "192.168.1.9", 50001), (GATEWAY, "198.51.100.7", 8001), IMAGE)
    assert files(analyzed(tmp_path, ftp(told, 3, other))) == [("ftp", "plug.bin", SHA256, 5000, True)]


def test_a_file_that_ftp_refuses_is_a_transfer_that_failed(tmp_path: Path) -> None:
    told = [
        (False, b"220 FTP server"),
        (True, b"PASV"),
        (False, b"227 (10,0,0,1,31,65)"),
        (True, b"RETR plug.bin"),
        (False, b"550 No such file"),
    ]
    found = analyzed(tmp_path, ftp(told, 9, ([], [])))
    [row] = found.sql("SELECT protocol, target, outcome FROM failed_transfers")
    assert row == {"protocol": "ftp", "target": "plug.bin", "outcome": "error: 550 No such file"}


def coap(index: int, block: bytes, *, more: bool) -> Frames:
    """A GET of a block of 1024 bytes, and the answer that holds it."""
    here, there = (PLUG, "192.168.1.9", 5683), (GATEWAY, "198.51.100.7", 5683)
    token = struct.pack(">H", index + 1)
    wanted = (index << 4 | 6).to_bytes(2)
    given = (index << 4 | 8 * more | 6).to_bytes(2)
    request = b"\x42\x01" + token + token + b"\xb2fw" + b"\x08plug.bin" + b"\xc2" + wanted
    answer = b"\x62\x45" + token + token + b"\xd2\x0a" + given + b"\xff" + block
    return [made.datagram(here, there, request), made.datagram(there, here, answer)]


def test_the_blocks_of_a_coap_resource_are_the_file(tmp_path: Path) -> None:
    blocks = [IMAGE[n : n + 1024] for n in range(0, 5000, 1024)]
    exchanges = [coap(n, block, more=n + 1 < len(blocks)) for n, block in enumerate(blocks)]
    mixed = [frame for n in (0, 2, 1, 1, 3, 4) for frame in exchanges[n]]
    assert files(analyzed(tmp_path, mixed)) == [("coap", "/fw/plug.bin", SHA256, 5000, True)]


def test_a_control_connection_that_was_open_before_the_capture_tells_its_files_too(tmp_path: Path) -> None:
    told = [(True, b"PASV"), (False, b"227 Entering Passive Mode (10,0,0,1,31,65)"), (True, b"RETR /fw/plug.bin")]
    other = connection((PLUG, "192.168.1.9", 50001), (GATEWAY, "198.51.100.7", 8001), IMAGE)
    found = analyzed(tmp_path, ftp(told, 2, other)[2:])
    assert files(found) == [("ftp", "/fw/plug.bin", SHA256, 5000, True)]


def exported(capture: Path, protocol: str, target: Path) -> dict[str, int]:
    """Files that tshark exports, by SHA-256, with their size."""
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark")
    target.mkdir()
    run = ["tshark", "-n", "-q", "-r", str(capture), "--export-objects", f"{protocol},{target}"]
    if subprocess.run(run, capture_output=True, check=False).returncode:
        pytest.skip(f"this tshark exports no objects of {protocol}")
    contents = [file.read_bytes() for file in target.iterdir()]
    return {hashlib.sha256(content).hexdigest(): len(content) for content in contents}


CAPTURES = [
    ("tftp", "ndpi/tftp.pcap"),
    ("tftp", "protocols/OISF+suricata-verify/241_input.pcap"),
    ("tftp", "protocols/OISF+suricata-verify/300_input.pcap"),
    ("ftp-data", "protocols/zeek+zeek/pe.pcap"),
    ("ftp-data", "protocols/zeek+zeek/ipv6.pcap"),
    ("ftp-data", "protocols/OISF+suricata-verify/18_input.pcap"),
    ("ftp-data", "protocols/OISF+suricata-verify/133_input.pcap"),
    ("ftp-data", "protocols/OISF+suricata-verify/134_input.pcap"),
]


@pytest.mark.parametrize(("protocol", "name"), CAPTURES)
def test_files_of_others_are_those_that_tshark_exports(tmp_path: Path, protocol: str, name: str) -> None:
    capture = SHARED / name
    if not capture.exists():
        pytest.skip("needs captures of others in ../shared")
    theirs = exported(capture, protocol, tmp_path / "theirs")
    found = idletalk.analyze([capture], tmp_path / "out")
    ours = {row["sha256"]: row["length_bytes"] for row in found.sql("FROM file_contents WHERE is_complete")}
    assert ours
    assert ours.items() <= theirs.items()

"""The capture service, really run: whose rights it has, what it leaves out, and that a restart overwrites nothing."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from lab import service

from tests.rig.namespaced import BOX_MAC, Box, eventually, reason_to_skip

SKIP = reason_to_skip()
pytestmark = pytest.mark.skipif(SKIP is not None, reason=SKIP or "")
CAP_NET_RAW = 1 << 13
"""capability.h of Linux."""
TALK = """
import socket, struct, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("far-eth0", 0))
for source, port in ((sys.argv[1], 22), ("020000000077", 22), (sys.argv[1], 443)):
    tcp = port.to_bytes(2, "big") * 2 + bytes(8) + bytes.fromhex("5002000000000000")
    ip = bytearray.fromhex("4500002800000000400600000a0000010a000002")
    total = sum(struct.unpack("!10H", ip))
    ip[10:12] = (0xFFFF - (total & 0xFFFF) - (total >> 16)).to_bytes(2, "big")  # RFC 1071: bridges look at it
    out.send(bytes.fromhex("ffffffffffff" + source + "0800") + ip + tcp)
"""
"""A TCP segment of the box's own ssh session, one of another machine's, and one of the box's that is no ssh."""


def test_it_may_capture_and_nothing_else(box: Box) -> None:
    assert box.capture is not None
    status = Path(f"/proc/{box.capture.pid}/status").read_text()
    fields = {key: value.split() for key, _, value in (line.partition(":") for line in status.splitlines())}
    assert fields["Name"] == ["tcpdump"]
    assert set(fields["Uid"]) == set(fields["Gid"]) == {str(service.NOBODY)}
    assert {int(fields[f"Cap{which}"][0], 16) for which in ("Prm", "Eff", "Inh", "Amb")} == {CAP_NET_RAW}
    (file,) = box.captures.iterdir()
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (service.NOBODY, 0o640)


def test_all_is_recorded_but_the_box_s_own_ssh_session(box: Box) -> None:
    box.inside(sys.executable, "-c", TALK, BOX_MAC.replace(":", ""))
    (file,) = box.captures.iterdir()

    def seen() -> list[str]:
        words = ["tcpdump", "-Z", "root", "-n", "-t", "-e", "-r", str(file), "tcp"]
        lines = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
        return [f"{line.split()[0]} {line.split('10.0.0.2.')[1].split(':')[0]}" for line in lines]

    assert eventually(lambda: len(seen()) >= 2)
    assert seen() == ["02:00:00:00:00:77 22", f"{BOX_MAC} 443"]


def test_a_restart_within_the_hour_begins_another_file(box: Box) -> None:
    (first,) = box.captures.iterdir()
    box.flood(3, 100)
    assert eventually(lambda: first.stat().st_size > 3 * 100)
    box.kill()
    before = first.read_bytes()
    time.sleep(2)  # RestartSec
    box.start()
    assert len(list(box.captures.iterdir())) == 2
    assert first.read_bytes() == before

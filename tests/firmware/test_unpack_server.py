"""The process that starts one for each image: what an image does to its own, it does not feel."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from idletalk.firmware import Unpackers

SERVER = """
import os, signal, time
from dataclasses import replace
from idletalk.firmware import unpack_server as server

server.LIMITS = replace(server.LIMITS, wall_s=1)

def {name}(task):
{body}

server.work = {name}
server.main()
"""

BODIES = {
    "closes": ("    os.close(1)\n    time.sleep(60)", "unpacking was ended after 1 s"),
    "sleeps": ("    os.write(1, b'half')\n    time.sleep(60)", "unpacking was ended after 1 s"),
    "fails": ("    raise ValueError", "unpacking failed with code 1"),
    "is_killed": ("    os.kill(os.getpid(), signal.SIGSEGV)", "unpacking was ended by SIGSEGV"),
    "floods": ("    while True: os.write(1, bytes(1 << 20))", "unpacking was ended after 1 s"),
    # it ended well, and what it left is ended with it
    "leaves_another": ("    if os.fork() == 0:\n        time.sleep(60)\n    os._exit(0)", '"ended": null'),
}
"""What the process of an image does, and what is said of it."""


@pytest.mark.parametrize("name", BODIES)
def test_whatever_an_image_does_its_process_ends_in_time(name: str) -> None:
    body, said = BODIES[name]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SERVER.format(name=name, body=body)], input=b"{}\n{}\n", capture_output=True, timeout=30
    )
    assert done.stdout.count(said.encode()) == 2, done.stderr
    assert time.monotonic() - began < 20
    assert len(done.stdout) < 140 << 20


def image(tmp_path: Path) -> tuple[Path, Path]:
    path, folder = tmp_path / "image.zip", tmp_path / "out"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("etc/a.conf", "key=1")
    folder.mkdir()
    return path, folder


def test_an_image_behind_one_that_ended_the_server_is_unpacked(tmp_path: Path) -> None:
    path, folder = image(tmp_path)
    with Unpackers() as unpackers:
        first = unpackers.unpack(path, folder)
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        again = tmp_path / "again"
        again.mkdir()
        assert unpackers.unpack(path, again).files == first.files
    assert [Path(file.path).name for file in first.files] == ["a.conf"]
    assert children() == []


def children() -> list[int]:
    return [int(word) for word in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]

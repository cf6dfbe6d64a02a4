"""Unpacking in a child process: with limits on time, memory, files and bytes, without network, only into one folder."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from idletalk.firmware.limits import LIMITS
from idletalk.firmware.model import InnerFile, Unpacking
from idletalk.firmware.worth import worth_a_look

MAX_ANSWER_BYTES = 64 << 20
"""Of what the child says: a name of 255 bytes for each file fits many times."""


class Answer(msgspec.Struct):
    """What the child says."""

    isolation: str = "the process ended before it said"
    unblob: bool = False
    files: list[tuple[str, int, str, str]] = []
    stopped: list[str] = []


def unpack(image: Path, folder: Path) -> Unpacking:
    """Unpack an image into a folder that is there and empty. Never raises for what is in the image."""
    task = {"image": str(image.resolve()), "folder": str(folder.resolve())}
    answer, ended = _run(json.dumps(task).encode())
    told = Answer()
    with contextlib.suppress(msgspec.DecodeError):
        told = msgspec.json.decode(answer, type=Answer)
    files: list[InnerFile] = []
    for path, size, digest, of in told.files:
        place = folder / path
        if place.is_file() and not place.is_symlink():
            files.append(
                InnerFile(path=path, size_bytes=size, sha256=digest, of=of, worth_a_look=worth_a_look(path, place))
            )
    return Unpacking(
        done=True,
        isolation=told.isolation,
        unblob=told.unblob,
        files=tuple(files),
        files_in_all=len(files),
        bytes=sum(file.size_bytes for file in files),
        stopped=(*told.stopped, *([ended] if ended else [])),
    )


def _run(task: bytes) -> tuple[bytes, str | None]:
    """What the child says, and why it was ended if it was."""
    command = [sys.executable, "-I", "-m", "idletalk.firmware.unpack_child"]
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    ) as child:
        try:
            answer, _ = child.communicate(task, timeout=LIMITS.wall_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            answer, _ = child.communicate()
            return answer[:MAX_ANSWER_BYTES], f"unpacking was ended after {LIMITS.wall_s} s"
    if child.returncode < 0:
        return answer[:MAX_ANSWER_BYTES], f"unpacking was ended by {signal.Signals(-child.returncode).name}"
    if child.returncode:
        return answer[:MAX_ANSWER_BYTES], f"unpacking failed with code {child.returncode}"
    return answer[:MAX_ANSWER_BYTES], None

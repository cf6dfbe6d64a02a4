"""The process that starts one for each image, so that what unpacking needs is loaded once. It reads nothing of an image itself.

Tasks come as lines of JSON on standard input; each is answered on standard output by a line (`Ended` in unpack.py) and what the
image's process said.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time

from idletalk.firmware.limits import LIMITS
from idletalk.firmware.unpack_child import work

MAX_ANSWER_BYTES = 64 << 20
"""Of what an image's process says: a name of 255 bytes for each file fits many times."""
BLOCK_BYTES = 1 << 16
PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


def main() -> None:
    """Answer until nothing is asked any more."""
    for task in sys.stdin.buffer:
        answer, ended = _apart(task)
        about = json.dumps({"length": len(answer), "ended": ended})
        sys.stdout.buffer.write(about.encode() + b"\n" + answer)
        sys.stdout.buffer.flush()


def _apart(task: bytes) -> tuple[bytes, str | None]:
    """What a process of its own says to a task, and why it was ended if it was."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work(task, writing)
    os.close(writing)
    end = time.monotonic() + LIMITS.wall_s
    watched = os.pidfd_open(child)
    try:
        answer = _heard(reading, end)
        # it may have closed its answer and live on
        is_over = bool(_ready(watched, end))
    finally:
        os.close(reading)
        os.close(watched)
        # with all that it began, before its number can be another's
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not is_over:
        return answer, f"unpacking was ended after {LIMITS.wall_s} s"
    if code < 0:
        return answer, f"unpacking was ended by {signal.Signals(-code).name}"
    return answer, f"unpacking failed with code {code}" if code else None


def _ready(file: int, end: float) -> bool:
    """Wait for something to be read, until a time; whether there is."""
    return bool(select.select([file], [], [], max(0.0, end - time.monotonic()))[0])


def _work(task: bytes, writing: int) -> None:
    """Be the process of an image: a session of its own, of which only the answer leads here, and which ends with this process."""
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(writing, 1)
        os.closerange(3, max(nothing, writing) + 1)
        work(json.loads(task))
    finally:
        os._exit(1)


def _heard(reading: int, end: float) -> bytes:
    """What is said until its end, or until the time is over."""
    heard = bytearray()
    while _ready(reading, end):
        block = os.read(reading, BLOCK_BYTES)
        if not block:
            break
        heard += block[: MAX_ANSWER_BYTES - len(heard)]
    return bytes(heard)


if __name__ == "__main__":
    main()

"""The process that starts one for each image, so that what unpacking needs is loaded once. It reads nothing of an image itself.

Tasks come as lines of JSON on standard input; each is answered on standard output by a line (`Ended` in unpack.py) and what the
image's process said.
"""

import contextlib
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
    try:
        answer, is_whole = _heard(reading)
    finally:
        os.close(reading)
    if not is_whole:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not is_whole:
        return answer, f"unpacking was ended after {LIMITS.wall_s} s"
    if code < 0:
        return answer, f"unpacking was ended by {signal.Signals(-code).name}"
    return answer, f"unpacking failed with code {code}" if code else None


def _work(task: bytes, writing: int) -> None:
    """Be the process of an image: a session of its own, of which only the answer leads here."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(writing, 1)
        os.closerange(3, max(nothing, writing) + 1)
        work(json.loads(task))
    finally:
        os._exit(1)


def _heard(reading: int) -> tuple[bytes, bool]:
    """What is said until its end, or until the time is over; and which of the two."""
    end = time.monotonic() + LIMITS.wall_s
    heard = bytearray()
    while (left := end - time.monotonic()) > 0:
        if not select.select([reading], [], [], left)[0]:
            break
        block = os.read(reading, BLOCK_BYTES)
        if not block:
            return bytes(heard), True
        heard += block[: MAX_ANSWER_BYTES - len(heard)]
    return bytes(heard), False


if __name__ == "__main__":
    main()

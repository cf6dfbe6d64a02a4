"""The process that starts one for each image, so that what unpacking needs is loaded once. It reads nothing of an image itself.

Tasks come as lines of JSON on standard input; each is answered on standard output by a line (`Ended` in unpack.py) and what the
image's process said.
"""

import json
import os
import signal
import sys
import time

from idletalk.firmware.forked import Forked, is_ready
from idletalk.firmware.limits import LIMITS
from idletalk.firmware.unblob_program import AHEAD, loaded, program
from idletalk.firmware.unpack_child import work

MAX_ANSWER_BYTES = 64 << 20
"""Of what an image's process says: a name of 255 bytes for each file fits many times."""
BLOCK_BYTES = 1 << 16


def main() -> None:
    """Answer until nothing is asked any more."""
    for task in sys.stdin.buffer:
        if task == AHEAD:
            if place := program():
                loaded(place)
            continue
        answer, ended = _apart(task)
        about = json.dumps({"length": len(answer), "ended": ended})
        sys.stdout.buffer.write(about.encode() + b"\n" + answer)
        sys.stdout.buffer.flush()


def _apart(task: bytes) -> tuple[bytes, str | None]:
    """What a process of its own says to a task, and why it was ended if it was."""
    reading, writing = os.pipe()
    child = Forked(lambda: _work(task, writing))
    os.close(writing)
    end = time.monotonic() + LIMITS.wall_s
    try:
        answer = _heard(reading, end)
        # it may have closed its answer and live on
        is_over = child.is_over(end)
    finally:
        os.close(reading)
        code = child.end()
    if not is_over:
        return answer, f"unpacking was ended after {LIMITS.wall_s} s"
    if code < 0:
        return answer, f"unpacking was ended by {signal.Signals(-code).name}"
    return answer, f"unpacking failed with code {code}" if code else None


def _work(task: bytes, writing: int) -> None:
    """Be the process of an image, of which only the answer leads here."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(writing, 1)
    os.closerange(3, max(nothing, writing) + 1)
    work(json.loads(task))


def _heard(reading: int, end: float) -> bytes:
    """What is said until its end, or until the time is over."""
    heard = bytearray()
    while is_ready(reading, end):
        block = os.read(reading, BLOCK_BYTES)
        if not block:
            break
        heard += block[: MAX_ANSWER_BYTES - len(heard)]
    return bytes(heard)


if __name__ == "__main__":
    main()

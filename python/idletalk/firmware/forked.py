"""A process that is a copy of this one, does one work, and is ended with all that it began."""

import contextlib
import ctypes
import os
import select
import signal
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


class Forked:
    """The copy, in a session of its own. It ends with this process, at the latest."""

    def __init__(self, work: Callable[[], object]) -> None:
        """``work`` is all that it does; it ends with the code of SystemExit, else with 0, or 1 where it raises."""
        self._pid = os.fork()
        if self._pid == 0:
            _only(work)
        self._watched = os.pidfd_open(self._pid)

    def is_over(self, end: float) -> bool:
        """Whether it has ended: waits for that until ``end``, a time of the monotonic clock."""
        return is_ready(self._watched, end)

    def end(self) -> int:
        """End it, with all that is in its session; gives its exit code, negative where a signal ended it."""
        os.close(self._watched)
        # before its number can be another's
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                kill(self._pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def is_ready(file: int, end: float) -> bool:
    """Wait for something to be read, until a time of the monotonic clock; whether there is."""
    return bool(select.select([file], [], [], max(0.0, end - time.monotonic()))[0])


def _only(work: Callable[[], object]) -> None:
    """Do a work and end: nothing that stands in the memory of the process that was copied is done or flushed."""
    code = 1
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        work()
        code = 0
    except SystemExit as said:
        code = said.code if isinstance(said.code, int) else int(said.code is not None)
    finally:
        os._exit(code)

"""A process that reads what is hostile takes away from itself what it does not need: network, rights, memory, time, files elsewhere."""

import ctypes
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from idletalk.firmware.landlock import restrict
from idletalk.firmware.limits import LIMITS

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_NO_NEW_PRIVS = 38
"""linux/sched.h, linux/prctl.h"""

SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/urandom")
"""What programs and their libraries are read from; nothing of a user is there."""


def isolate(image: Path, folder: Path, programs: Sequence[Path] = ()) -> str:
    """Leave this process and all that it starts one image to read and one folder to write. Says what worked.

    ``programs`` are folders of programs beside the system's and this one's own.
    """
    held = [f"memory {LIMITS.memory_bytes >> 20} MiB", f"{LIMITS.cpu_s} s of processor"]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0:
        held.append("no network")
    else:
        held.append("network not taken away (the system does not allow it)")
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.append("no new rights")
    own = [Path(place) for place in (*sys.path, sys.prefix, sys.base_prefix) if place]
    try:
        is_held = restrict([image, *own, *programs, *(Path(place) for place in SYSTEM)], [folder, Path("/dev/null")])
    except OSError:
        is_held = False
    held.append("no files elsewhere" if is_held else "files elsewhere not taken away (the system has no Landlock)")
    for what, value in (
        (resource.RLIMIT_AS, LIMITS.memory_bytes),
        (resource.RLIMIT_CPU, LIMITS.cpu_s),
        (resource.RLIMIT_FSIZE, LIMITS.file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        hard = resource.getrlimit(what)[1]
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (limit, limit))
    return ", ".join(held)

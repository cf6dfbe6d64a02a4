"""The child process that unpacks: it limits itself first, and then reads what is hostile.

Reads a task as JSON from standard input, writes files into one folder, and says on standard output what it did.
"""

import contextlib
import ctypes
import hashlib
import json
import os
import resource
import sys
import threading
from pathlib import Path

from idletalk.firmware.limits import LIMITS
from idletalk.firmware.recogniser import recognise
from idletalk.firmware.streams import EXTRACTORS, Budget, StopUnpacking

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_NO_NEW_PRIVS = 38
"""linux/sched.h, linux/prctl.h"""


def isolate() -> str:
    """Take away network, new rights, memory and time. Says what worked."""
    held = [f"memory {LIMITS.memory_bytes >> 20} MiB", f"{LIMITS.cpu_s} s of processor"]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0:
        held.append("no network")
    else:
        held.append("network not taken away (the system does not allow it)")
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.append("no new rights")
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


class Unpacker:
    """Files and what is in them, breadth first, until a limit."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is where everything goes."""
        self.folder = folder
        self.budget = Budget(LIMITS.files, LIMITS.bytes)
        self.files: list[tuple[str, int, str, str]] = []
        self.stopped: list[str] = []

    def run(self, image: Path) -> None:
        """Unpack an image, and what comes out of it."""
        queue: list[tuple[Path, str, int]] = [(image, "", 0)]
        while queue:
            path, name, depth = queue.pop(0)
            if depth >= LIMITS.depth:
                self.stopped.append(f"{name}: deeper than {LIMITS.depth} containers in one another")
                continue
            try:
                made = self._one(path, name)
            except StopUnpacking as stop:
                self.stopped.append(str(stop))
                return
            queue.extend((self.folder / inner, inner, depth + 1) for inner in made)

    def _one(self, path: Path, name: str) -> list[str]:
        made: list[str] = []
        for part in recognise(path).parts:
            extractor = EXTRACTORS.get(part.format)
            if extractor is None or part.encrypted == "yes":
                continue
            of = f"{part.format} at {part.offset:#x}" + (f" of {name}" if name else "")
            where = f"{name}.d/" if name else ""
            prefix = f"{where}{part.offset:x}-{part.format}"
            before = len(self.files)
            try:
                for inner in extractor(path, part, self.folder, prefix, self.budget):
                    self._keep(inner, of)
            except StopUnpacking:
                raise
            except MemoryError:
                self.stopped.append(f"{of}: takes more memory than it may")
            except Exception as error:  # hostile bytes make libraries fail in every way; each costs one part
                self.stopped.append(f"{of}: {type(error).__name__}: {str(error)[:200]}")
            made.extend(file[0] for file in self.files[before:])
        return made

    def _keep(self, inner: str, of: str) -> None:
        place = self.folder / inner
        digest = hashlib.sha256()
        with place.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        self.files.append((inner, place.stat().st_size, digest.hexdigest(), of))


def main() -> None:
    """Read the task, unpack, answer."""
    task = json.loads(sys.stdin.buffer.read())
    os.umask(0o077)
    isolation = isolate()
    unpacker = Unpacker(Path(task["folder"]))
    work = threading.Thread(target=unpacker.run, args=(Path(task["image"]),), daemon=True)
    work.start()
    work.join(LIMITS.wall_s * 0.9)
    stopped = list(unpacker.stopped)
    if work.is_alive():
        stopped.append(f"unpacking took longer than {LIMITS.wall_s * 0.9:.0f} s: what was done by then is there")
    answer = {"isolation": isolation, "files": unpacker.files[:], "stopped": stopped}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    with contextlib.suppress(OSError):
        os.close(1)
    os._exit(0)


if __name__ == "__main__":
    main()

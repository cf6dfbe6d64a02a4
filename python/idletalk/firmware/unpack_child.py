"""The process that unpacks an image: it limits itself first, and then reads what is hostile.

It writes files into one folder, and says on standard output what it did.
"""

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path

from idletalk.firmware.isolation import isolate
from idletalk.firmware.limits import LIMITS
from idletalk.firmware.model import Part
from idletalk.firmware.recogniser import recognise
from idletalk.firmware.streams import EXTRACTORS, Budget, StopUnpacking
from idletalk.firmware.unblob import Unblob, has_unnamed, not_ours
from idletalk.firmware.unblob_program import homes, program

MAX_STOPPED = 100
"""Lines about what cannot be unpacked here."""
OWN_SHARE = 0.9
"""Of the time on the clock: the rest is for the answer, before whoever waits for it ends this process."""
MARGIN_S = 5.0
"""Before the own end, when programs that were started must have ended."""


class Unpacker:
    """Files and what is in them, breadth first, until a limit."""

    def __init__(self, folder: Path, unblob: Unblob | None) -> None:
        """``folder`` is where everything goes; ``unblob`` takes what has no extractor here."""
        self.folder, self.unblob = folder, unblob
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
        before, found = len(self.files), recognise(path)
        of_file, where = (f" of {name}", f"{name}.d/") if name else ("", "")
        done: list[Part] = []
        # of what came out of a part whole, what it holds is unpacked: not a second time where it stands
        whole: set[int] = set()
        for place, part in enumerate(found.parts):
            if part.parent in whole:
                whole.add(place)
            extractor = EXTRACTORS.get(part.format)
            if extractor is None or part.encrypted == "yes" or place in whole:
                continue
            done.append(part)
            of = f"{part.format} at {part.offset:#x}{of_file}"
            with self._told(of):
                for inner in extractor(path, part, self.folder, f"{where}{part.offset:x}-{part.format}", self.budget):
                    self._keep(inner, of)
                whole.add(place)
        foreign = not_ours(found, EXTRACTORS)
        if self.unblob is None:
            if foreign and len(self.stopped) < MAX_STOPPED:
                first = f"{foreign[0].format} at {foreign[0].offset:#x}{of_file}"
                more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
                self.stopped.append(f"{first}{more}: recognised, not unpacked without unblob: see idletalk doctor")
        elif foreign or (not name and has_unnamed(found)):
            with self._told(f"unblob{of_file}"):
                for made in self.unblob.unpack(path, done, foreign, where, self.budget):
                    self._keep(made.name, f"{made.of}{of_file}")
        return [file[0] for file in self.files[before:]]

    @contextlib.contextmanager
    def _told(self, of: str) -> Generator[None]:
        """Hostile bytes make libraries fail in every way: each failure costs one part and is told."""
        try:
            yield
        except StopUnpacking:
            raise
        except MemoryError:
            self.stopped.append(f"{of}: takes more memory than it may")
        except Exception as error:
            self.stopped.append(f"{of}: {type(error).__name__}: {str(error)[:200]}")

    def _keep(self, inner: str, of: str) -> None:
        place = self.folder / inner
        digest = hashlib.sha256()
        with place.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        self.files.append((inner, place.stat().st_size, digest.hexdigest(), of))


def work(task: Mapping[str, str]) -> None:
    """Unpack, answer, and end the process."""
    os.umask(0o077)
    image, folder, end = Path(task["image"]), Path(task["folder"]), time.monotonic() + LIMITS.wall_s * OWN_SHARE
    place = program()
    isolation = isolate(image, folder, homes(place) if place else ())
    unblob = Unblob(place, folder, end - MARGIN_S) if place else None
    unpacker = Unpacker(folder, unblob)
    run = threading.Thread(target=unpacker.run, args=(image,), daemon=True)
    run.start()
    run.join(end - time.monotonic())
    stopped = [*unpacker.stopped, *(unblob.complaints if unblob else ())]
    if run.is_alive():
        stopped.append(f"unpacking took longer than {LIMITS.wall_s * OWN_SHARE:.0f} s: what was done by then is there")
    answer = {"isolation": isolation, "unblob": place is not None, "files": unpacker.files[:], "stopped": stopped}
    with open(1, "w", closefd=False) as said:
        json.dump(answer, said)
    with contextlib.suppress(OSError):
        os.close(1)
    os._exit(0)

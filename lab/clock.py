"""The lab's clock: wall time in, lab time out, through stretches of constant rate.

Silence between two bursts of traffic may be run through faster than life: while the rate is 60, a
device that waits 15 lab seconds waits a quarter of a second. The conductor alone changes the rate,
by appending a record to a file; every device follows it, and the same file later dates the frames.
"""

import struct
import time
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

NS_PER_S = 1_000_000_000
LONGEST_NAP_S = 0.05  # a sleeper looks this often whether the rate has changed
_RECORD = struct.Struct("<qqq")


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `wall_ns` on, lab time runs `rate` times as fast as wall time, starting at `lab_ns`."""

    wall_ns: int
    lab_ns: int
    rate: int

    def lab_at(self, wall_ns: int) -> int:
        """Lab time, in nanoseconds since 1970, at this wall time."""
        return self.lab_ns + (wall_ns - self.wall_ns) * self.rate


class LabClock:
    """Lab time as every process of one run sees it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._last = Stretch(0, 0, 1)

    def start(self, lab_ns: int) -> None:
        """Let lab time begin at `lab_ns`, now, at the rate of life."""
        self._append(Stretch(time.time_ns(), lab_ns, 1))

    def set_rate(self, rate: int) -> None:
        """From now on run `rate` times as fast as life."""
        wall_ns = time.time_ns()
        self._append(Stretch(wall_ns, self._current().lab_at(wall_ns), rate))

    def now_ns(self) -> int:
        """Lab time now."""
        return self._current().lab_at(time.time_ns())

    def nap_s(self, until_lab_ns: int) -> float:
        """Wall seconds to sleep before looking again whether `until_lab_ns` has come."""
        stretch = self._current()
        left_s = (until_lab_ns - stretch.lab_at(time.time_ns())) / NS_PER_S / stretch.rate
        return min(max(left_s, 0.0), LONGEST_NAP_S)

    def sleep(self, lab_s: float) -> None:
        """Sleep for so many lab seconds."""
        until_ns = self.now_ns() + int(lab_s * NS_PER_S)
        while self.now_ns() < until_ns:
            time.sleep(self.nap_s(until_ns))

    def stretches(self) -> list[Stretch]:
        """All stretches so far, in time order."""
        return [Stretch(*fields) for fields in _RECORD.iter_unpack(self._path.read_bytes())]

    def _append(self, stretch: Stretch) -> None:
        with self._path.open("ab") as file:
            file.write(_RECORD.pack(stretch.wall_ns, stretch.lab_ns, stretch.rate))

    def _current(self) -> Stretch:
        size = self._path.stat().st_size
        if size != self._size:
            with self._path.open("rb") as file:
                file.seek(size - _RECORD.size)
                self._last = Stretch(*_RECORD.unpack(file.read(_RECORD.size)))
            self._size = size
        return self._last


def lab_time(stretches: list[Stretch], wall_ns: int) -> int:
    """Lab time of a frame captured at `wall_ns`; before the first stretch, life's rate."""
    index = bisect_right(stretches, wall_ns, key=lambda stretch: stretch.wall_ns) - 1
    return stretches[max(index, 0)].lab_at(wall_ns)

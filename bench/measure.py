"""Runs whole commands and measures them: wall time, processor time and peak memory of the child, as the kernel counts them."""

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command."""

    wall_s: float
    cpu_s: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs of one command on one capture."""

    name: str
    runs: tuple[Run, ...]

    @property
    def best_s(self) -> float:
        return min(run.wall_s for run in self.runs)

    @property
    def median_s(self) -> float:
        return median(run.wall_s for run in self.runs)

    @property
    def cpu_s(self) -> float:
        return min(run.cpu_s for run in self.runs)

    @property
    def peak_mib(self) -> float:
        return max(run.peak_bytes for run in self.runs) / 2**20


def run(command: Sequence[str]) -> Run:
    """Run a command once; raises RuntimeError with what it said when it fails."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        said = child.stderr.read() if child.stderr else b""
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {child.returncode}: {said.decode(errors='replace')[-500:]}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def side_by_side(commands: dict[str, Sequence[str]], rounds: int) -> list[Runs]:
    """Run all commands in turns, so that a busy moment of the machine hits all alike."""
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(run(command))
    return [Runs(name, tuple(runs)) for name, runs in found.items()]


def warm(paths: Sequence[Path]) -> None:
    """Read files once, so that all commands find them in the page cache."""
    for path in paths:
        with path.open("rb") as file:
            while file.read(1 << 22):
                pass


def machine() -> str:
    """The machine in general words."""
    cpu = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.+)", cpu.read_text()) if cpu.exists() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors ({model[1] if model else 'unknown'}), {memory:.0f} GiB of memory"

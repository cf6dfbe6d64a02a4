"""Fuzz the dissector layer by layer, guided by coverage: ``python -m tools.fuzz --captures FOLDER``.

Inputs begin as pieces of the captures below the folder (`rust/dissect/src/fuzz/seeds.rs`); libFuzzer changes them (the programs of `rust/fuzz`,
which need a C++ compiler; the Rust compiler of the stable channel does, since its pass for coverage is asked for by name). Time is that of the
processor, so a busy machine changes nothing. What panics, takes too long or needs too much memory is kept in `target/fuzz/faults` and told.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "target/fuzz"
TARGET = "x86_64-unknown-linux-gnu"
LAYERS = tuple(sorted(path.stem for path in (ROOT / "rust/fuzz/src/bin").glob("*.rs")))
PASSES = ("level=4", "inline-8bit-counters", "pc-table", "trace-compares")
# an input has at most 16 KiB; the limits of clock are wide, since a program may be stopped by others
LIMITS = ("-max_len=16384", "-timeout=60", "-rss_limit_mb=1024", "-print_final_stats=1")
MAX_INPUT_SECONDS = 5.0


@dataclass
class Result:
    """What became of a layer's run: processor seconds, inputs, edges reached, memory, and files of faults."""

    layer: str
    seeds: int
    seconds: float = 0
    runs: int = 0
    covered: int = 0
    corpus: int = 0
    peak_mib: int = 0
    faults: tuple[Path, ...] = ()


def build() -> None:
    """The fuzzers; build scripts and macros are not instrumented, for they run on no target."""
    flags = ["--cfg fuzzing", "-C passes=sancov-module"]
    flags += [f"-C llvm-args=-sanitizer-coverage-{one}" for one in PASSES]
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--target", TARGET, "--target-dir", OUT]
    environment = {**os.environ, "RUSTFLAGS": " ".join(flags)}
    subprocess.run(command, cwd=ROOT / "rust/fuzz", env=environment, check=True)


def make_seeds(captures: Path) -> None:
    """Pieces of the captures, a folder a layer."""
    command = ["cargo", "test", "--quiet", "--release", "--locked", "-p", "idletalk-dissect", "--lib", "--"]
    command += ["--ignored", "seeds_of_captures_become_files"]
    environment = {**os.environ, "IDLETALK_CAPTURES": str(captures.resolve()), "FUZZ_SEEDS": str(OUT / "seeds")}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def processor_seconds(process: int) -> float:
    """Seconds of the processor that a running process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(layer: str, minutes: float) -> Result:
    """Fuzzes a layer for so many minutes of the processor, or to its first fault."""
    corpus, seeds, faults = (OUT / kind / layer for kind in ("corpus", "seeds", "faults"))
    for folder in (corpus, seeds, faults):
        folder.mkdir(parents=True, exist_ok=True)
    result = Result(layer, sum(1 for _ in seeds.iterdir()))
    program = OUT / TARGET / "release" / layer
    while result.seconds < minutes * 60 and not result.faults:
        log = OUT / f"{layer}.log"
        with log.open("wb") as stream:
            command = [program, corpus, seeds, *LIMITS, f"-artifact_prefix={faults}/"]
            process = subprocess.Popen(command, stdout=stream, stderr=stream)
            before = result.seconds
            while process.poll() is None:
                result.seconds = before + processor_seconds(process.pid)
                if result.seconds >= minutes * 60:
                    process.send_signal(signal.SIGINT)
                time.sleep(1)
        note(result, log.read_text("utf-8", "replace"))
        result.faults = tuple(path for path in sorted(faults.iterdir()) if is_fault(program, path))
    return result


def note(result: Result, log: str) -> None:
    """Adds what libFuzzer said of a run."""

    def last(pattern: str) -> int:
        return max((int(found) for found in re.findall(pattern, log)[-1:]), default=0)

    result.runs += last(r"number_of_executed_units: (\d+)") or last(r"^#(\d+)\s")
    result.covered = max(result.covered, last(r"cov: (\d+)"))
    result.corpus = max(result.corpus, last(r"corp: (\d+)"))
    result.peak_mib = max(result.peak_mib, last(r"peak_rss_mb: (\d+)"), last(r"rss: (\d+)Mb"))


def is_fault(program: Path, path: Path) -> bool:
    """Whether an input fails again by itself; one that was only slow while others used the machine is removed."""
    process = subprocess.Popen([program, *LIMITS[1:3], path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == 0 and usage.ru_utime + usage.ru_stime < MAX_INPUT_SECONDS:
        path.unlink()
        return False
    return True


def main() -> int:
    """Fuzzes and prints a row a layer; 1 where there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="*", default=LAYERS, help=f"of {', '.join(LAYERS)} (all)")
    parser.add_argument("--captures", type=Path, default=ROOT / "demo", help="folder with captures (demo)")
    parser.add_argument("--minutes", type=float, default=10, help="minutes of the processor for each layer (10)")
    parser.add_argument("--parallel", type=int, default=1, help="layers at a time (1)")
    options = parser.parse_args()
    build()
    make_seeds(options.captures)
    print("layer | seeds | processor seconds | runs | edges covered | corpus | peak MiB | faults")
    failed = False
    with ThreadPoolExecutor(options.parallel) as pool:
        for result in pool.map(lambda layer: run(layer, options.minutes), options.layers):
            cells = (result.layer, result.seeds, f"{result.seconds:.0f}", result.runs, result.covered, result.corpus)
            print(*cells, result.peak_mib, len(result.faults), sep=" | ", flush=True)
            for path in result.faults:
                print(f"  {path.relative_to(ROOT)}", flush=True)
            failed |= bool(result.faults)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

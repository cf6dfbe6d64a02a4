"""What must hold (issue A): ratios of wall times, and the bound of memory; and the table that shows them."""

from dataclasses import dataclass

from bench.measure import Runs
from bench.peers import IDLETALK

MEMORY_LIMIT_MIB = 600


@dataclass(frozen=True, slots=True)
class Target:
    """idletalk's time is at most ``most`` times the peer's."""

    peer: str
    most: float
    aim: bool = False
    """What we go for: reported, and no failure."""


TARGETS = {
    "small": (
        Target("ndpiReader -i", 1.5),
        Target("tshark -q -z conv,ip", 1 / 15),
        Target("nfstream", 1 / 4),
        Target("ndpiReader -i", 1.0, aim=True),
    ),
    "large": (Target("ndpiReader -i", 0.5), Target("tcpdump -w ether host", 1.0, aim=True)),
}


def table(found: list[Runs], absent: list[str]) -> str:
    """One line a program, in the order of their times; the ratio is that of the best times."""
    own = next(runs for runs in found if runs.name == IDLETALK)
    lines = [
        "| program | best | median | ratio to idletalk | processor time | peak memory |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {runs.name} | {runs.best_s:.2f} s | {runs.median_s:.2f} s | {runs.best_s / own.best_s:.2f} |"
        f" {runs.cpu_s:.2f} s | {runs.peak_mib:.0f} MiB |"
        for runs in sorted(found, key=lambda runs: runs.best_s)
    ]
    return "\n".join([*lines, *(f"| {name} | not installed | | | | |" for name in absent)])


def verdicts(size: str, found: list[Runs]) -> tuple[list[str], bool]:
    """A sentence a target, and whether all are met."""
    by_name = {runs.name: runs for runs in found}
    own = by_name[IDLETALK]
    lines: list[str] = []
    met = True
    for target in TARGETS[size]:
        peer = by_name.get(target.peer)
        if peer is None:
            lines.append(f"- {target.peer}: not measured")
            continue
        ratio = own.best_s / peer.best_s
        ok = ratio <= target.most
        met &= ok or target.aim
        word = "aim" if target.aim else "target"
        lines.append(
            f"- {word}: at most {target.most:.3g} x {target.peer}; measured {ratio:.3g} x: {'met' if ok else 'MISSED'}"
        )
    line, ok = memory(own)
    return [*lines, line], met and ok


def memory(own: Runs) -> tuple[str, bool]:
    """Whether the peak memory stays in its bound."""
    ok = own.peak_mib <= MEMORY_LIMIT_MIB
    word = "met" if ok else "MISSED"
    return f"- target: peak memory at most {MEMORY_LIMIT_MIB} MiB; measured {own.peak_mib:.0f} MiB: {word}", ok

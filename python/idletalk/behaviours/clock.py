"""Whether the clock of who captured was set while frames went on: times across such a place are no durations."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from idletalk.behaviours.rows import Ask
from idletalk.model import CaptureFile, Gap
from idletalk.plural import counted, observed

MIN_SET_BACK_S = 1.0
"""Interfaces of one capture hand their frames on a little out of order; clocks are set by more."""

MIN_STEP_S = 6 * 3600
"""A pause inside a file from which on nobody is believed to have kept a TCP connection without a packet: three times the usual time to
a keep-alive (two hours, RFC 9293 3.8.4)."""

Span = tuple[int, int]
"""First and last time, UTC nanoseconds."""


def steps(ask: Ask, spans: Sequence[Span]) -> list[Span]:
    """Pauses inside spans across which TCP connections go on: the clock was set forward, or the capture stood still."""
    rows = ask(
        "WITH pauses AS (SELECT slot_ns, lead(slot_ns) OVER (ORDER BY slot_ns) AS next_ns FROM (SELECT DISTINCT slot_ns FROM flow_segments)"
        " QUALIFY next_ns - slot_ns >= ?),"
        " ends AS (SELECT (SELECT max(last_ns) FROM flow_segments AS f WHERE f.slot_ns = p.slot_ns) AS first_ns,"
        " (SELECT min(first_ns) FROM flow_segments AS f WHERE f.slot_ns = p.next_ns) AS last_ns FROM pauses AS p)"
        " SELECT first_ns, last_ns FROM ends AS e WHERE EXISTS"
        " (FROM flows AS f WHERE f.transport = 'tcp' AND f.first_ns <= e.first_ns AND f.last_ns >= e.last_ns) ORDER BY first_ns",
        MIN_STEP_S * 1_000_000_000,
    )
    pauses = [(row["first_ns"], row["last_ns"]) for row in rows]
    return [(first, last) for first, last in pauses if any(low <= first and last <= high for low, high in spans)]


def without(spans: Iterable[Span], pauses: Sequence[Span]) -> Iterator[Span]:
    """Spans in time order without pauses that lie in them."""
    for low, high in spans:
        begin = low
        for first, last in pauses:
            if begin <= first and last <= high:
                yield begin, first
                begin = last
        yield begin, high


def told(files: Iterable[CaptureFile], gaps: Iterable[Gap]) -> Iterator[tuple[str, str]]:
    """What hides times, each as kind and sentence."""
    back = [file for file in files if (file.set_back_s or 0) >= MIN_SET_BACK_S]
    if back:
        most = max(back, key=lambda file: file.set_back_s or 0)
        yield (
            "clock_set_back",
            f"In {counted(len(back), 'file')} time goes back while frames go on, the most by {observed(most.set_back_s or 0)}"
            f" (frame {most.set_back_frame} of {Path(most.path).name}): the clock was set, or captures were put together out of order."
            " Durations and periods across such a place are not what they seem.",
        )
    forward = [gap for gap in gaps if gap.is_step]
    if forward:
        pauses = counted(len(forward), "pause")
        yield (
            "clock_set_forward",
            f"Connections go on across {pauses} inside the files, of {observed(sum(gap.duration_s for gap in forward))}: the clock was set forward, or the capture stood still."
            " That time does not count as observed.",
        )

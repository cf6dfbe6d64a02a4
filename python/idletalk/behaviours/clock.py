"""Whether the clock of who captured was wrong, or set while frames went on: times across such a place are no durations."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from idletalk.behaviours.rows import Ask
from idletalk.model import CaptureFile, Gap
from idletalk.plural import counted, observed

MIN_SET_BACK_S = 1.0
"""Interfaces of one capture hand their frames on a little out of order; clocks are set by more."""

MIN_STEP_S = 24 * 3600
"""A pause inside a file from which on nobody is believed to have kept a TCP connection without a packet, while nobody else said anything
either: address translation forgets connections after two hours (RFC 5382, REQ-5), and leases of addresses end within a day."""

MIN_EPOCH_S = 365 * 24 * 3600
"""The same whether or not a connection goes on: a clock that begins in 1970."""

DAY_S = 24 * 3600
MIN_DAYS = 3
"""Days from which on a clock is wrong by days, and by hours before."""

MAX_STEPS = 1000
"""Pauses that are told, the longest ones: broken times can make thousands."""

Span = tuple[int, int]
"""First and last time, UTC nanoseconds."""


def steps(ask: Ask, spans: Sequence[Span]) -> list[Span]:
    """Pauses inside spans, in time order, across which TCP connections go on: the clock was set forward, or the capture stood still.

    Where a file goes back in time its pauses are between what was captured before and after; years are no time of capture even there
    (zeros in a file, as a lost supply of power leaves them, are frames of 1970).
    """
    rows = ask(
        "WITH pauses AS (SELECT slot_ns, lead(slot_ns) OVER (ORDER BY slot_ns) AS next_ns FROM (SELECT DISTINCT slot_ns FROM flow_segments)"
        " QUALIFY next_ns - slot_ns >= $1 ORDER BY next_ns - slot_ns DESC, slot_ns LIMIT $2),"
        " ends AS (SELECT max(f.last_ns) FILTER (f.slot_ns = p.slot_ns) AS first_ns, min(f.first_ns) FILTER (f.slot_ns = p.next_ns) AS last_ns"
        " FROM pauses AS p JOIN flow_segments AS f ON f.slot_ns IN (p.slot_ns, p.next_ns) GROUP BY p.slot_ns, p.next_ns)"
        " SELECT first_ns, last_ns FROM ends AS e WHERE last_ns - first_ns >= $1"
        " AND (last_ns - first_ns >= $3 OR (NOT EXISTS (FROM captures WHERE set_back_ns >= $1) AND EXISTS"
        " (FROM flows AS f SEMI JOIN (SELECT flow FROM flow_segments AS s WHERE s.first_ns >= e.last_ns"
        "   AND s.originator_payload_bytes + s.responder_payload_bytes > 0) AS said USING (flow)"
        "  WHERE f.transport = 'tcp' AND f.first_ns <= e.first_ns AND f.last_ns >= e.last_ns))) ORDER BY first_ns",
        MIN_STEP_S * 1_000_000_000,
        MAX_STEPS,
        MIN_EPOCH_S * 1_000_000_000,
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
    steps = [gap.duration_s for gap in gaps if gap.is_step]
    whys = (
        ("connections go on", [step for step in steps if step < MIN_EPOCH_S]),
        ("a year or more passes", [step for step in steps if step >= MIN_EPOCH_S]),
    )
    forward = [
        f"across {counted(len(those), 'pause')} inside the files, of {observed(sum(those))} in all, {why}"
        for why, those in whys
        if those
    ]
    if forward:
        yield (
            "clock_set_forward",
            f"{'; '.join(forward).capitalize()}: the clock was set forward, or the capture stood still."
            " That time does not count as observed.",
        )


def error(ask: Ask) -> Iterator[tuple[str, str]]:
    """That time servers tell another time, as kind and sentence."""
    for row in ask("FROM clock_error WHERE is_off"):
        off_s = row["off_ns"] / 1e9
        days = round(abs(off_s) / DAY_S)
        by = counted(days, "day") if days >= MIN_DAYS else observed(abs(off_s))
        yield (
            "clock_wrong",
            f"The clock of who captured was {by} {'slow' if off_s > 0 else 'fast'}, as"
            f" {counted(row['answers'], 'answer')} of {counted(row['servers'], 'time server')}"
            f" {'tells' if row['answers'] == 1 else 'tell'}. All times here are by that clock.",
        )

"""What was captured: files, interfaces, damage, and how much of the time they cover."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from idletalk.behaviours import clock
from idletalk.behaviours.behaviour import Ask, Row, by, iso, optional_iso, optional_seconds
from idletalk.model import CaptureFile, Captures, Coverage, Fault, Gap, Interface

MIN_GAP_S = 60
"""A pause between two files from which on it is told as a gap: tcpdump needs less to begin the next file."""

SLOT_S = 900
"""Length of the slots in which frames are counted (a quarter of an hour)."""


def captures(ask: Ask) -> Captures:
    """All files as one capture, with their paths and without hashes."""
    interfaces = by(ask("FROM interfaces ORDER BY capture, interface"), "capture", _interface)
    rows = ask("FROM captures ORDER BY capture")
    files = tuple(_file(row, interfaces.get(row["capture"], [])) for row in rows if row["error"] is None)
    whole = ask(
        "SELECT coalesce(sum(originator_packets + responder_packets), 0)::BIGINT AS packets,"
        " coalesce(sum(originator_bytes + responder_bytes), 0)::BIGINT AS bytes,"
        " coalesce(sum(originator_duplicate_packets + responder_duplicate_packets), 0)::BIGINT AS repeated,"
        " coalesce(sum(originator_duplicate_bytes + responder_duplicate_bytes), 0)::BIGINT AS repeated_bytes,"
        " min(first_ns) AS first_ns, max(last_ns) AS last_ns FROM flow_segments"
    )[0]
    first, last = whole["first_ns"], whole["last_ns"]
    return Captures(
        files=files,
        packets=whole["packets"],
        bytes=whole["bytes"],
        unique_packets=whole["packets"] - whole["repeated"],
        unique_bytes=whole["bytes"] - whole["repeated_bytes"],
        first=optional_iso(first),
        last=optional_iso(last),
        duration_s=None if first is None else (last - first) / 1e9,
        coverage=_coverage(ask) if first is not None else None,
        faults=_faults(ask),
    )


def _interface(row: Row) -> Interface:
    dropped = [row[name] for name in ("dropped", "os_dropped") if row[name] is not None]
    return Interface(
        name=row["name"],
        link_type=row["link_type"],
        filter=row["filter"],
        snaplen_bytes=row["snaplen_bytes"],
        dropped=sum(dropped) if dropped else None,
    )


def _file(row: Row, interfaces: list[Interface]) -> CaptureFile:
    return CaptureFile(
        capture=row["capture"],
        path=row["path"],
        sha256=None,
        format=row["format"],
        compression=row["compression"],
        link_types=tuple(row["link_types"] or ()),
        file_bytes=row["file_bytes"],
        packets=row["frames"],
        bytes=row["original_bytes"],
        truncated_packets=row["truncated_frames"],
        first=optional_iso(row["earliest_ns"]),
        last=optional_iso(row["latest_ns"]),
        set_back_s=optional_seconds(row["set_back_ns"]),
        set_back_frame=row["set_back_frame"],
        interfaces=tuple(interfaces),
    )


def damage(ask: Callable[[str], Iterable[Row]]) -> list[Row]:
    """Files that could not be read at all, and damage in others: `path`, `offset` (null: the file as a whole), `kind`, `message`."""
    rows = ask(
        "SELECT path, NULL AS offset, 'Unreadable' AS kind, error AS message, capture FROM captures WHERE error IS NOT NULL"
        " UNION ALL SELECT c.path, f.offset, f.kind, f.message, f.capture FROM capture_faults AS f JOIN captures AS c"
        " USING (capture) ORDER BY capture, 2"
    )
    # an error names its file
    return [{**row, "message": row["message"].removeprefix(f"{row['path']}: ")} for row in rows]


def _faults(ask: Ask) -> tuple[Fault, ...]:
    return tuple(
        Fault(path=Path(r["path"]).name, offset=r["offset"], kind=r["kind"], message=r["message"]) for r in damage(ask)
    )


def _coverage(ask: Ask) -> Coverage:
    """Time between first and last frame of each file, put together; gaps between files, and where the clock was set; silence inside them.

    Where nobody spoke for as long inside one of two files, the pause between them is silence too: a quiet device's hourly files begin
    and end with it. Where the analysis was cut by time, only what lies inside the cut counts.
    """
    bounds = ask("SELECT min(first_ns) AS first_ns, max(last_ns) AS last_ns FROM flow_segments")[0]
    spans = ask(
        "SELECT greatest(earliest_ns, ?) AS first_ns, least(latest_ns, ?) AS last_ns, longest_pause_ns AS pause_ns FROM captures"
        " WHERE earliest_ns IS NOT NULL AND latest_ns >= ? AND earliest_ns <= ? ORDER BY 1, 2",
        bounds["first_ns"],
        bounds["last_ns"],
        bounds["first_ns"],
        bounds["last_ns"],
    )
    merged: list[clock.Span] = []
    quiet_s = 0.0
    for span in spans:
        first, last, silence_s = span["first_ns"], span["last_ns"], _silence_s(span["pause_ns"])
        pause_s = (first - merged[-1][1]) / 1e9 if merged else math.inf
        is_last = not merged or last >= merged[-1][1]
        if pause_s < MIN_GAP_S or pause_s <= max(quiet_s, silence_s):
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
        quiet_s = silence_s if is_last else quiet_s
    steps = clock.steps(ask, merged)
    stepped = set(steps)
    merged = list(clock.without(merged, steps))
    gaps = tuple(_gap(first, last, is_step=(first, last) in stepped) for (_, first), (last, _) in pairwise(merged))
    heard = sorted(row["slot_ns"] // 1_000_000_000 for row in ask("SELECT DISTINCT slot_ns FROM flow_segments"))
    silent = sum(_silent_slots(first // 1_000_000_000, last // 1_000_000_000, heard) for first, last in merged) * SLOT_S
    observed = sum(last - first for first, last in merged) / 1e9
    return Coverage(observed_s=observed, gaps=gaps, silent_s=float(silent))


def _silence_s(pause_ns: int | None) -> float:
    """How long nobody spoke in a file, seconds; 0 where its longest pause may be a step of the clock."""
    pause_s = (pause_ns or 0) / 1e9
    return pause_s if pause_s <= clock.MIN_STEP_S else 0.0


def _gap(first: int, last: int, *, is_step: bool) -> Gap:
    return Gap(first=iso(first), last=iso(last), duration_s=(last - first) / 1e9, is_step=is_step)


def _silent_slots(first_s: int, last_s: int, heard: list[int]) -> int:
    """Whole slots between two times that are not among the sorted starts of slots with frames."""
    low = (first_s // SLOT_S + 1) * SLOT_S
    high = last_s // SLOT_S * SLOT_S
    return max(0, (high - low) // SLOT_S - (bisect_left(heard, high) - bisect_left(heard, low)))

"""What devices fetched, as files: put together from its parts, examined, and called firmware or not, with reasons."""

import base64
import binascii
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from idletalk.artefacts import Artefact, Part, Span, put_together
from idletalk.behaviours.rows import Row
from idletalk.byteranges import ranges_within
from idletalk.store import SPOOL, Store

FIRMWARE = "firmware"
"""Folder of the images inside an analysis, which only its owner can read."""

MAX_IMAGES = 200
"""Things of one analysis that are put together, those with the most bytes: no home fetches so many images."""

MAX_RANGES = 128
"""Missing ranges that are told."""

FIRMWARE_CATEGORIES = frozenset({"firmware", "filesystem", "executable", "patch"})
"""Categories of the recogniser that only images have."""

PACKED_CATEGORIES = frozenset({"archive", "compressed"})
"""Categories that can hold an image as well as anything else."""

TARGET_WORDS = re.compile(r"(?i)(firmware|(^|[^a-z])(fw|ota|rom|upgrade|update|upd)([^a-z]|$)|sysupgrade|bootloader)")
"""Words that vendors use in targets of updates; alone, they say what was asked for and not what came."""


def keep_images(store: Store, folder: Path) -> None:
    """Fill the table ``images`` and write the files beside it; nothing is written where nothing was fetched."""
    rows = store.ask(
        "SELECT * FROM transfers WHERE kept_parts > 0 ORDER BY received_bytes DESC, transfer LIMIT ?", MAX_IMAGES
    )
    if not rows:
        return
    target = folder / FIRMWARE
    target.mkdir(mode=0o700, exist_ok=True)
    for row in sorted(rows, key=lambda row: (row["device"], row["first_ns"], row["transfer"])):
        _keep(store, folder, target, row)


def _keep(store: Store, folder: Path, target: Path, row: Row) -> None:
    from idletalk.firmware import Options, examine

    rough = target / f"{row['transfer']}.part"
    parts, inner_total = _parts(store, folder / SPOOL, row["transfer"])
    total = inner_total if row["total_bytes"] is None else row["total_bytes"]
    made = put_together(parts, rough, total)
    absent = sum(high - low for low, high in made.missing)
    if absent >= made.size_bytes:
        rough.unlink()
        return
    name = f"{row['device'].replace(':', '')}-{made.sha256[:16] if made.sha256 else row['transfer']}.bin"
    path = rough.replace(target / name)
    told = _told(store, row, made)
    wanted = Options(channel="http", told=_told_hashes(told), declared_bytes=total)
    # mostly holes: nothing can be recognised, and a file of holes can be as long as somebody says
    seen = examine(path, wanted) if 2 * absent <= made.size_bytes else None
    outer = [part for part in seen.recognised.parts if part.parent is None] if seen else []
    reasons = [f"content: {part.format}" for part in outer if part.category in FIRMWARE_CATEGORIES]
    asked = TARGET_WORDS.search(row["uri"] or "")
    is_else = any(part.offset == 0 and part.category not in PACKED_CATEGORIES for part in outer)
    if asked and (reasons or not is_else):
        reasons.append(f"target: {asked[0].strip('/._-')}")
    holes = [bound for span in made.missing[:MAX_RANGES] for bound in span]
    store.ask(
        f"INSERT INTO images VALUES ({', '.join('?' * 18)})",
        row["device"],
        row["transfer"],
        f"{FIRMWARE}/{name}",
        made.size_bytes,
        made.sha256 is not None,
        holes,
        absent,
        made.conflicting_bytes,
        made.repeated_bytes,
        made.sha256,
        made.md5,
        bool(reasons),
        list(dict.fromkeys(reasons)),
        seen.format if seen else None,
        seen.judgement.authentication if seen else "undecidable (opaque or partial)",
        seen.judgement.by if seen else "most of it was not captured",
        seen.judgement.sentence if seen else None,
        told,
    )


def _told_hashes(told: Sequence[str]) -> tuple[tuple[Literal["md5", "sha256"], str], ...]:
    """The hashes of a list of ``HASH WHERE``, each once."""
    values = sorted({text.split(" ")[0] for text in told})
    return tuple(("md5", value) if len(value) == 32 else ("sha256", value) for value in values)


def _parts(store: Store, spool: Path, transfer: str) -> tuple[list[Part], int | None]:
    """The parts of a thing that were kept, in the order in which they came, and the whole length that they tell inside."""
    rows = store.ask(
        "SELECT spool, spool_offset, coalesce(range_first, 0) AS first, content_type, length_bytes, range_last, missing, missing_ranges FROM transfer_parts"
        " WHERE transfer = ? AND spool IS NOT NULL AND left_out IS NULL AND (status <> 206 OR range_first IS NOT NULL OR content_type ILIKE 'multipart/byteranges%')"
        " ORDER BY time_ns, capture, frame, position",
        transfer,
    )
    parts: list[Part] = []
    total: int | None = None
    for row in rows:
        file, base, holes = spool / row["spool"], row["spool_offset"], _holes(row)
        if (row["content_type"] or "").lower().startswith("multipart/byteranges"):
            for inner in ranges_within(file, base, row["length_bytes"]):
                parts.append(
                    Part(file=file, start=inner.first, length=inner.length, missing=holes, offset=inner.offset)
                )
                total = inner.total if total is None else total
        else:
            parts.append(Part(file=file, start=row["first"], length=_length(row), missing=holes, offset=base))
    return parts, total


def _length(row: Row) -> int:
    """Bytes of a part that belong to its place: a body longer than its range says has more bytes than places."""
    if row["range_last"] is None:
        return row["length_bytes"]
    return max(0, min(row["length_bytes"], row["range_last"] - row["first"] + 1))


def _holes(row: Row) -> list[Span]:
    """Ranges of the part's file that were not captured."""
    base, bounds = row["spool_offset"], row["missing"]
    holes = [(base + low, base + high) for low, high in zip(bounds[::2], bounds[1::2], strict=False)]
    if row["missing_ranges"] > len(holes):
        # where holes are told no more, nothing is sure
        holes.append((base + bounds[-1], base + row["length_bytes"]))
    return holes


def _told(store: Store, row: Row, made: Artefact) -> list[str]:
    """Where hashes of a whole thing were told: ``HASH WHERE``."""
    if made.sha256 is None or made.md5 is None:
        return []
    found: list[str] = []
    for value in (made.sha256, made.md5):
        places = {
            "target": row["uri"],
            "etag": row["etag"],
            "content-md5": _hexadecimal(row["content_md5"]),
        }
        found.extend(f"{value} {place}" for place, text in places.items() if text and value in text.lower())
        found.extend(f"{value} {carrier}" for carrier in _carriers(store, value))
    return found


def _carriers(store: Store, value: str) -> Sequence[str]:
    rows = store.ask(
        "SELECT DISTINCT carrier FROM payloads WHERE contains(lower(content::VARCHAR), ?) ORDER BY carrier", value
    )
    return [row["carrier"] for row in rows]


def _hexadecimal(text: str | None) -> str | None:
    """A hash in base64 (RFC 1864) as hexadecimal digits."""
    try:
        return base64.b64decode(text, validate=True).hex() if text else None
    except (binascii.Error, ValueError):
        return None

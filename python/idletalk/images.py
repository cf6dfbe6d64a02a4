"""What devices fetched, as files: put together from its parts, examined, and called firmware or not, with reasons."""

import base64
import binascii
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from idletalk.artefacts import Artefact, Part, Span, put_together
from idletalk.behaviours.rows import Row, by, insert
from idletalk.byteranges import ranges_within
from idletalk.store import SPOOL, Store

if TYPE_CHECKING:
    from idletalk.firmware.model import Examination

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
    parts = _parts(store, folder / SPOOL, [row["transfer"] for row in rows])
    made = [
        _made(target, row, *parts.get(row["transfer"], ([], None)))
        for row in sorted(rows, key=lambda row: (row["device"], row["first_ns"], row["transfer"]))
    ]
    things = [thing for thing in made if thing is not None]
    carriers = _carriers(store, {value for thing in things for value in thing.hashes})
    seen: dict[object, Examination] = {}
    insert(store.ask, "images", [_row(thing, _told(thing, carriers), seen) for thing in things])


@dataclass(frozen=True, slots=True)
class Made:
    """A thing that was put together."""

    row: Row
    path: Path
    total: int | None
    artefact: Artefact
    absent: int

    @property
    def hashes(self) -> tuple[str, ...]:
        """Of the whole thing; none where it is not whole."""
        return tuple(value for value in (self.artefact.sha256, self.artefact.md5) if value is not None)


def _made(target: Path, row: Row, parts: Sequence[Part], inner_total: int | None) -> Made | None:
    """The thing of a transfer, in a file of its name; none where nothing of it is there."""
    rough = target / f"{row['transfer']}.part"
    total = inner_total if row["total_bytes"] is None else row["total_bytes"]
    made = put_together(parts, rough, total)
    absent = sum(high - low for low, high in made.missing)
    if absent >= made.size_bytes:
        rough.unlink()
        return None
    name = f"{row['device'].replace(':', '')}-{made.sha256[:16] if made.sha256 else row['transfer']}.bin"
    return Made(row, rough.replace(target / name), total, made, absent)


def _examined(thing: Made, told: Sequence[str], seen: dict[object, "Examination"]) -> "Examination | None":
    """What a thing is; the same content is examined once."""
    from idletalk.firmware import Options, examine

    made = thing.artefact
    if 2 * thing.absent > made.size_bytes:
        # mostly holes: nothing can be recognised, and a file of holes can be as long as somebody says
        return None
    wanted = Options(channel="http", told=_told_hashes(told), declared_bytes=thing.total)
    key = (made.sha256 or thing.path, wanted)
    if key not in seen:
        seen[key] = examine(thing.path, wanted)
    return seen[key]


def _row(thing: Made, told: list[str], known: dict[object, "Examination"]) -> tuple[object, ...]:
    """The row of a thing in ``images``."""
    made = thing.artefact
    seen = _examined(thing, told, known)
    outer = [part for part in seen.recognised.parts if part.parent is None] if seen else []
    reasons = [f"content: {part.format}" for part in outer if part.category in FIRMWARE_CATEGORIES]
    asked = TARGET_WORDS.search(thing.row["uri"] or "")
    is_else = any(part.offset == 0 and part.category not in PACKED_CATEGORIES for part in outer)
    if asked and (reasons or not is_else):
        reasons.append(f"target: {asked[0].strip('/._-')}")
    return (
        thing.row["device"],
        thing.row["transfer"],
        f"{FIRMWARE}/{thing.path.name}",
        made.size_bytes,
        made.sha256 is not None,
        [bound for span in made.missing[:MAX_RANGES] for bound in span],
        thing.absent,
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


def _parts(store: Store, spool: Path, transfers: Sequence[str]) -> dict[str, tuple[list[Part], int | None]]:
    """By transfer: the parts that were kept, in the order in which they came, and the whole length that they tell inside."""
    rows = store.ask(
        "SELECT transfer, spool, spool_offset, coalesce(range_first, 0) AS first, content_type, length_bytes, range_last, missing,"
        " missing_ranges, sha256 FROM transfer_parts WHERE list_contains(?, transfer) AND spool IS NOT NULL AND left_out IS NULL"
        " AND (status <> 206 OR range_first IS NOT NULL OR content_type ILIKE 'multipart/byteranges%')"
        " ORDER BY transfer, time_ns, capture, frame, position",
        list(transfers),
    )
    return {transfer: _kept_parts(spool, own) for transfer, own in by(rows, "transfer", lambda row: row).items()}


def _kept_parts(spool: Path, rows: Sequence[Row]) -> tuple[list[Part], int | None]:
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
            length = _length(row)
            parts.append(
                Part(file=file, start=row["first"], length=length, missing=holes, offset=base, sha256=row["sha256"])
            )
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


def _told(thing: Made, carriers: Mapping[str, Sequence[str]]) -> list[str]:
    """Where hashes of a whole thing were told: ``HASH WHERE``."""
    found: list[str] = []
    for value in thing.hashes:
        places = {
            "target": thing.row["uri"],
            "etag": thing.row["etag"],
            "content-md5": _hexadecimal(thing.row["content_md5"]),
        }
        found.extend(f"{value} {place}" for place, text in places.items() if text and value in text.lower())
        found.extend(f"{value} {carrier}" for carrier in carriers.get(value, ()))
    return found


def _carriers(store: Store, values: Collection[str]) -> dict[str, Sequence[str]]:
    """Carriers of the messages that tell a hash, by the hash."""
    if not values:
        return {}
    rows = store.ask(
        "SELECT DISTINCT carrier, text FROM (SELECT carrier, lower(content::VARCHAR) AS text FROM payloads"
        f" WHERE octet_length(content) >= {min(map(len, values))})"
        " WHERE regexp_matches(text, ?) ORDER BY carrier, text",
        "|".join(sorted(values)),
    )
    return {value: sorted({row["carrier"] for row in rows if value in row["text"]}) for value in values}


def _hexadecimal(text: str | None) -> str | None:
    """A hash in base64 (RFC 1864) as hexadecimal digits."""
    try:
        return base64.b64decode(text, validate=True).hex() if text else None
    except (binascii.Error, ValueError):
        return None

"""What devices fetched, as files: put together from its parts, examined, and called firmware or not, with reasons."""

import tempfile
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from idletalk.artefacts import BLOCK_BYTES, Artefact, Part, Span, put_together, whole
from idletalk.behaviours.rows import Row, insert
from idletalk.byteranges import ranges_within
from idletalk.codings import undone
from idletalk.dissector import SPOOL
from idletalk.image_pages import Kept
from idletalk.store import Store
from idletalk.told_hashes import by_kind, carriers_of, fields_of, where_told

if TYPE_CHECKING:
    from idletalk.firmware import Examination, Options, Unpackers

FIRMWARE = "firmware"
"""Folder of the images inside an analysis, which only its owner can read."""

MAX_IMAGES = 200
"""Things of one analysis that are put together, those with the most bytes: no home fetches so many images."""

MAX_PAGES = 20
"""Different images of firmware that are unpacked and have a page in the report: each may cost minutes and megabytes."""

MAX_RANGES = 128
"""Missing ranges that are told."""

MAX_EXAMINED_BYTES = 64 << 20
"""Bytes of a thing that are examined, from its start, so that a download of gigabytes needs no more memory than a small one; flash
of cameras and hubs is smaller. ``idletalk firmware`` reads more."""

FIRMWARE_CATEGORIES = frozenset({"firmware", "filesystem", "executable", "patch"})
"""Categories of the recogniser that only images have."""

PACKED_CATEGORIES = frozenset({"archive", "compressed"})
"""Categories that can hold an image as well as anything else."""


def begin_images(store: Store, folder: Path, apart: Executor) -> Callable[[Store], tuple[Kept, ...]]:
    """Write what was fetched as files beside the tables and examine them, all in the one thread of ``apart``.

    Gives a function that waits for the end, fills the table ``images`` of a store, and gives what is called firmware, the same bytes once.
    """
    kept: dict[str, Kept] = {}
    made = apart.submit(_rows, store, folder, kept)

    def finish(beside: Store) -> tuple[Kept, ...]:
        insert(beside.ask, "images", made.result())
        return tuple(kept.values())

    return finish


def _rows(store: Store, folder: Path, kept: dict[str, Kept]) -> list[tuple[object, ...]]:
    """A row for each thing."""
    from idletalk.firmware import Unpackers

    with store.beside() as beside, Unpackers() as unpackers:
        known = Known(folder / FIRMWARE, unpackers, kept)
        things = [
            Thing(thing, told, *_examined(thing, told, known)) for thing, told in _things(beside, folder, known.target)
        ]
        for thing in things:
            if thing.seen and thing.reasons:
                unpackers.expect(thing.seen.recognised)
        return [_row(thing, known) for thing in things]


def _things(store: Store, folder: Path, target: Path) -> "list[tuple[Made, list[str]]]":
    """The files as they were written, and where their hashes were told."""
    rows = store.ask(
        "SELECT *, update_word(uri) AS word FROM transfers WHERE kept_parts > 0 ORDER BY received_bytes DESC, transfer LIMIT ?",
        MAX_IMAGES,
    )
    if not rows:
        return []
    target.mkdir(mode=0o700, exist_ok=True)
    transfers = [row["transfer"] for row in rows]
    of = {row["transfer"]: row for row in rows}
    made = [
        _made(target, of[transfer], *_kept_parts(folder / SPOOL, parts))
        for transfer, parts in groupby(_parts(store, transfers), key=lambda part: part["transfer"])
    ]
    things = sorted(
        (thing for thing in made if thing is not None),
        key=lambda thing: (thing.row["device"], thing.row["first_ns"], thing.row["transfer"]),
    )
    carriers = carriers_of(store, sorted({value for thing in things for value in thing.hashes}))
    fields = fields_of(store, transfers)
    return [
        (thing, where_told(thing.hashes, thing.row, fields.get(thing.row["transfer"], ()), carriers))
        for thing in things
    ]


@dataclass(frozen=True, slots=True)
class Known:
    """What was examined already."""

    target: Path
    unpackers: "Unpackers"
    kept: dict[str, Kept]
    """what is called firmware, by its SHA-256"""
    seen: dict[object, "Examination"] = field(default_factory=dict[object, "Examination"])


@dataclass(frozen=True, slots=True)
class Made:
    """A thing that was put together."""

    row: Row
    path: Path
    total: int | None
    artefact: Artefact
    absent: int
    as_sent: Artefact
    """the same before its content coding was undone"""

    @property
    def hashes(self) -> tuple[str, ...]:
        """Of the whole thing, and of it as it was sent; none where it is not whole."""
        every = [(each.sha256, each.sha1, each.md5) for each in (self.artefact, self.as_sent)]
        return tuple(dict.fromkeys(value for those in every for value in those if value is not None))


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing that was looked at."""

    made: Made
    told: list[str]
    """where its hashes were told"""
    seen: "Examination | None"
    wanted: "Options"
    """as what it was examined"""

    @property
    def reasons(self) -> list[str]:
        """Why it is called firmware."""
        outer = [part for part in self.seen.recognised.parts if part.parent is None] if self.seen else []
        reasons = [f"content: {part.format}" for part in outer if part.category in FIRMWARE_CATEGORIES]
        is_else = any(part.offset == 0 and part.category not in PACKED_CATEGORIES for part in outer)
        if self.made.row["word"] and (reasons or not is_else):
            reasons.append(f"target: {self.made.row['word']}")
        return list(dict.fromkeys(reasons))


def _made(target: Path, row: Row, parts: Sequence[Part], inner_total: int | None) -> Made | None:
    """The thing of a transfer, in a file of its name; none where nothing of it is there."""
    rough = target / f"{row['transfer']}.part"
    total = inner_total if row["total_bytes"] is None else row["total_bytes"]
    made = put_together(parts, rough, total)
    absent = sum(high - low for low, high in made.missing)
    if absent >= made.size_bytes:
        rough.unlink()
        return None
    sent = made
    if made.sha256 is not None and (plain := undone(rough, row["content_encoding"])):
        rough = plain.replace(rough)
        made = whole(rough)
        total = made.size_bytes
    name = f"{row['device'].replace(':', '')}-{made.sha256[:16] if made.sha256 else row['transfer']}.bin"
    return Made(row, rough.replace(target / name), total, made, absent, sent)


def _examined(thing: Made, told: Sequence[str], known: Known) -> "tuple[Examination | None, Options]":
    """What a thing is, and as what it was examined; the same content is examined once."""
    from idletalk.firmware import Options, examine

    made = thing.artefact
    sent_as = () if thing.as_sent is made else thing.hashes
    channel, clear = thing.row["protocol"], by_kind(told)
    wanted = Options(channel=channel, told_in_clear=clear, sent_as=sent_as, declared_bytes=thing.total)
    if 2 * thing.absent > made.size_bytes:
        # mostly holes: nothing can be recognised, and a file of holes can be as long as somebody says
        return None, wanted
    key = (made.sha256 or thing.path, wanted)
    if key not in known.seen:
        with _head(thing.path) as head:
            known.seen[key] = examine(head, wanted)
    return known.seen[key], wanted


def _row(thing: Thing, known: Known) -> tuple[object, ...]:
    """The row of a thing in ``images``."""
    of, made, seen, reasons = thing.made, thing.made.artefact, thing.seen, thing.reasons
    if seen and reasons and seen.recognised.sha256 not in known.kept and len(known.kept) < MAX_PAGES:
        whole, certificates = _unpacked(of.path, thing.wanted, known)
        known.kept[seen.recognised.sha256] = Kept(f"{FIRMWARE}/{of.path.name}", whole, certificates)
    return (
        of.row["device"],
        of.row["transfer"],
        f"{FIRMWARE}/{of.path.name}",
        made.size_bytes,
        made.sha256 is not None,
        [bound for span in made.missing[:MAX_RANGES] for bound in span],
        of.absent,
        made.conflicting_bytes,
        made.repeated_bytes,
        made.sha256,
        made.md5,
        made.sha1,
        bool(reasons),
        reasons,
        seen.format if seen else None,
        seen.judgement.authentication if seen else "undecidable (opaque or partial)",
        seen.judgement.by if seen else "most of it was not captured",
        seen.judgement.sentence if seen else None,
        thing.told,
    )


def _unpacked(path: Path, wanted: "Options", known: Known) -> tuple["Examination", dict[str, str]]:
    """The same with what can be unpacked; of that only certificates stay, as files. Gives them by SHA-256."""
    from idletalk.firmware import examine
    from idletalk.firmware.results import CERTIFICATES, write_certificates

    with tempfile.TemporaryDirectory(dir=known.target) as place, _head(path) as head:
        seen = examine(head, replace(wanted, unpack=True), Path(place), known.unpackers)
        written = write_certificates(head, seen, Path(place), known.target / CERTIFICATES)
    return replace(seen, image=path.name), {
        sha256: f"{FIRMWARE}/{CERTIFICATES}/{name}" for sha256, name in written.items()
    }


@contextmanager
def _head(path: Path) -> Generator[Path]:
    """A file, or where it is long, one with its first bytes."""
    if path.stat().st_size <= MAX_EXAMINED_BYTES:
        yield path
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part") as part:
        with path.open("rb") as whole:
            for _ in range(MAX_EXAMINED_BYTES // BLOCK_BYTES):
                part.write(whole.read(BLOCK_BYTES))
        part.flush()
        yield Path(part.name)


def _parts(store: Store, transfers: Sequence[str]) -> Sequence[Row]:
    """The parts that were kept: those of a transfer together, in the order in which they came."""
    return store.ask(
        "SELECT transfer, spool, spool_offset, coalesce(range_first, 0) AS first, content_type, length_bytes, range_last, missing,"
        " missing_ranges, sha256 FROM transfer_parts WHERE list_contains(?, transfer) AND spool IS NOT NULL AND left_out IS NULL"
        " AND (status <> 206 OR range_first IS NOT NULL OR content_type ILIKE 'multipart/byteranges%')"
        " ORDER BY transfer, time_ns, capture, frame, position",
        list(transfers),
    )


def _kept_parts(spool: Path, rows: Iterable[Row]) -> tuple[list[Part], int | None]:
    """The parts of a transfer, and the whole length that they tell inside."""
    parts: list[Part] = []
    total: int | None = None
    # of which many parts lie in one
    files = cache(spool.joinpath)
    for row in rows:
        file, base, holes = files(row["spool"]), row["spool_offset"], _holes(row)
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

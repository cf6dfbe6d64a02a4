"""What devices fetched, as files: put together from its parts, examined, and called firmware or not, with reasons."""

import base64
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from idletalk.artefacts import BLOCK_BYTES, Artefact, Part, Span, put_together
from idletalk.behaviours.rows import Row
from idletalk.byteranges import ranges_within
from idletalk.image_pages import Kept
from idletalk.store import SPOOL, Store

if TYPE_CHECKING:
    from idletalk.firmware import Examination, Options
    from idletalk.firmware.verdict import Told

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

HASH_TEXTS = r"""
CREATE TEMP TABLE hash_texts AS
SELECT DISTINCT CASE WHEN regexp_full_match(text, '[0-9a-fA-F]+') THEN lower(text) ELSE text END AS text, carrier FROM (
    SELECT unnest(regexp_extract_all(content::VARCHAR,
        '[0-9a-fA-F]{32,64}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{22}==')) AS text, carrier FROM payloads)
"""
"""What messages hold that can be MD5, SHA-1 or SHA-256, in hexadecimal digits or base64."""


def keep_images(store: Store, folder: Path) -> tuple[Kept, ...]:
    """Fill the table ``images`` and write the files beside it; nothing is written where nothing was fetched.

    Gives what is called firmware, the same bytes once.
    """
    rows = store.ask(
        "SELECT *, update_word(uri) AS word FROM transfers WHERE kept_parts > 0 ORDER BY received_bytes DESC, transfer LIMIT ?",
        MAX_IMAGES,
    )
    if not rows:
        return ()
    target = folder / FIRMWARE
    target.mkdir(mode=0o700, exist_ok=True)
    store.run(HASH_TEXTS)
    kept: dict[str, Kept] = {}
    for row in sorted(rows, key=lambda row: (row["device"], row["first_ns"], row["transfer"])):
        if one := _keep(store, folder, target, row, kept):
            kept.setdefault(one.seen.recognised.sha256, one)
    return tuple(kept.values())


def _keep(store: Store, folder: Path, target: Path, row: Row, kept: Mapping[str, Kept]) -> Kept | None:
    from idletalk.firmware import Options, examine

    rough = target / f"{row['transfer']}.part"
    parts, inner_total = _parts(store, folder / SPOOL, row["transfer"])
    total = inner_total if row["total_bytes"] is None else row["total_bytes"]
    made = put_together(parts, rough, total)
    absent = sum(high - low for low, high in made.missing)
    if absent >= made.size_bytes:
        rough.unlink()
        return None
    name = f"{row['device'].replace(':', '')}-{made.sha256[:16] if made.sha256 else row['transfer']}.bin"
    path = rough.replace(target / name)
    told = _told(store, row, made)
    wanted = Options(channel=row["protocol"], told=_told_hashes(told), declared_bytes=total)
    # mostly holes: nothing can be recognised, and a file of holes can be as long as somebody says
    with _head(path) as head:
        seen = examine(head, wanted) if 2 * absent <= made.size_bytes else None
    outer = [part for part in seen.recognised.parts if part.parent is None] if seen else []
    reasons = [f"content: {part.format}" for part in outer if part.category in FIRMWARE_CATEGORIES]
    is_else = any(part.offset == 0 and part.category not in PACKED_CATEGORIES for part in outer)
    if row["word"] and (reasons or not is_else):
        reasons.append(f"target: {row['word']}")
    holes = [bound for span in made.missing[:MAX_RANGES] for bound in span]
    certificates: dict[str, str] = {}
    is_new = bool(seen and reasons and seen.recognised.sha256 not in kept and len(kept) < MAX_PAGES)
    if is_new:
        seen, certificates = _unpacked(path, wanted, target)
    store.ask(
        f"INSERT INTO images VALUES ({', '.join('?' * 19)})",
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
        made.sha1,
        bool(reasons),
        list(dict.fromkeys(reasons)),
        seen.format if seen else None,
        seen.judgement.authentication if seen else "undecidable (opaque or partial)",
        seen.judgement.by if seen else "most of it was not captured",
        seen.judgement.sentence if seen else None,
        told,
    )
    return Kept(f"{FIRMWARE}/{name}", seen, certificates) if seen and is_new else None


def _unpacked(path: Path, wanted: "Options", target: Path) -> tuple["Examination", dict[str, str]]:
    """The same with what can be unpacked; of that only certificates stay, as files. Gives them by SHA-256."""
    from idletalk.firmware import examine
    from idletalk.firmware.results import CERTIFICATES, write_certificates

    with tempfile.TemporaryDirectory(dir=target) as place, _head(path) as head:
        seen = examine(head, replace(wanted, unpack=True), Path(place))
        written = write_certificates(head, seen, Path(place), target / CERTIFICATES)
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


def _told_hashes(told: Sequence[str]) -> "tuple[tuple[Told, str], ...]":
    """The hashes of a list of ``HASH WHERE``, each once."""
    from idletalk.firmware.results import LENGTHS

    values = sorted({text.split(" ")[0] for text in told})
    return tuple((LENGTHS[len(value)], value) for value in values)


def _parts(store: Store, spool: Path, transfer: str) -> tuple[list[Part], int | None]:
    """The parts of a thing that were kept, in the order in which they came, and the whole length that they tell inside."""
    rows = store.ask(
        "SELECT spool, coalesce(range_first, 0) AS first, content_type, length_bytes, range_last, missing, missing_ranges FROM transfer_parts"
        " WHERE transfer = ? AND spool IS NOT NULL AND left_out IS NULL AND (status <> 206 OR range_first IS NOT NULL OR content_type ILIKE 'multipart/byteranges%')"
        " ORDER BY time_ns, capture, frame, position",
        transfer,
    )
    parts: list[Part] = []
    total: int | None = None
    for row in rows:
        file, holes = spool / row["spool"], _holes(row)
        if (row["content_type"] or "").lower().startswith("multipart/byteranges"):
            for inner in ranges_within(file, row["length_bytes"]):
                parts.append(
                    Part(file=file, start=inner.first, length=inner.length, missing=holes, offset=inner.offset)
                )
                total = inner.total if total is None else total
        else:
            parts.append(Part(file=file, start=row["first"], length=_length(row), missing=holes))
    return parts, total


def _length(row: Row) -> int:
    """Bytes of a part that belong to its place: a body longer than its range says has more bytes than places."""
    if row["range_last"] is None:
        return row["length_bytes"]
    return max(0, min(row["length_bytes"], row["range_last"] - row["first"] + 1))


def _holes(row: Row) -> list[Span]:
    bounds = row["missing"]
    holes = list(zip(bounds[::2], bounds[1::2], strict=False))
    if row["missing_ranges"] > len(holes):
        # where holes are told no more, nothing is sure
        holes.append((bounds[-1], row["length_bytes"]))
    return holes


def _told(store: Store, row: Row, made: Artefact) -> list[str]:
    """Where hashes of a whole thing were told: ``HASH WHERE``."""
    found: list[str] = []
    fields = _fields(store, row["transfer"])
    for value in filter(None, (made.sha256, made.sha1, made.md5)):
        # RFC 1864, 9530: fields tell hashes in base64
        coded = base64.b64encode(bytes.fromhex(value)).decode()
        if value in (row["uri"] or "").lower():
            found.append(f"{value} target")
        found.extend(f"{value} {name}" for name, text in fields if value in text.lower() or coded in text)
        rows = store.ask("SELECT DISTINCT carrier FROM hash_texts WHERE text IN (?, ?) ORDER BY carrier", value, coded)
        found.extend(f"{value} {row['carrier']}" for row in rows)
    return found


def _fields(store: Store, transfer: str) -> list[tuple[str, str]]:
    """Names and values of the fields of a thing's responses."""
    rows = store.ask(
        "SELECT DISTINCT unnest(r.headers) AS line FROM http_responses AS r JOIN transfer_parts AS p"
        " ON p.transfer = ? AND r.flow = p.flow AND r.capture = p.capture AND r.frame = p.frame ORDER BY line",
        transfer,
    )
    return [(name.lower(), value) for name, _, value in (row["line"].partition(":") for row in rows)]

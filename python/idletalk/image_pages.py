"""Images of firmware as the report shows them: what is inside, held against what was seen on the wire."""

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from idletalk.behaviours.rows import Row
from idletalk.model import Image, ImageCertificate, ImageRegion
from idletalk.store import Store

if TYPE_CHECKING:
    from idletalk.firmware.model import Examination

MAX_POINTS = 200
"""Values of an entropy curve: more cannot be told apart in the picture."""
MAX_REGIONS = 120
"""Stretches of a content map, the largest."""
MAX_LISTED = 100
"""Hosts, versions or keys in a list; ``idletalk firmware`` has all."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An image that was put together and called firmware."""

    file: str
    """inside the analysis"""
    seen: "Examination"
    certificates: Mapping[str, str]
    """files inside the analysis by SHA-256"""


def image_pages(store: Store, folder: Path, kept: Sequence[Kept], names: Mapping[str, str]) -> tuple[Image, ...]:
    """A page for each image, once for all devices that fetched it. ``names`` are of devices."""
    rows: dict[str, list[Row]] = {}
    for row in store.ask("FROM updates ORDER BY first_ns, device, transfer"):
        rows.setdefault(row["sha256"] or row["file"], []).append(row)
    by_file = {one.file: one for one in kept}
    pages: list[Image] = []
    for same in rows.values():
        one = next((by_file[row["file"]] for row in same if row["file"] in by_file), None)
        if one is not None:
            pages.append(_page(store, folder, one, same, names))
    return tuple(pages)


def _page(store: Store, folder: Path, one: Kept, rows: Sequence[Row], names: Mapping[str, str]) -> Image:
    seen, first = one.seen, rows[0]
    devices = sorted({row["device"] for row in rows})
    wire = _hosts_on_wire(store, devices)
    inside = {host.text.lower() for host in seen.hosts}
    block, bits = _thinned(seen.recognised.entropy.block_bytes, seen.recognised.entropy.bits)
    return Image(
        file=one.file,
        sha256=first["sha256"],
        size_bytes=first["size_bytes"],
        devices=tuple(names.get(device, device) for device in devices),
        missing=tuple(first["missing"]),
        missing_bytes=first["missing_bytes"],
        format=seen.format,
        authentication=seen.judgement.authentication,
        authenticated_by=seen.judgement.by,
        encryption=f"{seen.judgement.encryption}: {seen.judgement.encryption_reason}",
        sentence=seen.judgement.sentence,
        regions=_regions(seen),
        entropy_block_bytes=block,
        entropy_bits=bits,
        certificates=tuple(
            ImageCertificate(
                sha256=each.sha256,
                subject=each.subject,
                issuer=each.issuer,
                role=each.role,
                not_after=each.not_after,
                trust=each.trust,
                inside=each.file,
                file=one.certificates.get(each.sha256),
            )
            for each in seen.certificates[:MAX_LISTED]
        ),
        private_keys=tuple(
            f"{key.kind or 'key'} ({key.state}) at byte {key.offset}{f' of {key.file}' if key.file else ''}"
            f"{', belongs to the certificate ' + key.certificate[:16] if key.certificate else ''}"
            for key in seen.keys[:MAX_LISTED]
            if key.state != "label only"
        ),
        credentials=tuple(dict.fromkeys(f"{each.kind}: {each.about}" for each in seen.secrets))[:MAX_LISTED],
        versions=tuple(dict.fromkeys(said.text for said in seen.said if said.kind == "version"))[:MAX_LISTED],
        announced=_announced(store, folder / one.file, seen, [row["transfer"] for row in rows]),
        hosts_on_wire=tuple(sorted(inside & wire))[:MAX_LISTED],
        hosts_not_on_wire=tuple(sorted(inside - wire))[:MAX_LISTED],
        hosts_not_in_image=tuple(sorted(wire - inside))[:MAX_LISTED],
        unpacked_files=seen.unpacking.files_in_all,
        notes=(*seen.notes, *_unread(seen, first["size_bytes"])),
    )


def _hosts_on_wire(store: Store, devices: Sequence[str]) -> set[str]:
    """Names of the Internet hosts that devices spoke to, as they asked for them."""
    rows = store.ask(
        "SELECT DISTINCT lower(n.name) AS name FROM peer_names AS n JOIN peers AS p USING (device, peer)"
        " WHERE p.scope = 'internet' AND list_contains(?, n.device) AND n.name IS NOT NULL",
        list(devices),
    )
    return {row["name"] for row in rows}


def _announced(store: Store, image: Path, seen: "Examination", transfers: Sequence[str]) -> tuple[str, ...]:
    """Versions that devices told before and after, each looked for in the image's bytes and in the texts of what was unpacked."""
    rows = store.ask(
        "SELECT DISTINCT name, before, after FROM update_versions WHERE list_contains(?, transfer) ORDER BY ALL",
        list(transfers),
    )
    said: list[str] = []
    with image.open("rb") as file:
        if not rows or image.stat().st_size == 0:
            return ()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for row in rows:
                for when in ("before", "after"):
                    if text := row[when]:
                        found = content.find(text.encode()) >= 0 or any(text in each.text for each in seen.said)
                        said.append(
                            f"{text} ({row['name']}, {when}): {'stands' if found else 'not found as text'} in the image"
                        )
    return tuple(dict.fromkeys(said))[:MAX_LISTED]


def _thinned(block: int, bits: Sequence[float]) -> tuple[int, tuple[float, ...]]:
    """The curve with fewer values: means of neighbours."""
    step = -(-len(bits) // MAX_POINTS) or 1
    groups = [bits[place : place + step] for place in range(0, len(bits), step)]
    return block * step, tuple(round(sum(group) / len(group), 3) for group in groups)


def _regions(seen: "Examination") -> tuple[ImageRegion, ...]:
    parts = seen.recognised.parts
    largest = sorted(seen.recognised.map, key=lambda region: -region.length)[:MAX_REGIONS]
    return tuple(
        ImageRegion(
            offset=region.offset,
            length=region.length,
            kind=region.kind,
            what=parts[region.part].format if region.part is not None else region.kind,
        )
        for region in sorted(largest, key=lambda region: region.offset)
    )


def _unread(seen: "Examination", size_bytes: int) -> tuple[str, ...]:
    """That only the first bytes of a long image were examined."""
    read = seen.recognised.read_bytes
    return (
        ()
        if read >= size_bytes
        else (f"only the first {read} of {size_bytes} bytes were examined here; idletalk firmware reads more",)
    )

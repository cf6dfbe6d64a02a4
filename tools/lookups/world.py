"""Natural Earth's country outlines as SVG paths, small enough to stand in a report."""

import json
import struct
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pycountry

WIDTH = 1000
"""Units of the map from 180 degrees west to 180 degrees east; plate carree, so twice its height."""
NORTH, SOUTH = 84, -57
"""Latitudes between which the map is shown: nothing beyond has an Internet host on this scale."""
WITHOUT_ALPHA3 = {"Kosovo": "XK"}
"""Codes in use for countries to which Natural Earth gives none of ISO's."""
POLYGON = 5
"""Shape type (ESRI Shapefile Technical Description, 1998, page 4)."""
DBF_HEADER = struct.Struct("<BBBBIHH")
DBF_FIELD_BYTES = 32
DBF_FIELDS_END = 13
DBF_CENTURY = 1900
SHP_HEADER_BYTES = 100

Ring = list[tuple[float, float]]


def outlines_date(folder: Path) -> str:
    """The day that the attribute table says it was written."""
    _, year, month, day, *_ = DBF_HEADER.unpack_from(_file(folder, ".dbf"))
    return date(DBF_CENTURY + year, month, day).isoformat()


def world_map(folder: Path) -> str:
    """JSON: ``view_box``, ``countries`` (ISO 3166-1 alpha-2 -> SVG path), ``others`` (land without a code).

    x is (longitude + 180) * WIDTH / 360, y is (NORTH - latitude) * WIDTH / 360, ``units_per_degree`` says the
    factor, so that a place can be marked.
    """
    scale = WIDTH / 360
    countries: dict[str, str] = {}
    others: list[str] = []
    for names, rings in zip(_attributes(_file(folder, ".dbf")), _shapes(_file(folder, ".shp")), strict=True):
        path = "".join(_path(ring, scale) for ring in rings)
        known = pycountry.countries.get(alpha_3=names["iso_a3"])
        code = known.alpha_2 if known is not None else WITHOUT_ALPHA3.get(names["name"])
        if path and code:
            countries[code] = path
        elif path:
            others.append(path)
    height = round((NORTH - SOUTH) * scale)
    content = {
        "view_box": f"0 0 {WIDTH} {height}",
        "north": NORTH,
        "units_per_degree": scale,
        "countries": dict(sorted(countries.items())),
        "others": sorted(others),
    }
    return json.dumps(content, separators=(",", ":")) + "\n"


def _file(folder: Path, suffix: str) -> bytes:
    (path,) = folder.glob(f"*{suffix}")
    return path.read_bytes()


def _attributes(dbf: bytes) -> Iterator[dict[str, str]]:
    *_, records, header_bytes, record_bytes = DBF_HEADER.unpack_from(dbf)
    fields: list[tuple[str, int]] = []
    at = DBF_FIELD_BYTES
    while dbf[at] != DBF_FIELDS_END:
        fields.append((dbf[at : at + 11].split(b"\0")[0].decode().lower(), dbf[at + 16]))
        at += DBF_FIELD_BYTES
    for number in range(records):
        at = header_bytes + number * record_bytes + 1
        row: dict[str, str] = {}
        for name, width in fields:
            row[name] = dbf[at : at + width].decode("latin-1").strip()
            at += width
        yield row


def _shapes(shp: bytes) -> Iterator[list[Ring]]:
    at = SHP_HEADER_BYTES
    while at < len(shp):
        (words,) = struct.unpack_from(">i", shp, at + 4)
        start = at + 8
        kind, *_, parts, points = struct.unpack_from("<i4d2i", shp, start)
        if kind != POLYGON:
            raise SystemExit(f"shape type {kind} in place of polygons")
        starts = [*struct.unpack_from(f"<{parts}i", shp, start + 44), points]
        flat = struct.unpack_from(f"<{2 * points}d", shp, start + 44 + 4 * parts)
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        yield [pairs[a:b] for a, b in pairwise(starts)]
        at = start + 2 * words


def _path(ring: Ring, scale: float) -> str:
    """One closed ring in whole units, each point relative to the one before; empty where nothing is left."""
    points: list[tuple[int, int]] = []
    for longitude, latitude in ring:
        shown = min(NORTH, max(SOUTH, latitude))
        point = (round((longitude + 180) * scale), round((NORTH - shown) * scale))
        if not points or point != points[-1]:
            points.append(point)
    if len(set(points)) < 3:
        return ""
    (x, y), *rest = points[:-1]
    steps: list[str] = []
    for next_x, next_y in rest:
        steps.append(f"{next_x - x} {next_y - y}")
        x, y = next_x, next_y
    return f"M{points[0][0]} {points[0][1]}l{' '.join(steps)}z".replace(" -", "-")

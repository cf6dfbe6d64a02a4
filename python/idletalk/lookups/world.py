"""The names of countries and their outlines, to draw a map in a report."""

import csv
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from idletalk.lookups.sources import PACKAGED_FOLDER

COUNTRIES_FILE = "countries.tsv"
WORLD_FILE = "world.json"
PLACES_FILE = "places.tsv"
WESTERN_EDGE_DEGREES = -180


@dataclass(frozen=True, slots=True)
class WorldMap:
    """Outlines in plate carree projection as SVG paths (Natural Earth 1:110m; small states are not drawn)."""

    view_box: str
    """The value of an SVG's viewBox."""
    countries: dict[str, str]
    """ISO 3166-1 alpha-2 code to the ``d`` of an SVG path."""
    others: tuple[str, ...]
    """Paths of land to which Natural Earth gives no code."""
    north: float
    """Latitude of the upper edge, in degrees."""
    units_per_degree: float

    def position(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Where a place (in degrees) lies on the map: x, y in its units."""
        return (longitude - WESTERN_EDGE_DEGREES) * self.units_per_degree, (
            self.north - latitude
        ) * self.units_per_degree


@cache
def world_map() -> WorldMap:
    """The map that comes with idletalk."""
    content = cast(dict[str, Any], json.loads((PACKAGED_FOLDER / WORLD_FILE).read_text(encoding="utf-8")))
    content["others"] = tuple(content["others"])
    return WorldMap(**content)


@cache
def country_names() -> dict[str, str]:
    """ISO 3166-1 alpha-2 code to English name."""
    with (PACKAGED_FOLDER / COUNTRIES_FILE).open(encoding="utf-8", newline="") as lines:
        return {row["country"]: row["name"] for row in csv.DictReader(lines, delimiter="\t")}


def small_places() -> dict[str, tuple[float, float]]:
    """Latitude and longitude, in degrees, of states and territories too small for an outline on the map."""
    with (PACKAGED_FOLDER / PLACES_FILE).open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return {row["country"]: (float(row["latitude"]), float(row["longitude"])) for row in rows}

"""Bytes by country on a map."""

from collections.abc import Mapping
from html import escape

from idletalk.lookups.world import country_names, small_places, world_map
from idletalk.report.charts import shade
from idletalk.report.text import human_bytes

MARKER_RADIUS = 5


def world_chart(bytes_by_country: Mapping[str, int], title: str) -> str:
    """The world with countries shaded by bytes; states too small for an outline are dots."""
    chart = world_map()
    names = country_names()
    top = max(bytes_by_country.values(), default=0)
    body = [f'<path class="land" d="{path}"/>' for path in chart.others]
    for code, path in sorted(chart.countries.items()):
        value = bytes_by_country.get(code, 0)
        label = f"<title>{escape(names.get(code, code))}: {human_bytes(value)}</title>" if value else ""
        body.append(f'<path class="{f"shade{shade(value, top)}" if value else "land"}" d="{path}">{label}</path>')
    for code, (latitude, longitude) in sorted(small_places().items()):
        value = bytes_by_country.get(code, 0)
        if value and code not in chart.countries:
            x, y = chart.position(latitude, longitude)
            body.append(
                f'<circle class="shade{shade(value, top)} dot" cx="{x:.0f}" cy="{y:.0f}" r="{MARKER_RADIUS}">'
                f"<title>{escape(names.get(code, code))}: {human_bytes(value)}</title></circle>"
            )
    return f'<svg class="chart map" viewBox="{chart.view_box}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>{"".join(body)}</svg>'

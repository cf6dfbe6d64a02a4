"""report.html: one self-contained file that opens offline, prints, and needs no query."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from idletalk import filters
from idletalk.lookups.world import country_names
from idletalk.model import SEVERITIES, Device, Image, OperatingRow, Peer, Report
from idletalk.plural import counted
from idletalk.report.charts import Bar, Heat, Share, heat_map, ranking, shares
from idletalk.report.days import days_of
from idletalk.report.dossier import dossiers, payload_figure
from idletalk.report.firmware_charts import byte_map, content_map
from idletalk.report.graph import graph, links
from idletalk.report.portions import VERDICTS, portions
from idletalk.report.queries import QUERIES, figure
from idletalk.report.rhythm import rhythm
from idletalk.report.sequence import lengths, pairs, sequence
from idletalk.report.terminal import clouds, names_of, opening, peer_name
from idletalk.report.text import clean, human_bytes, human_duration
from idletalk.report.world import world_chart

MAX_CLOUDS = 12
"""Providers of a device in the open; who scans the Internet has hundreds, which are a click away."""

MAX_RANKED = 40
"""Devices in the charts of the first page; every device has its own section."""

PARTS = (
    "page.html",
    "device.html",
    "findings.html",
    "glossary.html",
    "operating.html",
    "provenance.html",
    "updates.html",
    "words.html",
)
"""Templates: the page, its parts, and words that several parts use."""

TEMPLATES = files("idletalk.report").joinpath("templates")


def render_html(report: Report) -> str:
    """The whole page."""
    found, heat = links(report), _heat(report)
    return page_template().render(
        report=report,
        links=found,
        dossier=dossiers(report),
        graph=Markup(graph(report, found)),  # noqa: S704  drawn and escaped there
        encrypted=Markup(_portions(report)),  # noqa: S704
        verdicts=VERDICTS,
        queries=QUERIES,
        severities=SEVERITIES,
        meanings={kind.name: kind.meaning for question in report.questions for kind in question.kinds},
        opening=Markup(opening(report, figure)),  # noqa: S704  numbers, times and words of ours
        title=opening(report),
        ranking=Markup(_ranking(report)),  # noqa: S704  drawn and escaped by charts
        heat=Markup(heat_map(heat, "Bytes by device and hour") if heat else ""),  # noqa: S704
        hours=heat,
        days=days_of(report, MAX_RANKED),
        world=Markup(_world(report)),  # noqa: S704
        countries=_countries(report),
        style=Markup(asset("page.css")),  # noqa: S704
        script=Markup(asset("page.js")),  # noqa: S704
        max_ranked=MAX_RANKED,
        max_clouds=MAX_CLOUDS,
        device_name=names_of(report),
        filter_of=partial(wireshark_filter, filters.mac_prefix(_link_types(report))),
    )


@cache
def asset(name: str) -> str:
    """A template or its style, as text."""
    return TEMPLATES.joinpath(name).read_text("utf-8")


@cache
def page_template() -> Any:
    """The page's template, compiled once."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    from idletalk.report.compiled import compiled_templates

    environment: Any = Environment(
        loader=DictLoader({name: asset(name) for name in PARTS}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
        bytecode_cache=compiled_templates(TEMPLATES),
    )
    shown: dict[str, Callable[..., Any]] = {
        "bytes": human_bytes,
        "duration": human_duration,
        "anchor": anchor,
        "counted": counted,
        "country": _country,
        "moment": _moment,
    }
    words: dict[str, Callable[..., Any]] = {
        "peer_name": peer_name,
        "clouds": clouds,
        "protocol_shares": _protocols,
        "sequence": _sequence,
        "pairs": pairs,
        "lengths": lengths,
        "figure": figure,
        "payload_figure": payload_figure,
        "rhythm": _rhythm,
        "byte_map": _byte_map,
        "content_map": _content_map,
    }
    environment.filters.update(shown)
    environment.globals.update(words)
    return environment.get_template("page.html")


def _country(code: str | None) -> str | None:
    return country_names().get(code, code) if code else None


def _moment(text: str | None) -> str | None:
    return f"{text[:10]} {text[11:19]} UTC" if text else None


def _finalized(value: Any) -> Any:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def anchor(device: str) -> str:
    """A name for links to a device's section."""
    return "device-" + "".join(c if c.isalnum() else "-" for c in device)


def _link_types(report: Report) -> set[str]:
    return {kind for file in report.captures.files for kind in file.link_types}


def wireshark_filter(prefix: str, device: Device, peer: Peer | None = None) -> str:
    """A Wireshark display filter for the frames of a device, or between a device and a peer; `prefix` tells MACs."""
    own = filters.of_device(prefix, device.macs, device.bare_addresses)
    return own if peer is None else filters.both(own, filters.of_peer(prefix, peer.address))


def _ranking(report: Report) -> str:
    bars = [
        Bar(d.name, anchor(d.id), d.traffic.unique.tx_bytes, d.traffic.unique.rx_bytes)
        for d in report.devices[:MAX_RANKED]
    ]
    return ranking(bars, "Bytes sent and received by each device")


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text[:19] + "+00:00").timestamp())


def _heat(report: Report) -> Heat | None:
    if not report.hours:
        return None
    first = min(_seconds(volume.hour) for volume in report.hours)
    last = max(_seconds(volume.hour) for volume in report.hours)
    cells: dict[str, dict[int, int]] = {}
    for volume in report.hours:
        row = cells.setdefault(volume.device, {})
        hour = (_seconds(volume.hour) - first) // 3600
        row[hour] = row.get(hour, 0) + volume.tx_bytes + volume.rx_bytes
    rows = [(d.name, anchor(d.id), cells.get(d.id, {})) for d in report.devices[:MAX_RANKED]]
    zone = ZoneInfo(report.provenance.timezone)
    return Heat(rows, first, (last - first) // 3600 + 1, zone)


def _by_country(report: Report) -> Mapping[str, list[tuple[Device, Peer]]]:
    found: dict[str, list[tuple[Device, Peer]]] = {}
    for device in report.devices:
        if device.role in ("gateway", "capture"):
            continue
        for peer in device.peers:
            if peer.scope == "internet" and peer.country and not peer.anycast:
                found.setdefault(peer.country, []).append((device, peer))
    return found


def _countries(report: Report) -> list[dict[str, Any]]:
    """Rows of the table behind the map, those with the most bytes first."""
    rows = [
        {
            "code": code,
            "bytes": sum(peer.traffic.unique.total_bytes for _, peer in pairs),
            "hosts": len({peer.address for _, peer in pairs}),
            "ntp_only": len({peer.address for _, peer in pairs if peer.is_ntp_only}),
            "devices": sorted({device.name for device, _ in pairs}),
            "providers": sorted({peer.provider for _, peer in pairs if peer.provider}),
            "disagrees": any(peer.country_disagrees for _, peer in pairs),
        }
        for code, pairs in _by_country(report).items()
    ]
    return sorted(rows, key=lambda row: (-row["bytes"], row["code"]))


def _world(report: Report) -> str:
    sums = {row["code"]: row["bytes"] for row in _countries(report)}
    return world_chart(
        sums, "Bytes exchanged with Internet hosts, by the country that look-up tables give for their addresses"
    )


def _portions(report: Report) -> str:
    carried = [(device, anchor(device.id)) for device in report.devices if device.payload][:MAX_RANKED]
    return portions(carried, "Payload bytes of each device by whether they are encrypted")


def _rhythm(device: Device) -> Markup:
    return Markup(rhythm(device.cadences, f"Periods of {device.name}"))  # noqa: S704  drawn and escaped there


def _sequence(rows: Sequence[OperatingRow]) -> Markup:
    return Markup(sequence(rows))  # noqa: S704  drawn and escaped there


def _byte_map(image: Image) -> Markup:
    return Markup(byte_map(image))  # noqa: S704  drawn and escaped there


def _content_map(image: Image) -> Markup:
    return Markup(content_map(image))  # noqa: S704


def _protocols(device: Device) -> Markup:
    sums = Counter[str]()
    for one in device.protocols:
        # a protocol that its port tells in one flow and its content in another is one
        sums[one.protocol] += one.traffic.unique.total_bytes
    parts = [Share(protocol, total) for protocol, total in sums.items()]
    return Markup(shares(parts, f"Protocols of {device.name} by bytes"))  # noqa: S704

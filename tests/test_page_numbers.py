"""No number of the page stands alone: it is in a finding, or it names a query; and what pictures show is what their queries tell."""

import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import idletalk
from idletalk.lookups.world import country_names
from idletalk.report.html import render_html
from idletalk.report.queries import QUERIES
from idletalk.report.text import human_bytes, human_duration
from tests.test_numbers import VOID

NAMED = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"  # times
    r"|\b[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,}\b|\b\d+(\.\d+){2,}(:\d+)?(/\d+)?"  # addresses, versions
    r"|\bSHA-256 \S+|\b(UDP|TCP) port \d+|\bRFC \d+[\d. ]*|\bCC[ -]BY[-A-Z ]*[\d.]+"
    r"|[\w.-]*[^\W\d][\w.:/-]*"  # words with letters: names of things, protocols, files
)
"""What has digits in it and is no number."""
NUMBER = re.compile(r"\d")
DOCUMENTED = {"glossary", "provenance"}
"""Parts that tell of idletalk and its sources."""


class Alone(HTMLParser):
    """Collects texts with numbers around which nothing tells where they come from, and titles in pictures by their query."""

    def __init__(self) -> None:
        super().__init__()
        self.alone: list[tuple[str, str]] = []
        self.queries: Counter[str] = Counter()
        self.titles: list[tuple[str, dict[str, str], str]] = []
        self._open: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if "data-q" in told:
            self.queries[told["data-q"]] += 1
        if tag not in VOID:
            self._open.append((tag, told))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        around = {name: value for _, each in self._open for name, value in each.items()}
        if tags[-1:] == ["title"] and "svg" in tags and "data-q" in around:
            self.titles.append((around["data-q"], around, data))
        if not NUMBER.search(NAMED.sub("", data)) or {"head", "script", "code"} & set(tags):
            return
        if "time" in around.get("class", "").split() or "data-q" in around or self._is_of_a_finding():
            return
        if not any(told.get("id") in DOCUMENTED for _, told in self._open):
            self.alone.append((" > ".join(tags), data.strip()))

    def _is_of_a_finding(self) -> bool:
        """In a finding, or a link to one."""
        return any(
            "finding" in told.get("class", "").split() or re.fullmatch(r"#[a-z-]+-[0-9a-f]{6,}", told.get("href", ""))
            for _, told in self._open
        )


@pytest.fixture(scope="module")
def page(demo: idletalk.Analysis) -> Alone:
    parser = Alone()
    parser.feed(render_html(demo.report))
    return parser


def test_each_number_stands_in_a_finding_or_names_its_query(page: Alone) -> None:
    assert page.alone == []
    assert set(page.queries) <= set(QUERIES)


def drawn(page: Alone, query: str) -> Counter[str]:
    """The titles of the parts of a picture, without the picture's own."""
    own = {around.get("aria-label") for name, around, _ in page.titles if name == query}
    return Counter(text for name, _, text in page.titles if name == query and text not in own)


def test_pictures_show_what_their_queries_tell(page: Alone, demo: idletalk.Analysis) -> None:
    names = {device.id: device.name for device in demo.report.devices}

    def told(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in demo.sql(QUERIES[query])]

    ways = ("sent", "received")
    assert drawn(page, "chart.volume") == Counter(
        f"{name}: {human_bytes(count)} {way}"
        for name, *counts in told("chart.volume")
        for count, way in zip(counts, ways, strict=True)
    )
    zone = ZoneInfo(demo.report.provenance.timezone)

    def local(time_ns: int) -> str:
        return datetime.fromtimestamp(time_ns // 10**9, UTC).astimezone(zone).strftime("%m-%d %H:%M")

    assert drawn(page, "chart.hours") == Counter(
        f"{names[str(device)]}, {local(hour)}: {human_bytes(count)}" for device, hour, count in told("chart.hours")
    )
    words = ("encrypted", "partly encrypted", "in clear", "not known")
    assert drawn(page, "chart.encrypted") == Counter(
        f"{names[str(device)]}: {human_bytes(count)} {word}, {100 * count / sum(counts):.1f} %"
        for device, *counts in told("chart.encrypted")
        for count, word in zip(counts, words, strict=True)
        if count
    )
    assert drawn(page, "chart.countries") == Counter(
        f"{country_names()[str(country)]}: {human_bytes(count)}" for country, count in told("chart.countries")
    )
    ends = {device.id for device in demo.report.devices if device.role not in ("gateway", "capture")}
    assert drawn(page, "chart.networks") == Counter(
        f"{names[str(device)]} and {network}: {human_bytes(count)}"
        for device, network, count in told("chart.networks")
        if network is not None and device in ends
    )


def test_pictures_of_a_device_show_what_their_queries_tell(page: Alone, demo: idletalk.Analysis) -> None:
    for device in demo.report.devices:
        own = [entry for entry in page.titles if entry[1].get("data-device") == device.id]
        beats = Counter(text for query, _, text in own if query == "chart.periods") - Counter(
            [f"Periods of {device.name}"]
        )
        rows = demo.sql(QUERIES["chart.periods"].replace("$device", f"'{device.id}'"))
        assert beats == Counter(
            f"{row['what']}, {row['peer'] or 'to all'}: every {human_duration(row['period_s'])}, {row['repetitions']} times"
            for row in rows
        )
        known = Counter[str]()
        for row in demo.sql(QUERIES["chart.protocols"].replace("$device", f"'{device.id}'")):
            known[row["protocol"]] += row["sent"] + row["received"]
        shares = [text for query, _, text in own if query == "chart.protocols" and " other" not in text]
        wanted = {f"{protocol}: {human_bytes(count)}" for protocol, count in known.items()}
        assert all(text.rpartition(", ")[0] in wanted for text in shares if not text.startswith("Protocols of"))
        assert len(shares) > 1


def test_the_fleet_is_counted_over_the_rows_of_the_first_table(demo: idletalk.Analysis) -> None:
    rows = [row for row in demo.report.conclusions.idle or () if row.seen]
    clouds, countries, _, clocks, _ = demo.report.conclusions.fleet
    users = Counter(provider for row in rows for provider in {use.provider for use in row.clouds} - {"unknown"})
    most = max(users.values())
    assert re.findall(r"\d+", clouds) == ([str(most)] if most == len(rows) else [str(most), str(len(rows))])
    everywhere = {country for row in rows for country in row.countries}
    assert next(re.finditer(r"\b\d+\b", countries))[0] == str(len(everywhere))
    asking = [row for row in rows if row.ntp_hosts]
    assert [int(n) for n in re.findall(r"(?<![\w-])\d+\b", clocks)][:2] == [len(asking), len(rows)]

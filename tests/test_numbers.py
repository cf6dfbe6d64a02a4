"""Every number of the page names its query, and the query gives that number; frames and bytes are Wireshark's too."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import idletalk
from idletalk.report.html import render_html, wireshark_filter
from idletalk.report.queries import QUERIES
from idletalk.store import Store
from tests.differential.selected import selected

NS = 1_000_000_000
VOID = {"meta", "input", "br", "img", "link", "hr"}


@dataclass(frozen=True)
class Number:
    """A number of the page: its value, its query, and the parameters around it."""

    value: float
    query: str
    around: Mapping[str, str]


class Numbers(HTMLParser):
    """Collects the numbers of a page with what stands around them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Number] = []
        self._open: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name.removeprefix("data-"): value or "" for name, value in attrs if name.startswith("data-")}
        if tag == "data":
            around = {name: value for _, each in self._open for name, value in each.items()}
            self.found.append(Number(float(dict(attrs)["value"] or "nan"), told["q"], around))
        if tag not in VOID:
            self._open.append((tag, told))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            while self._open.pop()[0] != tag:
                pass


def numbers(report: idletalk.Analysis) -> list[Number]:
    parser = Numbers()
    parser.feed(render_html(report.report))
    return parser.found


def filled(number: Number) -> str:
    """The query with its parameters put in, as the page shows it."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        told = number.around[name]
        if name == "first" and number.query.startswith("cadence"):
            seconds = datetime.fromisoformat(told[:19] + "+00:00").timestamp()
            return str(int(seconds) * NS + int(told[20:29]))
        return "NULL" if told == "" else "'" + told.replace("'", "''") + "'"

    return re.sub(r"\$([a-z]+)", value, QUERIES[number.query])


UNASKED = {name for name, query in QUERIES.items() if not query.startswith(("SELECT", "FROM"))}
"""Numbers that no table tells."""
NOT_IN_DEMO = {
    "image.missing_bytes",
    "unnamed.times",
    "action.stream_ends",
    "update.missing_bytes",
    "cadence.before",
    "cadence.looked_at",
    "device.daily",
    "device.seen_tx_frames",
    "device.seen_rx_frames",
}
LISTS = {name for name in QUERIES if name.startswith("chart.")} | {
    *(
        "captures.faults",
        "device.facts",
        "device.names",
        "cadence.what",
        "connection.what",
        "action.steps",
        "unnamed.bytes",
        "image.missing",
    )
}
"""Queries of pictures and lists (tests/test_page_numbers.py)."""


def asked(demo: idletalk.Analysis) -> Iterator[tuple[Number, float]]:
    """Each number that a query over tables tells, and what the query tells."""
    known: dict[str, float] = {}
    store = Store(demo.folder)
    for number in numbers(demo):
        if number.query in UNASKED:
            continue
        query = filled(number)
        if query not in known:
            (row,) = store.ask(query)
            (known[query],) = row.values()
        yield number, known[query]
    store.close()


def test_each_number_is_what_its_query_tells(demo: idletalk.Analysis) -> None:
    seen: Counter[str] = Counter()
    for number, told in asked(demo):
        seen[number.query] += 1
        assert math.isclose(number.value, told, rel_tol=1e-9), (number, told)
    assert set(seen) == set(QUERIES) - UNASKED - NOT_IN_DEMO - LISTS


def test_numbers_that_no_table_tells_are_those_of_the_report(demo: idletalk.Analysis) -> None:
    report, found = demo.report, numbers(demo)
    for name, count in (
        ("report.devices", len(report.devices)),
        ("report.under_test", sum(device.under_test is True for device in report.devices)),
        ("report.unseen", len(report.cannot_be_seen)),
    ):
        assert {number.value for number in found if number.query == name} == {count}, name
    severities = {n.around["severity"]: n.value for n in found if n.query == "report.findings"}
    assert severities == Counter(finding.severity for finding in report.findings)
    told = Counter(n.around["image"] for n in found if n.query == "image.examination")
    assert all(told[image.file] >= len(image.regions) for image in report.images)


def test_frames_and_bytes_of_devices_and_peers_are_wiresharks(demo: idletalk.Analysis, whole_demo: Path) -> None:
    told = {(n.query, n.around.get("device"), n.around.get("peer")): n.value for n in numbers(demo)}
    first_peers = {
        device.id: [peer for peer in device.peers if peer.scope == "internet"][:1] for device in demo.report.devices
    }
    asked = {
        (device.id, peer.address if peer else None): wireshark_filter("eth", device, peer)
        for device in demo.report.devices
        for peer in (None, *first_peers[device.id])
    }
    counted = selected(whole_demo, ["frame", *asked.values()])
    assert counted["frame"] == (told["captures.frames", None, None], told["captures.bytes", None, None])
    for device in demo.report.devices:
        frames, size = counted[asked[device.id, None]]
        own = {
            name: told[f"device.{name}", device.id, None] for name in ("tx_frames", "rx_frames", "tx_bytes", "rx_bytes")
        }
        assert (own["tx_frames"] + own["rx_frames"], own["tx_bytes"] + own["rx_bytes"]) == (frames, size), device.name
        for peer in first_peers[device.id]:
            both = sum(told[f"peer.{way}_bytes", device.id, peer.address] for way in ("tx", "rx"))
            assert counted[asked[device.id, peer.address]][1] == both, (device.name, peer.address)

"""report.json follows its schema; report.html stands alone; the same captures give the same bytes."""

import html.parser
import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

import idletalk
from idletalk import filters
from idletalk.report.charts import SHADES, shade
from idletalk.report.json import json_schema
from idletalk.report.text import clean, human_bytes, human_duration
from tests import made
from tests.conftest import DEMO, ROOT

PUBLISHED = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))


def test_the_published_schema_is_the_models() -> None:
    assert json.loads(json.dumps(json_schema())) == PUBLISHED


def test_the_demo_report_follows_the_schema(demo: idletalk.Analysis) -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    jsonschema.validate(json.loads((demo.folder / "report.json").read_text("utf-8")), PUBLISHED)


def test_an_empty_report_follows_the_schema(tmp_path: Path) -> None:
    analysis = idletalk.analyze([made.pcap(tmp_path / "none.pcap", [])], tmp_path / "out")
    jsonschema.validate(json.loads((analysis.folder / "report.json").read_text("utf-8")), PUBLISHED)


class _Links(html.parser.HTMLParser):
    """Collects ids, links and what a browser would load."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(str(given["id"]))
        if tag == "a" and (given.get("href") or "").startswith("#"):
            self.targets.add(str(given["href"])[1:])
        if tag in ("script", "img", "link", "iframe", "object", "embed"):
            self.loaded += [str(given[name]) for name in ("src", "href", "data") if given.get(name)]


def test_the_page_loads_nothing_and_its_links_lead_somewhere(demo: idletalk.Analysis) -> None:
    page = (demo.folder / "report.html").read_text("utf-8")
    links = _Links()
    links.feed(page)
    assert links.loaded == []
    assert not re.search(r"url\(|@import", page)
    assert links.targets <= links.ids
    assert len(page) < 5_000_000


def test_every_device_and_peer_stands_in_the_page(demo: idletalk.Analysis) -> None:
    page = (demo.folder / "report.html").read_text("utf-8")
    for device in demo.report.devices:
        assert device.id in page
        assert all(peer.address in page for peer in device.peers)


def test_the_same_captures_give_the_same_bytes_wherever_they_lie(tmp_path: Path, demo: idletalk.Analysis) -> None:
    copies = tmp_path / "elsewhere"
    copies.mkdir()
    for file in DEMO.glob("*.pcap.gz"):
        shutil.copy(file, copies)
    options = idletalk.Options(lab=DEMO / "lab.toml", lookups=ROOT / "lab")
    again = idletalk.analyze([copies], tmp_path / "again", options)
    for name in ("report.json", "report.html"):
        assert (again.folder / name).read_bytes() == (demo.folder / name).read_bytes()
    for table in (demo.folder / "tables").iterdir():
        if table.stem != "captures":  # it holds the paths as given
            assert (again.folder / "tables" / table.name).read_bytes() == table.read_bytes(), table.name


def test_the_report_opens_again_as_it_was(demo: idletalk.Analysis) -> None:
    assert idletalk.Analysis(demo.folder).report == demo.report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("ümlaut 🇮🇪", "ümlaut 🇮🇪"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("tab\t", "tab\\x09"),
    ],
)
def test_control_characters_are_shown_not_sent(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_numbers_are_for_people() -> None:
    assert [human_bytes(n) for n in (0, 999, 1000, 5_310_000, 28e9)] == ["0 B", "999 B", "1 kB", "5.31 MB", "28 GB"]
    assert [human_duration(s) for s in (0, 0.000_061, 0.5, 59, 61, 3600, 431_994)] == [
        "0 s",
        "0.061 ms",
        "0.5 s",
        "59 s",
        "1 min 1 s",
        "1 h",
        "4 d 23 h",
    ]


def test_a_whisper_is_visible_beside_a_shout() -> None:
    assert shade(0, 10**9) == 0
    assert shade(1, 10**9) == 1
    assert shade(10**9, 10**9) == SHADES
    steps = [shade(10**n, 10**9) for n in range(10)]
    assert steps == sorted(steps)


def test_hours_of_half_hour_zones_begin_on_their_hour(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text("timezone = 'Asia/Kolkata'\n")
    sides = (made.PLUG, "192.168.1.2", 5000), (made.GATEWAY, "192.168.1.1", 6000)
    start = 1_620_000_000  # 05:30 in Kolkata, on 3 May 2021
    frames = [(start + seconds, made.datagram(*sides, b"x" * 50)) for seconds in (60, 1860, 5460)]
    capture = made.pcap(tmp_path / "in.pcap", frames)
    analysis = idletalk.analyze([capture], tmp_path / "out", idletalk.Options(lab=lab))
    page = (analysis.folder / "report.html").read_text("utf-8")
    titles = sorted(set(re.findall(r", (05-03 \d\d:\d\d): ", page)))
    assert titles == ["05-03 05:00", "05-03 06:00", "05-03 07:00"]


@pytest.mark.parametrize(
    ("link_types", "field"),
    [
        ((), "eth.addr"),
        (("ether",), "eth.addr"),
        (("ieee-802-11-radiotap", "ppi"), "wlan.addr"),
        (("ieee-802-11", "ether"), "eth.addr"),
        (("linux-sll", "linux-sll2"), "sll.src.eth"),
    ],
)
def test_filters_name_macs_as_the_captures_do(link_types: tuple[str, ...], field: str) -> None:
    assert (
        filters.of_device(filters.mac_prefix(link_types), ["02:00:00:00:00:01"], ()) == f"{field} == 02:00:00:00:00:01"
    )


def test_the_page_of_a_radio_capture_has_filters_that_match(tmp_path: Path) -> None:
    data = b"\x08\x01\0\0" + b"".join(map(made.mac, (made.GATEWAY, made.PLUG, made.GATEWAY))) + b"\0\0"
    body = made.ip("192.168.1.2", "192.168.1.1", 17, made.udp(1, 2, b"x"))
    frame = data + b"\xaa\xaa\x03\0\0\0\x08\x00" + body
    analysis = idletalk.analyze([made.pcap(tmp_path / "in.pcap", [(1.0, frame)], link_type=105)], tmp_path / "out")
    page = (analysis.folder / "report.html").read_text("utf-8")
    assert f"wlan.addr == {made.PLUG}" in page
    assert "eth.addr" not in page

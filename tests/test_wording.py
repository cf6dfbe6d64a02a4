"""Sentences as people say them: one frame, two frames."""

import re
from pathlib import Path

import idletalk
from idletalk.plural import counted
from tests import made
from tests.made import LAMP, PLUG

ONE_OF_MANY = re.compile(r"(?<![\d.,:/-])1 (?!(?:is|was|has|this|ms)\b)[a-z]+s\b")
"""``1 files`` and the like."""


def words(page: str) -> str:
    """The page's sentences: a number stays in its own, what other tags part stays apart."""
    return re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", "|", re.sub(r"</?data\b[^>]*>", "", page), flags=re.DOTALL)


def test_a_number_has_the_word_that_belongs_to_it() -> None:
    assert [counted(n, "frame") for n in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]
    assert counted(2, "other match", "other matches") == "2 other matches"


def test_no_sentence_of_the_demo_counts_one_as_many(demo: idletalk.Analysis) -> None:
    assert ONE_OF_MANY.findall((demo.folder / "report.json").read_text("utf-8")) == []
    assert ONE_OF_MANY.findall(words((demo.folder / "report.html").read_text("utf-8"))) == []


def test_no_sentence_about_one_of_everything_counts_it_as_many(tmp_path: Path) -> None:
    asker, server = (PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", 80)
    get = b"GET / HTTP/1.1\r\nHost: lamp\r\nUser-Agent: plug/1.0\r\n\r\n"
    frames = [
        (0.0, made.segment(asker, server, 1, 2)),
        (0.1, made.segment(server, asker, 1, 18)),
        (0.2, made.segment(asker, server, 2, 24, get)),
        (0.3, made.segment((PLUG, "192.168.1.2", 40_001), (LAMP, "192.168.1.3", 81), 1, 16)),
    ]
    capture = made.pcap(tmp_path / "in.pcap", frames, snaplen=100)
    found = idletalk.analyze([capture], tmp_path / "out")
    assert found.findings(kind="open-service")
    for name in ("report.json", "report.html"):
        assert ONE_OF_MANY.findall(words((found.folder / name).read_text("utf-8"))) == [], name

"""A reader that fails costs the content that it failed on, not the analysis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import idletalk
from idletalk.protocols import Message, VendorProtocol, reading
from tests import made
from tests.made import LAMP, PLUG


def read(content: bytes) -> Iterator[Message]:
    yield Message({1: "hello"}[content[2]], {"text": content[3:].decode("ascii")})


def test_a_datagram_on_which_a_reader_fails_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = VendorProtocol(name="careless", carriers=("udp",), starts=(b"CC",), read=read)
    monkeypatch.setattr(reading, "installed", lambda: (protocol,))
    said = [b"CC\x01warm", b"CC\x09cold", b"CC\x01\xff\xff\xff"]
    one, other = (PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", 4_000)
    frames = [(float(n), made.datagram(one, other, content)) for n, content in enumerate(said)]
    found = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], tmp_path / "out")
    rows = found.sql("SELECT kind, count(*) AS n FROM messages GROUP BY kind ORDER BY kind")
    assert rows == [{"kind": "hello", "n": 1}, {"kind": "unreadable", "n": 2}]

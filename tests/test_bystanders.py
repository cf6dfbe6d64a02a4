"""Of bystanders nothing is searched, and nothing that may be a secret is left in the tables."""

from pathlib import Path

import pytest

import idletalk
from tests import made
from tests.made import GATEWAY, LAMP, PLUG

OPENED, ACCEPTED, SAYING = 0x02, 0x12, 0x18
REQUEST = (
    b"GET /state?token=QWERTZ7654321abc&pin=837465 HTTP/1.1\r\nHost: api.example\r\n"
    b"Referer: http://alice:Sw0rdfish@page.example/login?session=deadbeefcafe4711\r\n\r\n"
)
RESPONSE = b"HTTP/1.1 302 Found\r\nLocation: http://api.example/next?key=KKKK1234567890ZZ\r\nContent-Length: 0\r\n\r\n"
SECRETS = ("QWERTZ7654321abc", "837465", "Sw0rdfish", "deadbeefcafe4711", "KKKK1234567890ZZ")


def asked(start: float, mac: str, address: str) -> list[tuple[float, bytes]]:
    """A request and its answer."""
    own, other = (mac, address, 40_000), (GATEWAY, "203.0.113.5", 80)
    return [
        (start, made.segment(own, other, 100, OPENED)),
        (start + 0.1, made.segment(other, own, 500, ACCEPTED)),
        (start + 0.2, made.segment(own, other, 101, SAYING, REQUEST)),
        (start + 0.3, made.segment(other, own, 501, SAYING, RESPONSE)),
    ]


def tables(tmp_path: Path, *, lab: str | None, show: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """What requests and responses hold, as a text, of the plug and of the lamp."""
    file = made.pcap(tmp_path / "in.pcap", [*asked(1.0, PLUG, "192.168.1.2"), *asked(5.0, LAMP, "192.168.1.3")])
    (tmp_path / "lab.toml").write_text(lab or "")
    given = idletalk.Options(lab=tmp_path / "lab.toml" if lab else None, show_secrets=show)
    analysis = idletalk.analyze([file], tmp_path / "out", given)
    plug, lamp = (
        {
            table: str(list(analysis.sql(f"SELECT * FROM {table} WHERE '{mac}' IN (source_mac, destination_mac)")))
            for table in ("http_requests", "http_responses")
        }
        for mac in (PLUG, LAMP)
    )
    return plug, lamp


ONE_UNDER_TEST = f'[[device]]\nname = "plug"\nmacs = ["{PLUG}"]\nunder_test = true\n'


def test_queries_and_logins_of_a_bystander_are_left_out(tmp_path: Path) -> None:
    plug, lamp = tables(tmp_path, lab=ONE_UNDER_TEST)
    assert not [secret for secret in SECRETS if secret in str(lamp)]
    assert "/state?…" in lamp["http_requests"] and "http://…@page.example/login?…" in lamp["http_requests"]
    assert "/next?…" in lamp["http_responses"] and "/state?…" in lamp["http_responses"]
    # of the device under test what was found is masked, and the rest stands
    assert "/state?token=" in plug["http_requests"] and "QWERTZ7654321abc" not in plug["http_requests"]


@pytest.mark.parametrize(("lab", "show"), [(None, False), (ONE_UNDER_TEST, True)])
def test_where_all_are_searched_or_all_is_shown_addresses_stay(lab: str | None, show: bool, tmp_path: Path) -> None:
    _, lamp = tables(tmp_path, lab=lab, show=show)
    assert "/state?token=" in lamp["http_requests"]
    assert ("QWERTZ7654321abc" in lamp["http_requests"]) is show

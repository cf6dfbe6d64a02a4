"""Who is led to a neighbour without having searched: by what it announced, or by an HTTP answer."""

import struct
from pathlib import Path

import pytest
from tests import made
from tests.behaviours.test_lateral import ANSWERER, LAMP, PLUG, ROUTER, SEARCHER, Frames, analysed, connection, lateral

HEARD = ("01:00:5e:7f:ff:fa", "239.255.255.250", 1900)
SEEN_FOR_LONG: Frames = [(1.0 + n, made.datagram((*ANSWERER, 6_000), (*SEARCHER, 6_000), b"here")) for n in range(2)]


def announced(begin: float, *, kind: str = "ssdp:alive", url: str = "http://192.168.1.30:8080/d.xml") -> Frames:
    text = f"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nLOCATION: {url}\r\nNT: upnp:rootdevice\r\nNTS: {kind}\r\nUSN: uuid:1\r\n\r\n"
    return [(begin, made.datagram((*ANSWERER, 1900), HEARD, text.encode()))]


def fetched(begin: float, path: str, *, to: str = "192.168.1.30", host: str | None = None) -> Frames:
    here, there = (*SEARCHER, 40_001), (LAMP, to, 8080)
    asked = f"GET {path} HTTP/1.1\r\nHost: {host or to}:8080\r\n\r\n".encode()
    return [
        *connection(begin, to, 8080),
        (begin + 0.02, made.segment(here, there, 2, 24, asked)),
        (begin + 0.03, made.segment(there, here, 2, 24, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
    ]


@pytest.mark.parametrize(
    ("path", "kind", "found"),
    [("/d.xml", "ssdp:alive", True), ("/x", "ssdp:alive", False), ("/d.xml", "ssdp:byebye", False)],
)
def test_who_fetches_what_an_announcement_names_follows_it(path: str, kind: str, found: bool, tmp_path: Path) -> None:
    told = lateral(analysed(tmp_path, [*SEEN_FOR_LONG, *announced(100.0, kind=kind), *fetched(2_000.0, path)]))
    assert set(told) == ({"lan-follow-up"} if found else set())
    if found:
        chain = told["lan-follow-up"]
        assert (chain.device, chain.peer, chain.subject) == (PLUG, "192.168.1.30", "tcp/8080")
        assert [chain.numbers[part] for part in ("announcements", "follow_up_frames", "requests")] == [1, 4, 1]
        assert (
            "heard 02:00:00:00:00:03 (192.168.1.30) announce itself by SSDP at http://192.168.1.30:8080/d.xml, and"
            in (chain.sentence)
        )


@pytest.mark.parametrize(("wait_s", "known", "found"), [(5.0, False, True), (15.0, False, False), (5.0, True, False)])
@pytest.mark.parametrize("protocol", ["ssdp", "mdns"])
def test_a_first_connection_at_once_after_a_new_announcement_follows_it(
    protocol: str, wait_s: float, known: bool, found: bool, tmp_path: Path
) -> None:
    if protocol == "ssdp":
        heard = announced(1_000.0)
    else:
        body = struct.pack(">HHH", 0, 0, 8080) + made.dns_name("lamp.local")
        record = made.dns_name("lamp._http._tcp.local") + struct.pack(">HHIH", 33, 0x8001, 120, len(body)) + body
        message = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + record
        heard = [(1_000.0, made.datagram((*ANSWERER, 5353), ("01:00:5e:00:00:fb", "224.0.0.251", 5353), message))]
    frames = [*SEEN_FOR_LONG, *heard, *connection(1_000.0 + wait_s, "192.168.1.30", 8080)]
    if known:
        frames += connection(500.0, "192.168.1.30", 8080, local=40_000)
    told = lateral(analysed(tmp_path, frames))
    assert set(told) == ({"lan-follow-up"} if found else set())


def test_an_announcement_among_others_leads_nobody(tmp_path: Path) -> None:
    heard = [frame for n in range(20) for frame in announced(10.0 + 60 * n)]
    frames = [*SEEN_FOR_LONG, *heard, *connection(1_155.0, "192.168.1.30", 8080)]
    assert lateral(analysed(tmp_path, frames)) == {}


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(("wait_s", "found"), [(1.0, True), (100.0, False)])
def test_who_is_sent_on_to_a_neighbour_by_an_http_answer_is_told(
    wait_s: float, found: bool, by_name: bool, tmp_path: Path
) -> None:
    host = "lamp.example" if by_name else "192.168.1.30"
    here, cloud = (*SEARCHER, 41_000), (ROUTER, "198.18.0.9", 80)
    sent_on = f"HTTP/1.1 302 Found\r\nLocation: http://{host}:8080/admin\r\nContent-Length: 0\r\n\r\n".encode()
    frames = [
        *SEEN_FOR_LONG,
        (10.0, made.segment(here, cloud, 1, 2)),
        (10.1, made.segment(cloud, here, 1, 18)),
        (10.2, made.segment(here, cloud, 2, 24, b"GET / HTTP/1.1\r\nHost: cloud.example\r\n\r\n")),
        (10.3, made.segment(cloud, here, 2, 24, sent_on)),
        *fetched(10.3 + wait_s, "/admin", host=host),
    ]
    told = lateral(analysed(tmp_path, frames))
    assert set(told) == ({"lan-follow-up"} if found else set())
    if found:
        chain = told["lan-follow-up"]
        assert (chain.peer, chain.evidence.frames, chain.numbers["redirect_frames"]) == ("192.168.1.30", 6, 2)
        assert f"sent {PLUG} on to http://{host}:8080/admin (HTTP 302), which is" in chain.sentence


def test_a_page_of_a_neighbour_that_leads_to_itself_is_no_movement(tmp_path: Path) -> None:
    here, there = (*SEARCHER, 41_000), (*ANSWERER, 80)
    sent_on = b"HTTP/1.1 301 Moved\r\nLocation: http://192.168.1.30:8080/\r\nContent-Length: 0\r\n\r\n"
    frames = [
        (10.0, made.segment(here, there, 1, 2)),
        (10.1, made.segment(there, here, 1, 18)),
        (10.2, made.segment(here, there, 2, 24, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n")),
        (10.3, made.segment(there, here, 2, 24, sent_on)),
        *fetched(11.0, "/"),
    ]
    assert lateral(analysed(tmp_path, frames)) == {}


def test_of_many_answers_that_lead_there_the_last_one_before_a_connection_counts(tmp_path: Path) -> None:
    here, cloud = (*SEARCHER, 41_000), (ROUTER, "198.18.0.9", 80)
    asked = b"GET / HTTP/1.1\r\nHost: cloud.example\r\n\r\n"
    sent_on = b"HTTP/1.1 302 Found\r\nLocation: http://192.168.1.30:8080/admin\r\nContent-Length: 0\r\n\r\n"
    frames = [*SEEN_FOR_LONG, (10.0, made.segment(here, cloud, 1, 2)), (10.1, made.segment(cloud, here, 1, 18))]
    for n in range(5):
        frames += [
            (11.0 + n, made.segment(here, cloud, 2 + n * len(asked), 24, asked)),
            (11.5 + n, made.segment(cloud, here, 2 + n * len(sent_on), 24, sent_on)),
        ]
    told = lateral(analysed(tmp_path, [*frames, *fetched(20.0, "/admin")]))
    assert told["lan-follow-up"].numbers["redirect_frames"] == 2


@pytest.mark.parametrize("by_neighbour", [False, True])
def test_who_had_a_connection_before_the_capture_began_follows_no_announcement(
    by_neighbour: bool, tmp_path: Path
) -> None:
    here, there = (*SEARCHER, 40_000), (LAMP, "192.168.1.30", 8080)
    first, second = (there, here) if by_neighbour else (here, there)
    open_before = [
        (500.0, made.segment(first, second, 70, 24, b"\x01\x02")),
        (500.1, made.segment(second, first, 90, 24, b"\x03")),
    ]
    # the lamp starts anew, and who knew it comes back
    frames = [*SEEN_FOR_LONG, *open_before, *announced(1_000.0), *connection(1_003.0, "192.168.1.30", 8080)]
    assert lateral(analysed(tmp_path, frames)) == {}


def test_the_query_of_an_announced_place_is_not_told(tmp_path: Path) -> None:
    heard = announced(1_000.0, url="http://192.168.1.30:8080/d.xml?token=tulips77")
    told = lateral(analysed(tmp_path, [*SEEN_FOR_LONG, *heard, *connection(1_003.0, "192.168.1.30", 8080)]))
    chain = told["lan-follow-up"]
    assert "at http://192.168.1.30:8080/d.xml, and" in chain.sentence
    assert 'http.location contains "http://192.168.1.30:8080/d.xml"' in (chain.evidence.filter or "")
    assert "tulips77" not in f"{chain.sentence} {chain.evidence.filter}"

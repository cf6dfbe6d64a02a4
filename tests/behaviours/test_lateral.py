"""Search, answer, follow-up are one chain in whatever protocol; sweeps are told wherever five minutes begin."""

import shutil
import struct
from pathlib import Path

import pytest
from tests import made
from tests.confirm_findings import outcomes

import idletalk
from idletalk.model import Finding

ROUTER, PLUG, LAMP = made.GATEWAY, made.PLUG, made.LAMP
SEARCHER, ANSWERER = (PLUG, "192.168.1.20"), (LAMP, "192.168.1.30")

Frames = list[tuple[float, bytes]]


def question(name: str, kind: int, *, flags: int = 0) -> bytes:
    return struct.pack(">HHHHHH", 7, flags, 1, 0, 0, 0) + made.dns_name(name) + struct.pack(">HH", kind, 1)


def pointer(name: str, target: str) -> bytes:
    """A multicast answer: a PTR record."""
    body = made.dns_name(target)
    return (
        struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0)
        + made.dns_name(name)
        + struct.pack(">HHIH", 12, 1, 120, len(body))
        + body
    )


def netbios(name: str) -> str:
    """A name as NetBIOS spells it in a label (RFC 1001 14.1)."""
    return "".join(chr(65 + (byte >> 4)) + chr(65 + (byte & 15)) for byte in name.ljust(15).encode() + b"\0")


def netbios_answer(name: str, address: str) -> bytes:
    record = made.dns_name(netbios(name)) + struct.pack(">HHIHH", 32, 1, 300, 6, 0)
    return struct.pack(">HHHHHH", 7, 0x8500, 0, 1, 0, 0) + record + bytes(map(int, address.split(".")))


def soap(action: str, body: str) -> bytes:
    return (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
        f"<e:Header><a:MessageID>uuid:1</a:MessageID><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/{action}</a:Action></e:Header>"
        f"<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


PROBE = soap("Probe", "<d:Probe><d:Types>onvif:NetworkVideoTransmitter</d:Types></d:Probe>")
MATCHES = soap(
    "ProbeMatches",
    "<d:ProbeMatches><d:ProbeMatch><d:XAddrs>http://192.168.1.30:8080/onvif</d:XAddrs></d:ProbeMatch></d:ProbeMatches>",
)
LOCATION = b"HTTP/1.1 200 OK\r\nST: ssdp:all\r\nUSN: uuid:1\r\nLOCATION: http://192.168.1.30:8080/d.xml\r\n\r\n"
SEARCH = b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n'

TALKS = {
    # group, port, what is asked, what is answered
    "ssdp": ("239.255.255.250", 1900, SEARCH, LOCATION),
    "wsd": ("239.255.255.250", 3702, PROBE, MATCHES),
    "nbns": ("192.168.1.255", 137, question(netbios("NAS"), 32, flags=0x0110), netbios_answer("NAS", "192.168.1.30")),
}


def connection(begin: float, to: str, port: int, *, answer: bool = True, local: int = 40_001) -> Frames:
    here, there = (*SEARCHER, local), (LAMP, to, port)
    frames = [(begin, made.segment(here, there, 1, 2))]
    return [*frames, (begin + 0.01, made.segment(there, here, 1, 18))] if answer else frames


def analysed(place: Path, frames: Frames, *, lab: str | None = None, link_type: int = 1) -> idletalk.Analysis:
    options = idletalk.Options()
    if lab is not None:
        (place / "lab.toml").write_text(lab)
        options = idletalk.Options(lab=place / "lab.toml")
    return idletalk.analyze([made.pcap(place / "a.pcap", sorted(frames), link_type=link_type)], place / "out", options)


def lateral(analysis: idletalk.Analysis) -> dict[str, Finding]:
    """The findings of this question; each filter selects in Wireshark, where that is here, what was counted."""
    if shutil.which("sharkd") and shutil.which("mergecap"):
        file = analysis.folder.parent / "a.pcap"
        assert not [(one.id, n) for one, outcome, n in outcomes(analysis, [file]) if outcome == "wrong"]
    return {one.kind: one for one in analysis.report.findings if one.kind.startswith(("lan-", "gateway-"))}


@pytest.mark.parametrize("protocol", TALKS)
def test_a_neighbour_that_is_searched_answers_and_is_followed(protocol: str, tmp_path: Path) -> None:
    group, port, asked, answered = TALKS[protocol]
    here, there = (*SEARCHER, 137 if protocol == "nbns" else 50_000), (*ANSWERER, port)
    frames = [
        (1.0, made.datagram(here, ("01:00:5e:7f:ff:fa", group, port), asked)),
        (1.2, made.datagram(there, here, answered)),
        *connection(2.0, "192.168.1.30", 8080),
    ]
    found = lateral(analysed(tmp_path, frames))
    assert set(found) == {"lan-search", "lan-follow-up"}
    assert (found["lan-search"].subject, found["lan-search"].evidence.frames) == (protocol, 1)
    chain = found["lan-follow-up"]
    assert (chain.device, chain.peer, chain.subject) == (PLUG, "192.168.1.30", "tcp/8080")
    assert [chain.numbers[part] for part in ("searches", "answers", "follow_up_frames")] == [1, 1, 2]


def test_an_answer_by_ipv6_and_a_connection_by_ipv4_are_one_neighbour(tmp_path: Path) -> None:
    here, there = (PLUG, "fe80::20", 5353), (LAMP, "fe80::30", 5353)
    group = ("33:33:00:00:00:fb", "ff02::fb", 5353)
    frames = [
        (0.5, made.arp(1, ANSWERER, ("00:00:00:00:00:00", "192.168.1.1"))),
        (1.0, made.datagram(here, group, question("_HTTP._tcp.local", 12))),
        (1.2, made.datagram(there, group, pointer("_http._tcp.local", "lamp._http._tcp.local"))),
        *connection(2.0, "192.168.1.30", 80),
    ]
    chain = lateral(analysed(tmp_path, frames))["lan-follow-up"]
    assert (chain.device, chain.peer) == (PLUG, "192.168.1.30")


@pytest.mark.parametrize("answer", [None, 70.0])
def test_without_an_answer_or_long_after_it_a_connection_is_no_follow_up(answer: float | None, tmp_path: Path) -> None:
    group, port, asked, answered = TALKS["nbns"]
    frames = [
        (1.0, made.datagram((*SEARCHER, 137), ("ff:ff:ff:ff:ff:ff", group, port), asked)),
        *connection(80.0, "192.168.1.30", 445),
    ]
    if answer is not None:
        frames.append((80.0 - answer, made.datagram((*ANSWERER, 137), (*SEARCHER, 137), answered)))
    assert set(lateral(analysed(tmp_path, frames))) == {"lan-search"}


@pytest.mark.parametrize("role", ["phone", "hub"])
def test_who_is_there_to_control_others_does_not_move_laterally(role: str, tmp_path: Path) -> None:
    group, port, asked, answered = TALKS["ssdp"]
    here = (*SEARCHER, 50_000)
    frames = [
        (1.0, made.datagram(here, ("01:00:5e:7f:ff:fa", group, port), asked)),
        (1.2, made.datagram((*ANSWERER, port), here, answered)),
        *connection(2.0, "192.168.1.30", 8080),
    ]
    lab = f'[[device]]\nname = "it"\nmacs = ["{PLUG}"]\nrole = "{role}"\nunder_test = true\n'
    assert lateral(analysed(tmp_path, frames, lab=lab)) == {}


def sweep(begin: float, every_s: float, hosts: int) -> Frames:
    return [
        (begin + n * every_s, made.arp(1, SEARCHER, ("00:00:00:00:00:00", f"192.168.1.{100 + n}")))
        for n in range(hosts)
    ]


@pytest.mark.parametrize(("every_s", "hosts", "found"), [(10, 25, True), (10, 24, False), (13, 60, False)])
def test_twenty_five_hosts_in_any_five_minutes_are_a_sweep(
    every_s: float, hosts: int, found: bool, tmp_path: Path
) -> None:
    # across a full five minutes of the clock
    told = lateral(analysed(tmp_path, sweep(1_500_000_150.0, every_s, hosts)))
    assert ("lan-sweep" in told) == found
    if found:
        assert (told["lan-sweep"].numbers["targets"], told["lan-sweep"].evidence.frames) == (hosts, hosts)


def test_a_sweep_has_its_row_in_the_idle_conclusion(tmp_path: Path) -> None:
    lab = f'[[device]]\nname = "plug"\nmacs = ["{PLUG}"]\nunder_test = true\n'
    analysis = analysed(tmp_path, sweep(1_500_000_000.0, 1, 30), lab=lab)
    [row] = [row for row in analysis.report.conclusions.idle or () if row.device == PLUG]
    assert row.lateral_movements == ("sweep by arp",)


def test_a_sweep_that_the_lab_file_disputes_is_told_as_disputed(tmp_path: Path) -> None:
    lab = f'[[device]]\nname = "plug"\nmacs = ["{PLUG}"]\nunder_test = true\n'
    frames = sweep(1_500_000_000.0, 1, 30)
    chosen = analysed(tmp_path, frames, lab=lab).report.findings[0].id
    verdict = f'[[verdict]]\nfinding = "{chosen}"\nverdict = "disputed"\nreason = "a test of ours"\n'
    (tmp_path / "again").mkdir()
    report = analysed(tmp_path / "again", frames, lab=lab + verdict).report
    [row] = [row for row in report.conclusions.idle or () if row.device == PLUG]
    assert row.lateral_movements == ("sweep by arp (disputed)",)
    [finding] = [one for one in report.findings if one.id == chosen]
    assert finding.verdict is not None
    assert finding.verdict.reason == "a test of ours"


def test_a_scan_of_ports_and_one_of_hosts_are_told_also_without_macs(tmp_path: Path) -> None:
    def syn(time: float, to: str, port: int) -> tuple[float, bytes]:
        return time, made.ip("192.168.1.20", to, 6, made.tcp(40_000 + port % 1000, port, 1, 0, 2))

    ports = [syn(float(n), "192.168.1.30", 30 + n) for n in range(20)]
    again = [syn(n + 0.5, "192.168.1.30", 30 + n) for n in range(20)]
    hosts = [syn(30.0 + n, f"192.168.1.{100 + n}", 23) for n in range(25)]
    analysis = analysed(tmp_path, ports + again + hosts, link_type=101)
    lateral(analysis)
    told = {
        (one.subject, one.peer): one.numbers["targets"] for one in analysis.report.findings if one.kind == "lan-sweep"
    }
    assert told == {("ports", "192.168.1.30"): 20, ("tcp/23", None): 25}


def test_where_stations_cannot_be_seen_nothing_is_called_not_found(tmp_path: Path) -> None:
    beyond = (ROUTER, "198.18.0.9", 5683)
    frames = [(float(n), made.datagram((*SEARCHER, 40_000), beyond, bytes(20))) for n in range(80)]
    report = analysed(tmp_path, frames).report
    [check] = [one for one in report.checks if one.question == "lateral" and one.device == PLUG]
    assert check.outcome == "could_not_be_seen"
    # who would use what it offers is a neighbour too
    [offered] = [one for one in report.checks if (one.device, one.question) == (PLUG, "services")]
    assert (offered.outcome, offered.sentence) == (check.outcome, check.sentence)
    [row] = [row for row in report.conclusions.idle or () if row.device == PLUG]
    assert (row.lan_peers, row.lateral_movements) == (None, None)


def test_a_question_to_a_name_server_from_the_port_of_llmnr_is_no_search(tmp_path: Path) -> None:
    frames = [(1.0, made.datagram((*SEARCHER, 5355), (ROUTER, "192.168.1.1", 53), question("x.example.net", 1)))]
    analysis = analysed(tmp_path, frames)
    assert lateral(analysis) == {}
    [device] = [one for one in analysis.report.devices if one.id == PLUG]
    assert [one.protocol for one in device.protocols] == ["dns"]


@pytest.mark.parametrize("address", ["192.168.1.40", "fe80::40"])
def test_a_neighbour_that_anothers_answer_names_is_followed(address: str, tmp_path: Path) -> None:
    named = "02:00:00:00:00:04"
    url = f"http://[{address}]:9000/d.xml" if ":" in address else f"http://{address}:9000/d.xml"
    location = LOCATION.replace(b"http://192.168.1.30:8080/d.xml", url.encode())
    own = "fe80::20" if ":" in address else "192.168.1.20"
    there = (named, address, 9000)
    group = ("01:00:5e:7f:ff:fa", "239.255.255.250", 1900)
    kind = 0x86DD if ":" in address else 0x0800
    frames = [
        (0.5, made.datagram(there, (LAMP, "fe80::30" if ":" in address else "192.168.1.30", 9001), b"here")),
        (1.0, made.datagram((*SEARCHER, 50_000), group, SEARCH)),
        (1.2, made.datagram((*ANSWERER, 1900), (*SEARCHER, 50_000), location)),
        # beyond the minute in which a connection to any port follows on an answer
        (90.0, made.ethernet(PLUG, named, kind, made.ip(own, address, 6, made.tcp(40_001, 9000, 1, 0, 2)))),
        (90.1, made.ethernet(named, PLUG, kind, made.ip(address, own, 6, made.tcp(9000, 40_001, 1, 2, 18)))),
        # of who answered nothing is fetched
        *connection(95.0, "192.168.1.30", 9000),
    ]
    analysis = analysed(tmp_path, frames)
    lateral(analysis)
    [chain] = [one for one in analysis.report.findings if one.kind == "lan-follow-up"]
    assert (chain.peer, chain.subject, chain.evidence.frames) == (address, "tcp/9000", 4)
    assert f"(192.168.1.30) answered and named 02:00:00:00:00:04 ({address}), and" in chain.sentence


def test_what_upnp_control_is_asked_for_is_told(tmp_path: Path) -> None:
    group, port, asked, answered = TALKS["ssdp"]
    here, there = (*SEARCHER, 40_001), (LAMP, "192.168.1.30", 8080)
    posted = (
        b"POST /control HTTP/1.1\r\nHost: 192.168.1.30\r\nContent-Length: 0\r\n"
        b'SOAPAction: "urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping"\r\n\r\n'
    )
    frames = [
        (1.0, made.datagram((*SEARCHER, 50_000), ("01:00:5e:7f:ff:fa", group, port), asked)),
        (1.2, made.datagram((*ANSWERER, port), (*SEARCHER, 50_000), answered)),
        *connection(2.0, "192.168.1.30", 8080),
        (2.1, made.segment(here, there, 2, 24, posted)),
    ]
    chain = lateral(analysed(tmp_path, frames))["lan-follow-up"]
    assert chain.sentence.endswith("1 HTTP request (/control; asked for AddPortMapping; answer: no answer).")


def test_who_had_the_address_then_is_the_neighbour(tmp_path: Path) -> None:
    group, port, asked, answered = TALKS["ssdp"]
    later = ("02:00:00:00:00:04", "192.168.1.30")
    frames = [
        (1.0, made.datagram((*SEARCHER, 50_000), ("01:00:5e:7f:ff:fa", group, port), asked)),
        (1.2, made.datagram((*ANSWERER, port), (*SEARCHER, 50_000), answered)),
        # at the port that the answer told, however late
        *connection(90.0, "192.168.1.30", 8080),
        (500.0, made.arp(1, later, ("00:00:00:00:00:00", "192.168.1.1"))),
        (501.0, made.datagram((*later, 4_000), (ROUTER, "198.18.0.9", 4_000), b"hello")),
    ]
    chain = lateral(analysed(tmp_path, frames))["lan-follow-up"]
    assert f", {LAMP} (192.168.1.30) answered" in chain.sentence

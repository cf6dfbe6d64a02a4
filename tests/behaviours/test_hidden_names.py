"""Devices that ask for names over encrypted channels are told: which names is not seen."""

from pathlib import Path

import pytest
from tests import made
from tests.conftest import ROOT
from tests.made import GATEWAY, LAMP, PLUG

import idletalk
from idletalk.behaviours.hidden_names import resolvers

DEVICE = (PLUG, "192.168.1.20", 40000)
SYN, ACK = 0x02, 0x10
RECORD = b"\x17\x03\x03\x00\x30" + bytes(range(100, 148))


def sentences(capture: Path, tmp_path: Path) -> list[str]:
    report = idletalk.analyze([capture], tmp_path / "out").report
    return [one.sentence for one in report.cannot_be_seen if one.kind == "names_encrypted"]


@pytest.mark.parametrize(("port", "is_told"), [(853, True), (443, False)])
def test_tls_at_the_port_of_dns_hides_names(port: int, is_told: bool, tmp_path: Path) -> None:
    server = (GATEWAY, "198.51.100.7", port)
    frames = [(1.0, made.segment(DEVICE, server, 99, SYN))]
    frames += [(2.0 + n, made.segment(DEVICE, server, 100 + n * len(RECORD), ACK, RECORD)) for n in range(3)]
    told = sentences(made.pcap(tmp_path / "in.pcap", frames), tmp_path)
    assert [("port 853" in one) for one in told] == [True] * is_told


def test_what_is_no_tls_at_that_port_and_a_bystander_are_not_told(tmp_path: Path) -> None:
    server = (GATEWAY, "198.51.100.7", 853)
    frames = [(2.0 + n, made.segment(DEVICE, server, 100 + n, ACK, bytes([n]))) for n in range(3)]
    assert sentences(made.pcap(tmp_path / "foreign.pcap", frames), tmp_path / "foreign") == []
    frames = [(2.0 + n, made.segment(DEVICE, server, 100 + n * len(RECORD), ACK, RECORD)) for n in range(3)]
    capture = made.pcap(tmp_path / "in.pcap", frames)
    lab = tmp_path / "lab.toml"
    lab.write_text(f'[[device]]\nname = "lamp"\nmacs = ["{LAMP}"]\nunder_test = true\n')
    told = idletalk.analyze([capture], tmp_path / "out", idletalk.Options(lab=lab)).report
    assert "names_encrypted" not in {one.kind for one in told.cannot_be_seen}


@pytest.mark.parametrize(
    ("capture", "way"),
    [("dns_doh.pcap", "mozilla.cloudflare-dns.com"), ("dns_dot.pcap", "port 853"), ("doq_adguard.pcapng", "ALPN doq")],
)
def test_captures_of_others_hide_names(capture: str, way: str, tmp_path: Path) -> None:
    path = ROOT.parent / "shared" / "captures" / "ndpi" / capture
    if not path.exists():
        pytest.skip("needs captures of others in ../shared")
    [told] = sentences(path, tmp_path)
    assert way in told


def test_resolvers_are_names_that_are_told_once() -> None:
    assert len(set(resolvers())) == len(resolvers()) > 10
    assert all(name == name.strip().lower() and "." in name for name in resolvers())

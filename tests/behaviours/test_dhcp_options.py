"""What vendors put into options of DHCP: kept as it came where only its owner reads it, searched, and masked elsewhere."""

import struct
from pathlib import Path

from tests.made import PLUG, datagram, mac, pcap

import idletalk

SERIAL = "SN4711-0815"


def option(code: int, content: bytes) -> bytes:
    return bytes([code, len(content)]) + content


def discover(options: bytes) -> bytes:
    """A frame in which the plug asks for an address."""
    head = struct.pack(">BBBBIHH16x", 1, 1, 6, 0, 7, 0, 0x8000) + mac(PLUG).ljust(208, b"\0")
    message = head + bytes.fromhex("63825363") + option(53, b"\x01") + options + b"\xff"
    return datagram((PLUG, "0.0.0.0", 68), ("ff:ff:ff:ff:ff:ff", "255.255.255.255", 67), message)  # noqa: S104


def test_a_serial_in_options_of_vendors_is_found_kept_and_masked(tmp_path: Path) -> None:
    inner = option(1, b"ACME plug") + option(2, SERIAL.encode())
    vendors = struct.pack(">IB", 4491, len(inner)) + inner
    options = option(12, b"plug") + option(60, f"acme;serial={SERIAL}".encode()) + option(125, vendors)
    capture = pcap(tmp_path / "plug.pcap", [(float(n), discover(options)) for n in range(2)])
    analysis = idletalk.analyze([capture], tmp_path / "out")
    kept = analysis.sql("SELECT code, content, length_bytes FROM dhcp_options WHERE frame = 1 ORDER BY code")
    assert [row["code"] for row in kept] == [12, 53, 60, 125]
    assert (kept[3]["content"], kept[3]["length_bytes"]) == (vendors, len(vendors))
    [told] = analysis.findings(kind="exposed-on-lan")
    assert "DHCP" in told.sentence
    assert told.evidence.frames == 2
    shown = [(analysis.folder / name).read_text() for name in ("report.json", "report.html")]
    shown += [repr(analysis.sql(f"FROM '{table}'")) for table in (analysis.folder / "tables").glob("*.parquet")]
    assert not any(SERIAL in text for text in shown)


def test_the_identifier_of_a_client_is_no_finding(tmp_path: Path) -> None:
    options = option(12, b"plug") + option(61, b"\x01" + mac(PLUG))
    capture = pcap(tmp_path / "plug.pcap", [(float(n), discover(options)) for n in range(2)])
    assert not idletalk.analyze([capture], tmp_path / "out").findings(kind="exposed-on-lan")

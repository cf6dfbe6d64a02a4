"""What Google's versions of QUIC tell in clear (version, host, program) is what tshark reads, on captures that others made."""

import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from idletalk import _core
from tests.conftest import ROOT

CAPTURES = Path(os.environ.get("IDLETALK_CAPTURES", ROOT.parent / "shared" / "captures"))
NAMES = (
    *("http_ipv6", "quic", "quic046", "quic_q39", "quic_q43", "quic_q46", "telegram", "wechat", "youtube_quic"),
    "youtubeupload",
)
FIELDS = ("udp.srcport", "gquic.version", "gquic.tag.sni", "gquic.tag.uaid")
CLIENTS = "gquic.version && !(udp.srcport in {443, 6121})"
"""Packets that do not come from the ports of servers, which in Q046 name the version too."""

Told = dict[str, set[str]]


def theirs(capture: Path) -> Told:
    """What frames that name a version tell, by the port that sent them."""
    command = ["tshark", "-r", capture, "-Y", CLIENTS, "-T", "fields", "-E", "separator=|"]
    for name in FIELDS:
        command += ["-e", name]
    told: Told = {}
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        port, *values = line.split("|")
        told.setdefault(port, set()).update(filter(None, values))
    return told


def ours(capture: Path, folder: Path) -> Told:
    """The same out of our connections."""
    _core.dissect([capture], folder, threads=1)
    rows = duckdb.execute(
        f"SELECT source_port, [version, server_name, user_agent] FROM '{folder}/quic_connections.parquet' WHERE version LIKE 'Q0%'"
    ).fetchall()
    told: Told = {}
    for port, values in rows:
        told.setdefault(str(port), set()).update(filter(None, values))
    return told


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.skipif(not CAPTURES.is_dir(), reason="no captures of others beside the checkout")
@pytest.mark.parametrize("name", NAMES)
def test_a_hello_in_clear_tells_what_tshark_reads(name: str, tmp_path: Path) -> None:
    capture = CAPTURES / "ndpi" / f"{name}.pcap"
    read = theirs(capture)
    assert read
    assert ours(capture, tmp_path) == read


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="no captures of others beside the checkout")
def test_a_hello_inside_of_encrypted_packets_is_read_too(tmp_path: Path) -> None:
    # Wireshark decrypts these packets, and does not read Google's handshake in them; nDPI names the service by the host
    (told,) = ours(CAPTURES / "ndpi" / "quic_q50.pcap", tmp_path).values()
    assert "Q050" in told
    assert any("." in value for value in told)

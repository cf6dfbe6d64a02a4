"""Every protocol that real captures hold is told by its content: on other ports, and where the start of each conversation is
missing; and where nothing tells it, no other protocol is named.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from idletalk import _core
from tests import made, rewritten
from tests.conftest import ROOT

CAPTURES = Path(os.environ.get("IDLETALK_CAPTURES", ROOT.parent / "shared" / "captures"))
CASES = {
    "dns": "ndpi/dns-exf.pcap",
    "dhcp": "ndpi/whatsapp_login_chat.pcap",
    "mdns": "ndpi/tls_certificate_too_long.pcap",
    "ntp": "ndpi/tls_certificate_too_long.pcap",
    "ssdp": "ndpi/ssdp-m-search.pcap",
    "tls": "ndpi/tls_certificate_too_long.pcap",
    "dtls": "ndpi/dtls2.pcap",
    "stun": "ndpi/stun.pcap",
    "quic": "ndpi/quic-34.pcap",
    "http": "ndpi/xss.pcap",
    "mqtt": "formats/CESNET+ipfixprobe/mqtt.pcap",
    "smtp": "ndpi/smtp-starttls.pcap",
    "imap": "ndpi/imap.pcap",
    "pop3": "ndpi/pop3.pcap",
    "ftp": "ndpi/ftp-start-tls.pcap",
    "xmpp": "ndpi/jabber.pcap",
    "nbns": "ndpi/netbios.pcap",
    "coap": "ndpi/coap_mqtt.pcap",
    "rtsp": "ndpi/rtsp.pcap",
    "ssh": "ndpi/ssh.pcap",
    "wsd": "ndpi/upnp.pcap",
    "tftp": "ndpi/tftp.pcap",
    "wireguard": "ndpi/protonvpn.pcap",
    "snmp": "protocols/OISF+suricata-verify/public-wiresharkwiki-c06-snmpv1-trap-app-r1-1-12.pcap",
    "dhcpv6": "ndpi/tor.pcap",
    "syslog": "ndpi/syslog.pcap",
    "rtp": "ndpi/skinny.pcap",
}
"""A capture that holds it."""
KNOWN_BY_PORT = frozenset({"mdns", "dhcpv6"})
"""Protocols whose bytes are another's too (DNS), or have nothing of their own: the port tells them."""
NEEDS_START = frozenset({"dns", "mdns", "ntp", "quic", "smtp", "imap", "pop3", "ftp"})
"""What is told by how a conversation begins, or has conversations of one message: known as nothing without it."""
CARRIED = frozenset({"tls"})
"""What shows where the clear start before it is missing (STARTTLS)."""
MISSING = 5
"""Frames left out of each conversation: a TCP handshake and the first words of both sides."""


def labels(frames: Iterable[tuple[float, bytes]], link_type: int, folder: Path) -> set[str]:
    """Names of applications that content told."""
    folder.mkdir()
    capture = made.pcap(folder / "in.pcap", list(frames), link_type=link_type)
    _core.dissect([capture], folder, threads=1)
    rows = duckdb.execute(
        f"SELECT DISTINCT application FROM '{folder}/flow_segments.parquet' WHERE recognised_by = 'content'"
    ).fetchall()
    return {row[0] for row in rows}


@pytest.mark.parametrize("protocol", CASES)
def test_it_is_told_by_content_on_other_ports_and_mid_stream(protocol: str, tmp_path: Path) -> None:
    capture = CAPTURES / CASES[protocol]
    if not capture.exists():
        pytest.skip(f"no capture at {capture}")
    whole = list(rewritten.frames(capture))
    link_type = whole[0].link_type
    told = labels(((frame.time_s, frame.content) for frame in whole), link_type, tmp_path / "whole")
    assert protocol in told
    moved = labels(rewritten.moved(whole), link_type, tmp_path / "moved")
    later = labels(rewritten.later(whole, MISSING), link_type, tmp_path / "later")
    # no name that the whole does not have
    assert moved <= told
    assert later <= told | CARRIED
    assert protocol in moved or protocol in KNOWN_BY_PORT
    assert protocol in later or protocol in NEEDS_START

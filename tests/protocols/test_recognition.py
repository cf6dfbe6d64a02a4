"""Every protocol that real captures hold is told by its content: on other ports, and where the start of each conversation is
missing; and where nothing tells it, no other protocol is named.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from idletalk import _core
from tests import made, rewritten
from tests.conftest import ROOT
from tests.rewritten import Frame

CAPTURES = Path(os.environ.get("IDLETALK_CAPTURES", ROOT.parent / "shared" / "captures"))
ONE_MESSAGE = "messages that are conversations of their own: what was left out is all that there was"
AS_DNS = "its bytes are those of DNS"
GREETING = "told by the greeting and the first command; later lines could be any text protocol's"


@dataclass(frozen=True, slots=True)
class Row:
    """A capture that holds a protocol, and why nothing tells it in some cases."""

    capture: str
    elsewhere: str | None = None
    """On another port."""
    later: str | None = None
    """Without the first frames of each conversation."""
    midway: str | None = None
    """From the middle of each conversation on."""


ROWS = {
    "dns": Row("ndpi/dns-exf.pcap", later=ONE_MESSAGE),
    "dhcp": Row("ndpi/whatsapp_login_chat.pcap"),
    "mdns": Row("ndpi/tls_certificate_too_long.pcap", elsewhere=AS_DNS, later=ONE_MESSAGE),
    "llmnr": Row("ndpi/custom_risk_mask.pcapng", elsewhere=AS_DNS, later=ONE_MESSAGE),
    "ntp": Row("ndpi/tls_certificate_too_long.pcap", later=ONE_MESSAGE),
    "ssdp": Row("ndpi/ssdp-m-search.pcap"),
    "tls": Row("ndpi/tls_certificate_too_long.pcap"),
    "dtls": Row("ndpi/dtls2.pcap"),
    "stun": Row("ndpi/stun.pcap"),
    "quic": Row(
        "ndpi/quic-34.pcap",
        later="after its handshake all of it is encrypted, its head has no constant",
        midway="the same",
    ),
    "http": Row("ndpi/xss.pcap"),
    "mqtt": Row("formats/CESNET+ipfixprobe/mqtt.pcap"),
    "smtp": Row("ndpi/smtp-starttls.pcap", later=GREETING, midway=GREETING),
    "imap": Row("ndpi/imap.pcap", later=GREETING, midway=GREETING),
    "pop3": Row("ndpi/pop3.pcap", later=GREETING, midway=GREETING),
    "ftp": Row("ndpi/ftp-start-tls.pcap", later=GREETING, midway=GREETING),
    "xmpp": Row("ndpi/jabber.pcap"),
    "nbns": Row("ndpi/netbios.pcap"),
    "coap": Row("ndpi/coap_mqtt.pcap"),
    "rtsp": Row("ndpi/rtsp.pcap"),
    "sip": Row("ndpi/sip.pcap"),
    "ssh": Row("ndpi/ssh.pcap", midway="encrypted, without any mark"),
    "telnet": Row("ndpi/telnet.pcap"),
    "wsd": Row("ndpi/upnp.pcap"),
    "tftp": Row("ndpi/tftp.pcap"),
    "wireguard": Row("ndpi/protonvpn.pcap"),
    "snmp": Row("protocols/zeek+zeek/snmpwalk-short.pcap"),
    "dhcpv6": Row("ndpi/tor.pcap", elsewhere="its head has nothing of its own: a type, a number, options"),
    "syslog": Row("ndpi/syslog.pcap"),
    "rtp": Row("ndpi/skinny.pcap"),
    "rtcp": Row(
        "ndpi/rtcp_multiple_pkts_in_the_same_datagram.pcap", later="five packets are all that this capture holds"
    ),
}
"""Every protocol of the core that has ports."""
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


def cut(kind: str, whole: list[Frame]) -> Iterable[tuple[float, bytes]]:
    """The frames on other ports, or those that are left."""
    if kind == "elsewhere":
        return rewritten.moved(whole)
    return rewritten.later(whole, MISSING) if kind == "later" else rewritten.midway(whole)


@pytest.mark.parametrize("protocol", ROWS)
def test_it_is_told_by_content_on_other_ports_and_without_its_start(protocol: str, tmp_path: Path) -> None:
    row = ROWS[protocol]
    capture = CAPTURES / row.capture
    if not capture.exists():
        pytest.skip(f"no capture at {capture}")
    whole = list(rewritten.frames(capture))
    link_type = whole[0].link_type
    told = labels(((frame.time_s, frame.content) for frame in whole), link_type, tmp_path / "whole")
    assert protocol in told
    for kind in ("elsewhere", "later", "midway"):
        found = labels(cut(kind, whole), link_type, tmp_path / kind)
        # no name that the whole does not have
        assert found <= told | (CARRIED if kind != "elsewhere" else {"dns"} if row.elsewhere == AS_DNS else set()), kind
        # what nothing tells by nature is not guessed
        assert (protocol in found) is (getattr(row, kind) is None), kind


def test_every_protocol_of_the_core_has_a_row() -> None:
    source = (ROOT / "rust" / "dissect" / "src" / "app" / "mod.rs").read_text("utf-8")
    listed = source.partition("protocols![")[2].partition("];")[0]
    names = {name.strip() for line in listed.splitlines() if "//" not in line for name in line.split(",")} - {""}
    assert names == ROWS.keys()

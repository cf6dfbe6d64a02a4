"""`python -m tests.differential.labels [--show N]`: application labels against nDPI's expected results, by protocol.

A flow is its transport and its two ends. What nDPI guessed (by port or address) and what it does not know is not
compared. nDPI is no truth either: where it is wrong, a line of `labels.tsv` says so, with the reason.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from idletalk import _core

from .comparison import CAPTURES

FOLDER = CAPTURES / "ndpi"
EXEMPTIONS = Path(__file__).with_name("labels.tsv")
TARGET = 0.95
"""Macro average of precision and of recall that must be reached."""

NAMES = {
    "COAP": "coap",
    "DHCP": "dhcp",
    "DHCPV6": "dhcpv6",
    "DNS": "dns",
    "DTLS": "dtls",
    "FTP_CONTROL": "ftp",
    "HTTP": "http",
    "IMAP": "imap",
    "Jabber": "xmpp",
    "LLMNR": "llmnr",
    "MDNS": "mdns",
    "MQTT": "mqtt",
    "NTP": "ntp",
    "POP3": "pop3",
    "QUIC": "quic",
    "RTCP": "rtcp",
    "RTP": "rtp",
    "RTSP": "rtsp",
    "SIP": "sip",
    "SMTP": "smtp",
    "SNMP": "snmp",
    "SRTP": "rtp",
    "SSDP": "ssdp",
    "SSH": "ssh",
    "STUN": "stun",
    "Syslog": "syslog",
    "TFTP": "tftp",
    "TLS": "tls",
    "WSD": "wsd",
    "WireGuard": "wireguard",
}
"""nDPI's names of the protocols that both know."""

COVERS = {
    "ApplePush": ("tls",),
    "DNScrypt": ("dns",),
    "DTLS": ("rtcp", "rtp"),
    "Discord": ("rtcp", "rtp"),
    "FTPS": ("ftp", "tls"),
    "HAProxy": ("tls",),
    "HTTP_Connect": ("http",),
    "HTTP_Proxy": ("http",),
    "IMAPS": ("imap", "tls"),
    "MySQL": ("tls",),
    "OpenVPN": ("tls",),
    "POPS": ("pop3", "tls"),
    "RDP": ("tls",),
    "RTCP": ("stun",),
    "RTP": ("rtcp", "stun"),
    "SMTPS": ("smtp", "tls"),
    "SOAP": ("http",),
    "SOCKS": ("http", "tls"),
    "SRTP": ("rtcp", "stun"),
    "STUN": ("dtls", "rtcp", "rtp"),
    "Tailscale": ("wireguard",),
    "i3D": ("rtcp", "rtp"),
}
"""nDPI's names that do not say what carries them or what they carry: with these, our word is no contradiction."""

FLOW = re.compile(
    r"^\t\d+\t(TCP|UDP) (\[[^]]*\]|[^ ]*?):(\d+) <?-> (\[[^]]*\]|[^ ]*?):(\d+) .*?"
    r"\[proto: [\d.]+/([^]]*)\].*?\[Confidence: ([^]]*)\]"
)
"""A flow in nDPI's results: transport, ends, protocols, and how sure it is."""

Key = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A flow for which the two say different things about a protocol."""

    capture: str
    frame: int
    ours: str
    theirs: str
    ends: str


@dataclass(slots=True)
class Score:
    """What both said of one protocol."""

    both: int = 0
    only_ours: list[Wrong] = field(default_factory=list[Wrong])
    only_theirs: list[Wrong] = field(default_factory=list[Wrong])

    @property
    def precision(self) -> float | None:
        """Share of our labels that nDPI gives too."""
        return self.both / claims if (claims := self.both + len(self.only_ours)) else None

    @property
    def recall(self) -> float | None:
        """Share of nDPI's labels that we give too."""
        return self.both / claims if (claims := self.both + len(self.only_theirs)) else None


def expected(results: Path) -> Iterator[tuple[Key, str]]:
    """Flows that nDPI recognised by content, with its words for them."""
    for line in results.read_text("utf-8", "replace").splitlines():
        if found := FLOW.match(line):
            transport, one, port, other, other_port, names, confidence = found.groups()
            if confidence.startswith("DPI"):
                yield (transport.lower(), frozenset({end(one, port), end(other, other_port)})), names


def end(address: str, port: str) -> str:
    """An end as nDPI writes it, in one form: its IPv6 addresses keep a zero group as `::`."""
    return f"{re.sub(':+', ':', re.sub(r'(:0)+:', ':', address.strip('[]')))}:{port}"


def ours(capture: Path) -> dict[Key, tuple[str, int]]:
    """Our label of each flow and its first frame; several of the same ends in one word each."""
    with TemporaryDirectory(prefix="idletalk-") as folder:
        _core.dissect([capture], Path(folder), threads=1)
        # a session is named by how it begins; its media are rows of their own
        rows = duckdb.execute(
            f"WITH named AS (FROM '{folder}/flow_segments.parquet' WHERE transport IN ('tcp', 'udp')), words AS ("
            " SELECT flow, application AS word FROM named WHERE recognised_by = 'content'"
            f" UNION SELECT flow, 'rtp' FROM '{folder}/rtp_streams.parquet'"
            f" UNION SELECT flow, 'rtcp' FROM '{folder}/rtcp.parquet')"
            " SELECT transport, originator, originator_port::VARCHAR, responder, responder_port::VARCHAR,"
            " string_agg(DISTINCT word, '.' ORDER BY word), min(frame) FROM named JOIN words USING (flow) GROUP BY ALL"
        ).fetchall()
    return {
        (transport, frozenset({end(one, port), end(other, other_port)})): (label, frame)
        for transport, one, port, other, other_port, label, frame in rows
    }


def compare() -> dict[str, Score]:
    """Scores of all protocols over all captures with results."""
    scores = {name: Score() for name in NAMES.values()}
    for results in sorted(FOLDER.glob("*.out")):
        capture = results.with_suffix("")
        if not capture.exists():
            continue
        mine = ours(capture)
        for key, words in expected(results):
            label, frame = mine.get(key, ("", 0))
            claimed = set(label.split(".")) & scores.keys()
            theirs = {NAMES[word] for word in words.split(".") if word in NAMES}
            claimed -= {name for word in words.split(".") for name in COVERS.get(word, ())} - theirs
            for name in claimed | theirs:
                wrong = Wrong(capture.name, frame, label, words, f"{key[0]} {' '.join(sorted(key[1]))}")
                if name in claimed and name in theirs:
                    scores[name].both += 1
                elif name in claimed:
                    scores[name].only_ours.append(wrong)
                else:
                    scores[name].only_theirs.append(wrong)
    return scores


def exempt(scores: dict[str, Score]) -> Counter[str]:
    """Takes out what the list explains; gives how many flows for each reason."""
    with EXEMPTIONS.open(newline="", encoding="utf-8") as lines:
        listed = {
            (row["capture"], row["protocol"], row["frame"]): row["reason"]
            for row in csv.DictReader(lines, delimiter="\t")
        }
    used: Counter[str] = Counter()
    for name, score in scores.items():
        for wrongs in (score.only_ours, score.only_theirs):
            for wrong in list(wrongs):
                reason = listed.get((wrong.capture, name, str(wrong.frame))) or listed.get((wrong.capture, name, "*"))
                if reason:
                    used[reason] += 1
                    wrongs.remove(wrong)
    return used


def macro(scores: dict[str, Score]) -> tuple[float, float]:
    """Mean precision and recall over the protocols of which either said something."""
    precisions = [score.precision for score in scores.values() if score.precision is not None]
    recalls = [score.recall for score in scores.values() if score.recall is not None]
    return sum(precisions) / len(precisions), sum(recalls) / len(recalls)


def table(scores: dict[str, Score]) -> str:
    """The scores as text."""
    lines = [f"{'protocol':10} {'both':>6} {'ours':>6} {'nDPI':>6} {'precision':>9} {'recall':>7}"]
    for name, score in sorted(scores.items()):
        shares = [f"{share:.3f}" if share is not None else "-" for share in (score.precision, score.recall)]
        lines.append(
            f"{name:10} {score.both:6} {len(score.only_ours):6} {len(score.only_theirs):6} {shares[0]:>9} {shares[1]:>7}"
        )
    precision, recall = macro(scores)
    return "\n".join([*lines, f"{'macro':10} {'':6} {'':6} {'':6} {precision:9.3f} {recall:7.3f}"])


def main() -> int:
    """Prints the table; 0 where both averages reach the target."""
    options = argparse.ArgumentParser(prog="python -m tests.differential.labels", description=__doc__)
    options.add_argument("--show", type=int, default=0, metavar="N", help="differences to print of each protocol")
    chosen = options.parse_args()
    scores = compare()
    used = exempt(scores)
    print(table(scores))
    for name, score in scores.items():
        for side, wrongs in (("only ours", score.only_ours), ("only nDPI", score.only_theirs)):
            for wrong in wrongs[: chosen.show]:
                print(f"{name}\t{side}\t{wrong.capture}\t{wrong.frame}\t{wrong.ours}\t{wrong.theirs}\t{wrong.ends}")
    for reason, count in used.most_common():
        print(f"exempt {reason}: {count}")
    return 0 if min(macro(scores)) >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())

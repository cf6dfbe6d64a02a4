"""`python -m tests.differential.encryption [--only GLOB] [--all FILE]`: what bytes alone tell of flows whose truth is known.

Each capture is read blind: no protocol is recognised, so that the statistics of bytes must tell of each direction whether
it is encrypted. Twice: as it is (directions in clear only), and without the frames of handshakes and HTTP heads or the
first frame of other directions, as if the capture had begun later. The truth is Wireshark's label (`encryption_truth`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from idletalk import _core
from idletalk.behaviours import encryption

from .comparison import CAPTURES, captures, missing
from .encryption_truth import ENCRYPTED, FIELDS, TEXT, Direction, Truths, truths
from .sharkd import Sharkd, SharkdError

MIN_BYTES = 1000
"""Content of a direction, as far as it was captured, from which on a verdict is asked for."""
VERDICTS = ("encrypted", "cleartext", "mixed", "unknown")
FIRST_ONLY = ("frame.number", "frame.protocols", "ip.", "ipv6.", "tcp.", "udp.")
"""Fields of which the outermost occurrence is wanted."""
TEXT_KINDS = TEXT | {"http text"}
"""Kinds none of which may be called encrypted."""
_MALWARE = "bytes like random ones from the first on, called text/html by their server (malware)"
MISLABELLED = {
    ("ndpi/trickbot.pcap", "http text"): _MALWARE,
    ("protocols/OISF+suricata-verify/154.pcap", "http text"): _MALWARE,
    ("protocols/OISF+suricata-verify/file76.pcap", "http text"): _MALWARE,
    ("protocols/OISF+suricata-verify/TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49230.pcap", "http text"): _MALWARE,
    ("protocols/OISF+suricata-verify/TLPW1-tcp-174.56.47.59-10.3.11.101-tcp-80-49309.pcap", "http text"): _MALWARE,
    ("ndpi/zoom2.pcap", "wireguard"): "Zoom's media, which Wireshark's heuristic takes for WireGuard",
    ("ndpi/mongo_false_positive.pcapng", "tls"): "no TLS: messages that begin with KE, to port 443",
    (
        "formats/OISF+suricata-verify/urgent11_cve_2019_12260.pcap",
        "tls",
    ): "no TLS: one byte again and again, to port 443",
    (
        "protocols/zeek+zeek/heartbleed.pcap",
        "tls",
    ): "an answer to a heartbeat before anything is encrypted: memory in clear",
    ("protocols/zeek+zeek/heartbleed-success.pcap", "tls"): "the same",
    ("protocols/zeek+zeek/http-single-conn-22.pcap", "ssh"): "HTTP, to port 22",
}
"""Captures and kinds whose label is not the truth, and why."""
MAX_CLEAR_RATIO = 0.01
"""Encrypted directions that may be called cleartext."""
MIN_TOLD_RATIO = 0.95
"""Directions that must get a verdict."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One direction."""

    capture: str
    way: str
    """whole or later (the capture begins behind the handshake)"""
    kind: str
    frame: int
    payload: str
    sampled_bytes: int
    rest_dispersion: float
    text_bytes: int


def contents(
    path: Path, folder: Path
) -> tuple[
    dict[Direction, tuple[int, str, int, float, int]], list[tuple[int, Path, str, list[tuple[int, int, int, int]]]]
]:
    """What bytes tell of each direction (frame, verdict, bytes looked at, dispersion, text), and the capture as a source of frames."""
    folder.mkdir()
    counts = _core.dissect([path], folder, threads=1, blind=True)
    with duckdb.connect(config={"threads": 1}) as connection:
        for table in ("flow_content", "flow_segments", "frame_index"):
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder}/{table}.parquet'")
        if not counts.get("frame_index"):
            return {}, []
        marks = connection.execute(
            'SELECT "offset", frame, described_to, time_ns FROM frame_index ORDER BY frame'
        ).fetchall()
        for statement in connection.extract_statements(encryption.BEHAVIOUR.sql()):
            connection.execute(statement.query)
            if "TABLE content_verdicts" in statement.query:
                break
        rows = connection.execute(
            "SELECT DISTINCT s.transport, c.source, c.source_port, c.destination, c.destination_port, c.frame, v.payload, c.sampled_bytes,"
            " c.rest_dispersion, c.text_bytes FROM content_verdicts AS v JOIN flow_content AS c USING (flow, source, source_port, sampled_bytes)"
            " JOIN (SELECT DISTINCT flow, transport FROM flow_segments) AS s USING (flow)"
            " WHERE c.sampled_bytes + c.repeated_bytes > ? ORDER BY c.frame",
            [MIN_BYTES],
        ).fetchall()
    found = {(row[0], row[1], str(row[2]), row[3], str(row[4])): tuple(row[5:]) for row in rows}
    return found, [(0, path, str(path), marks)]


_server: list[Sharkd] = []


def judge(path: Path) -> list[Judged]:
    """All directions of a capture whose truth is known."""
    if not _server:
        _server.append(Sharkd())
    try:
        if _server[0].open(path) is None:
            return []
        columns = [name + (":1" if name.startswith(FIRST_ONLY) else ":0") for name in FIELDS]
        known = truths(_server[0].rows(columns))
    except SharkdError:
        return []
    if not known.kinds:
        return []
    name = str(path.relative_to(CAPTURES))
    with TemporaryDirectory(prefix="idletalk-") as folder:
        whole, sources = contents(path, Path(folder) / "whole")
        judged = [one for one in _judged(name, "whole", whole, known) if one.kind not in ENCRYPTED]
        if sources:
            later = Path(folder) / "later.pcapng"
            kept = [(0, number) for number in range(1, known.frames + 1) if number not in known.starts]
            _core.cut(sources, [(later, kept)])
            cut, _ = contents(later, Path(folder) / "later")
            judged += [one for one in _judged(name, "later", cut, known) if one.kind != "http heads"]
    return judged


def _judged(
    name: str, way: str, found: dict[Direction, tuple[int, str, int, float, int]], known: Truths
) -> Iterator[Judged]:
    for direction, values in found.items():
        kind = known.kinds.get(direction)
        if kind is not None and (name, kind) not in MISLABELLED:
            yield Judged(name, way, kind, *values)


def judge_all(paths: Iterable[Path], processes: int | None = None) -> Iterator[Judged]:
    """The directions of all captures."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes or os.cpu_count() or 1) as pool:
        for judged in pool.imap(judge, list(paths)):
            yield from judged


def table(judged: Iterable[Judged]) -> str:
    """The confusion matrix: directions by what they are and what their bytes were called."""
    counts = Counter((one.way, one.kind, one.payload) for one in judged)
    lines = [f"{'':7} {'what it is':20}" + "".join(f"{verdict:>11}" for verdict in VERDICTS)]
    for way, kind in sorted(
        {(way, kind) for way, kind, _ in counts}, key=lambda key: (key[1] not in ENCRYPTED, *reversed(key))
    ):
        lines.append(f"{way:7} {kind:20}" + "".join(f"{counts[way, kind, verdict]:11}" for verdict in VERDICTS))
    return "\n".join(lines)


def faults(judged: Iterable[Judged]) -> list[str]:
    """What is not as it must be."""
    everything = list(judged)
    found: list[str] = []
    wrong = [one for one in everything if one.kind in TEXT_KINDS and one.payload == "encrypted"]
    found.extend(f"text called encrypted: {one}" for one in wrong)
    encrypted = [one for one in everything if one.kind in ENCRYPTED]
    clear = [one for one in encrypted if one.payload == "cleartext"]
    if len(clear) > MAX_CLEAR_RATIO * len(encrypted):
        found.append(f"{len(clear)} of {len(encrypted)} encrypted directions called cleartext")
    told = sum(one.payload != "unknown" for one in everything)
    if told < MIN_TOLD_RATIO * len(everything):
        found.append(f"only {told} of {len(everything)} directions get a verdict")
    return found


def main() -> int:
    """Prints the matrix; 0 when it is as it must be."""
    options = argparse.ArgumentParser(prog="python -m tests.differential.encryption", description=__doc__)
    options.add_argument("--only", default="*", metavar="GLOB", help="captures whose path fits")
    options.add_argument("--all", type=Path, metavar="FILE", help="write every direction there, tab-separated")
    options.add_argument("--processes", type=int, default=None, metavar="N")
    chosen = options.parse_args()
    if reason := missing():
        print(reason)
        return 2
    paths = [
        path for path in captures(chosen.only) if "malformed" not in path.parts and path.stat().st_size > MIN_BYTES
    ]
    judged = list(judge_all(paths, chosen.processes))
    print(table(judged))
    encrypted = [one for one in judged if one.kind in ENCRYPTED]
    print(
        f"{len(judged)} directions of more than {MIN_BYTES} bytes in {len({one.capture for one in judged})} of {len(paths)} captures"
    )
    print(f"encrypted called cleartext: {sum(one.payload == 'cleartext' for one in encrypted)} of {len(encrypted)}")
    print(f"with a verdict: {sum(one.payload != 'unknown' for one in judged)} of {len(judged)}")
    if chosen.all:
        lines = (
            f"{j.capture}\t{j.way}\t{j.kind}\t{j.frame}\t{j.payload}\t{j.sampled_bytes}\t{j.rest_dispersion:.3f}\t{j.text_bytes}"
            for j in judged
        )
        chosen.all.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    found = faults(judged)
    print(*found[:20], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

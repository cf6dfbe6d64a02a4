"""``python -m bench.real [--rounds N]``: real HTTP, TLS and QUIC traffic that others captured, where it lies beside the checkout
(or at ``IDLETALK_CAPTURES``): how long the facts of it take, and that their records are as many as they were when tshark agreed.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from idletalk import _core

FOLDER = Path(os.environ.get("IDLETALK_CAPTURES", Path(__file__).parents[2] / "shared" / "captures"))
CAPTURES = (
    "downloads/nfstream+nfstream/1kxun.pcap",
    "protocols/cisco+mercury/quic-crypto-packets.pcap",
    "protocols/OISF+suricata-verify/dns_over_https_POST.pcap",
    "homes/smart-home-firewall/interaction/lan/latency/wan.pcap",
    "ndpi/instagram.pcap",
)
RECORDS = {
    "http_requests": 72,
    "http_responses": 73,
    "http_bodies": 99,
    "tls_client_hellos": 433,
    "tls_server_hellos": 59,
    "tls_connections": 64,
    "certificates": 21,
    "quic_connections": 385,
}
"""Rows of these tables over all of them."""


def main() -> int:
    """Times the dissector; 1 where a number of records is another."""
    options = argparse.ArgumentParser(prog="python -m bench.real", description=__doc__)
    options.add_argument("--rounds", type=int, default=5, metavar="N", help="how often it runs  [5]")
    rounds = max(1, options.parse_args().rounds)
    paths = [FOLDER / name for name in CAPTURES]
    if missing := [path for path in paths if not path.exists()]:
        print(f"no capture at {missing[0]}")
        return 2
    times: list[float] = []
    counts: dict[str, int] = {}
    for _ in range(rounds):
        with TemporaryDirectory(prefix="idletalk-bench-") as folder:
            began = time.perf_counter()
            counts = _core.dissect(paths, Path(folder))
            times.append(time.perf_counter() - began)
    size = sum(path.stat().st_size for path in paths)
    print(
        f"{len(paths)} captures, {size / 1e6:.1f} MB: best {min(times):.3f} s of {rounds}, {size / 1e6 / min(times):.0f} MB/s"
    )
    wrong = [
        f"{name}: {counts.get(name, 0)}, not {number}"
        for name, number in RECORDS.items()
        if counts.get(name, 0) != number
    ]
    print("records as they were" if not wrong else "\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""What text in clear costs, however much there is: memory and time of analyses of a small and a large payload of JSON records.

    python -m tests.large_text [--megabytes 1000]

All records differ; each tells a serial number and an e-mail address. They come over one TCP connection in segments of 1,400
bytes, and as datagrams of their own.
"""

import argparse
import json
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import idletalk
from tests import made
from tests.test_downloads import ACK, SYN, SYN_ACK, peak_mebibytes

SMALL_MEGABYTES = 30
SEGMENT = 1400
PLUG = (made.PLUG, "192.168.7.20", 40000)
CLOUD = (made.GATEWAY, "203.0.113.7", 9999)


def records(megabytes: int) -> Iterator[bytes]:
    """Records of so many megabytes together."""
    total = number = 0
    while total < megabytes * 1_000_000:
        record = json.dumps({"count": number, "serial": "SN4711-0815", "owner": "sam@mail.example", "note": "x" * 180})
        yield record.encode()
        total += len(record)
        number += 1


def stream(megabytes: int) -> Iterator[bytes]:
    """The same as segments of one connection."""
    kept, sequence = bytearray(), 100
    yield made.segment(PLUG, CLOUD, 99, SYN)
    yield made.segment(CLOUD, PLUG, 499, SYN_ACK)
    for record in records(megabytes):
        kept += record + b"\n"
        while len(kept) >= SEGMENT:
            yield made.segment(PLUG, CLOUD, sequence % 2**32, ACK, bytes(kept[:SEGMENT]))
            sequence += SEGMENT
            del kept[:SEGMENT]


def datagrams(megabytes: int) -> Iterator[bytes]:
    """The same, a datagram each."""
    return (made.datagram(PLUG, CLOUD, record) for record in records(megabytes))


def write(path: Path, frames: Iterator[bytes]) -> Path:
    """A capture of these frames, a millisecond apart."""
    made.pcap(path, [])
    with path.open("ab") as file:
        for number, frame in enumerate(frames):
            file.write(struct.pack("<IIII", number // 1000, number % 1000 * 1000, len(frame), len(frame)) + frame)
    return path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=1000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, make in (("one connection", stream), ("datagrams", datagrams)):
            for megabytes in (SMALL_MEGABYTES, wanted.megabytes):
                capture = write(folder / "text.pcap", make(megabytes))
                out = folder / f"{name} {megabytes}"
                started = time.monotonic()
                peak = peak_mebibytes(capture, out)
                spent = time.monotonic() - started
                told = {row["kind"] for row in idletalk.Analysis(out).sql("SELECT DISTINCT kind FROM exposures")}
                print(f"{name}, {megabytes} MB: {peak:.0f} MiB, {spent:.0f} s, found {sorted(told)}", flush=True)


if __name__ == "__main__":
    main()

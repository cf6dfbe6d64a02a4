"""What tcpdump wrote, dated by the lab's clock and cut into one file an hour."""

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lab.clock import NS_PER_S, Stretch, lab_time

MICROSECOND_MAGIC = 0xA1B2C3D4
FILE_HEAD = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
SNAPLEN = 262_144
ETHERNET = 1
NAME = "iotdump_%Y-%m-%d__%H.pcap.gz"


@dataclass(slots=True)
class Hour:
    """One file to be written."""

    path: Path
    content: bytearray = field(
        default_factory=lambda: bytearray(FILE_HEAD.pack(MICROSECOND_MAGIC, 2, 4, 0, 0, SNAPLEN, ETHERNET))
    )
    frames: int = 0


def cut(captured: Sequence[Path], stretches: list[Stretch], out: Path) -> list[Hour]:
    """Rewrite each frame's time by the clock, and write gzip files named by their hour (UTC)."""
    hours: dict[str, Hour] = {}
    for file in captured:
        _cut_file(file.read_bytes(), stretches, out, hours)
    for hour in hours.values():
        hour.path.write_bytes(gzip.compress(hour.content, compresslevel=9, mtime=0))
    return [hours[name] for name in sorted(hours)]


def _cut_file(raw: bytes, stretches: list[Stretch], out: Path, hours: dict[str, Hour]) -> None:
    at = FILE_HEAD.size
    while at + RECORD.size <= len(raw):
        seconds, microseconds, kept, length = RECORD.unpack_from(raw, at)
        at += RECORD.size
        if at + kept > len(raw):
            break
        lab_ns = lab_time(stretches, seconds * NS_PER_S + microseconds * 1000)
        lab_s, below_ns = divmod(lab_ns, NS_PER_S)
        name = datetime.fromtimestamp(lab_s, UTC).strftime(NAME)
        hour = hours.setdefault(name, Hour(out / name))
        hour.content += RECORD.pack(lab_s, below_ns // 1000, kept, length) + raw[at : at + kept]
        hour.frames += 1
        at += kept

"""Results do not depend on the number of threads, nor on how the capture is cut into files."""

import gzip
import json
import struct
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import cast

import duckdb
import msgspec
import pytest

import idletalk
from idletalk import dissector
from tests.conftest import DEMO, ROOT

PARTS = 20
OF_FILES = {"captures", "interfaces", "capture_faults", "frame_index"}
"""Tables about the files themselves: they differ where the files differ."""

Record = tuple[int, bytes]
"""Time in microseconds, and the record as it stands in a pcap."""


def records() -> list[Record]:
    """The demo capture's records in time order, as `mergecap` and `reordercap` would give them."""
    found: list[Record] = []
    for path in sorted(DEMO.glob("*.pcap.gz")):
        raw = gzip.decompress(path.read_bytes())
        at = 24
        while at < len(raw):
            seconds, micros, captured, _ = struct.unpack_from("<IIII", raw, at)
            found.append((seconds * 1_000_000 + micros, raw[at : at + 16 + captured]))
            at += 16 + captured
    return sorted(found, key=lambda record: record[0])


def write(path: Path, chosen: list[Record]) -> Path:
    header = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
    path.write_bytes(header + b"".join(record for _, record in chosen))
    return path


def analyze(paths: list[Path], out: Path) -> idletalk.Analysis:
    return idletalk.analyze(paths, out, idletalk.Options(lab=DEMO / "lab.toml", lookups=ROOT / "lab"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> idletalk.Analysis:
    folder = tmp_path_factory.mktemp("whole")
    return analyze([write(folder / "whole.pcap", records())], folder / "whole.idletalk")


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> idletalk.Analysis:
    folder = tmp_path_factory.mktemp("cut")
    everything = records()
    size = -(-len(everything) // PARTS)
    files = [
        write(folder / f"part{part:02}.pcap", everything[part * size : (part + 1) * size]) for part in range(PARTS)
    ]
    return analyze(files, folder / "cut.idletalk")


def tables(analysis: idletalk.Analysis) -> dict[str, Path]:
    found = {path.stem: path for path in (analysis.folder / dissector.TABLES).glob("*.parquet")}
    assert len(found) > 20
    return found


@pytest.mark.parametrize("threads", [2, 5, 16])
def test_threads_do_not_change_a_byte(threads: int, tmp_path: Path) -> None:
    paths = sorted(DEMO.glob("*.pcap.gz"))
    dissector.dissect(paths, tmp_path / "one", threads=1)
    dissector.dissect(paths, tmp_path / "many", threads=threads)
    files = sorted((tmp_path / "one" / dissector.TABLES).iterdir())
    assert len(files) > 10
    changed = [
        file.name
        for file in files
        if file.read_bytes() != (tmp_path / "many" / dissector.TABLES / file.name).read_bytes()
    ]
    assert not changed


def renumbered(path: Path, offsets: list[int]) -> Iterator[str]:
    """Columns of a table as SQL, with (capture, frame) as the whole capture numbers it."""
    shift = "[" + ", ".join(map(str, offsets)) + "]"
    names = [column[0] for column in duckdb.execute(f"DESCRIBE FROM '{path}'").fetchall()]
    for name in names:
        capture, frame = name.replace("frame", "capture"), name.replace("capture", "frame")
        if capture == frame or not {capture, frame} <= set(names):
            yield name
        else:
            yield f"0 * {name} AS {name}" if name == capture else f"{name} + {shift}[{capture} + 1] AS {name}"


def test_cutting_a_capture_changes_no_table(whole: idletalk.Analysis, cut: idletalk.Analysis) -> None:
    counts = [row["frames"] for row in cut.sql("SELECT frames FROM captures ORDER BY capture")]
    assert len(counts) == PARTS
    offsets = [0, *accumulate(counts)]
    parts = tables(cut)
    different: list[str] = []
    for name, path in tables(whole).items():
        if name in OF_FILES:
            continue
        mapped = f"SELECT {', '.join(renumbered(parts[name], offsets))} FROM '{parts[name]}'"
        for one, other in ((f"FROM '{path}'", mapped), (mapped, f"FROM '{path}'")):
            rows = duckdb.execute(f"({one}) EXCEPT ALL ({other})").fetchall()
            different.extend(f"{name}: {row}" for row in rows[:3])
    assert not different


def renumbered_frames(value: object, offsets: list[int]) -> object:
    """A part of a report as plain values, each (capture, frame) as the whole capture numbers it."""
    if isinstance(value, list):
        return [renumbered_frames(item, offsets) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, object]", value)
    mapped = {name: renumbered_frames(item, offsets) for name, item in fields.items()}
    capture, frame = fields.get("capture"), fields.get("frame")
    if isinstance(capture, int) and isinstance(frame, int):
        mapped |= {"capture": 0, "frame": frame + offsets[capture]}
    return mapped


def test_cutting_a_capture_changes_no_conclusion(whole: idletalk.Analysis, cut: idletalk.Analysis) -> None:
    assert cut.report.devices == whole.report.devices
    assert cut.report.hours == whole.report.hours
    offsets = [0, *accumulate(row["frames"] for row in cut.sql("SELECT frames FROM captures ORDER BY capture"))]
    one, many = (json.loads(msgspec.json.encode(analysis.report.conclusions)) for analysis in (whole, cut))
    assert one["updates"]
    assert renumbered_frames(many, offsets) == one
    assert cut.report.captures.packets == whole.report.captures.packets


def test_the_same_capture_given_twice_counts_once(whole: idletalk.Analysis, tmp_path: Path) -> None:
    files = [write(tmp_path / name, records()) for name in ("a.pcap", "b.pcap")]
    double = analyze(files, tmp_path / "double.idletalk")
    columns = "flow, originator_packets, originator_bytes, responder_packets, responder_bytes"
    seen = {row["flow"]: row for row in double.sql(f"SELECT {columns} FROM flows")}
    for row in whole.sql(f"SELECT {columns} FROM flows"):
        flow = row.pop("flow")
        assert {name: seen[flow][name] for name in row} == {name: 2 * value for name, value in row.items()}
    assert len(seen) == whole.sql("SELECT count(*) AS n FROM flows")[0]["n"]
    for one, two in zip(whole.report.devices, double.report.devices, strict=True):
        assert (two.id, two.traffic.unique) == (one.id, one.traffic.unique)
        assert two.traffic.tx_bytes == 2 * one.traffic.tx_bytes
        assert two.traffic.rx_bytes == 2 * one.traffic.rx_bytes


def test_many_facts_are_judged_as_few_are(
    whole: idletalk.Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many facts statements run one after another, and what they make lies in a file: not a byte differs."""
    monkeypatch.setattr("idletalk.store.MAX_SMALL_BYTES", 0)
    [capture] = whole.folder.parent.glob("*.pcap")
    many = analyze([capture], tmp_path / "whole.idletalk")
    assert many.report == whole.report
    changed = [name for name, file in tables(many).items() if file.read_bytes() != tables(whole)[name].read_bytes()]
    assert not changed

"""Parts become the whole, byte by byte; what is missing, repeated or contradicted is said."""

import hashlib
from pathlib import Path

from idletalk.artefacts import MAX_BYTES, Part, put_together
from idletalk.byteranges import ranges_within

WHOLE = bytes(range(256)) * 4


def part(tmp_path: Path, name: str, low: int, high: int, data: bytes | None = None) -> Part:
    file = tmp_path / name
    file.write_bytes(WHOLE[low:high] if data is None else data)
    return Part(file=file, start=low, length=high - low, missing=())


def test_ranges_out_of_order_and_fetched_twice_are_the_whole(tmp_path: Path) -> None:
    parts = [part(tmp_path, "a", 600, 1024), part(tmp_path, "b", 0, 300), part(tmp_path, "c", 200, 700)]
    made = put_together(parts, tmp_path / "out", 1024)
    assert (tmp_path / "out").read_bytes() == WHOLE
    assert made.sha256 == hashlib.sha256(WHOLE).hexdigest()
    assert (made.missing, made.repeated_bytes, made.conflicting_bytes) == ((), 200, 0)


def test_where_parts_contradict_each_other_the_earlier_one_stands(tmp_path: Path) -> None:
    parts = [part(tmp_path, "a", 0, 1024), part(tmp_path, "b", 10, 14, b"\0\0\x0c\0")]
    made = put_together(parts, tmp_path / "out", 1024)
    assert (tmp_path / "out").read_bytes() == WHOLE
    assert made.conflicting_bytes == 3


def test_holes_are_told_and_there_is_no_hash(tmp_path: Path) -> None:
    broken = Part(file=part(tmp_path, "a", 0, 500).file, start=0, length=500, missing=[(100, 110)])
    made = put_together([broken], tmp_path / "out", 1024)
    assert made.missing == ((100, 110), (500, 1024))
    assert (made.sha256, made.size_bytes) == (None, 1024)
    assert (tmp_path / "out").stat().st_size == 500


def test_a_range_that_lies_about_its_place_makes_no_file(tmp_path: Path) -> None:
    far = Part(file=part(tmp_path, "a", 0, 9).file, start=10**17, length=9, missing=())
    made = put_together([far], tmp_path / "out", 10**18)
    assert (tmp_path / "out").stat().st_size <= MAX_BYTES
    assert made.sha256 is None


def test_several_ranges_in_one_body_are_found(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(
        b"--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-6/9\r\n\r\nefg"
        b"\r\n--b\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n--b--\r\n"
    )
    found = list(ranges_within(body, 0, body.stat().st_size))
    assert [(inner.first, inner.length, inner.total) for inner in found] == [(4, 3, 9), (0, 2, 9)]
    assert [body.read_bytes()[inner.offset :][: inner.length] for inner in found] == [b"efg", b"ab"]

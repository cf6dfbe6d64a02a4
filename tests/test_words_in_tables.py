"""Words in the texts of Parquet files, and others in their place."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idletalk.exposure.search import Words

WORDS = {"secret": "s…", "ecre": "e…", "püblic": "p…", "secret and": "both", "tsec": "t", "retx ": "r"}
texts = st.none() | st.lists(st.sampled_from([*WORDS, "sec", "ret", "x", " ", "ret and"]), max_size=3).map("".join)
Rows = list[tuple[str | None, list[str | None] | None, bytes]]


def written(path: Path, rows: Rows, compression: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute('CREATE TABLE t (one VARCHAR, "a list" VARCHAR[], raw BLOB, skipped VARCHAR, number BIGINT)')
        for number, (one, several, raw) in enumerate(rows):
            connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", [one, several, raw, one, number])
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet, COMPRESSION {compression})")
    return path


def read(path: Path) -> list[tuple[Any, ...]]:
    return duckdb.execute(f"FROM read_parquet('{path}')").fetchall()


def said(text: str) -> str:
    """The text with one text for all words that overlap, that of the longest."""
    found = sorted(
        (place, -len(word), word) for word in WORDS for place in range(len(text)) if text.startswith(word, place)
    )
    out, done = "", 0
    while found:
        start, _, longest = found.pop(0)
        end = start + len(longest)
        while found and found[0][0] < end:
            place, _, word = found.pop(0)
            longest, end = max(longest, word, key=len), max(end, place + len(word))
        out, done = out + text[done:start] + WORDS[longest], end
    return out + text[done:]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(texts, st.none() | st.lists(texts, max_size=3), st.sampled_from([b"secret", b"", b"\x00 other"])),
        max_size=6,
    ),
    st.sampled_from(["zstd", "uncompressed"]),
)
def test_words_are_replaced_in_texts_and_bytes_and_nowhere_else(tmp_path: Path, rows: Rows, compression: str) -> None:
    path = written(tmp_path / "t.parquet", rows, compression)
    before = path.read_bytes()
    Words(WORDS).replace_in([path], ["skipped"])
    expected = [
        (
            None if one is None else said(one),
            None if several is None else [None if text is None else said(text) for text in several],
            said(raw.decode()).encode(),
            one,
            number,
        )
        for number, (one, several, raw) in enumerate(rows)
    ]
    assert read(path) == expected
    assert [*tmp_path.iterdir()] == [path]
    if all(row == same[:3] for row, same in zip(rows, expected, strict=True)):
        assert path.read_bytes() == before


def test_many_row_groups_texts_that_repeat_and_texts_that_do_not_are_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    query = (
        "SELECT i, CASE WHEN i % 1000 = 7 THEN 'a secret' ELSE 'same' END AS repeated, 'number ' || i AS different,"
        " CASE WHEN i % 3 = 0 THEN NULL ELSE [] END::VARCHAR[] AS seldom FROM range(200000) AS r(i)"
    )
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 50000)")
    Words({"secret": "s…", "number 19999": "n…", "absent": "a…"}).replace_in([path], [])
    expected = (
        f"SELECT i, replace(repeated, 'secret', 's…'), replace(different, 'number 19999', 'n…'), seldom FROM ({query})"
    )
    changed = duckdb.execute(f"(FROM read_parquet('{path}') EXCEPT ALL {expected})").fetchall()
    assert changed == []
    assert duckdb.execute(f"SELECT count(*) FROM read_parquet('{path}') WHERE different LIKE '%n…%'").fetchone() == (
        11,
    )


def test_bounds_of_texts_do_not_tell_what_was_masked(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", [("secret", None, b""), ("x", None, b"")], "uncompressed")
    assert b"secret" in path.read_bytes()
    Words(WORDS).replace_in([path], [])
    assert b"secret" not in path.read_bytes()


def test_what_is_no_table_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(OSError, match="Parquet"):
        Words(WORDS).replace_in([tmp_path / "t.parquet"], [])

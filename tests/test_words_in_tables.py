"""Words in the texts of Parquet files: which column holds which."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idletalk.exposure.search import Held, words_in

WORDS = ["secret", "ecre", "püblic"]
texts = st.none() | st.lists(st.sampled_from([*WORDS, "sec", "ret", "x", " "]), max_size=3).map("".join)


def written(path: Path, rows: list[tuple[str | None, list[str | None] | None, bytes]], compression: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute('CREATE TABLE t (one VARCHAR, "a list" VARCHAR[], raw BLOB, skipped VARCHAR)')
        for one, several, raw in rows:
            connection.execute("INSERT INTO t VALUES (?, ?, ?, ?)", [one, several, raw, one])
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet, COMPRESSION {compression})")
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(texts, st.none() | st.lists(texts, max_size=3), st.just(b"secret")), max_size=6),
    st.sampled_from(["zstd", "uncompressed"]),
)
def test_what_stands_in_a_column_is_found_there_and_nowhere_else(
    tmp_path: Path, rows: list[tuple[str | None, list[str | None] | None, bytes]], compression: str
) -> None:
    path = written(tmp_path / "t.parquet", rows, compression)
    single = [one or "" for one, _, _ in rows]
    several = [text or "" for _, several, _ in rows for text in several or []]
    expected = {
        name: Held(is_list, found)
        for name, is_list, held in (("one", False, single), ("a list", True, several))
        if (found := tuple(word for word in WORDS if any(word in text for text in held)))
    }
    assert words_in([path], ["skipped"], WORDS).get(path, {}) == expected


def test_a_text_that_repeats_and_many_that_do_not_are_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    duckdb.execute(
        "COPY (SELECT CASE WHEN i = 150000 THEN 'the secret' ELSE 'same' END AS repeated, 'number ' || i AS different"
        f" FROM range(200000) AS r(i)) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 50000)"
    )
    assert words_in([path], [], ["secret", "number 199999", "absent"])[path] == {
        "repeated": Held(False, ("secret",)),
        "different": Held(False, ("number 199999",)),
    }


def test_what_is_no_table_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(OSError, match="Parquet"):
        words_in([tmp_path / "t.parquet"], [], ["secret"])

"""``idletalk sql``: users' queries read the tables of their analysis and nothing else."""

import json
from pathlib import Path

import pytest

from tests import made
from tests.test_robustness import FRAMES, run


def test_a_users_sql_only_reads(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("analyze", made.pcap(tmp_path / "in.pcap", FRAMES), "--out", out)
    for query in (
        "",
        " ; ",
        "DROP VIEW captures",
        "SELECT 1; SELECT 2",
        "SET threads = 1",
        "CREATE TABLE x AS SELECT 1",
    ):
        done = run("sql", query, out)
        assert (done.returncode, done.stdout) == (2, ""), query
        assert len(done.stderr.strip().splitlines()) == 1, query
    for query in ("FROM captures", "DESCRIBE captures", "SHOW TABLES", "SUMMARIZE captures", "EXPLAIN SELECT 1"):
        assert run("sql", query, out).returncode == 0, query


def test_json_of_sql_is_json(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("analyze", made.pcap(tmp_path / "in.pcap", FRAMES), "--out", out)
    query = "SELECT 1 AS n, 2 AS n, 'nan'::DOUBLE AS x, ['inf'::DOUBLE, 1.5] AS y, 3 AS n"
    assert json.loads(run("sql", query, out, "--json").stdout, parse_constant=pytest.fail) == [
        {"n": 1, "n_1": 2, "x": None, "y": [None, 1.5], "n_2": 3}
    ]


def test_an_analysis_is_asked_from_inside_and_the_query_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run("analyze", made.pcap(tmp_path / "in.pcap", FRAMES), "--out", out)
    swapped = run("sql", out, "FROM captures")
    assert (swapped.returncode, swapped.stderr) == (
        2,
        "idletalk: name the query first, then the folder: idletalk sql QUERY FOLDER\n",
    )
    monkeypatch.chdir(out)
    for asked in (("sql", "SELECT 1"), ("sql", f"SELECT '{'x' * 5000}'"), ("show", "devices"), ("show",)):
        assert run(*asked).returncode == 0, asked[0]

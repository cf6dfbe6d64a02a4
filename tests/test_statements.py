"""Statements side by side: who waits for whom, and that a failure ends the line."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idletalk import Analysis
from idletalk.statements import Line, predecessors
from idletalk.store import Store

NAMES = ("a", "b", "c", "d")


def test_a_statement_waits_for_what_makes_its_tables_and_for_nothing_else() -> None:
    assert predecessors(
        [
            "CREATE TABLE a AS SELECT 1 AS x",
            "CREATE TABLE b AS SELECT 2 AS x",
            "-- a comment before it\nCREATE VIEW v AS FROM a",
            'INSERT INTO "b" FROM v',
        ]
    ) == [frozenset(), frozenset(), {0}, {0, 1, 2}]


def test_who_asks_a_view_waits_for_what_lies_behind_it() -> None:
    assert predecessors(
        [
            "CREATE VIEW v AS FROM a",
            "CREATE MACRO m() AS TABLE FROM v",
            "INSERT INTO a VALUES (1)",
            "CREATE TABLE t AS FROM m()",
        ]
    )[3] == {0, 1, 2}


def test_a_table_is_not_changed_before_those_have_read_it_that_come_first() -> None:
    assert predecessors(["CREATE TABLE a AS SELECT 1", "CREATE TABLE b AS FROM a", "DROP TABLE a"])[2] == {0, 1}


def test_a_name_in_a_string_is_mentioned() -> None:
    assert predecessors(["CREATE TABLE hosts AS SELECT 1", "CREATE TABLE t AS FROM lookup('hosts')"])[1] == {0}


def test_all_wait_for_a_statement_of_another_kind() -> None:
    assert predecessors(["CREATE TABLE a AS SELECT 1", "CHECKPOINT", "CREATE TABLE b AS SELECT 1"]) == [
        frozenset(),
        {0},
        {1},
    ]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3)), max_size=12))
def test_whoever_changes_and_whoever_reads_keep_their_order(script: list[tuple[str, list[str]]]) -> None:
    waits = predecessors(f"INSERT INTO {name} SELECT * FROM {', '.join(read) or 'nothing'}" for name, read in script)
    behind: list[set[int]] = []
    for before in waits:
        behind.append(set(before).union(*(behind[number] for number in before)))
    for later, (name, read) in enumerate(script):
        for earlier, (other, other_read) in enumerate(script[:later]):
            if other in (name, *read) or name in other_read:
                assert earlier in behind[later]


def test_a_failure_ends_the_line() -> None:
    stopped = threading.Event()
    line = Line([frozenset(), frozenset({0}), frozenset({1})], stopped)
    taken: list[str] = []

    def take(step: str) -> None:
        taken.append(step)
        if step == "fails":
            raise ValueError(step)

    steps = ["first", "fails", "never"]
    with ThreadPoolExecutor(2) as apart:
        works = [apart.submit(line.work, steps, take) for _ in range(2)]
    assert taken == ["first", "fails"]
    assert sorted(str(work.exception()) for work in works) == ["None", "fails"]
    with pytest.raises(ValueError, match="fails"):
        for work in works:
            work.result()


def test_nothing_to_do_side_by_side_is_done(demo: Analysis) -> None:
    store = Store(demo.folder)
    assert store.together([]) == []
    store.run("")
    assert store.together([lambda beside: beside.ask("SELECT 1 AS one")]) == [[{"one": 1}]]
    store.close()

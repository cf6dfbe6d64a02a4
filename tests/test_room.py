"""Memory that statements share: who finds too little works alone, then with more."""

import threading
from collections.abc import Callable
from typing import Any, cast

import duckdb
import pytest

from idletalk.room import LIMITS, Room


class Settings:
    """A connection that only remembers what is set."""

    def __init__(self) -> None:
        self.limits: list[str] = []

    def execute(self, sql: str) -> None:
        """Remembers a limit."""
        self.limits.append(sql.split("'")[1])


def failing(times: int) -> Callable[[], str]:
    """A statement for which memory is too little so many times."""
    left = [times]

    def statement() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise duckdb.OutOfMemoryException("too little")
        return "done"

    return statement


def run(room: Room, statement: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What it gives, and the limits that were set on the way."""
    settings = Settings()
    return room.run(cast("duckdb.DuckDBPyConnection", settings), statement), settings.limits


def test_what_fits_changes_nothing() -> None:
    assert run(Room(), failing(0)) == ("done", [])


def test_what_finds_too_little_gets_more_step_by_step_and_gives_it_back() -> None:
    assert run(Room(), failing(1)) == ("done", [LIMITS[0], LIMITS[0]])
    assert run(Room(), failing(2)) == ("done", [*LIMITS[:2], LIMITS[0]])
    assert run(Room(), failing(len(LIMITS))) == ("done", [*LIMITS, LIMITS[0]])


def test_what_never_fits_says_so() -> None:
    with pytest.raises(duckdb.OutOfMemoryException):
        run(Room(), failing(len(LIMITS) + 1))


def test_a_second_try_waits_until_the_others_are_done_and_nobody_begins_beside_it() -> None:
    room, log = Room(), list[str]()
    begun, may_end, tried = threading.Event(), threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        may_end.wait(10)
        log.append("long")

    def large() -> None:
        if not tried.is_set():
            tried.set()
            raise duckdb.OutOfMemoryException("too little")
        log.append("large")

    threads = [threading.Thread(target=run, args=(room, long)), threading.Thread(target=run, args=(room, large))]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    assert tried.wait(10)
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert log == ["long", "large"]


def test_a_room_that_shrank_gives_more_again_only_to_what_does_not_fit() -> None:
    room, settings = Room(), Settings()
    room.shrink(cast("duckdb.DuckDBPyConnection", settings), "100MB")
    assert settings.limits == ["100MB"]
    assert run(room, failing(2)) == ("done", ["100MB", LIMITS[0], "100MB"])

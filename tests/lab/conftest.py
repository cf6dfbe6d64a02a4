"""The runs that several tests look at."""

import os
from collections.abc import Iterator

import pytest
from tests.lab import early


@pytest.fixture(scope="session")
def begun() -> Iterator[None]:
    """Runs of the lab are under way: begun with the tests, or, where only some tests were asked for, now."""
    print(f"seed {early.SEED}")
    if early.FOLDER in os.environ:
        yield
        return
    running = early.begin()
    yield
    early.end(running)

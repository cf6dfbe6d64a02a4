"""The runs of test_end_to_end begin when all tests are collected: they mostly wait, and other tests run meanwhile."""

import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

import pytest
from lab.needs import missing
from tests.lab.runs import live

SEED = os.environ.get("IDLETALK_SEED", "107")
OPTIONS = {
    "whole": ("--minutes", "0.4", "--rounds", "2"),
    "null": ("--minutes", "0.4", "--rounds", "0", "--no-updates", "--null"),
}
FOLDER = pytest.StashKey[TemporaryDirectory[str]]()
BEGUN = pytest.StashKey[dict[str, Popen[bytes]]]()


def _begin(config: pytest.Config) -> None:
    config.stash[FOLDER] = TemporaryDirectory(prefix="idletalk-lab-")
    folder = Path(config.stash[FOLDER].name)
    config.stash[BEGUN] = {name: live(folder / name, SEED, *options) for name, options in OPTIONS.items()}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin early, unless several processes share the tests."""
    wanted = any(item.path.name == "test_end_to_end.py" for item in session.items)
    config = session.config
    if wanted and missing() is None and not config.option.collectonly and not hasattr(config, "workerinput"):
        _begin(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what still runs; its namespaces go with it."""
    for child in config.stash.get(BEGUN, {}).values():
        child.terminate()
        child.wait()
    if FOLDER in config.stash:
        config.stash[FOLDER].cleanup()


@pytest.fixture(scope="session")
def begun(request: pytest.FixtureRequest) -> Iterator[dict[str, tuple[Path, Popen[bytes]]]]:
    """The folders of the runs, and the processes that live them."""
    if BEGUN not in request.config.stash:
        _begin(request.config)
    folder = Path(request.config.stash[FOLDER].name)
    print(f"seed {SEED}")
    yield {name: (folder / name, child) for name, child in request.config.stash[BEGUN].items()}

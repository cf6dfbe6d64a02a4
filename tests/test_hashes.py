"""Which captures get a SHA-256, and that hashing stands back."""

import hashlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from idletalk import provenance
from idletalk.provenance import HashChoice, file_hashes, give_way


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files of different contents, and one that is not there."""
    made = [tmp_path / name for name in ("a.pcap", "b.pcap")]
    for file in made:
        file.write_text(file.name)
    return [*made, tmp_path / "missing.pcap"]


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("choice", "hashed"), [("all", {"a", "b"}), ("none", set[str]()), ("cited", {"b"}), ("auto", {"a", "b"})]
)
def test_a_choice_covers_its_files(choice: HashChoice, hashed: set[str], files: list[Path]) -> None:
    told = file_hashes(files, choice, {files[1]})
    assert told == {str(file): digest(file) for file in files[:2] if file.stem in hashed}


def test_of_much_those_are_hashed_that_are_cited_and_a_single_one_always(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "AUTO_HASH_BYTES", 3)
    assert file_hashes(files, "auto", {files[1]}) == {str(files[1]): digest(files[1])}
    assert file_hashes(files, "auto") == {}
    assert file_hashes(files[:1], "auto") == {str(files[0]): digest(files[0])}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has a priority for each thread")
def test_hashing_gives_way_and_nothing_else_does() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = niceness()
    with ThreadPoolExecutor(1, initializer=give_way) as apart:
        assert apart.submit(niceness).result() == min(19, before + provenance.HASHING_NICENESS)
    assert niceness() == before

"""Evidence: the frames of each finding as a small capture, and the hashes of the files that they come from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from idletalk.dissector import Source, cut

EVIDENCE = "evidence"
"""Folder of the evidence files inside an analysis. It holds raw frames: only its owner may look into it."""

Frames = Sequence[tuple[int, int]]


class Cited(Protocol):
    """What has frames to show."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def kept(self) -> Frames: ...  # noqa: D102


def write_evidence(
    sources: Sequence[Source], folder: Path, cited: Sequence[Cited], shown: Mapping[str, str], program: str
) -> None:
    """Write ``evidence/ID.pcapng`` for each; every frame's comment names its file and number there.

    `sources` are the files that can be read, `shown` names of files by path, as the report tells them.
    """
    if not cited:
        return
    target = folder / EVIDENCE
    target.mkdir(mode=0o700, exist_ok=True)
    named = [(capture, path, shown[str(path)], marks) for capture, path, marks in sources]
    cut(named, [(target / f"{one.id}.pcapng", list(one.kept)) for one in cited], f"idletalk {program}")

"""Judgements with their evidence, and the questions that were asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

Severity = Literal["high", "medium", "low", "note"]
SEVERITIES: Mapping[Severity, str] = {
    "high": "gives away or lets change what must be secret or whole",
    "medium": "helps somebody who attacks, or fails for good",
    "low": "a fault without such consequence",
    "note": "a property that an expert wants to know",
}
"""What each severity means, the gravest first."""


# no dataclass: a report has tens of thousands of them, which are made in a fifth of the time
class FrameName(Struct, frozen=True, kw_only=True, gc=False):
    """A frame as Wireshark counts it in a file."""

    capture: Annotated[int, Meta(description="index of the file in captures.files")]
    frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What supports a finding, down to the frame."""

    frames: Annotated[int, Meta(description="all frames that support it")]
    kept: Annotated[tuple[FrameName, ...], Meta(description="those that the file holds: the first ones")]
    file: Annotated[str | None, Meta(description="pcapng of the kept frames, inside the analysis; null: not written")]
    filter: Annotated[str, Meta(description="Wireshark display filter that selects them in the captures")]
    filter_note: Annotated[str | None, Meta(description="what the filter selects beside them; null: nothing")]
    captures: Annotated[tuple[int, ...], Meta(description="files that hold the kept frames: their SHA-256 is known")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a person thinks of a finding (lab file)."""

    verdict: Literal["accepted", "disputed"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A judgement with its evidence."""

    id: Annotated[str, Meta(description="from kind, device, peer and subject: survives another hour of capture")]
    kind: str
    severity: Severity
    device: str
    peer: Annotated[str | None, Meta(description="address of the other end, where there is one")]
    subject: Annotated[str | None, Meta(description="what it is about beside the peer: a name, a port, a key")]
    sentence: str
    numbers: dict[str, str | int | float | None]
    evidence: Evidence
    would_change: Annotated[str, Meta(description="what would change this judgement")]
    verdict: Annotated[Judged | None, Meta(description="of the lab file; null: none")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question that was asked of a device, and whether the capture answers it."""

    device: str
    question: Annotated[str, Meta(description="name of the behaviour")]
    outcome: Literal["found", "not_found", "could_not_be_seen"]
    findings: Annotated[int, Meta(description="of these the report lists at most 20 a kind and device")]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingKind:
    """What a kind of finding means."""

    name: str
    severity: Severity
    meaning: str
    would_change: Annotated[str, Meta(description="what would change such a judgement")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that was asked of the capture, and how it is answered."""

    name: Annotated[str, Meta(description="as in checks")]
    question: str
    method: str
    limits: str
    kinds: tuple[FindingKind, ...]

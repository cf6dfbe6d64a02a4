"""What was captured, what could not be seen, and what made the report."""

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """Where frames were captured."""

    name: str | None
    link_type: str
    filter: Annotated[str | None, Meta(description="capture filter; what it does not match cannot be seen")]
    snaplen_bytes: Annotated[int | None, Meta(description="null: unlimited")]
    dropped: Annotated[int | None, Meta(description="frames that were lost; null: not said")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Damage in a capture file; what was read before it counts."""

    path: str
    offset: Annotated[int | None, Meta(description="bytes into the decompressed file; null: the file as a whole")]
    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFile:
    """One capture file."""

    capture: Annotated[int, Meta(description="index in time order; frames are named (capture, frame)")]
    path: str
    sha256: Annotated[str | None, Meta(description="null: not computed, see --hash")]
    format: str | None
    compression: str | None
    link_types: tuple[str, ...]
    file_bytes: int | None
    packets: int | None
    bytes: int | None
    truncated_packets: Annotated[int | None, Meta(description="frames cut by the snap length")]
    first: str | None
    last: str | None
    set_back_s: Annotated[
        float | None, Meta(description="most that a frame is earlier than the one before it; null: in time order")
    ]
    set_back_frame: Annotated[int | None, Meta(description="that frame")]
    interfaces: tuple[Interface, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time of which there is no capture."""

    first: str
    last: str
    duration_s: float
    is_step: Annotated[
        bool,
        Meta(
            description="inside a file, and connections go on behind it, or it lasts a year or more: the clock was set, or the capture stood still"
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the time between first and last frame was observed."""

    observed_s: Annotated[
        float, Meta(description="time covered by capture files, and silence between them as long as inside them")
    ]
    gaps: tuple[Gap, ...]
    silent_s: Annotated[float, Meta(description="observed quarters of an hour without a single frame")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captures:
    """All capture files as one capture."""

    files: tuple[CaptureFile, ...]
    packets: int
    bytes: int
    unique_packets: Annotated[int, Meta(description="frames without those that the capture holds twice")]
    unique_bytes: int
    first: str | None
    last: str | None
    duration_s: float | None
    coverage: Coverage | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blindness:
    """Something that this capture cannot show, and what that hides."""

    kind: Annotated[str, Meta(description="stable name")]
    sentence: str


BEHAVIOUR_FAILED = "behaviour_failed"
"""Kind of what could not be seen because a behaviour of another package failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupSource:
    """A look-up table and its date."""

    name: str
    tells: str
    date: str | None
    licence: str | None
    attribution: Annotated[str | None, Meta(description="what its licence asks to be said")]
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made this report, from what."""

    idletalk: Annotated[str, Meta(description="version")]
    options: dict[str, Any]
    lookups: tuple[LookupSource, ...]
    lab_sha256: Annotated[str | None, Meta(description="of the lab file; null: none was given")]
    as_of: Annotated[str | None, Meta(description="the 'now' of judgements: by default the capture's end")]
    timezone: Annotated[str, Meta(description="in which hours and days are told")]
    warnings: Annotated[
        tuple[str, ...],
        Meta(description="what was asked for and had no effect, such as a verdict on a finding that is not there"),
    ] = ()

"""The lab file (``lab.toml``): what the person who captured knows. Everything in it is optional.

Format: docs/lab-file.md. A mistake in it is an :class:`IdletalkError` that names the file and the field.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from idletalk.errors import IdletalkError
from idletalk.model import Role

PhaseName = str


class LabDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device that the lab names."""

    name: str
    macs: tuple[str, ...] = ()
    role: Role | None = None
    under_test: bool | None = None
    model: str | None = None


class Phase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of time with a name: setup, idle, operating, update."""

    name: PhaseName
    start: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a person did."""

    time: datetime
    action: str
    device: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person thinks of a finding."""

    finding: str
    verdict: str
    reason: str


class Lab(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lab file."""

    timezone: str = "UTC"
    public_ip: str | tuple[str, ...] | None = None
    local_networks: tuple[str, ...] = ()
    device: tuple[LabDevice, ...] = ()
    phase: tuple[Phase, ...] = ()
    event: tuple[Event, ...] = ()
    verdict: tuple[Verdict, ...] = ()
    secrets: dict[str, str | tuple[str, ...]] = {}
    sha256: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which hours and days are told."""
        return ZoneInfo(self.timezone)

    def phase_ranges(self, name: str) -> list[tuple[int, int]]:
        """Half-open ranges of a phase in UTC nanoseconds; an error names the phases there are."""
        ranges = [(time_ns(p.start, self.zone), time_ns(p.end, self.zone)) for p in self.phase if p.name == name]
        if not ranges:
            known = ", ".join(sorted({p.name for p in self.phase})) or "none"
            raise IdletalkError(f"the lab file has no phase {name!r} (it has: {known})")
        return ranges


def time_ns(moment: datetime, zone: ZoneInfo) -> int:
    """A moment as UTC nanoseconds since 1970; without an offset it is local time of the lab."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000


def parse_time(text: str, zone: ZoneInfo) -> int:
    """A time as a user writes it (``2021-05-06``, ``2021-05-06T14:00``, with or without offset), as UTC nanoseconds."""
    try:
        return time_ns(datetime.fromisoformat(text), zone)
    except ValueError:
        raise IdletalkError(f"{text!r} is no time: write it like 2021-05-06T14:00 or 2021-05-06T14:00:00Z") from None


def read_lab(path: Path | None) -> Lab:
    """Read a lab file; without one, a lab about which nothing is known."""
    if path is None:
        return Lab()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise IdletalkError(f"cannot read the lab file {path}: {error.strerror}") from None
    try:
        lab = msgspec.toml.decode(raw, type=Lab)
        ZoneInfo(lab.timezone)
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError, ZoneInfoNotFoundError) as error:
        raise IdletalkError(f"{path} is no lab file: {error}") from None
    return msgspec.structs.replace(lab, sha256=hashlib.sha256(raw).hexdigest())

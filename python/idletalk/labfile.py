"""The lab file (``lab.toml``): what the person who captured knows. Everything in it is optional.

Format: docs/lab-file.md. A mistake in it is an :class:`IdletalkError` that names the file and the field.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from idletalk.errors import IdletalkError
from idletalk.model import Role

PhaseName = str

MAX_BYTES = 1 << 20
"""Longest lab file that is read."""

MIN_NS, MAX_NS = -(2**63), 2**63 - 1
"""Times of a capture lie between these (the years 1677 to 2262)."""

_MAC = re.compile(r"[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}")


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
    within_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    """how long after the time it may have been: a note without seconds means some time in that minute"""


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person thinks of a finding."""

    finding: str
    verdict: Literal["accepted", "disputed"]
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
    """A moment as UTC nanoseconds since 1970; without an offset it is local time of the lab.

    What 64 bits cannot hold is the nearest that they can: no capture reaches beyond it.
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    exact = (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000
    return min(max(exact, MIN_NS), MAX_NS)


def mac_of(text: str) -> str | None:
    """A MAC address as lower-case text with colons; none if the text is no MAC."""
    lower = text.lower()
    return lower.replace("-", ":") if _MAC.fullmatch(lower) else None


def parse_time(text: str, zone: ZoneInfo) -> int:
    """A time as a user writes it (``2021-05-06``, ``2021-05-06T14:00``, with or without offset), as UTC nanoseconds."""
    try:
        return time_ns(datetime.fromisoformat(text), zone)
    except ValueError:
        raise IdletalkError(f"{text!r} is no time: write it like 2021-05-06T14:00 or 2021-05-06T14:00:00Z") from None


def time_range(start: str | None, end: str | None, zone: ZoneInfo) -> tuple[int, int]:
    """A half-open range as a user writes it, in UTC nanoseconds; without a bound it is open on that side."""
    low = parse_time(start, zone) if start else MIN_NS
    return low, parse_time(end, zone) if end else MAX_NS


def read_lab(path: Path | None) -> Lab:
    """Read a lab file; without one, a lab about which nothing is known."""
    if path is None:
        return Lab()
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise IdletalkError(f"cannot read the lab file {path}: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise IdletalkError(f"{path} is no lab file: it is longer than 1 MiB")
    try:
        lab = msgspec.toml.decode(raw, type=Lab)
        zone = ZoneInfo(lab.timezone)
    except (msgspec.DecodeError, ValueError, ZoneInfoNotFoundError, OSError, RecursionError) as error:
        raise IdletalkError(f"{path} is no lab file: {error}") from None
    try:
        devices = _checked_devices(lab.device)
        _check_addresses(lab)
        _check_phases(lab.phase, zone)
    except ValueError as error:
        raise IdletalkError(f"the lab file {path} is wrong: {error}") from None
    return msgspec.structs.replace(lab, device=devices, sha256=hashlib.sha256(raw).hexdigest())


def with_events(lab: Lab, events: Iterable[Event]) -> Lab:
    """The lab with more events."""
    return msgspec.structs.replace(lab, event=(*lab.event, *events))


def _checked_devices(devices: Iterable[LabDevice]) -> tuple[LabDevice, ...]:
    """The devices with their MACs as lower-case text with colons, none of which stands twice."""
    names: dict[str, str] = {}
    checked: list[LabDevice] = []
    for device in devices:
        macs: list[str] = []
        for text in device.macs:
            mac = mac_of(text)
            if mac is None:
                raise ValueError(f"{text!r} of {device.name!r} is no MAC: write it like 02:00:00:00:00:01")
            if mac in names:
                raise ValueError(f"the MAC {mac} stands twice: with {names[mac]!r} and with {device.name!r}")
            names[mac] = device.name
            macs.append(mac)
        checked.append(msgspec.structs.replace(device, macs=tuple(macs)))
    return tuple(checked)


def _check_addresses(lab: Lab) -> None:
    public = (lab.public_ip,) if isinstance(lab.public_ip, str) else lab.public_ip or ()
    for text in public:
        try:
            ip_address(text)
        except ValueError:
            raise ValueError(f"public_ip {text!r} is no IP address") from None
    for text in lab.local_networks:
        try:
            ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"local network {text!r} is no network: write it like 192.0.2.0/24") from None


def _check_phases(phases: Iterable[Phase], zone: ZoneInfo) -> None:
    for phase in phases:
        if time_ns(phase.start, zone) >= time_ns(phase.end, zone):
            raise ValueError(f"the phase {phase.name!r} from {phase.start} to {phase.end} ends before it begins")

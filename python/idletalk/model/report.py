"""The whole of report.json and its conclusions."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from idletalk.model.captures import Blindness, Captures, Provenance
from idletalk.model.devices import Device
from idletalk.model.findings import Check, Finding, Question
from idletalk.model.images import Image
from idletalk.model.operating import OperatingRow, UnnamedAction
from idletalk.model.updates import UpdateRow

SCHEMA = "https://idletalk.invalid/schema/report-1.json"
"""Identifies the version of report.json; the number grows when a name changes its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourVolume:
    """Bytes of a device in one hour."""

    device: str
    hour: Annotated[str, Meta(description="start of the hour")]
    tx_bytes: int
    rx_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudUse:
    """What a device does with one provider."""

    provider: Annotated[str, Meta(description="provider, else the organisation, else 'unknown'")]
    countries: tuple[str, ...]
    protocols: tuple[str, ...]
    hosts: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleRow:
    """What a device does when nobody uses it."""

    device: str
    name: str
    seen: Annotated[bool, Meta(description="false: under test, and not one frame of it in this capture")]
    clouds: tuple[CloudUse, ...]
    countries: tuple[str, ...]
    countries_disputed: Annotated[
        tuple[str, ...], Meta(description="of these, those about which look-up tables disagree")
    ]
    ntp_hosts: Annotated[
        int | None, Meta(description="hosts asked for the time; null: its packets are encrypted on the air")
    ]
    internet_peers_without_ntp: Annotated[
        int | None, Meta(description="other Internet hosts; null: its packets are encrypted on the air")
    ]
    lan_peers: Annotated[
        int | None, Meta(description="devices of the LAN it exchanged frames with; null: undecidable here")
    ]
    lateral_movements: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="neighbours that it found and connected to, and sweeps, and whether the lab file disputes it; null: undecidable here"
        ),
    ]
    searches_by: Annotated[tuple[str, ...], Meta(description="protocols by which it searches the LAN")]
    unencrypted: Annotated[tuple[str, ...], Meta(description="protocols in clear that it speaks with Internet hosts")]
    bytes_per_observed_hour: Annotated[float | None, Meta(description="null: less than an hour was captured")]
    bytes_per_observed_day: Annotated[float | None, Meta(description="null: less than a day was captured")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusions:
    """The conclusion tables; null: not judged by this version."""

    fleet: Annotated[tuple[str, ...], Meta(description="what holds for the devices together, in sentences")]
    idle: tuple[IdleRow, ...] | None
    operating: Annotated[
        tuple[OperatingRow, ...] | None, Meta(description="null: no event is known (lab file, --events)")
    ] = None
    unnamed: Annotated[
        tuple[UnnamedAction, ...],
        Meta(description="of devices without events: what may be actions, since it comes again at no regular time"),
    ] = ()
    updates: Annotated[
        tuple[UpdateRow, ...] | None, Meta(description="firmware fetched in clear; a device without any has a row too")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole of report.json."""

    schema: str = SCHEMA
    provenance: Provenance
    captures: Captures
    cannot_be_seen: tuple[Blindness, ...]
    devices: tuple[Device, ...]
    devices_omitted: Annotated[int, Meta(description="devices with fewer bytes that only the table devices has")]
    hours: Annotated[tuple[HourVolume, ...], Meta(description="bytes by device and hour, for the charts")]
    findings: Annotated[tuple[Finding, ...], Meta(description="the gravest first")]
    checks: Annotated[tuple[Check, ...], Meta(description="what was asked of each device, found or not")]
    questions: Annotated[tuple[Question, ...], Meta(description="what is asked, and how it is answered")] = ()
    images: Annotated[tuple[Image, ...], Meta(description="firmware that was fetched in clear, each image once")] = ()
    conclusions: Conclusions

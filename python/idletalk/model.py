"""What an analysis says: one set of typed classes that gives JSON, JSON Schema and the Python API.

Missing is ``None`` and means "not known". Times are UTC, ISO 8601 with nanoseconds. Bytes are frame lengths on the
wire. ``as seen`` counts every captured frame; ``unique`` counts a frame once that several interfaces or files hold.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

SCHEMA = "https://idletalk.invalid/schema/report-1.json"
"""Identifies the version of report.json; the number grows when a name changes its meaning."""

Scope = Literal["lan", "gateway", "multicast", "broadcast", "internet", "routed", "unspecified"]
Role = Literal["device", "gateway", "capture", "phone", "hub", "bystander"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Frames and bytes of a device, seen from the device."""

    tx_packets: Annotated[int, Meta(description="frames that it sent")]
    tx_bytes: Annotated[int, Meta(description="bytes that it sent")]
    rx_packets: Annotated[int, Meta(description="frames sent to it")]
    rx_bytes: Annotated[int, Meta(description="bytes sent to it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic(Volume):
    """Frames and bytes as seen, and each frame once."""

    unique: Annotated[Volume, Meta(description="the same without frames that the capture holds twice")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An IP address that a device used."""

    address: str
    first: Annotated[str, Meta(description="first sighting")]
    last: Annotated[str, Meta(description="last sighting")]
    told_by: Annotated[tuple[str, ...], Meta(description="what showed it: arp, nd, dhcp, ip (source of a packet)")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldName:
    """A name and the record that told it."""

    name: str
    told_by: Annotated[str, Meta(description="dhcp, mdns, dns, sni, http, lab, ...")]
    first: str
    count: Annotated[int, Meta(description="how often it was told")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolVolume:
    """What a device sent and received in one protocol."""

    protocol: Annotated[str, Meta(description="application protocol, else transport or network layer")]
    transport: Annotated[str | None, Meta(description="tcp, udp, icmp ...; null without IP")]
    application: Annotated[str | None, Meta(description="null: nobody knows it")]
    recognised_by: Annotated[str | None, Meta(description="content, or only the port")]
    traffic: Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who a device talks to."""

    address: Annotated[str, Meta(description="IP address, or MAC where no IP is involved")]
    scope: Scope
    device: Annotated[str | None, Meta(description="id of the device that has this address, when it is one of ours")]
    names: Annotated[tuple[ToldName, ...], Meta(description="names in order of trust: SNI, HTTP Host, DNS answer")]
    country: Annotated[str | None, Meta(description="ISO 3166 code of where the host is said to be")]
    country_source: str | None
    country_disagrees: Annotated[bool | None, Meta(description="another source names another country")]
    asn: int | None
    organisation: Annotated[str | None, Meta(description="who holds the AS number")]
    provider: Annotated[str | None, Meta(description="cloud, CDN or hosting provider whose network it is")]
    provider_kind: str | None
    anycast: Annotated[bool | None, Meta(description="served from many places at once: the country is no place")]
    protocols: tuple[ProtocolVolume, ...]
    traffic: Traffic
    flows: int
    first: str
    last: str
    open_before_capture: Annotated[
        bool | None, Meta(description="a TCP connection to it was open before the capture began; null without TCP")
    ]
    is_ntp_only: Annotated[bool, Meta(description="nothing but time was asked of it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A physical thing on the network."""

    id: Annotated[str, Meta(description="its MAC, or ip:ADDRESS where the link has none")]
    macs: tuple[str, ...]
    name: str
    name_told_by: Annotated[str, Meta(description="what told the name: lab, dhcp, mdns, vendor, id")]
    vendor: Annotated[str | None, Meta(description="holder of the MAC's prefix (IEEE)")]
    mac_is_random: Annotated[bool | None, Meta(description="the MAC was chosen by software, not by a vendor")]
    role: Annotated[Role | None, Meta(description="null: nothing tells it")]
    role_told_by: str | None
    under_test: Annotated[bool | None, Meta(description="null: no lab file says which devices are under test")]
    addresses: tuple[Address, ...]
    hostnames: tuple[ToldName, ...]
    traffic: Traffic
    first: str
    last: str
    bytes_per_observed_hour: float | None
    protocols: tuple[ProtocolVolume, ...]
    peers: tuple[Peer, ...]
    peers_omitted: Annotated[int, Meta(description="peers with fewer bytes that only the table peers has")]


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
    interfaces: tuple[Interface, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time of which there is no capture."""

    first: str
    last: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the time between first and last frame was observed."""

    observed_s: Annotated[float, Meta(description="time covered by capture files")]
    gaps: tuple[Gap, ...]
    silent_s: Annotated[float, Meta(description="quarters of an hour inside the files without a single frame")]


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
    ntp_hosts: int
    internet_peers_without_ntp: int
    lan_peers: Annotated[
        int | None, Meta(description="devices of the LAN it exchanged frames with; null: undecidable here")
    ]
    bytes_per_observed_hour: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusions:
    """The conclusion tables; null: not judged by this version."""

    idle: tuple[IdleRow, ...] | None
    operating: None = None
    updates: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A judgement with its evidence."""

    id: str
    kind: str
    device: str
    sentence: str


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
    findings: tuple[Finding, ...] = field(default=())
    conclusions: Conclusions

"""Devices, their peers, and what they sent and received."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

Scope = Literal["lan", "gateway", "multicast", "broadcast", "internet", "routed", "unspecified"]
Payload = Literal["encrypted", "cleartext", "mixed", "unknown"]
Role = Literal["device", "gateway", "capture", "phone", "hub", "bystander"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Frames and bytes of a device, seen from the device."""

    tx_packets: Annotated[int, Meta(description="frames that it sent")]
    tx_bytes: Annotated[int, Meta(description="bytes that it sent")]
    rx_packets: Annotated[int, Meta(description="frames sent to it")]
    rx_bytes: Annotated[int, Meta(description="bytes sent to it")]

    @property
    def total_bytes(self) -> int:
        """Bytes both ways."""
        return self.tx_bytes + self.rx_bytes


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
    told_by: Annotated[
        tuple[str, ...], Meta(description="what showed it: arp, nd, dhcp, ip (source of a packet), or ip without MAC")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldName:
    """A name and the record that told it."""

    name: str
    told_by: Annotated[str, Meta(description="dhcp, mdns, dns, sni, http, lab, ...")]
    first: str
    count: Annotated[int, Meta(description="how often it was told")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFact:
    """What a device says about itself, and the record that told it."""

    kind: Annotated[str, Meta(description="name, model, firmware, manufacturer, os, software, serial, uuid or mac")]
    value: str
    told_by: Annotated[str, Meta(description="protocol and field")]
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
class PeerProtocol(ProtocolVolume):
    """What a device and a peer say in one protocol, and whether it is encrypted."""

    channel: Annotated[
        str | None,
        Meta(description="what protects it: tls, quic, dtls, ssh, wireguard ..., or none; null: nothing was carried"),
    ]
    payload: Annotated[
        Payload | None,
        Meta(
            description="encrypted, cleartext (compressed and media too), mixed, or unknown; null: nothing was carried"
        ),
    ]
    payload_reason: Annotated[
        str | None, Meta(description="what tells it: the protocol, or statistics of the bytes of most of it")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who a device talks to."""

    address: Annotated[str, Meta(description="IP address, or MAC where no IP is involved")]
    scope: Scope
    device: Annotated[
        str | None, Meta(description="id of the device that has this address, when it is one of ours: of the last one")
    ]
    earlier_devices: Annotated[
        tuple[str, ...],
        Meta(
            description="ids of those that had it before, in order of time: what is told of the peer is of all of them"
        ),
    ]
    names: Annotated[tuple[ToldName, ...], Meta(description="names in order of trust: SNI, HTTP Host, DNS answer")]
    country: Annotated[str | None, Meta(description="ISO 3166 code of where the host is said to be")]
    country_source: str | None
    country_disagrees: Annotated[bool | None, Meta(description="another source names another country")]
    asn: int | None
    organisation: Annotated[str | None, Meta(description="who holds the AS number")]
    provider: Annotated[str | None, Meta(description="cloud, CDN or hosting provider whose network it is")]
    provider_kind: str | None
    anycast: Annotated[bool | None, Meta(description="served from many places at once: the country is no place")]
    protocols: tuple[PeerProtocol, ...]
    traffic: Traffic
    flows: int
    first: str
    last: str
    open_before_capture: Annotated[
        bool | None, Meta(description="a TCP connection to it was open before the capture began; null without TCP")
    ]
    is_ntp_only: Annotated[bool, Meta(description="nothing but time was asked of it")]
    is_caller: Annotated[
        bool,
        Meta(
            description="an Internet host that began every conversation and was told nothing: a scan, or errors of a router on the way"
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """Something that a device does at regular times."""

    peer: Annotated[str | None, Meta(description="address of the peer; null: whoever it is sent to")]
    what: Annotated[str, Meta(description="kind of event")]
    period_s: Annotated[float, Meta(description="median time between two events, seconds")]
    jitter_ratio: Annotated[
        float, Meta(description="half the spread of these times (10 to 90 %), as a share of the period")
    ]
    repetitions: Annotated[int, Meta(description="events of this period")]
    events: Annotated[int, Meta(description="all events of this kind with this peer")]
    looked_at: Annotated[
        int | None,
        Meta(
            description="events that were looked at, where there are too many to look at all: repetitions and payload_share are of these; null: all"
        ),
    ]
    first: str
    last: str
    payload_share: Annotated[float | None, Meta(description="share of the device's payload bytes; null: not known")]
    before_s: Annotated[
        float | None, Meta(description="period that the events had before, where it changed; else null")
    ]
    before_last: Annotated[
        str | None, Meta(description="last event of that one: the change lies between this and first")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LongConnection:
    """A connection that a device keeps open."""

    peer: str
    transport: str
    application: Annotated[str | None, Meta(description="null: nobody knows it")]
    port: Annotated[int | None, Meta(description="port of the side that was connected to")]
    opened_by_device: bool
    first: str
    last: str
    duration_s: Annotated[float, Meta(description="at least so long where began or ended is false")]
    began: Annotated[bool, Meta(description="its beginning was captured (TCP: SYN)")]
    ended: Annotated[bool, Meta(description="its end was captured (TCP: FIN or RST)")]
    messages: Annotated[int, Meta(description="bursts with payload")]
    longest_silence_s: Annotated[float, Meta(description="longest time without payload")]
    keep_alive_s: Annotated[float | None, Meta(description="shortest period of what is said in it; null: none")]
    keep_alive: Annotated[str | None, Meta(description="what comes at that period, as in cadences")]
    told_keep_alive_s: Annotated[int | None, Meta(description="what the client told in MQTT CONNECT")]
    flow: Annotated[str, Meta(description="as in the table flows")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadBytes:
    """Payload bytes of a device, both ways, by whether they are encrypted."""

    encrypted: int
    cleartext: Annotated[int, Meta(description="compressed and media too")]
    mixed: Annotated[int, Meta(description="of directions that are partly encrypted")]
    unknown: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.encrypted + self.cleartext + self.mixed + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A physical thing on the network."""

    id: Annotated[str, Meta(description="its MAC, or ip:ADDRESS where no link with MACs shows it")]
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
    facts: tuple[ToldFact, ...]
    traffic: Traffic
    first: str
    last: str
    bytes_per_observed_hour: Annotated[float | None, Meta(description="null: less than an hour was captured")]
    bytes_per_observed_day: Annotated[float | None, Meta(description="null: less than a day was captured")]
    protocols: tuple[ProtocolVolume, ...]
    peers: tuple[Peer, ...]
    peers_omitted: Annotated[int, Meta(description="peers with fewer bytes that only the table peers has")]
    cadences: Annotated[
        tuple[Cadence, ...], Meta(description="what it does at regular times, the shortest period first")
    ] = ()
    connections: Annotated[tuple[LongConnection, ...], Meta(description="that it keeps open, the longest first")] = ()
    connections_omitted: Annotated[int, Meta(description="shorter ones that only the table long_connections has")] = 0
    payload: Annotated[PayloadBytes | None, Meta(description="null: it carried nothing")] = None

    @property
    def bare_addresses(self) -> tuple[str, ...]:
        """Addresses under which it is seen where frames have no MAC."""
        return tuple(one.address for one in self.addresses if "ip without MAC" in one.told_by)

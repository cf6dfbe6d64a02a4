"""What actions of a user look like on the wire."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStep:
    """One step of an action, over its repetitions."""

    peer: Annotated[str, Meta(description="address or MAC of the peer, of the first repetition")]
    peer_name: Annotated[str, Meta(description="its most trusted name, else its address")]
    peer_kind: Annotated[
        str, Meta(description="cloud, phone, neighbour, gateway, group (multicast, broadcast) or unknown")
    ]
    provider: str | None
    country: str | None
    service: Annotated[str, Meta(description="application or transport, and port")]
    by_device: Annotated[bool, Meta(description="the device sends the first packet of the step")]
    repetitions: Annotated[int, Meta(description="repetitions that show the step")]
    latency_s: Annotated[float, Meta(description="median time after the action's first packet")]
    latency_range_s: Annotated[tuple[float, float], Meta(description="least and greatest of these times")]
    least: Annotated[tuple[int, ...], Meta(description="least payload length of each packet, positive from the device")]
    most: Annotated[tuple[int, ...], Meta(description="greatest payload length of each packet")]
    gaps_us: Annotated[tuple[int, ...], Meta(description="median time before each packet, microseconds")]
    least_gaps_us: tuple[int, ...]
    most_gaps_us: tuple[int, ...]
    was_open: Annotated[bool | None, Meta(description="the connection was open before; null: there are no connections")]
    open_s: Annotated[float | None, Meta(description="median age of the connection as far as seen")]
    tx_bytes: int
    rx_bytes: int
    packets: int
    duration_s: float
    is_stream: Annotated[bool, Meta(description="it lasts: 20 packets and a second or more")]
    fields: Annotated[
        tuple[str, ...], Meta(description="fields of the TXT record that was announced, with what they hold")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingRow:
    """An action of a device in one of the ways in which it comes."""

    device: str
    name: str
    action: str
    first_packet: Annotated[
        str,
        Meta(description="whose packet is first seen at this capture point; unknown: nothing beyond the background"),
    ]
    command_unseen: Annotated[
        bool,
        Meta(
            description="the device begins, as seen here; what others in the LAN send it does not pass this capture point, so"
            " whether one of them told it is undecidable"
        ),
    ]
    repetitions: Annotated[int, Meta(description="events that came in this way")]
    events: Annotated[int, Meta(description="events of the action in any way")]
    clock_offset_s: Annotated[
        float | None,
        Meta(
            description="from the event as noted to its first packet; null: not estimated, the clocks were taken as the same"
        ),
    ]
    clouds: tuple[str, ...]
    countries: tuple[str, ...]
    already_open: Annotated[
        bool | None, Meta(description="the first packet came on a connection open before; null: not known")
    ]
    lan_effects: Annotated[tuple[str, ...], Meta(description="what it tells or asks the LAN")]
    streams: Annotated[tuple[str, ...], Meta(description="streams that begin, with rate and duration")]
    streams_ended: Annotated[tuple[str, ...], Meta(description="streams that end")]
    counterpart: str | None
    distinguishable: Annotated[
        bool | None, Meta(description="whether lengths tell it from its counterpart; null: not known")
    ]
    learnt_from: Annotated[
        int | None, Meta(description="repetitions from which a signature was learnt; null: none could be learnt")
    ]
    held_back: int
    recalled: Annotated[int | None, Meta(description="repetitions held back in which the signature stands")]
    false_per_day: Annotated[float | None, Meta(description="other places where it stands, in a day")]
    signature_note: Annotated[str, Meta(description="why there is no signature, else empty")]
    steps: tuple[ActionStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnnamedAction:
    """Bursts that may be an action of a user, for which no event is known."""

    device: str
    name: str
    peer: Annotated[str, Meta(description="address or MAC of the peer, of the first burst")]
    peer_name: str
    provider: str | None
    country: str | None
    service: Annotated[str, Meta(description="application or transport, and port")]
    first_packet: Annotated[str, Meta(description="who begins: cloud, phone or device")]
    least_bytes: Annotated[int, Meta(description="least payload length of the first packet")]
    most_bytes: int
    times: int
    first: str
    last: str

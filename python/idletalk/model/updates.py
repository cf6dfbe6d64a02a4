"""The updates conclusion."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """A version that a device told of itself, before and after."""

    told_by: Annotated[str, Meta(description="carrier and key")]
    before: Annotated[str | None, Meta(description="last value before; null: not told before")]
    after: Annotated[str | None, Meta(description="first other value after; null: none was told")]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStep:
    """Something that came before or after an update."""

    time: str
    what: str
    peer: Annotated[str | None, Meta(description="address of who sent or was asked")]
    told: Annotated[str, Meta(description="carrier and subject, request, service")]
    capture: int
    frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRow:
    """An image that a device fetched, could have fetched or did not get, or that none was seen."""

    device: str
    name: str
    kind: Annotated[
        Literal["fetched", "possible", "failed", "none"],
        Meta(
            description="fetched: in clear; possible: an encrypted download that could be one; failed: asked for in clear, nothing"
            " came; none: not seen, the sentence says in what time"
        ),
    ]
    seen: Annotated[bool, Meta(description="firmware was seen in clear: kind is fetched")]
    server: Annotated[str | None, Meta(description="host that was asked, else its address")]
    peer: str | None
    cloud: Annotated[str | None, Meta(description="provider, else the organisation")]
    country: str | None
    transport: Annotated[str | None, Meta(description="how it came: http, tftp, ftp, coap, tls or quic")]
    target: Annotated[str | None, Meta(description="what was asked for")]
    first: str | None
    duration_s: float | None
    size_bytes: int | None
    missing_bytes: Annotated[int | None, Meta(description="bytes that were not captured")]
    connections: int | None
    image: Annotated[str | None, Meta(description="file inside the analysis, in a folder that only its owner reads")]
    sha256: Annotated[str | None, Meta(description="of the whole image; null unless complete")]
    also_fetched_by: Annotated[tuple[str, ...], Meta(description="other devices that got the same image")]
    format: str | None
    authenticated_by: Annotated[
        str | None, Meta(description="what authenticates it, in the words of idletalk firmware")
    ]
    told_hashes: Annotated[tuple[str, ...], Meta(description="hashes of it that were told in clear, where and by whom")]
    triggered_by: Annotated[str | None, Meta(description="who or what began it, as far as seen; null: not known")]
    versions: tuple[VersionChange, ...]
    restarted: Annotated[str | None, Meta(description="when it restarted, within a quarter of an hour; null: not seen")]
    checks: Annotated[
        tuple[str, ...], Meta(description="requests and messages of the device in clear that speak of updates")
    ]
    steps: Annotated[tuple[UpdateStep, ...], Meta(description="what came before and after, in order of time")]
    sentence: str

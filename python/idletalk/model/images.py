"""Images of firmware that were fetched, and what is inside them."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRegion:
    """A stretch of an image."""

    offset: int
    length: int
    kind: Annotated[str, Meta(description="part, padding, text, dense (compressed or encrypted), unknown")]
    what: Annotated[str, Meta(description="format of a part, else its kind")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCertificate:
    """A certificate inside an image, which anybody on the way could read and replace."""

    sha256: str
    subject: str
    issuer: str
    role: Annotated[str, Meta(description="root, intermediate or leaf")]
    not_after: str
    trust: str
    inside: Annotated[str, Meta(description="file inside the image; empty: the image itself")]
    file: Annotated[str | None, Meta(description="its DER inside the analysis; null: not written")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of firmware that devices fetched in clear."""

    file: Annotated[str, Meta(description="file inside the analysis")]
    sha256: str | None
    size_bytes: int
    devices: Annotated[tuple[str, ...], Meta(description="names of those that fetched it")]
    missing: Annotated[
        tuple[int, ...],
        Meta(description="ranges not captured: first byte and the one behind the last, in turn; the first 128"),
    ]
    missing_bytes: int
    format: str | None
    authentication: str
    authenticated_by: str
    encryption: str
    sentence: Annotated[str, Meta(description="what somebody in the middle could change")]
    regions: Annotated[tuple[ImageRegion, ...], Meta(description="content map; the largest where there are many")]
    entropy_block_bytes: Annotated[int, Meta(description="bytes of the image behind each value of the curve")]
    entropy_bits: Annotated[tuple[float, ...], Meta(description="bits per byte along the image")]
    certificates: tuple[ImageCertificate, ...]
    private_keys: Annotated[tuple[str, ...], Meta(description="keys that parse: kind, place, certificate or none")]
    credentials: Annotated[
        tuple[str, ...], Meta(description="kinds of passwords, hashes and tokens in it, with what they are about")
    ]
    versions: Annotated[tuple[str, ...], Meta(description="software and versions that it names")]
    announced: Annotated[
        tuple[str, ...], Meta(description="versions that its devices told, and whether the image has them as text")
    ]
    hosts_on_wire: Annotated[tuple[str, ...], Meta(description="hosts that it names and its devices spoke to")]
    hosts_not_on_wire: Annotated[
        tuple[str, ...], Meta(description="hosts that it names and its devices were not seen to speak to")
    ]
    hosts_not_in_image: Annotated[
        tuple[str, ...], Meta(description="Internet hosts that its devices spoke to and it does not name")
    ]
    unpacked_files: Annotated[int, Meta(description="files that were unpacked and searched too")]
    notes: tuple[str, ...]

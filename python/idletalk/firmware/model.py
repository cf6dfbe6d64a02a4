"""What an examination of a firmware image says: typed classes that give firmware.json, its schema and the Python API.

Missing is ``None`` and means "not known". Offsets count from the start of the file that ``file`` names: empty for the image
itself, else a path inside it.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

SCHEMA = "https://idletalk.invalid/schema/firmware-1.json"
"""Identifies the version of firmware.json; the number grows when a name changes its meaning."""

CheckKind = Literal["checksum", "hash", "mac", "signature"]
CheckVerdict = Literal["valid", "invalid", "present_unverifiable", "truncated"]
Encrypted = Literal["yes", "no", "unknown"]
Authentication = Literal[
    "signature verified",
    "signature present, key unknown",
    "signature present, invalid",
    "none found in image (only checksum or hash)",
    "hash or MAC told out of band, matching",
    "hash told in clear, matching",
    "undecidable (opaque or partial)",
]
Integrity = Literal["intact", "damaged", "partial", "nothing to check"]
Trust = Literal["public root now", "issued under a public root now", "formerly public", "vendor-private or unknown"]
KeyState = Literal["verified", "encrypted", "label only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A checksum, hash, MAC or signature inside an image."""

    kind: Annotated[CheckKind, Meta(description="checksum and hash: anybody can compute them; mac and signature: not")]
    name: str
    start: Annotated[int, Meta(description="first byte that it covers")]
    end: Annotated[int, Meta(description="one past the last byte that it covers")]
    verdict: CheckVerdict
    detail: Annotated[dict[str, Any], Meta(description="scheme, digest, public_key, signature in hexadecimal, ...")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something recognised in an image."""

    format: str
    category: str
    offset: int
    length: Annotated[int | None, Meta(description="bytes that it says it has")]
    truncated: Annotated[bool, Meta(description="the image ends before it does")]
    fields: Annotated[dict[str, Any], Meta(description="what its header says")]
    checks: tuple[Check, ...]
    encrypted: Encrypted
    encrypted_reason: str
    parent: Annotated[int | None, Meta(description="index of the part that holds it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of the content map, which names every byte once."""

    offset: int
    length: int
    kind: Annotated[str, Meta(description="part, padding, text, dense (compressed or encrypted), unknown")]
    part: int | None
    value: Annotated[int | None, Meta(description="the byte of padding")]
    bits: Annotated[float, Meta(description="entropy, bits per byte")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entropy:
    """Entropy and chi-square along the image."""

    block_bytes: int
    bits: Annotated[tuple[float, ...], Meta(description="bits per byte of each block")]
    chi_square: Annotated[tuple[float, ...], Meta(description="255 +- 23 is what random bytes have")]
    total_bits: float
    total_chi_square: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A string of interest."""

    kind: Annotated[str, Meta(description="url, host, ip, email, path, date, version, hash")]
    text: str
    offset: int
    name: Annotated[str | None, Meta(description="of versions: the software")] = None
    sort: Annotated[str | None, Meta(description="of versions: kernel, rtos, sdk, library, program, ...")] = None
    version: str | None = None
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What the recogniser found in one file."""

    size_bytes: int
    read_bytes: Annotated[int, Meta(description="less than the size where the file is larger than what is read")]
    md5: str
    sha1: str
    sha256: str
    parts: tuple[Part, ...]
    parts_left_out: int
    inside_opaque: Annotated[int, Meta(description="hits inside of compressed bytes, which mean nothing")]
    pattern_hits: int
    map: tuple[Region, ...]
    entropy: Entropy
    strings: tuple[Said, ...]
    strings_left_out: int
    checked: Annotated[tuple[str, ...], Meta(description="formats that were looked for")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """An X.509 certificate."""

    sha256: Annotated[str, Meta(description="of its DER")]
    file: str
    offset: int
    stored_as: Annotated[str, Meta(description="PEM or DER")]
    length: Annotated[int, Meta(description="bytes in the image")]
    subject: str
    issuer: str
    serial: Annotated[str, Meta(description="hexadecimal")]
    not_before: str
    not_after: str
    role: Annotated[str, Meta(description="root, intermediate, leaf")]
    key: Annotated[str, Meta(description="kind and bits or curve")]
    signature_algorithm: str
    weaknesses: tuple[str, ...]
    validity: Annotated[
        str | None, Meta(description="valid, expired, ends within 90 days ...; null: no day to judge by")
    ]
    lifetime_years: float
    trust: Trust
    issued_by: Annotated[str | None, Meta(description="SHA-256 of the certificate here that signed it")]
    strict: Annotated[bool, Meta(description="false: only a lenient parser takes it")]
    names: Annotated[tuple[str, ...], Meta(description="host names that it is for")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsed:
    """What looks like a certificate and is none that can be parsed."""

    file: str
    offset: int
    stored_as: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """A private key, or what is called one."""

    state: Annotated[KeyState, Meta(description="label only: a key's name without a key, which is no finding")]
    file: str
    offset: int
    stored_as: str
    kind: Annotated[str | None, Meta(description="RSA 2048, EC secp256r1 ...")]
    public_sha256: Annotated[str | None, Meta(description="SHA-256 of the public half (SubjectPublicKeyInfo)")]
    certificate: Annotated[str | None, Meta(description="SHA-256 of the certificate here that it belongs to")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A credential that is written out, or its hash."""

    kind: Annotated[str, Meta(description="password hash, empty password, API token, Wi-Fi password, SSH host key ...")]
    file: str
    offset: int
    text: Annotated[str, Meta(description="masked unless secrets are shown")]
    about: Annotated[str, Meta(description="user, algorithm, issuer")]


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerFile:
    """A file that was unpacked."""

    path: str
    size_bytes: int
    sha256: str
    of: Annotated[str, Meta(description="format and offset that it came from")]
    worth_a_look: Annotated[str | None, Meta(description="why, for configuration files")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacking:
    """What came of unpacking."""

    done: bool
    isolation: Annotated[str, Meta(description="how the process was held")]
    unblob: Annotated[bool, Meta(description="whether unblob was there for what is not unpacked here")]
    files: tuple[InnerFile, ...]
    files_in_all: int
    bytes: int
    stopped: Annotated[tuple[str, ...], Meta(description="limits that ended it, and what could not be unpacked")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What authenticates the image, what hides it, and what follows."""

    authentication: Authentication
    by: Annotated[str, Meta(description="what says so")]
    integrity: Integrity
    encryption: Encrypted
    encryption_reason: str
    rollback: str
    channel: Annotated[str | None, Meta(description="http, tls ...; null where an image is examined alone")]
    sentence: Annotated[str, Meta(description="what somebody in the middle could change")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Everything about one image."""

    schema: str = SCHEMA
    image: Annotated[str, Meta(description="its file name")]
    format: Annotated[str | None, Meta(description="the outermost format; null: none recognised")]
    declared_bytes: Annotated[int | None, Meta(description="bytes that the outermost format says there are")]
    as_of: Annotated[str | None, Meta(description="the day of judgements on validity")]
    as_of_source: str
    judgement: Judgement
    recognised: Recognised
    certificates: tuple[Certificate, ...]
    not_certificates: tuple[Unparsed, ...]
    keys: tuple[PrivateKey, ...]
    secrets: tuple[Secret, ...]
    hosts: Annotated[tuple[Said, ...], Meta(description="host names, of URLs too")]
    said: Annotated[tuple[Said, ...], Meta(description="all strings of interest, of unpacked files too")]
    unpacking: Unpacking
    notes: Annotated[tuple[str, ...], Meta(description="what could not be seen, and why")] = field(default=())

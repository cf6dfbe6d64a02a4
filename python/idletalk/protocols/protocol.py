"""What one protocol of few devices declares, and what its messages say."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what it is, what can be read of it, and what cannot."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    encrypted: tuple[str, ...] = ()
    """Names of the parts that are encrypted; a masked part that needs no key (XOR) is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorProtocol:
    """A protocol that few devices speak, read from the content that nobody else claims."""

    name: str
    """As in ``flows.application``."""
    carriers: tuple[Literal["tcp", "udp", "mdns", "http", "xmpp", "ftp", "smtp", "telnet"], ...]
    """Carriers of ``payloads``."""
    ports: tuple[int, ...] = ()
    """Content between other ports is not read, where there are any and it does not begin with ``starts`` or ``masks``."""
    starts: tuple[bytes, ...] = ()
    """First bytes of messages that tell the protocol on any port."""
    masks: tuple[str, ...] = ()
    """The same in capital hexadecimal digits, with ``_`` for a digit that may be any."""
    read: Callable[[bytes], Iterable[Message]]
    """Messages in a piece of content; none where it is something else. Never raises."""

"""Example: teaches idletalk the protocol of an invented maker. Two bytes "AC", one of kind, then text."""

from collections.abc import Iterator

from idletalk.protocols import Message, VendorProtocol

KINDS = {1: "hello", 2: "state", 3: "secret"}


def read(content: bytes) -> Iterator[Message]:
    """One message a datagram; what does not fit the format is none."""
    if len(content) < 4 or not content.startswith(b"AC") or content[2] not in KINDS:
        return
    kind = KINDS[content[2]]
    if kind == "secret":
        yield Message(kind, encrypted=("text",))
    else:
        yield Message(kind, {"text": content[3:].decode("utf-8", "replace")})


PROTOCOL = VendorProtocol(name="acme", carriers=("udp",), starts=(b"AC",), read=read)

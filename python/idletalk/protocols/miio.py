"""Xiaomi miIO: a head in clear, JSON encrypted with AES under the device's token.

Source: OpenMiHome, "Xiaomi Mi Home Binary Protocol" (2016). UDP port 54321; 2131, length, device id, stamp, checksum.
Verified by captures of a Xiaomi camera and by messages that python-miio makes.
"""

from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

MAGIC = bytes.fromhex("2131")
HEAD_BYTES = 32


def read(content: bytes) -> Iterator[Message]:
    """A hello (all ones), its answer (a head alone), or an encrypted message."""
    if not content.startswith(MAGIC) or len(content) < HEAD_BYTES or int.from_bytes(content[2:4]) != len(content):
        return
    if content[4:HEAD_BYTES] == b"\xff" * (HEAD_BYTES - 4):
        yield Message("hello")
        return
    fields = {"device_id": content[8:12].hex(), "stamp_s": int.from_bytes(content[12:16])}
    if len(content) == HEAD_BYTES:
        token = content[16:HEAD_BYTES]
        # devices that are not set up yet tell the token, others ones or zeros
        tells = token not in (b"\xff" * 16, b"\0" * 16)
        yield Message("hello answer", {**fields, "tells_token": tells})
    else:
        yield Message("message", fields, ("content",))


PROTOCOL = VendorProtocol(name="miio", carriers=("udp",), starts=(MAGIC,), read=read)

"""TP-Link Smart Home: JSON under an autokey XOR that needs no key. It is masked, not encrypted.

Source: softScheck, "Reverse Engineering the TP-Link HS110" (2016). TCP port 9999 with four bytes of length before each
message, UDP port 9999 without. Verified by captures of plugs and by messages that python-kasa makes.
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from idletalk.protocols.protocol import Message, VendorProtocol

START = 171
"""First key; each byte of the masked text is the key of the next."""
PORT = 9999
OPENING = bytes.fromhex("d0f2")
"""`{"` masked."""
MAX_BYTES = 65_536
"""Longest message believed."""
KEPT = frozenset(
    {
        "alias",
        "dev_name",
        "deviceId",
        "err_code",
        "hw_ver",
        "hwId",
        "latitude",
        "latitude_i",
        "longitude",
        "longitude_i",
    }
    | {"mac", "mic_mac", "model", "oemId", "relay_state", "rssi", "state", "sw_ver", "type", "mic_type", "ssid"}
)
"""Fields told of a message."""


def unmask(masked: bytes) -> bytes:
    """The text behind the XOR."""
    return bytes(byte ^ key for byte, key in zip(masked, bytes([START]) + masked, strict=False))


def _commands(said: dict[str, Any]) -> str:
    names = (
        f"{part}.{name}"
        for part, inner in said.items()
        if isinstance(inner, dict)
        for name in cast(dict[str, Any], inner)
    )
    return " ".join(sorted(names))


def _fields(said: Any, found: dict[str, Any]) -> dict[str, Any]:
    if isinstance(said, dict):
        for name, value in cast(dict[str, Any], said).items():
            if isinstance(value, dict):
                _fields(value, found)
            elif name in KEPT:
                found[name] = value
    return found


def _message(masked: bytes) -> Message | None:
    try:
        said = json.loads(unmask(masked))
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    told = cast(dict[str, Any], said)
    return Message(_commands(told), _fields(told, {}))


def read(content: bytes) -> Iterator[Message]:
    """Messages with a length before each, or one without."""
    while 4 < len(content) <= MAX_BYTES:
        length = int.from_bytes(content[:4])
        has_length = 1 < length <= len(content) - 4
        message = _message(content[4 : 4 + length] if has_length else content)
        if message is None:
            return
        yield message
        content = content[4 + length :] if has_length else b""


PROTOCOL = VendorProtocol(
    name="tplink-smarthome",
    carriers=("tcp", "udp"),
    ports=(PORT,),
    starts=(OPENING,),
    masks=(f"0000____{OPENING.hex().upper()}",),
    read=read,
)

"""Values that a device tells about itself or its owner, in one of the ways devices encode them."""

import base64
import binascii
import json
import random
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.sax.saxutils import escape

ENCODINGS = ("json", "xml", "url", "base64", "hex", "tlv", "xor")
KEYS = {  # what a value is: names that devices give it
    "serial": ("sn", "devSerial", "serialNumber", "SubSerial", "dev_sn"),
    "mac": ("mac", "macAddr", "hwaddr", "WifiMac"),
    "model": ("model", "devType", "product", "typ"),
    "firmware": ("fw", "firmwareVersion", "sw_ver", "FirmVer"),
    "ssid": ("ssid", "wifiName", "ap"),
    "email": ("account", "user", "email", "owner"),
    "latitude": ("lat", "latitude", "gpsLat"),
    "longitude": ("lon", "longitude", "gpsLon"),
    "token": ("token", "authToken", "session_key"),
}


@dataclass(frozen=True, slots=True)
class Style:
    """How one device writes one kind of message."""

    encoding: str
    keys: dict[str, str]
    xor_key: int

    @staticmethod
    def parse(text: str) -> "Style":
        """The style that `draw_style` wrote."""
        return Style(**json.loads(text))

    def write(self, values: dict[str, str]) -> bytes:
        """The values (by kind) as bytes."""
        named = {self.keys[kind]: value for kind, value in values.items()}
        plain = json.dumps(named).encode()
        match self.encoding:
            case "xml":
                fields = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in named.items())
                return f'<?xml version="1.0"?><Report>{fields}</Report>'.encode()
            case "url":
                return urlencode(named).encode()
            case "base64":
                return base64.b64encode(plain)
            case "hex":
                return binascii.hexlify(plain)
            case "tlv":
                return b"".join(
                    bytes([tag, len(value)]) + value.encode() for tag, value in enumerate(named.values(), start=1)
                )
            case "xor":
                return bytes(byte ^ self.xor_key for byte in plain)
            case _:
                return plain


def draw_style(source: random.Random) -> str:
    """A random style, as text for the plan."""
    return json.dumps(
        {
            "encoding": source.choice(ENCODINGS),
            "keys": {kind: source.choice(names) for kind, names in KEYS.items()},
            "xor_key": source.randint(1, 255),
        }
    )

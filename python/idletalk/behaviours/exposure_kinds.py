"""Kinds of findings about what devices give away."""

from collections.abc import Sequence

from idletalk.behaviours.finding import Kind

CREDENTIAL = Kind(
    name="exposed-credential",
    severity="high",
    meaning="A password or token crosses the Internet in clear: whoever is on the path can use it.",
    would_change="proof that the value opens nothing",
)
IDENTIFIER = Kind(
    name="exposed-identifier",
    severity="medium",
    meaning="A serial number, account or other name that identifies this device or its owner crosses the Internet in clear.",
    would_change="proof that the value is the same in every device",
)
LOCATION = Kind(
    name="exposed-location",
    severity="medium",
    meaning="Coordinates cross the Internet in clear.",
    would_change="coordinates that are not those of the home",
)
VERSION = Kind(
    name="exposed-version",
    severity="low",
    meaning="Model, firmware version or MAC cross the Internet in clear: it tells an attacker which weaknesses to try.",
    would_change="a value that is not the device's",
)
ON_LAN = Kind(
    name="exposed-on-lan",
    severity="low",
    meaning="A value that identifies the device, its place or its owner is told on the LAN in clear.",
    would_change="a network that nobody else can join",
)
PUBLIC_ADDRESS = Kind(
    name="public-address-told",
    severity="note",
    meaning="A server tells the device under which public address and port it is seen: with that it can be reached through "
    "the router.",
    would_change="an address that is not that of this network",
)
MASKED = Kind(
    name="fake-encryption",
    severity="low",
    meaning="Messages are only obfuscated, with XOR or rotated bits, which anybody can undo: no encryption.",
    would_change="text that came out by chance, which a longer message excludes",
)
COMMANDS = Kind(
    name="commands-in-clear",
    severity="medium",
    meaning="Messages from the Internet that a device subscribes to come in clear: whoever is on the path reads and can change them.",
    would_change="content that is encrypted by itself",
)
UNPROTECTED = Kind(
    name="clear-on-secure-port",
    severity="medium",
    meaning="Messages go in clear on a port that is registered for a service inside TLS: whoever takes the port for a sign of encryption is wrong.",
    would_change="content that is encrypted by itself",
)
PARTLY = Kind(
    name="encrypted-in-clear",
    severity="note",
    meaning="Messages in clear have parts that are encrypted by themselves: who sends them, when and what kind they are can be read, these parts cannot.",
    would_change="parts that only look encrypted",
)

OF_VALUE = {
    "password": CREDENTIAL, "token": CREDENTIAL, "latitude": LOCATION, "longitude": LOCATION,
    "model": VERSION, "firmware": VERSION, "mac": VERSION,
}  # fmt: skip
"""Kind of finding by kind of value, where it crosses the Internet; all others identify."""

DESCRIBING = frozenset({"model", "firmware", "mac", "serial", "device_id"})
"""Kinds of values that are of one device: who repeats another one's tells nothing of itself."""

WORDS = {
    "device_id": "device id", "mac": "MAC", "ssid": "Wi-Fi name", "email": "e-mail address", "user": "user name",
    "public_address": "public address", "firmware": "firmware version", "imei": "IMEI", "serial": "serial number", "hostname": "host name",
}  # fmt: skip
"""Kinds of values as people say them, where that differs."""


FORMS = {
    "json": "JSON", "xml": "XML", "xor": "XOR", "xor-autokey": "autokey XOR", "stun": "STUN's mapped address", "stun-xor": "STUN's XOR-mapped address",
    "rotated": "rotated bits", "eui-64": "EUI-64", "websocket": "WebSocket frames",
    "utf-16": "UTF-16", "cbor": "CBOR", "nmea": "NMEA 0183", "double": "double-precision numbers", "float": "single-precision numbers",
    "fixed-point": "numbers of 1e-7 degrees",
}  # fmt: skip
"""How values are written, as people say it, where that differs."""


def written(protocol: str, encodings: Sequence[str]) -> str:
    """How values went, for a sentence: in clear, or behind what only looks like encryption."""
    hidden = [one for one in encodings if one.startswith(("xor", "rotated"))]
    plain = ", ".join(FORMS.get(one, one) for one in encodings if one not in hidden)
    masks = ", ".join(FORMS.get(one, one) for one in hidden)
    if not hidden:
        return f"in clear, by {protocol} as {plain}"
    if not plain:
        return f"only obfuscated with {masks} (readable by anyone), by {protocol}"
    return f"in clear, by {protocol} as {plain}, elsewhere obfuscated with {masks}"


def kind_of(value: str, scope: str | None, *, is_sent: bool) -> Kind:
    """The kind of finding for a kind of value that goes to, or comes from, this scope."""
    if value == "public_address" and not is_sent:
        return PUBLIC_ADDRESS
    return OF_VALUE.get(value, IDENTIFIER) if scope == "internet" else ON_LAN

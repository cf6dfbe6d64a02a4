"""Matter devices that can be commissioned, and those that are: what their DNS-SD records say, in clear.

Source: Connectivity Standards Alliance, "Matter Core Specification 1.0", section 4.3 (TXT keys of `_matterc._udp`, `_matterd._udp`
and `_matter._tcp`). An open commissioning window (`CM`) means that whoever has the set-up code can take the device over.
Records of a device that waits are verified by CircuitMatter's; those of one that was taken over are unverified, no capture at hand holds one.
"""

from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

MODES = {"0": "closed", "1": "open", "2": "open, code of a new window"}
"""`CM`: commissioning mode."""
MAX_DISCRIMINATOR = 0xFFF
MAX_CHARS = 128
INTERVALS = {"SII": "idle_interval_ms", "SAI": "active_interval_ms", "SAT": "active_threshold_ms"}
"""Of sleepy devices; milliseconds."""


def _number(text: str | None, most: int) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and int(text[:10]) <= most else None


def _commissionable(told: dict[str, str]) -> Iterator[Message]:
    discriminator = _number(told.get("D"), MAX_DISCRIMINATOR)
    mode = MODES.get(told.get("CM", ""))
    if discriminator is None or mode is None:
        return
    vendor, _, product = told.get("VP", "").partition("+")
    numbers = {
        "vendor_id": _number(vendor, 0xFFFF),
        "product_id": _number(product, 0xFFFF),
        "device_type": _number(told.get("DT"), 0xFFFFFFFF),
    }
    names = {"name": told.get("DN", "")[:MAX_CHARS], "rotating_id": told.get("RI", "")[:MAX_CHARS]}
    yield Message(
        "commissionable",
        {
            "discriminator": discriminator,
            "commissioning": mode,
            **{name: number for name, number in numbers.items() if number is not None},
            **{name: text for name, text in names.items() if text},
        },
    )


def read(content: bytes) -> Iterator[Message]:
    """The strings of a TXT record, one a line."""
    pairs = (line.partition("=") for line in content.decode("utf-8", "replace").split("\n"))
    told = {name: value for name, mark, value in pairs if mark}
    if "D" in told and "CM" in told:
        yield from _commissionable(told)
        return
    # other services have a T too: an operational node tells its intervals
    fields = {name: _number(told.get(key), 3_600_000) for key, name in INTERVALS.items() if key in told}
    if {"SII", "SAI"} & told.keys() and told.keys() <= INTERVALS.keys() | {"T", "ICD"}:
        yield Message("operational", {name: value for name, value in fields.items() if value is not None})


PROTOCOL = VendorProtocol(name="matter", carriers=("mdns",), read=read)

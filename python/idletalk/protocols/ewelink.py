"""eWeLink and Sonoff on the LAN: state in the TXT record of `_ewelink._tcp`, encrypted but in DIY mode.

Source: eWeLink, "SONOFF DIY developer documentation". The content of data1 to data4 is JSON, or AES where `encrypt=true`.
Unverified: no capture of such a device was at hand.
"""

from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

KEPT = ("id", "type", "apivers", "seq", "txtvers")


def read(content: bytes) -> Iterator[Message]:
    """The strings of a TXT record, one a line."""
    pairs = (line.partition("=") for line in content.decode("utf-8", "replace").split("\n"))
    told = {name: value for name, mark, value in pairs if mark}
    if not {"txtvers", "id", "type", "apivers", "seq", "data1"} <= told.keys():
        return
    fields: dict[str, object] = {name: told[name] for name in KEPT}
    if told.get("encrypt") == "true":
        yield Message("state", fields, ("data1",))
    else:
        yield Message("state", {**fields, "data1": told["data1"]})


PROTOCOL = VendorProtocol(name="ewelink", carriers=("mdns",), read=read)

"""UPnP device descriptions: the XML that a device gives to whoever asks at the LOCATION of its SSDP announcement.

Source: UPnP Forum, "UPnP Device Architecture 1.1", section 2.3. Fields are those of the root device; the devices inside it
are counted. The text of elements is searched for, the XML is not parsed: entities are not expanded but the five that XML
itself has, and a document that declares its own is not read.
"""

import re
from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

STARTS = (b"<?xml", b"\xef\xbb\xbf<?xml", b"<root")
NAMESPACE = "urn:schemas-upnp-org:device-1-0"
FIELDS = (
    *("deviceType", "friendlyName", "manufacturer", "modelName", "modelNumber", "modelDescription"),
    *("serialNumber", "UDN"),
)
"""Elements told of a device."""
INSIDE = re.compile(r"<deviceList>.*</deviceList>", re.DOTALL)
MAX_CHARS = 300
"""Of one value; the specification wants less than 64."""


def _element(text: str, name: str) -> str | None:
    from xml.sax.saxutils import unescape  # it loads all of urllib and ssl, for the few who say what they are

    found = re.search(f"<{name}>([^<]{{1,{MAX_CHARS}}})</{name}>", text)
    return unescape(found[1], {"&quot;": '"', "&apos;": "'"}).strip() if found else None


def read(content: bytes) -> Iterator[Message]:
    """A description, or as much of it as the content holds."""
    if not content.startswith(STARTS):
        return
    text = content.decode("utf-8", "replace")
    if NAMESPACE not in text or "<device>" not in text or "<!" in text.replace("<!--", ""):
        return
    # devices inside say who they are themselves
    root = INSIDE.sub("", text).partition("<deviceList>")[0]
    told = {name: _element(root, name) for name in FIELDS}
    fields: dict[str, object] = {name: value for name, value in told.items() if value}
    yield Message("device description", {**fields, "devices": text.count("<device>")})


PROTOCOL = VendorProtocol(name="upnp", carriers=("http",), starts=STARTS, read=read)

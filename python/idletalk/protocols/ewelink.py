"""eWeLink and Sonoff on the LAN: state in the TXT record of `_ewelink._tcp`, commands as JSON over HTTP; both encrypted but in DIY mode.

Source: eWeLink, "SONOFF DIY developer documentation". The content of data1 to data4, and of data in a command, is JSON, or AES where `encrypt`
is true. Commands are verified by those that pysonofflanr3 sends; TXT records are unverified: no capture of such a device was at hand.
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from idletalk.protocols.protocol import Message, VendorProtocol

KEPT = ("id", "type", "apivers", "seq", "txtvers")
NEEDED = frozenset({"txtvers", "id", "type", "apivers", "seq", "data1"})
COMMAND = frozenset({"deviceid", "data"})
COMMAND_KEYS = COMMAND | {"sequence", "selfApikey", "iv", "encrypt"}
"""A command has no others: other vendors' JSON has a device id too."""
STARTS = (b'{"', *(f"{name}=".encode() for name in (*KEPT, "encrypt", "iv", "data1", "data2", "data3", "data4")))


def _state(content: bytes) -> Iterator[Message]:
    pairs = (line.partition("=") for line in content.decode("utf-8", "replace").split("\n"))
    told = {name: value for name, mark, value in pairs if mark}
    if not told.keys() >= NEEDED:
        return
    fields: dict[str, object] = {name: told[name] for name in KEPT}
    if told.get("encrypt") == "true":
        yield Message("state", fields, ("data1",))
    else:
        yield Message("state", {**fields, "data1": told["data1"]})


def _command(content: bytes) -> Iterator[Message]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return
    told = cast(dict[str, Any], said) if isinstance(said, dict) else {}
    if not COMMAND <= told.keys() <= COMMAND_KEYS or not isinstance(told["deviceid"], str):
        return
    fields: dict[str, object] = {"deviceid": told["deviceid"]}
    if told.get("encrypt") is True and isinstance(told["data"], str):
        yield Message("command", fields, ("data",))
    elif isinstance(told["data"], dict):
        yield Message("command", {**fields, "data": told["data"]})


def read(content: bytes) -> Iterator[Message]:
    """The strings of a TXT record, one a line; or the body of a command."""
    if content.startswith(b"{"):
        # most JSON that is fetched is not this
        yield from _command(content) if b'"deviceid"' in content else ()
    else:
        yield from _state(content)


PROTOCOL = VendorProtocol(name="ewelink", carriers=("mdns", "http"), starts=STARTS, read=read)

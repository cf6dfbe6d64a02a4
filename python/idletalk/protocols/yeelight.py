"""Yeelight LAN control: lines of JSON in clear.

Source: Yeelight, "WiFi Light Inter-Operation Specification". TCP port 55443; discovery is SSDP-like on UDP port 1982.
Commands are
verified by those that python-yeelight sends; what lamps answer is unverified: no capture of one was at hand. Told by its port alone: any JSON-RPC
looks so.
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from idletalk.protocols.protocol import Message, VendorProtocol

PORT = 55443


def read(content: bytes) -> Iterator[Message]:
    """Commands, results and notices, one a line."""
    for padded in content.split(b"\r\n"):
        # python-yeelight sends a space behind each command
        line = padded.strip(b" ")
        if not line.startswith(b"{"):
            return
        try:
            said = cast(dict[str, Any], json.loads(line))
        except (ValueError, RecursionError):
            return
        if "method" in said and "params" in said:
            kind = "command" if "id" in said else "notice"
            yield Message(kind, {"method": said["method"], "params": said["params"]})
        elif "id" in said and ("result" in said or "error" in said):
            yield Message("error" if "error" in said else "result", {"id": said["id"]})
        else:
            return


PROTOCOL = VendorProtocol(name="yeelight", carriers=("tcp",), ports=(PORT,), read=read)

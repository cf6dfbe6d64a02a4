"""Tuya's LAN protocol, versions 3.1 to 3.5: framing and command in clear, content encrypted from 3.2 on.

Source: the protocol notes of the projects tuyapi and tinytuya. Frames 000055aa ... 0000aa55 (3.1 to 3.4) and
00006699 ... 00009966 (3.5); TCP 6668, UDP broadcasts 6666, 6667 and 7000. Verified by a
capture of a device (3.3) and by messages that tinytuya makes (3.1 to 3.5).
"""

import json
from collections.abc import Iterator
from typing import Any

from idletalk.protocols.protocol import Message, VendorProtocol

OLD, NEW = bytes.fromhex("000055aa"), bytes.fromhex("00006699")
OLD_END, NEW_END = bytes.fromhex("0000aa55"), bytes.fromhex("00009966")
OLD_HEAD, NEW_HEAD = 16, 18
COMMANDS = {
    1: "udp",
    3: "session key start",
    4: "session key answer",
    5: "session key finish",
    7: "control",
    8: "status",
    9: "heartbeat",
    10: "query",
    13: "control (new)",
    16: "query (new)",
    18: "refresh",
    19: "broadcast (encrypted)",
    35: "broadcast (3.5)",
    37: "discovery (3.5)",
}
"""Names of the commands that the projects agree on."""


def _old(frame: bytes) -> Message:
    sequence, command = int.from_bytes(frame[4:8]), int.from_bytes(frame[8:12])
    body = frame[OLD_HEAD:-8]
    fields: dict[str, Any] = {"sequence": sequence, "command": command}
    start = body.find(b"{")
    if 0 <= start <= 4:
        try:
            fields["content"] = json.loads(body[start : body.rfind(b"}") + 1])
        except (ValueError, RecursionError):
            return Message(COMMANDS.get(command, "unknown"), fields, ("content",))
        return Message(COMMANDS.get(command, "unknown"), fields)
    if (
        version := next((name for name in ("3.1", "3.2", "3.3", "3.4") if name.encode() in body[:8]), None)
    ) is not None:
        fields["version"] = version
    # a return code alone, or nothing
    return Message(COMMANDS.get(command, "unknown"), fields, ("content",) if len(body) > 4 else ())


def read(content: bytes) -> Iterator[Message]:
    """Frames, one behind the other."""
    while len(content) >= NEW_HEAD:
        if content.startswith(OLD):
            end = OLD_HEAD + int.from_bytes(content[12:16])
            frame = content[:end]
            if len(frame) < end or end < OLD_HEAD + 8 or not frame.endswith(OLD_END):
                return
            yield _old(frame)
        elif content.startswith(NEW):
            end = NEW_HEAD + int.from_bytes(content[14:18]) + len(NEW_END)
            frame = content[:end]
            if len(frame) < end or not frame.endswith(NEW_END):
                return
            command = int.from_bytes(frame[10:14])
            fields = {"version": "3.5", "sequence": int.from_bytes(frame[6:10]), "command": command}
            yield Message(COMMANDS.get(command, "unknown"), fields, ("content",))
        else:
            return
        content = content[end:]


PROTOCOL = VendorProtocol(name="tuya", carriers=("tcp", "udp"), starts=(OLD, NEW), read=read)

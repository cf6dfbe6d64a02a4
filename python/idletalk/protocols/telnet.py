"""Telnet: what both ends agree on, who asks for a login, and how it went; all in clear.

Source: RFC 854 and 855 (commands, options), RFC 1091 (terminal type), RFC 1073 (window size), RFC 1079 (terminal speed),
RFC 1096 (X display) and RFC 1572 (environment). TCP port 23. What somebody types is not told here, since a
password looks like any other line; what is answered to the prompts of a login is searched as any other payload.
"""

import re
from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

PORTS = (23, 2323)
"""The second is seen where the first is taken."""
IAC, SB, SE = 255, 250, 240
VERBS = {251: "will", 252: "wont", 253: "do", 254: "dont"}
COMMANDS = {
    241: "no operation",
    242: "data mark",
    243: "break",
    244: "interrupt",
    245: "abort output",
    246: "are you there",
    247: "erase character",
    248: "erase line",
    249: "go ahead",
}
OPTIONS = {
    0: "binary",
    1: "echo",
    3: "suppress go ahead",
    5: "status",
    6: "timing mark",
    18: "logout",
    24: "terminal type",
    25: "end of record",
    31: "window size",
    32: "terminal speed",
    33: "flow control",
    34: "line mode",
    35: "x display",
    36: "old environment",
    37: "authentication",
    38: "encryption",
    39: "environment",
    44: "com port control",
    46: "start tls",
    85: "compression",
    86: "compression 2",
}
TERMINAL_TYPE, WINDOW, SPEED, X_DISPLAY, ENVIRONMENT = 24, 31, 32, 35, 39
STRINGS = {TERMINAL_TYPE: "terminal_type", SPEED: "terminal_speed", X_DISPLAY: "x_display"}
MAX_COMMANDS = 200
"""Commands told of one piece."""
MAX_TEXT = 200

LOGIN = re.compile(rb"(?:^|[\r\n ])(?:login|user(?:[ _]?name)?|account) ?: ?$", re.IGNORECASE)
PASSWORD = re.compile(rb"(?:^|[\r\n ])pass(?:word|code|wd)(?: for [\w.-]{1,64})? ?: ?$", re.IGNORECASE)
REFUSED = re.compile(rb"\b(?:login incorrect|login failed|authentication failed|access denied)\b", re.IGNORECASE)
ACCEPTED = re.compile(rb"\blast login: ", re.IGNORECASE)


def _suboption(data: bytes) -> dict[str, object]:
    """What stands between SB and SE, without the option's doubled IAC."""
    option, value = data[0], data[1:]
    if option == WINDOW and len(value) == 4:
        return {"columns": int.from_bytes(value[:2]), "rows": int.from_bytes(value[2:])}
    if option in STRINGS and len(value) > 1 and value[0] == 0:
        return {STRINGS[option]: value[1:].decode("ascii", "replace")[:MAX_TEXT]}
    if option == ENVIRONMENT and value[:1] in (b"\0", b"\2"):
        # variables and user variables begin with 0 and 3, their values with 1
        pairs = (pair.split(b"\1", 1) for pair in re.split(rb"[\0\3]", value[1:]))
        user = next((pair[1] for pair in pairs if pair[0] == b"USER" and len(pair) == 2), None)
        return {"user": user.decode("utf-8", "replace")[:MAX_TEXT]} if user else {}
    return {}


def _split(content: bytes) -> tuple[list[str], dict[str, object], bytes]:
    """Commands, what options say, and the text between; commands that nobody knows are none."""
    commands: list[str] = []
    fields: dict[str, object] = {}
    text = bytearray()
    place = 0
    while place < len(content):
        after = content.find(IAC, place)
        after = len(content) if after < 0 else after
        text += content[place:after]
        code, option = content[after + 1 : after + 2], content[after + 2 : after + 3]
        place = after + 2
        if not code:
            break
        if code[0] in VERBS and option:
            commands.append(f"{VERBS[code[0]]} {OPTIONS.get(option[0], option[0])}")
            place += 1
        elif code[0] == SB and option:
            end = content.find(bytes([IAC, SE]), after)
            if end < 0:
                break
            data = content[after + 2 : end].replace(b"\xff\xff", b"\xff")
            commands.append(f"sub {OPTIONS.get(option[0], option[0])}")
            fields |= _suboption(data) if data else {}
            place = end + 2
        elif code[0] in COMMANDS:
            commands.append(COMMANDS[code[0]])
        elif code[0] == IAC:
            text.append(IAC)
        else:
            break
    return commands, fields, bytes(text)


def _is_telnet(content: bytes) -> bool:
    """Begins with a command about an option that there is, and where another command is next to it, with two of them."""
    heads = [content[:3]]
    if content[1:2] != bytes([SB]) and content[3:4] == bytes([IAC]):
        heads.append(content[3:6])
    return all(len(head) == 3 and head[0] == IAC and head[1] in (*VERBS, SB) and head[2] in OPTIONS for head in heads)


def read(content: bytes) -> Iterator[Message]:
    """Negotiation, prompts, and how a login went, each where there is one."""
    commands, fields, text = _split(content)
    if commands and _is_telnet(content):
        yield Message("negotiation", {"commands": commands[:MAX_COMMANDS], **fields})
    for pattern, kind in ((REFUSED, "login refused"), (ACCEPTED, "login accepted")):
        if pattern.search(text):
            yield Message(kind)
    last = text[-MAX_TEXT:]
    for pattern, kind in ((LOGIN, "login prompt"), (PASSWORD, "password prompt")):
        if pattern.search(last):
            line = re.split(rb"[\r\n]", last)[-1]
            yield Message(kind, {"text": line.decode("utf-8", "replace").strip()})


PROTOCOL = VendorProtocol(
    name="telnet",
    # the first: content that tells telnet from the first bytes of a connection on
    carriers=("telnet", "tcp"),
    ports=PORTS,
    # two commands about options, one behind the other
    masks=tuple(f"FF{first:02X}__FF{second:02X}" for first in VERBS for second in (*VERBS, SB)),
    read=read,
)

"""BACnet/IP: building automation over UDP, all in clear, without a login.

Source: ANSI/ASHRAE 135, clauses 6 (network layer), 20 and 21 (application layer, tags) and annex J (BACnet/IP). UDP port
47808. Of what is said are read the kind, the service, the object and property asked for, I-Am, Who-Is, and the texts by
which a device tells what it is. BACnet/SC is inside TLS and is not this.
"""

from collections.abc import Iterator
from typing import NamedTuple

from idletalk.protocols.protocol import Message, VendorProtocol

LINK_FUNCTIONS = {
    0: "result",
    1: "write broadcast table",
    2: "read broadcast table",
    3: "broadcast table",
    4: "forwarded",
    5: "register foreign device",
    6: "read foreign devices",
    7: "foreign devices",
    8: "delete foreign device",
    9: "distribute broadcast",
    10: "unicast",
    11: "broadcast",
}
LENGTHS = {0: 6, 2: 4, 5: 6, 6: 4, 8: 10}
"""Bytes of those functions that have one length; tables have 10 bytes a row."""
ROW_BYTES = 10
CARRIES = (4, 9, 10, 11)
"""Functions with a message of the network layer in it; a forwarded one has its origin before."""
KINDS = ("request", "announcement", "simple answer", "answer", "segment received", "error", "reject", "abort")
CONFIRMED = {
    0: "acknowledge alarm",
    1: "event notification",
    2: "change of value notification",
    3: "get alarms",
    4: "get enrollments",
    5: "subscribe to changes",
    6: "read file",
    7: "write file",
    8: "add list element",
    9: "remove list element",
    10: "create object",
    11: "delete object",
    12: "read property",
    14: "read properties",
    15: "write property",
    16: "write properties",
    17: "control communication",
    18: "private transfer",
    19: "text message",
    20: "reinitialize device",
    26: "read range",
    27: "life safety operation",
    28: "subscribe to property",
    29: "get events",
    30: "subscribe to properties",
    31: "changes of values notification",
    32: "audit notification",
    33: "query audit log",
}
UNCONFIRMED = {
    0: "i-am",
    1: "i-have",
    2: "change of value",
    3: "event",
    4: "private transfer",
    5: "text message",
    6: "time synchronization",
    7: "who-has",
    8: "who-is",
    9: "utc time synchronization",
    10: "write group",
    11: "changes of values",
    12: "audit",
    13: "who-am-i",
    14: "you-are",
}
TEXTS = {28: "description", 44: "firmware", 70: "model", 77: "object_name", 121: "vendor"}
"""Properties whose text is told."""
DEVICE = 8
"""Object type."""


class Tag(NamedTuple):
    """A tag (20.2.1): its number, whether the context gives its meaning, its data; none of an opening or closing one."""

    number: int
    is_context: bool
    data: bytes | None


def _tags(data: bytes) -> Iterator[Tag]:
    """Tags up to the first that is cut off or has a number or length in more bytes than these services need."""
    place = 0
    while place < len(data):
        first = data[place]
        number, is_context, length = first >> 4, bool(first & 8), first & 7
        place += 1
        if number == 15:
            return
        if is_context and length in (6, 7):
            yield Tag(number, is_context, None)
            continue
        if length == 5:
            if place >= len(data) or data[place] > 253:
                return
            length = data[place]
            place += 1
        if place + length > len(data):
            return
        yield Tag(number, is_context, data[place : place + length])
        place += length


def _object(data: bytes) -> tuple[int, int]:
    """Type and instance."""
    value = int.from_bytes(data)
    return value >> 22, value & 0x3FFFFF


def _property(data: bytes, *, is_answer: bool) -> dict[str, object]:
    """Object and property of read and write property, and the text in an answer: the device's own word."""
    tags = list(_tags(data))
    if len(tags) < 2 or [(tag.number, tag.is_context) for tag in tags[:2]] != [(0, True), (1, True)]:
        return {}
    who, which = tags[0].data, tags[1].data
    if who is None or which is None or len(who) != 4:
        return {}
    kind, instance = _object(who)
    asked = int.from_bytes(which)
    fields: dict[str, object] = {"object_type": kind, "instance": instance, "property": asked}
    texts = (tag.data for tag in tags[2:] if tag.number == 7 and not tag.is_context)
    # the first byte is the character set; 0 is UTF-8
    text = next((text for text in texts if text and text[0] == 0), None)
    if is_answer and kind == DEVICE and asked in TEXTS and text is not None:
        fields[TEXTS[asked]] = text[1:].decode("utf-8", "replace")
    return fields


def _i_am(data: bytes) -> dict[str, object]:
    tags = [tag.data for tag in _tags(data) if not tag.is_context]
    if len(tags) < 4 or tags[0] is None or tags[3] is None or len(tags[0]) != 4:
        return {}
    kind, instance = _object(tags[0])
    return {"object_type": kind, "instance": instance, "vendor_id": int.from_bytes(tags[3])}


def _application(data: bytes) -> Message | None:
    """Clause 20.1: the kind in the first four bits, then what that kind has before its service."""
    kind = data[0] >> 4
    if kind >= len(KINDS):
        return None
    is_segmented = bool(data[0] & 8) and kind in (0, 3)
    if kind == 1:
        service, place, names = 1, 2, UNCONFIRMED
        fields: dict[str, object] = {}
    else:
        invoke = 2 if kind == 0 else 1
        service, place, names = invoke + 1 + 2 * is_segmented, invoke + 2 + 2 * is_segmented, CONFIRMED
        if len(data) <= service:
            return None
        fields = {"invoke": data[invoke]}
    if len(data) <= service:
        return None
    if kind in (4, 6, 7):
        # no service: a number in its window, or a reason
        return Message(KINDS[kind], fields if kind == 4 else {**fields, "reason": data[2]})
    fields["service"] = data[service]
    rest = data[place:] if not is_segmented else b""
    if kind == 1 and data[service] == 0:
        fields |= _i_am(rest)
    elif kind in (0, 3) and data[service] in (12, 15):
        fields |= _property(rest, is_answer=kind == 3)
    name = names.get(data[service], "unknown")
    return Message(name if kind in (0, 1) else f"{name}: {KINDS[kind]}", fields)


def _network(data: bytes) -> Message | None:
    """Clause 6.2: version, control, addresses of other networks, then what it carries."""
    if len(data) < 3 or data[0] != 1:
        return None
    control, place = data[1], 2
    fields: dict[str, object] = {}
    for is_there, name in ((control & 0x20, "to_network"), (control & 0x08, "from_network")):
        if is_there:
            if len(data) < place + 3:
                return None
            fields[name] = int.from_bytes(data[place : place + 2])
            place += 3 + data[place + 2]
    place += 1 if control & 0x20 else 0
    if place >= len(data):
        return None
    if control & 0x80:
        return Message("network message", {**fields, "type": data[place]})
    message = _application(data[place:])
    return message and Message(message.kind, {**fields, **message.fields})


def read(content: bytes) -> Iterator[Message]:
    """One message a datagram, whose length it tells."""
    if len(content) < 4 or content[0] != 0x81 or int.from_bytes(content[2:4]) != len(content):
        return
    function = content[1]
    if function in CARRIES:
        message = _network(content[10 if function == 4 else 4 :])
        if message is not None:
            yield message
    elif function in LINK_FUNCTIONS and (
        len(content) == LENGTHS[function] if function in LENGTHS else (len(content) - 4) % ROW_BYTES == 0
    ):
        yield Message(LINK_FUNCTIONS[function], {"link_function": function})


PROTOCOL = VendorProtocol(
    name="bacnet", carriers=("udp",), starts=tuple(bytes([0x81, function]) for function in LINK_FUNCTIONS), read=read
)

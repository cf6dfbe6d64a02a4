"""AMQP 0-9-1, the messaging of RabbitMQ and the like, in clear: exchanges, queues, routing keys and who logs in. Of AMQP
1.0, which begins with the same four letters, only the head is read.

Source: AMQP Working Group, "AMQP 0-9-1 Protocol Specification" and its class and method reference; OASIS AMQP 1.0, section
2.2 (heads). TCP port 5672. Bodies are applications' own: their length is told. A password is not told, its being there is.
"""

from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

PORT = 5672
HEAD = b"AMQP"
END = 0xCE
"""Last byte of each frame (4.2.3)."""
METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
CLASSES = {10: "connection", 20: "channel", 40: "exchange", 50: "queue", 60: "basic", 85: "confirm", 90: "tx"}
METHODS = {
    10: {
        10: "start",
        11: "start-ok",
        20: "secure",
        21: "secure-ok",
        30: "tune",
        31: "tune-ok",
        40: "open",
        41: "open-ok",
        50: "close",
        51: "close-ok",
        60: "blocked",
        61: "unblocked",
    },
    20: {10: "open", 11: "open-ok", 20: "flow", 21: "flow-ok", 40: "close", 41: "close-ok"},
    40: {
        10: "declare",
        11: "declare-ok",
        20: "delete",
        21: "delete-ok",
        30: "bind",
        31: "bind-ok",
        40: "unbind",
        51: "unbind-ok",
    },
    50: {
        10: "declare",
        11: "declare-ok",
        20: "bind",
        21: "bind-ok",
        30: "purge",
        31: "purge-ok",
        40: "delete",
        41: "delete-ok",
        50: "unbind",
        51: "unbind-ok",
    },
    60: {
        10: "qos",
        11: "qos-ok",
        20: "consume",
        21: "consume-ok",
        30: "cancel",
        31: "cancel-ok",
        40: "publish",
        50: "return",
        60: "deliver",
        70: "get",
        71: "get-ok",
        72: "get-empty",
        80: "ack",
        90: "reject",
        100: "recover-async",
        110: "recover",
        111: "recover-ok",
        120: "nack",
    },
    85: {10: "select", 11: "select-ok"},
    90: {10: "select", 11: "select-ok", 20: "commit", 21: "commit-ok", 30: "rollback", 31: "rollback-ok"},
}
ROUTE = (("s", "exchange"), ("s", "routing_key"))
ARGUMENTS = {
    (10, 10): ((1, None), (1, None), ("T", None), ("S", "mechanisms"), ("S", "locales")),
    (10, 11): (("T", None), ("s", "mechanism"), ("S", "response"), ("s", "locale")),
    (10, 40): (("s", "virtual_host"),),
    (10, 50): ((2, "reply_code"), ("s", "reply_text")),
    (20, 40): ((2, "reply_code"), ("s", "reply_text")),
    (40, 10): ((2, None), ("s", "exchange"), ("s", "type")),
    (40, 20): ((2, None), ("s", "exchange")),
    (50, 10): ((2, None), ("s", "queue")),
    (50, 11): (("s", "queue"), (4, "messages"), (4, "consumers")),
    (50, 20): ((2, None), ("s", "queue"), *ROUTE),
    (50, 40): ((2, None), ("s", "queue")),
    (60, 20): ((2, None), ("s", "queue"), ("s", "consumer_tag")),
    (60, 21): (("s", "consumer_tag"),),
    (60, 30): (("s", "consumer_tag"),),
    (60, 40): ((2, None), *ROUTE),
    (60, 50): ((2, "reply_code"), ("s", "reply_text"), *ROUTE),
    (60, 60): (("s", "consumer_tag"), (8, "delivery_tag"), (1, None), *ROUTE),
    (60, 70): ((2, None), ("s", "queue")),
    (60, 71): ((8, "delivery_tag"), (1, None), *ROUTE),
    (60, 80): ((8, "delivery_tag"),),
}
"""First arguments: bytes of a number, or s and S for a string with one or four bytes of length, T for a table; and the name
under which it is told."""
FIXED = dict(zip("tbBsUuIifLldTDV", (1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 8, 5, 0), strict=True))
"""Bytes of a table's values, by type; strings, lists and tables begin with their length."""
TOLD = {"product": "product", "version": "version", "platform": "platform"}
"""Keys of the tables in which both ends say what they are."""


class _Cut(Exception):
    """Arguments end before their time."""


def _part(data: bytes, place: int, length: int) -> bytes:
    if place + length > len(data):
        raise _Cut
    return data[place : place + length]


def _string(data: bytes, place: int, size: int) -> tuple[bytes, int]:
    """A string with ``size`` bytes of length, and the place behind it."""
    length = int.from_bytes(_part(data, place, size))
    return _part(data, place + size, length), place + size + length


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _table(data: bytes) -> dict[str, object]:
    found: dict[str, object] = {}
    place = 0
    while place < len(data):
        name, place = _string(data, place, 1)
        kind = chr(_part(data, place, 1)[0])
        place += 1
        if kind in FIXED:
            place += FIXED[kind]
            continue
        value, place = _string(data, place, 4)
        if kind == "S" and _text(name) in TOLD:
            found[_text(name)] = _text(value)
    return found


def _arguments(which: tuple[int, int], data: bytes) -> dict[str, object]:
    """Arguments as far as they are there."""
    found: dict[str, object] = {}
    place = 0
    try:
        for kind, name in ARGUMENTS.get(which, ()):
            if isinstance(kind, int):
                value: object = int.from_bytes(_part(data, place, kind))
                place += kind
            else:
                raw, place = _string(data, place, 1 if kind == "s" else 4)
                if kind == "T":
                    found |= _table(raw)
                    continue
                value = _text(raw)
            if name is not None:
                found[name] = value
    except _Cut:
        pass
    return _without_password(found)


def _without_password(found: dict[str, object]) -> dict[str, object]:
    """SASL's PLAIN (RFC 4616) is an identity, NUL, the account, NUL, the password."""
    response = found.pop("response", None)
    if found.get("mechanism") == "PLAIN" and isinstance(response, str) and response.count("\0") == 2:
        _, account, password = response.split("\0")
        return {**found, "user": account, "has_password": bool(password)}
    return found


def _frame(kind: int, channel: int, body: bytes) -> Message | None:
    fields: dict[str, object] = {"channel": channel}
    if kind == METHOD and len(body) >= 4:
        of, number = int.from_bytes(body[:2]), int.from_bytes(body[2:4])
        name = METHODS.get(of, {}).get(number)
        return Message(f"{CLASSES[of]}.{name}", {**fields, **_arguments((of, number), body[4:])}) if name else None
    if kind == HEADER and len(body) >= 14 and int.from_bytes(body[:2]) == 60 and body[2:4] == b"\0\0":
        fields["body_bytes"] = int.from_bytes(body[4:12])
        # the first property, where its flag says that it is there
        if body[12] & 0x80 and len(body) > 14 and len(body) >= 15 + body[14]:
            fields["content_type"] = _text(body[15 : 15 + body[14]])
        return Message("header", fields)
    if kind == BODY and body:
        return Message("body", {**fields, "bytes": len(body)})
    return Message("heartbeat") if kind == HEARTBEAT and channel == 0 and not body else None


def read(content: bytes) -> Iterator[Message]:
    """A head, and frames up to the first that is cut off or something else."""
    if content.startswith(HEAD) and len(content) >= 8:
        version = ".".join(map(str, content[5:8]))
        if content[4] == 0 and content[5:8] == b"\x00\x09\x01":
            yield Message("head", {"version": "0-9-1"})
        elif content[4] in (0, 2, 3) and content[5:8] == b"\x01\x00\x00":
            inside = {0: "amqp", 2: "tls", 3: "sasl"}[content[4]]
            yield Message("head", {"version": version, "layer": inside}, ("frames",) if inside == "tls" else ())
        return
    while len(content) >= 8:
        end = 8 + int.from_bytes(content[3:7])
        if len(content) < end or content[end - 1] != END:
            return
        message = _frame(content[0], int.from_bytes(content[1:3]), content[7 : end - 1])
        if message is None:
            return
        yield message
        content = content[end:]


PROTOCOL = VendorProtocol(
    name="amqp",
    carriers=("tcp",),
    ports=(PORT,),
    starts=(HEAD,),
    # frames of methods with a class that there is
    masks=tuple(f"01____00______00{number:02X}00" for number in CLASSES),
    read=read,
)

"""Modbus/TCP: reading and writing registers and coils of meters, inverters and controllers, all in clear, without a login.

Source: Modbus Organization, "MODBUS Messaging on TCP/IP Implementation Guide V1.0b" (the head) and "MODBUS Application
Protocol Specification V1.1b3" (functions); function 90 is Schneider Electric's UMAS, of which only the frame is read.
TCP port 502. Values of registers are not told: what they mean is each maker's.
"""

from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

PORT = 502
HEAD_BYTES = 7
BER = bytes.fromhex("3084 0000")
INTEGER = 2
"""LDAP begins so: a sequence with its length where Modbus has it, then an integer where the unit would be."""
MAX_LENGTH = 254
"""Of unit and function's data: 253 bytes and the unit."""
FUNCTIONS = {
    1: "read coils",
    2: "read discrete inputs",
    3: "read holding registers",
    4: "read input registers",
    5: "write coil",
    6: "write register",
    7: "read exception status",
    8: "diagnostics",
    11: "get event counter",
    12: "get event log",
    15: "write coils",
    16: "write registers",
    17: "report server id",
    20: "read file",
    21: "write file",
    22: "mask write register",
    23: "read and write registers",
    24: "read queue",
    43: "encapsulated interface",
    90: "umas",
}
LENGTHS = {1: 5, 2: 5, 3: 5, 4: 5, 5: 5, 6: 5, 7: 1, 11: 1, 12: 1, 15: 5, 16: 5, 17: 1, 22: 7, 24: 3}
"""Bytes of what has one length, with the function: requests, and the answers of 5, 6, 15, 16 and 22."""
OTHER_LENGTHS = {7: 2, 11: 5}
"""Of answers."""
COUNTED = {1: 1, 2: 1, 3: 1, 4: 1, 12: 1, 15: 5, 16: 5, 17: 1, 20: 1, 21: 1, 23: 1}
"""Place of a byte that counts those behind it, in what has many."""
LEAST = {8: 3, 43: 3, 90: 2}
"""Bytes of what has any length."""
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target failed",
}
OBJECTS = {0: "vendor", 1: "product_code", 2: "firmware", 3: "vendor_url", 4: "product", 5: "model"}
"""Read device identification (43/14)."""


def _counts(data: bytes, place: int) -> bool:
    return len(data) > place and data[place] == len(data) - place - 1


def _fits(data: bytes) -> bool:
    """Whether a function's data has a length that the specification gives it."""
    function, length = data[0], len(data)
    return (
        length in (LENGTHS.get(function), OTHER_LENGTHS.get(function))
        or (function in COUNTED and _counts(data, COUNTED[function]))
        or (function == 23 and _counts(data, 9))
        or (function == 24 and length >= 3 and int.from_bytes(data[1:3]) == length - 3)
        or length >= LEAST.get(function, MAX_LENGTH)
    )


def _identification(data: bytes) -> dict[str, object]:
    """What a device says of itself: code of the request, conformity, more, next, number, then id, length and text."""
    found: dict[str, object] = {}
    place = 7
    while place + 2 <= len(data):
        end = place + 2 + data[place + 1]
        name = OBJECTS.get(data[place])
        if name is not None and end <= len(data):
            found[name] = data[place + 2 : end].decode("utf-8", "replace")
        place = end
    return found


def _fields(data: bytes) -> dict[str, object]:
    function, length = data[0], len(data)
    if function == 43 and data[1] == 14:
        return _identification(data)
    # the answer of 1 and 2 with three bytes looks like a request
    is_asked = function in (1, 2, 3, 4) and length == 5 and not (function in (1, 2) and data[1] == 3)
    if is_asked or function in (15, 16):
        return {"address": int.from_bytes(data[1:3]), "quantity": int.from_bytes(data[3:5])}
    if function in (5, 6, 22):
        return {"address": int.from_bytes(data[1:3])}
    return {}


def _message(frame: bytes) -> Message | None:
    data = frame[HEAD_BYTES:]
    function = data[0] & 0x7F
    if function not in FUNCTIONS:
        return None
    fields: dict[str, object] = {"transaction": int.from_bytes(frame[:2]), "unit": frame[6], "function": function}
    if data[0] & 0x80:
        if len(data) != 2 or data[1] not in EXCEPTIONS:
            return None
        return Message("exception", {**fields, "exception": EXCEPTIONS[data[1]], "code": data[1]})
    return Message(FUNCTIONS[function], {**fields, **_fields(data)}) if _fits(data) else None


def read(content: bytes) -> Iterator[Message]:
    """Frames that fill the content: nothing of what holds a part of one, or anything else."""
    found: list[Message] = []
    if content.startswith(BER) and content[HEAD_BYTES - 1 : HEAD_BYTES] == bytes([INTEGER]):
        return
    while content:
        length = int.from_bytes(content[4:6])
        end = HEAD_BYTES - 1 + length
        if content[2:4] != b"\0\0" or not 2 <= length <= MAX_LENGTH or len(content) < end:
            return
        message = _message(content[:end])
        if message is None:
            return
        found.append(message)
        content = content[end:]
    yield from found


PROTOCOL = VendorProtocol(name="modbus", carriers=("tcp",), ports=(PORT,), masks=("____000000",), read=read)

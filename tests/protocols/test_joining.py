"""Messages that came in several pieces are read, by one layer for all protocols."""

import json
from collections.abc import Iterator
from pathlib import Path

import idletalk
from idletalk.protocols import Message, amqp, modbus, yeelight
from idletalk.protocols.joining import MAX_JOINED_BYTES, MAX_JOINED_PIECES, Stream
from tests import made
from tests.made import LAMP, PLUG

COMMAND = b'{"id":1,"method":"set_power","params":["on","smooth",500]}\r\n'


def framed(content: bytes) -> Iterator[Message]:
    """A byte of length before each message."""
    while content and len(content) > content[0]:
        yield Message(content[1 : content[0] + 1].decode())
        content = content[content[0] + 1 :]


def kinds(pieces: list[tuple[int, bytes]]) -> list[list[str]]:
    stream = Stream(framed)
    return [[message.kind for message in stream.piece(offset, content)] for offset, content in pieces]


def test_a_message_in_three_pieces_is_told_at_the_last() -> None:
    assert kinds([(0, b"\x06ab"), (3, b"cd"), (5, b"ef\x01x")]) == [[], [], ["abcdef", "x"]]


def test_what_was_told_is_not_told_again() -> None:
    assert kinds([(0, b"\x01a\x04b"), (4, b"cde"), (7, b"\x01f")]) == [["a"], ["bcde"], ["f"]]


def test_nothing_is_joined_over_a_gap() -> None:
    assert kinds([(0, b"\x04a"), (9, b"bcd"), (12, b"\x01x")]) == [[], [], ["x"]]


def test_what_never_ends_does_not_grow() -> None:
    calls = 0

    def never(content: bytes) -> Iterator[Message]:
        nonlocal calls
        calls += 1
        assert len(content) <= MAX_JOINED_BYTES
        yield from ()

    stream = Stream(never)
    for place in range(10 * MAX_JOINED_PIECES):
        stream.piece(place * 4, b"abcd")
    assert calls <= 20 * MAX_JOINED_PIECES
    stream.piece(0, b"x" * MAX_JOINED_BYTES)
    stream.piece(MAX_JOINED_BYTES, b"y")


def test_readers_of_this_package_are_told_rests_too() -> None:
    method = bytes.fromhex("01 0001 00000005 000a 000b 00 ce")
    for reader, content in (
        (amqp.read, method),
        (yeelight.read, COMMAND),
        (modbus.read, bytes(5) + b"\x06\x01\x03" + bytes(4)),
    ):
        whole = list(reader(content))
        for place in range(4, len(content) - 4):
            stream = Stream(reader)
            told = [*stream.piece(0, content[:place]), *stream.piece(place, content[place:])]
            assert told == whole, (content, place)


def test_a_command_in_two_segments_stands_in_the_messages(tmp_path: Path) -> None:
    ends = ((PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", yeelight.PORT))
    frames = [
        (0.0, made.segment(*ends, 1, 0x18, COMMAND[:20])),
        (0.1, made.segment(*ends, 21, 0x18, COMMAND[20:])),
    ]
    analysis = idletalk.analyze([made.pcap(tmp_path / "in.pcap", frames)], out=tmp_path / "out")
    [row] = analysis.sql("SELECT protocol, frame, kind, summary FROM messages")
    assert (row["protocol"], row["frame"], row["kind"]) == ("yeelight", 2, "command")
    assert json.loads(row["summary"])["method"] == "set_power"

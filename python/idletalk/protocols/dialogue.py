"""Lines of commands and of replies with a number of three digits, as FTP and SMTP have them (RFC 959 4.2, RFC 5321 4.2).

A piece of content is read when all of its lines are commands or all are replies, so that the text of a mail or a list of
files is none of either.
"""

import re
from collections.abc import Iterator

from idletalk.protocols.protocol import Message

REPLY = re.compile(r"(\d{3})(?:([ -])(.*))?")
MAX_CHARS = 200
"""Of an argument or a text."""


def read_dialogue(content: bytes, verbs: frozenset[str], secret: frozenset[str]) -> Iterator[Message]:
    """Commands (`kind` is the verb) with their argument, or replies with code and text; of ``secret`` verbs no argument.

    A reply of several lines is one: its first line tells the text.
    """
    if not content.endswith(b"\n"):
        return
    lines = [line.rstrip() for line in content.decode("utf-8", "replace").split("\n")[:-1]]
    messages = list(_replies(lines)) or list(_commands(lines, verbs, secret))
    yield from messages


def _commands(lines: list[str], verbs: frozenset[str], secret: frozenset[str]) -> Iterator[Message]:
    parted = [line.partition(" ") for line in lines]
    if not all(verb.upper() in verbs for verb, _, _ in parted):
        return
    for verb, mark, argument in parted:
        name = verb.upper()
        if name in secret:
            yield Message(name, {"has_argument": bool(argument)})
        else:
            yield Message(name, {"argument": argument[:MAX_CHARS]} if mark else {})


def _replies(lines: list[str]) -> Iterator[Message]:
    found: list[Message] = []
    going_on: str | None = None
    for line in lines:
        told = REPLY.fullmatch(line)
        if going_on is not None:
            # lines between the first and the last of a reply may be anything
            if told and told[1] == going_on and told[2] != "-":
                going_on = None
            continue
        if told is None:
            return
        found.append(Message("reply", {"code": int(told[1]), "text": (told[3] or "")[:MAX_CHARS]}))
        going_on = told[1] if told[2] == "-" else None
    if going_on is None:
        yield from found

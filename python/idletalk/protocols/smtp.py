"""SMTP before it turns to TLS, or where it never does: who sends mail to whom.

Source: RFC 5321, RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 3030 (BDAT). Who speaks SMTP is known before. The mail itself is not
told, nor is what follows AUTH but the name of the mechanism.
"""

from collections.abc import Iterator

from idletalk.protocols.dialogue import read_dialogue
from idletalk.protocols.protocol import Message, VendorProtocol

VERBS = frozenset(
    ["AUTH", "BDAT", "DATA", "EHLO", "EXPN", "HELO", "HELP", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "STARTTLS", "VRFY"]
)


def read(content: bytes) -> Iterator[Message]:
    """Commands or replies, where all lines are."""
    for message in read_dialogue(content, VERBS, frozenset()):
        argument = message.fields.get("argument")
        if message.kind == "AUTH" and isinstance(argument, str):
            # an initial response is a credential
            yield Message("AUTH", {"argument": argument.split(" ", 1)[0]})
        else:
            yield message


PROTOCOL = VendorProtocol(name="smtp", carriers=("smtp",), read=read)

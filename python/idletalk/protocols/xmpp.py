"""XMPP before it turns to TLS, or where it never does: streams, logins and stanzas.

Source: RFC 6120 (streams, SASL, stanzas) and RFC 4616 (PLAIN). Who speaks XMPP is known before: this reads what such a flow
says. What stanzas carry is not told but by the name and namespace of its first element. A password is not told, its being there is.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from idletalk.protocols.protocol import Message, VendorProtocol

TAG = re.compile(r"""<(/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>([^<]{0,4096})""")
ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
STANZAS = frozenset({"iq", "message", "presence"})
TOLD = ("type", "id", "from", "to")
STARTS = frozenset({"starttls", "proceed", "success", "failure"})
"""Elements of a stream that say all by their name."""
MAX_CHARS = 200
"""Of one value."""

Attributes = dict[str, str]


def _attributes(text: str) -> Attributes:
    return {name: (double or single)[:MAX_CHARS] for name, double, single in ATTRIBUTE.findall(text)}


def _auth(attributes: Attributes, text: str) -> Message:
    fields: dict[str, object] = {"mechanism": attributes.get("mechanism")}
    if attributes.get("mechanism") == "PLAIN":
        try:
            said = base64.b64decode(text.strip()).split(b"\0")
        except (binascii.Error, ValueError):
            said = []
        if len(said) == 3:
            fields |= {"user": said[1].decode("utf-8", "replace")[:MAX_CHARS], "has_password": bool(said[2])}
    return Message("auth", fields)


def _kept(attributes: Attributes, names: tuple[str, ...]) -> dict[str, object]:
    return {name: attributes[name] for name in names if name in attributes}


def read(content: bytes) -> Iterator[Message]:
    """What begins in a piece of a stream, one message for each element of the stream's own."""
    depth = 0
    open_stanza: tuple[str, dict[str, object]] | None = None
    mechanisms: list[str] = []
    for end, name, written, is_empty, text in TAG.findall(content.decode("utf-8", "replace")):
        if name == "stream:stream":
            attributes = _attributes(written)
            yield (
                Message("stream end")
                if end
                else Message("stream", _kept(attributes, ("from", "to", "id", "version", "xmlns")))
            )
            depth = 0
            continue
        if end:
            depth = max(depth - 1, 0)
            if depth == 0 and open_stanza:
                yield Message(*open_stanza)
                open_stanza = None
            continue
        attributes = _attributes(written)
        if depth == 0 and name in STANZAS:
            stanza = name, _kept(attributes, TOLD)
            if is_empty:
                yield Message(*stanza)
            else:
                open_stanza = stanza
        elif depth == 0 and name == "auth":
            yield _auth(attributes, text)
        elif depth == 0 and name in STARTS:
            yield Message(name)
        elif depth == 0 and name == "stream:features":
            mechanisms = []
            open_stanza = "features", {"mechanisms": mechanisms}
        elif depth == 1 and open_stanza and open_stanza[0] in STANZAS and "first" not in open_stanza[1]:
            open_stanza[1]["first"] = name
            if "xmlns" in attributes:
                open_stanza[1]["namespace"] = attributes["xmlns"]
        elif name == "mechanism" and open_stanza and open_stanza[0] == "features":
            mechanisms.append(text.strip()[:MAX_CHARS])
        depth += 0 if is_empty else 1
    # the rest of it came later
    if open_stanza:
        yield Message(*open_stanza)


PROTOCOL = VendorProtocol(name="xmpp", carriers=("xmpp",), read=read)

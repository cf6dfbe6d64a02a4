"""`python -m tests.differential.undissected`: WS-Discovery and miIO, for which Wireshark 4.0 has no dissector, against other readers.

tshark gives the payloads of the datagrams; who reads them is independent of idletalk and of what found them: for WS-Discovery Python's XML parser
(expat, by namespace), for miIO the `Message` of python-miio 0.5.12 where it is installed.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from idletalk.dissector import dissect
from idletalk.store import Store

from .comparison import CAPTURES, captures

DISCOVERY = (
    "{http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01}",
    "{http://schemas.xmlsoap.org/ws/2005/04/discovery}",
    "{http://schemas.xmlsoap.org/ws/2004/10/discovery}",
)
ADDRESSING = ("{http://www.w3.org/2005/08/addressing}", "{http://schemas.xmlsoap.org/ws/2004/08/addressing}")
UDP_HEAD_BYTES = 8
MIIO_MAGIC = bytes.fromhex("2131")
MIIO_TOKEN = bytes(16)
"""Any: what is encrypted is not compared, and a sum under another token is not checked."""
Row = tuple[Any, ...]
Rows = dict[int, Row]
"""Values by frame."""


def datagrams(capture: Path) -> Iterator[tuple[int, bytes]]:
    """Frame and payload of each whole UDP datagram, as tshark tells them; not those that an ICMP error quotes."""
    fields = ("frame.number", "udp.payload", "udp.length")
    command = ["tshark", "-n", "-r", str(capture), "-Y", "udp && !icmp && !icmpv6", "-T", "fields"]
    done = subprocess.run(
        [*command, *(part for field in fields for part in ("-e", field))], capture_output=True, check=False
    )
    for line in done.stdout.decode().splitlines():
        frame, payload, length = line.split("\t")
        content, size = bytes.fromhex(payload.split(",")[0]), int(length.split(",")[0] or 0) - UDP_HEAD_BYTES
        # behind fragments tshark gives some bytes more
        if 0 < size <= len(content):
            yield int(frame), content[:size]


def wsd(content: bytes) -> Row | None:
    """Action, ids, and what the body says, by expat."""
    if not any(name.strip("{}").encode() in content for name in DISCOVERY):
        return None
    try:
        root = ElementTree.fromstring(content.strip(b"\0 \r\n\t"))  # noqa: S314
    except ElementTree.ParseError:
        return None

    def text(element: ElementTree.Element, name: str, spaces: tuple[str, ...]) -> str | None:
        found = next((one for space in spaces for one in element.iter(space + name)), None)
        return (found.text or "").strip() or None if found is not None else None

    body = next((one for one in root if one.tag.endswith("}Body")), root)
    action = text(root, "Action", ADDRESSING)
    return (
        action.rsplit("/", 1)[-1] if action else None,
        text(root, "MessageID", ADDRESSING),
        text(root, "RelatesTo", ADDRESSING),
        text(body, "Address", ADDRESSING),
        *(text(body, name, DISCOVERY) for name in ("Types", "Scopes", "XAddrs")),
    )


def miio(content: bytes) -> Row | None:
    """Length, device id and stamp, by python-miio."""
    from miio.protocol import Message  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

    if not content.startswith(MIIO_MAGIC) or int.from_bytes(content[2:4]) != len(content):
        return None
    # its sum is made with the device's token, which nobody knows here: of a longer message the head is read
    head = content if len(content) == 32 else content[:2] + (32).to_bytes(2) + content[4:32]
    header: Any = Message.parse(head, token=MIIO_TOKEN).header.value  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    stamp = int(header.ts.replace(tzinfo=UTC).timestamp())
    is_hello = content[4:32] == b"\xff" * 28
    return (None, None) if is_hello else (bytes(header.device_id).hex(), stamp)


QUERIES = {
    "wsd": "SELECT frame, kind, message_id, relates_to, endpoint, types, scopes, addresses FROM wsd",
    "miio": "SELECT frame, json_extract_string(summary, '$.device_id'), json_extract(summary, '$.stamp_s')::BIGINT"
    " FROM vendor_messages WHERE protocol = 'miio'",
}
"""Ours: each message once a frame. Equal content of miIO is kept once, so those are compared by what they say."""


def ours(capture: Path) -> dict[str, list[Row]]:
    """Rows of both protocols."""
    from idletalk.protocols.reading import know_messages

    with TemporaryDirectory(prefix="idletalk-") as folder:
        dissect([capture], Path(folder), threads=1, contents=False)
        store = Store(Path(folder))
        try:
            know_messages(store)
            return {name: [tuple(row.values()) for row in store.ask(query)] for name, query in QUERIES.items()}
        finally:
            store.close()


def readers() -> dict[str, Callable[[bytes], Row | None]]:
    """Those that are there."""
    found: dict[str, Callable[[bytes], Row | None]] = {"wsd": wsd}
    if importlib.util.find_spec("miio") is not None:
        found["miio"] = miio
    return found


def holds(capture: Path) -> bool:
    """Whether the file can hold either, by the bytes that each message has."""
    content = capture.read_bytes()
    return any(name.strip("{}").encode() in content for name in DISCOVERY) or MIIO_MAGIC + b"\0" in content


def compare(capture: Path) -> Iterator[tuple[str, int, list[Row], list[Row]]]:
    """Of each protocol: messages compared, those that only we tell and those that only the other tells."""
    mine = ours(capture)
    theirs: dict[str, Rows] = {name: {} for name in readers()}
    for frame, content in datagrams(capture):
        for name, read in readers().items():
            if (row := read(content)) is not None:
                theirs[name][frame] = row
    for name, rows in theirs.items():
        told = mine[name] if name == "wsd" else sorted({row[1:] for row in mine[name]}, key=str)
        other = [(frame, *row) for frame, row in rows.items()] if name == "wsd" else sorted(set(rows.values()), key=str)
        yield name, len(rows), [row for row in told if row not in other], [row for row in other if row not in told]


def main() -> int:
    """Prints what differs; 0 where nothing does."""
    counted: dict[str, list[int]] = {}
    for capture in captures():
        if not holds(capture):
            continue
        for name, number, only_ours, only_theirs in compare(capture):
            total = counted.setdefault(name, [0, 0, 0])
            total[0] += number > 0
            total[1] += number
            total[2] += len(only_ours) + len(only_theirs)
            for who, rows in (("ours", only_ours), ("theirs", only_theirs)):
                for row in rows:
                    print(f"{capture.relative_to(CAPTURES)}\t{name}\tonly {who}\t{row}")
    for name, (files, number, wrong) in counted.items():
        print(f"{name}: {number} messages of {files} captures, {wrong} differ")
    if "miio" not in counted:
        print("miio: python-miio is not installed")
    return 1 if any(wrong for *_, wrong in counted.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

"""MQTT over WebSocket between others' programs (`make_websocket.py` recorded them) is read as what they were asked to say, and as tshark reads it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from idletalk import _core
from tests import made

TALKS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "fixtures" / "mqtt_websocket.json").read_text("utf-8")
)
CLIENT, SERVER = ("02:00:00:00:00:11", "10.1.0.1", 50_123), ("02:00:00:00:00:22", "10.0.0.9", 80)
MQTT_PORT = 1883
ACK, SYN = 0x10, 0x02
KINDS = (
    *("reserved", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe", "suback"),
    *("unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth"),
)
"""Types of packets in the order of their numbers."""
ASKED = ["connect", "subscribe", "publish", "puback", "publish", "pingreq", "pingreq", "disconnect"]
"""What the client was asked to send, and the pings of its keep-alive of a second."""


def frames(pieces: list[tuple[str, str]], port: int) -> Iterator[tuple[float, bytes]]:
    """The recorded pieces as segments of a connection."""
    ends = {"client": CLIENT, "server": (*SERVER[:2], port)}
    sequences = {"client": 1001, "server": 5001}
    yield 1.0, made.segment(CLIENT, ends["server"], 1000, SYN)
    yield 1.1, made.segment(ends["server"], CLIENT, 5000, SYN | ACK)
    for place, (sender, digits) in enumerate(pieces):
        receiver = "server" if sender == "client" else "client"
        content = bytes.fromhex(digits)
        yield 2.0 + place, made.segment(ends[sender], ends[receiver], sequences[sender], ACK, content)
        sequences[sender] += len(content)


def read(folder: Path, talk: dict[str, Any], port: int = 80) -> list[tuple[Any, ...]]:
    """Frame, sender's port, kind, client id, user name, topic and topics of each packet."""
    capture = made.pcap(folder / "talk.pcap", list(frames(talk["pieces"], port)))
    (folder / "tables").mkdir()
    _core.dissect([capture], folder / "tables", threads=1)
    return duckdb.execute(
        "SELECT frame, source_port, packet_type, client_id, user_name, topic, topics, protocol_version"
        f" FROM '{folder}/tables/mqtt.parquet' ORDER BY frame"
    ).fetchall()


@pytest.mark.parametrize("port", [80, 21_987])
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: f"version {talk['version']}")
def test_what_a_client_was_asked_to_say_is_told(talk: dict[str, Any], port: int, tmp_path: Path) -> None:
    rows = read(tmp_path, talk, port)
    own = [row for row in rows if row[1] == CLIENT[2]]
    assert [row[2] for row in own] == ASKED
    assert own[0][3:5] == ("cam-0009", "owner")
    assert own[1][6] == ["home/cam/set"]
    assert [row[5] for row in own if row[2] == "publish"] == ["home/cam/set", "home/cam/state"]
    assert {row[7] for row in rows} == {talk["version"]}
    assert [row[5] for row in rows if row[1] == port and row[2] == "publish"] == ["home/cam/set"]


def asked(capture: Path, layer: str, *names: str) -> list[list[str]]:
    """What tshark says of frames with a layer."""
    command = ["tshark", "-r", capture, "-Y", layer, "-T", "fields", "-E", "separator=|"]
    for name in names:
        command += ["-e", name]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split("|") for line in lines]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: f"version {talk['version']}")
def test_tshark_reads_the_same(talk: dict[str, Any], tmp_path: Path) -> None:
    rows = read(tmp_path, talk)
    # Wireshark 4.0 unmasks messages and does not know that they are MQTT: it gets them as they would be without WebSocket
    messages = asked(tmp_path / "talk.pcap", "websocket && data.data", "frame.number", "ip.src", "data.data")
    bare = [("client" if source == CLIENT[1] else "server", content) for _, source, content in messages]
    made.pcap(tmp_path / "bare.pcap", list(frames(bare, MQTT_PORT)))
    names = ("mqtt.msgtype", "mqtt.clientid", "mqtt.username", "mqtt.topic")
    said = asked(tmp_path / "bare.pcap", "mqtt", *names)
    theirs = [(number, *values) for (number, *_), values in zip(messages, said, strict=True)]
    kinds = {name: str(number) for number, name in enumerate(KINDS)}
    ours = [
        (str(frame), kinds[kind], client or "", user or "", topic or ",".join(topics or ()))
        for frame, _, kind, client, user, topic, topics, _ in rows
    ]
    assert ours == theirs

"""Video that RTSP agreed to carry without encryption is told of who sends it."""

from pathlib import Path

import pytest
from tests import made
from tests.made import GATEWAY, LAMP, PLUG

import idletalk
from idletalk.model import Finding

CAMERA = (PLUG, "192.168.1.20", 554)
VIEWER, CLOUD = (LAMP, "192.168.1.30", 40_000), (GATEWAY, "203.0.113.5", 554)
SYN, SYN_ACK, DATA = 2, 18, 24


def told(
    tmp_path: Path, client: tuple[str, str, int], server: tuple[str, str, int], method: str, transport: str
) -> list[Finding]:
    """Findings on media after SETUP with this transport and this method."""
    url = b"rtsp://%s/live" % server[1].encode()
    said = [
        (client, b"SETUP %s/track1 RTSP/1.0\r\nCSeq: 1\r\nTransport: %s\r\n\r\n" % (url, transport.encode())),
        (
            server,
            b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: 7\r\nTransport: %s;server_port=6000-6001\r\n\r\n"
            % transport.encode(),
        ),
        (client, b"%s %s RTSP/1.0\r\nCSeq: 2\r\nSession: 7\r\n\r\n" % (method.encode(), url)),
        (server, b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 7\r\n\r\n"),
    ]
    frames = [
        made.arp(2, (GATEWAY, "192.168.1.1"), CAMERA[:2]),
        made.segment(client, server, 1, SYN),
        made.segment(server, client, 1, SYN_ACK),
    ]
    sent = {client: 2, server: 2}
    for end, text in said:
        frames.append(made.segment(end, server if end is client else client, sent[end], DATA, text))
        sent[end] += len(text)
    capture = made.pcap(tmp_path / "in.pcap", [(1000.0 + n, frame) for n, frame in enumerate(frames)])
    found = idletalk.analyze([capture], tmp_path / "out").report.findings
    return [one for one in found if one.kind in ("media-in-clear", "media-on-lan")]


def test_a_camera_that_is_watched_in_the_network(tmp_path: Path) -> None:
    [one] = told(tmp_path, VIEWER, CAMERA, "PLAY", "RTP/AVP;unicast;client_port=5000-5001")
    assert (one.kind, one.device, one.peer, one.evidence.frames) == ("media-on-lan", PLUG, VIEWER[1], 1)
    assert " plays media to " in one.sentence and "(RTP/AVP), 1 time since" in one.sentence


def test_a_camera_that_sends_to_the_internet(tmp_path: Path) -> None:
    camera = (*CAMERA[:2], 50_000)
    [one] = told(tmp_path, camera, CLOUD, "RECORD", "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record")
    assert (one.kind, one.device, one.peer) == ("media-in-clear", PLUG, CLOUD[1])
    assert " pushes media to 203.0.113.5 without encryption" in one.sentence


@pytest.mark.parametrize(("method", "transport"), [("PLAY", "RTP/SAVP;unicast"), ("TEARDOWN", "RTP/AVP;unicast")])
def test_encrypted_media_and_what_never_began_are_none(method: str, transport: str, tmp_path: Path) -> None:
    assert told(tmp_path, VIEWER, CAMERA, method, transport) == []


@pytest.mark.parametrize(("transport", "payload"), [("RTP/AVP", "cleartext"), ("RTP/SAVP", "unknown")])
def test_what_rtsp_agreed_upon_tells_whether_rtp_is_encrypted(transport: str, payload: str, tmp_path: Path) -> None:
    setup = b"SETUP rtsp://192.168.1.20/a RTSP/1.0\r\nCSeq: 1\r\nTransport: %s;unicast;client_port=5000-5001\r\n\r\n"
    agreed = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nTransport: %s;unicast;client_port=5000-5001;server_port=6000-6001\r\n\r\n"
    media = ((*CAMERA[:2], 6000), (*VIEWER[:2], 5000))
    frames = [made.segment(VIEWER, CAMERA, 1, SYN), made.segment(CAMERA, VIEWER, 1, SYN_ACK)]
    frames += [made.segment(VIEWER, CAMERA, 2, DATA, setup % transport.encode())]
    frames += [made.segment(CAMERA, VIEWER, 2, DATA, agreed % transport.encode())]
    frames += [made.datagram(*media, bytes([0x80, 96, 0, n, 0, 0, n, 0, 1, 2, 3, 4]) + bytes(300)) for n in range(30)]
    capture = made.pcap(tmp_path / "in.pcap", [(1000.0 + n / 10, frame) for n, frame in enumerate(frames)])
    rows = idletalk.analyze([capture], tmp_path / "out").sql(
        "SELECT DISTINCT payload FROM flow_encryption WHERE application = 'rtp'"
    )
    assert rows == [{"payload": payload}]

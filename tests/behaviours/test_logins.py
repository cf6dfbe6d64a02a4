"""Logins that cross the Internet in clear are found, whatever protocol carries them, and are never shown."""

import base64
import json
from pathlib import Path

import pytest
from tests import made

import idletalk

PLUG = (made.PLUG, "192.168.1.20", 40000)
USER, PASSWORD = "porch-camera", "tulips-in-March"
PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode())
PLAIN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())


def connect(client: str, user: str, password: str, will: tuple[str, bytes] = ("plug/gone", b"{}")) -> bytes:
    """MQTT 3.1.1: CONNECT with a last will, user and password (3.1)."""
    parts = [client.encode(), will[0].encode(), will[1], user.encode(), password.encode()]
    body = b"\0\4MQTT\4\xc6\0\x3c" + b"".join(len(part).to_bytes(2) + part for part in parts)
    return bytes([0x10, len(body)]) + body


TALKS = {
    "mqtt": (1883, b"", [connect("plug", USER, PASSWORD)]),
    "ftp": (21, b"220 FTP server\r\n", [f"USER {USER}\r\n".encode(), f"PASS {PASSWORD}\r\n".encode()]),
    "pop3": (110, b"+OK ready\r\n", [f"USER {USER}\r\n".encode(), f"PASS {PASSWORD}\r\n".encode()]),
    "imap": (143, b"* OK ready\r\n", [f'a1 LOGIN "{USER}" "{PASSWORD}"\r\n'.encode()]),
    "smtp": (25, b"220 mx ESMTP\r\n", [b"EHLO cam\r\n", b"AUTH PLAIN " + PLAIN + b"\r\n"]),
    "http": (80, b"", [b"GET /a HTTP/1.1\r\nHost: x.example\r\nAuthorization: Basic " + PAIR + b"\r\n\r\n"]),
    "rtsp": (
        554,
        b"",
        [b"DESCRIBE rtsp://198.18.0.9/a RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic " + PAIR + b"\r\n\r\n"],
    ),
}


def talk(path: Path, port: int, greeting: bytes, lines: list[bytes]) -> Path:
    """A connection of the plug to a server beyond the gateway."""
    server = (made.GATEWAY, "198.18.0.9", port)
    frames = [made.segment(PLUG, server, 99, 2), made.segment(server, PLUG, 499, 18)]
    if greeting:
        frames.append(made.segment(server, PLUG, 500, 24, greeting))
    place = 100
    for line in lines:
        frames.append(made.segment(PLUG, server, place, 24, line))
        place += len(line)
    return made.pcap(path, [(1_600_000_000 + number / 10, frame) for number, frame in enumerate(frames)])


@pytest.mark.parametrize("protocol", TALKS)
def test_a_login_is_a_grave_finding_that_hides_its_value(protocol: str, tmp_path: Path) -> None:
    analysis = idletalk.analyze([talk(tmp_path / "a.pcap", *TALKS[protocol])], tmp_path / "out")
    grave = [one for one in analysis.report.findings if one.kind == "exposed-credential"]
    assert [(one.peer, one.numbers["carrier"], one.evidence.frames) for one in grave] == [("198.18.0.9", protocol, 1)]
    assert any(
        one.kind == "exposed-identifier" and one.numbers["value_kind"] == "user" for one in analysis.report.findings
    )
    shown = json.dumps([(analysis.folder / name).read_text("utf-8") for name in ("report.json", "report.html")])
    assert not [text for text in (PASSWORD, USER, PAIR.decode(), PLAIN.decode()) if text in shown]


def test_what_mqtt_gives_as_user_password_and_last_will_is_read_as_it_stands(tmp_path: Path) -> None:
    # a password that base64 could be, and that is none
    packet = connect("plug", USER, "tulips77", ("plug/gone", b'{"serial": "QX7730041"}'))
    capture = talk(tmp_path / "a.pcap", 1883, b"", [packet])
    analysis = idletalk.analyze([capture], tmp_path / "out", idletalk.Options(show_secrets=True))
    told = {(row["kind"], row["value"]) for row in analysis.sql("SELECT kind, value FROM exposures")}
    assert told == {("user", USER), ("password", "tulips77"), ("serial", "QX7730041")}


def keys(text: str) -> list[tuple[bool, bytes]]:
    """Keys as telnet sends them, each with its echo, and the end of the line."""
    typed = [(True, key.encode()) for key in text]
    return [*(each for key in typed for each in (key, (False, key[1]))), (True, b"\r\0"), (False, b"\r\n")]


PROMPTED = {
    "telnet": (
        23,
        [
            (False, b"\xff\xfd\x18\xff\xfd\x20"),
            (False, b"camera login: "),
            *keys(USER),
            (False, b"Password: "),
            *[each for each in keys(PASSWORD) if each[0] or each[1] == b"\r\n"],
            (False, b"Last login: Sun Sep 13 on pts/0\r\n# "),
        ],
    ),
    "smtp": (
        587,
        [
            (False, b"220 mx ESMTP\r\n"),
            (True, b"AUTH LOGIN\r\n"),
            (False, b"334 VXNlcm5hbWU6\r\n"),
            (True, base64.b64encode(USER.encode()) + b"\r\n"),
            (False, b"334 UGFzc3dvcmQ6\r\n"),
            (True, base64.b64encode(PASSWORD.encode()) + b"\r\n"),
            (False, b"235 ok\r\n"),
        ],
    ),
    "smtp at once": (
        25,
        [
            (False, b"220 mx ESMTP\r\n"),
            (True, b"AUTH LOGIN " + base64.b64encode(USER.encode()) + b"\r\n"),
            (False, b"334 UGFzc3dvcmQ6\r\n"),
            (True, base64.b64encode(PASSWORD.encode()) + b"\r\n"),
        ],
    ),
}


@pytest.mark.parametrize("protocol", PROMPTED)
def test_what_is_answered_to_the_prompts_of_a_login_is_found(protocol: str, tmp_path: Path) -> None:
    port, lines = PROMPTED[protocol]
    server = (made.GATEWAY, "198.18.0.9", port)
    frames = [made.segment(PLUG, server, 99, 2), made.segment(server, PLUG, 499, 18)]
    places = {True: 100, False: 500}
    for is_ours, line in lines:
        ends = (PLUG, server) if is_ours else (server, PLUG)
        frames.append(made.segment(*ends, places[is_ours], 24, line))
        places[is_ours] += len(line)
    capture = made.pcap(
        tmp_path / "a.pcap", [(1_600_000_000 + number / 10, frame) for number, frame in enumerate(frames)]
    )
    analysis = idletalk.analyze([capture], tmp_path / "out")
    told = analysis.sql("SELECT kind, sent, carrier FROM exposures WHERE device = ? ORDER BY kind", made.PLUG)
    assert told == [{"kind": kind, "sent": True, "carrier": protocol.split()[0]} for kind in ("password", "user")]
    shown = json.dumps([(analysis.folder / name).read_text("utf-8") for name in ("report.json", "report.html")])
    assert USER not in shown
    assert PASSWORD not in shown


def test_an_anonymous_login_is_none(tmp_path: Path) -> None:
    lines = [b"USER anonymous\r\n", b"PASS ftp\r\n"]
    analysis = idletalk.analyze([talk(tmp_path / "a.pcap", 21, b"220 FTP server\r\n", lines)], tmp_path / "out")
    assert not [one for one in analysis.report.findings if one.kind.startswith("exposed-")]


@pytest.mark.parametrize("user", ["anonymous", "FTP"])
def test_what_a_guest_says_as_a_password_opens_nothing(user: str, tmp_path: Path) -> None:
    """Firmware is often fetched so (RFC 1635)."""
    port, greeting, _ = TALKS["ftp"]
    lines = [f"USER {user}\r\n".encode(), f"PASS {PASSWORD}\r\n".encode()]
    analysis = idletalk.analyze([talk(tmp_path / "a.pcap", port, greeting, lines)], tmp_path / "out")
    assert [one.kind for one in analysis.report.findings if one.kind.startswith("exposed")] == []


def test_a_password_that_somebody_else_says_too_is_one(tmp_path: Path) -> None:
    port, greeting, own = TALKS["ftp"]
    guest = [b"USER anonymous\r\n", f"PASS {PASSWORD}\r\n".encode()]
    analysis = idletalk.analyze([talk(tmp_path / "a.pcap", port, greeting, [*guest, *own])], tmp_path / "out")
    assert "exposed-credential" in {one.kind for one in analysis.report.findings}

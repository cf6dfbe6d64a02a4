"""Messages of vendors' protocols made by others' programs, which need not be there when the tests run.

    pip install tinytuya==1.20.0 python-miio==0.5.12 python-kasa==0.12.0 aiolifx==1.2.2 yeelight==0.7.16 hiktools==1.2.2 \
        WSDiscovery==2.1.2 circuitmatter==0.4.1 zeroconf==0.154.0 pysonofflanr3==1.1.4
    python -m tests.protocols.make_fixtures

Each makes what it would send; what it was asked to say stands beside it. Keys and names are made up.
"""

# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import socket
import tempfile
import threading
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures" / "messages.json"
KEY, DEVICE = "0123456789abcdef", "bf00000000000000abcd"
SYSINFO: dict[str, Any] = {"system": {"get_sysinfo": {"alias": "plug", "mac": "02:00:00:00:00:09", "err_code": 0}}}

Said = tuple[str, dict[str, Any], list[str]]
"""Kind of a message, some of its fields, and the names of what is encrypted."""


def talk(by: str, protocol: str, transport: str, port: int, pieces: list[bytes], *says: Said) -> dict[str, Any]:
    """What one maker sends to a port."""
    return {
        "by": f"{by} {version(by)}",
        "protocol": protocol,
        "transport": transport,
        "port": port,
        "pieces": [piece.hex() for piece in pieces],
        "says": says,
    }


def heard(send: Callable[[int], object], answers: dict[bytes, bytes]) -> list[bytes]:
    """What a client sends to a server on this machine, which answers a piece that holds a word with these bytes."""
    pieces: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while piece := connection.recv(65536):
                    pieces.append(piece)
                    for word, answer in answers.items():
                        if word in piece:
                            connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        send(server.getsockname()[1])
        thread.join(2)
    return pieces


def tuya() -> list[dict[str, Any]]:
    """A switch turned on and asked, in each version; a broadcast of a device."""
    import tinytuya
    from tinytuya.core import message_helper, udp_helper

    made: list[dict[str, Any]] = []
    for number in (3.1, 3.2, 3.3, 3.4, 3.5):
        device = tinytuya.OutletDevice(DEVICE, "127.0.0.1", KEY, version=number)
        said: list[Said] = []
        pieces: list[bytes] = []
        for command, data in ((tinytuya.CONTROL, {"1": True}), (tinytuya.DP_QUERY, None)):
            payload = device.generate_payload(command, data)
            sequence = device.seqno
            pieces.append(device._encode_message(payload))  # pyright: ignore[reportPrivateUsage]
            is_clear = number == 3.1 and command == tinytuya.DP_QUERY
            # a frame of 3.4 has no version in clear; queries have none but in 3.5
            has_version = number == 3.5 or (number < 3.4 and command == tinytuya.CONTROL)
            fields = {"command": payload.cmd, "sequence": sequence}
            names = {7: "control", 10: "query", 13: "control (new)", 16: "query (new)"}
            fields |= {"version": str(number)} if has_version else {}
            said.append((names[payload.cmd], fields, [] if is_clear else ["content"]))
        made.append(talk("tinytuya", "tuya", "tcp", 6668, pieces, *said))
    told = json.dumps({"ip": "10.0.0.9", "gwId": DEVICE, "version": "3.3"}).encode()
    frame = message_helper.TuyaMessage(0, 0x13, None, udp_helper.encrypt(told, udp_helper.udpkey), 0)
    made.append(
        talk(
            *("tinytuya", "tuya", "udp", 6667),
            [message_helper.pack_message(frame)],
            ("broadcast (encrypted)", {"command": 19}, ["content"]),
        )
    )
    return made


def miio() -> list[dict[str, Any]]:
    """A hello, and a command."""
    from datetime import datetime

    from miio.miioprotocol import MiIOProtocol
    from miio.protocol import Message

    hello = bytes.fromhex("21310020ffffffffffffffffffffffffffffffffffffffffffffffffffffffff")
    sent: list[bytes] = []
    real = socket.socket.sendto
    try:
        socket.socket.sendto = lambda _, data, *__: sent.append(bytes(data)) or len(data)  # type: ignore[assignment]
        MiIOProtocol.discover("127.0.0.1", timeout=1)
    finally:
        socket.socket.sendto = real  # type: ignore[method-assign]
    assert sent[0] == hello
    header = {
        "length": 0,
        "unknown": 0,
        "device_id": bytes.fromhex("00aabbcc"),
        "ts": datetime.fromtimestamp(1_700_000_000),
    }
    command = {"id": 1, "method": "set_power", "params": ["on"]}
    message = {"data": {"value": command}, "header": {"value": header}, "checksum": 0}
    built = Message.build(message, token=bytes.fromhex(KEY * 2))
    stamp = int.from_bytes(built[12:16])
    return [
        talk(
            *("python-miio", "miio", "udp", 54321),
            [hello, built],
            ("hello", {}, []),
            ("message", {"device_id": "00aabbcc", "stamp_s": stamp}, ["content"]),
        )
    ]


def tplink() -> list[dict[str, Any]]:
    """A question and its answer over TCP, with lengths; the answer over UDP, without."""
    from kasa.transports.xortransport import XorEncryption

    question, answer = (XorEncryption.encrypt(json.dumps(text)) for text in ({"system": {"get_sysinfo": {}}}, SYSINFO))
    said: Said = ("system.get_sysinfo", SYSINFO["system"]["get_sysinfo"], [])
    asked: Said = ("system.get_sysinfo", {}, [])
    return [
        talk("python-kasa", "tplink-smarthome", "tcp", 9999, [question, answer], asked, said),
        talk("python-kasa", "tplink-smarthome", "udp", 9999, [question[4:], answer[4:]], asked, said),
    ]


def lifx() -> list[dict[str, Any]]:
    """A lamp is looked for, says where it is, how it is called, and is turned on."""
    from aiolifx import msgtypes

    target = "d0:73:d5:01:02:03"
    pieces = [
        msgtypes.GetService(target, 7, 1, {}),
        msgtypes.StateService(target, 7, 2, {"service": 1, "port": 56700}),
        msgtypes.StateLabel(target, 7, 3, {"label": b"Kitchen"}),
        msgtypes.SetPower(target, 7, 4, {"power_level": 65535}),
        msgtypes.StatePower(target, 7, 5, {"power_level": 65535}),
    ]
    return [
        talk(
            *("aiolifx", "lifx", "udp", 56700),
            [piece.packed_message for piece in pieces],
            ("get service", {"type": 2, "target": "00:00:00:00:00:00"}, []),
            ("service", {"type": 3, "target": target}, []),
            ("label", {"type": 25, "target": target, "label": "Kitchen"}, []),
            ("set power", {"type": 21, "target": target}, []),
            ("power", {"type": 22, "target": target, "is_on": True}, []),
        )
    ]


def yeelight() -> list[dict[str, Any]]:
    """A lamp is turned on and made darker."""
    from yeelight import Bulb

    def act(port: int) -> None:
        bulb = Bulb("127.0.0.1", port=port, effect="sudden")
        bulb.turn_on()
        bulb.set_brightness(40)

    pieces = heard(
        act, {b'"set_power"': b'{"id":0,"result":["ok"]}\r\n', b'"set_bright"': b'{"id":1,"result":["ok"]}\r\n'}
    )
    return [
        talk(
            *("yeelight", "yeelight", "tcp", 55443),
            pieces,
            ("command", {"method": "set_power", "params": ["on", "sudden", 300]}, []),
            ("command", {"method": "set_bright", "params": [40, "sudden", 300]}, []),
        )
    ]


def sadp() -> list[dict[str, Any]]:
    """A search for cameras."""
    from hiktools import sadp as hik

    message = hik.fromdict({"Uuid": "13A888A9-F1B1-4020-AE9F-05607682D23B", "Types": "inquiry"})
    return [talk("hiktools", "sadp", "udp", 37020, [bytes(message)], ("probe", {"Types": "inquiry"}, []))]


def ewelink() -> list[dict[str, Any]]:
    """A switch turned on over HTTP, in clear (DIY) and encrypted."""
    import logging

    from pysonofflanr3.client import SonoffLANModeClient

    made: list[dict[str, Any]] = []
    for key in ("", KEY):

        def act(port: int, key: str = key) -> None:
            client = SonoffLANModeClient(
                "127.0.0.1", lambda _: None, logger=logging.getLogger(), device_id="1000aabbcc"
            )
            client.create_http_session()
            client.encrypted, client.api_key, client.type = bool(key), key, b"plug"
            client.url = f"http://127.0.0.1:{port}"
            client.send_switch(client.get_update_payload("1000aabbcc", {"switch": "on"}))
            client.http_session.close()

        pieces = heard(act, {b"deviceid": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b'{"seq":2,"error":0} '})
        fields: dict[str, Any] = {"deviceid": "1000aabbcc", **({} if key else {"data": {"switch": "on"}})}
        made.append(talk("pysonofflanr3", "ewelink", "tcp", 8081, pieces, ("command", fields, ["data"] if key else [])))
    return made


def matter() -> list[dict[str, Any]]:
    """A device that waits to be taken over: what CircuitMatter announces, in a response of python-zeroconf."""
    import circuitmatter
    from zeroconf import ServiceInfo
    from zeroconf._dns import DNSPointer, DNSText
    from zeroconf._protocol.outgoing import DNSOutgoing

    told: dict[str, Any] = {}

    class Announcer:
        def advertise_service(self, _: str, __: str, port: int, **rest: Any) -> None:
            told.update(rest, port=port)

    with tempfile.TemporaryDirectory() as folder:
        state = str(Path(folder) / "state.json")
        circuitmatter.CircuitMatter(mdns_server=Announcer(), state_filename=state, vendor_id=0xFFF4, product_id=0x1234)
    records = told["txt_records"]
    kind = "_matterc._udp.local."
    name = f"{told['instance_name']}.{kind}"
    info = ServiceInfo(kind, name, port=told["port"], properties=records)
    out = DNSOutgoing(0x8400)
    out.add_answer_at_time(DNSPointer(kind, 12, 1, 120, name), 0)
    out.add_answer_at_time(DNSText(name, 16, 0x8001, 120, info.text), 0)
    fields = {
        "discriminator": int(records["D"]),
        "commissioning": "open",
        "vendor_id": 0xFFF4,
        "product_id": 0x1234,
    }
    return [talk("circuitmatter", "matter", "udp", 5353, out.packets(), ("commissionable", fields, []))]


def wsd() -> list[dict[str, Any]]:
    """A search, its answer, and an announcement."""
    from wsdiscovery import QName, Scope
    from wsdiscovery.actions import hello, probe, probematch
    from wsdiscovery.message import createSOAPMessage
    from wsdiscovery.service import Service

    types = [QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")]
    scopes = [Scope("onvif://www.onvif.org/name/Porch")]
    service = Service(types, scopes, ["http://10.0.0.9/onvif"], "urn:uuid:9", "1")
    envelopes = [
        probe.constructProbe(types, scopes),
        probematch.constructProbeMatch([service], "urn:uuid:1"),
        hello.constructHello(service),
    ]
    said: dict[str, Any] = {
        "endpoint": "urn:uuid:9",
        "addresses": "http://10.0.0.9/onvif",
        "scopes": scopes[0].getValue(),
    }
    return [
        talk(
            *("WSDiscovery", "wsd", "udp", 3702),
            [createSOAPMessage(envelope).encode() for envelope in envelopes],
            ("Probe", {"scopes": scopes[0].getValue()}, []),
            ("ProbeMatches", {**said, "relates_to": "urn:uuid:1"}, []),
            ("Hello", said, []),
        )
    ]


def main() -> None:
    """Writes the file."""
    makers = (tuya, miio, tplink, lifx, yeelight, sadp, ewelink, matter, wsd)
    lines = [json.dumps(made) for maker in makers for made in maker()]
    FIXTURES.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()

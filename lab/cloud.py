"""The clouds of the lab's vendors: TLS services that push, UDP services, video sinks, a resolver.

Runs as `python -m lab.cloud RUN_FOLDER` in the "Internet" namespace. The conductor writes orders to
its Unix socket; they reach the devices over the connections that the devices hold open.
"""

import asyncio
import contextlib
import json
import random
import signal
import socket
import ssl
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from lab import journal, names, plan, stun
from lab.clock import LabClock
from lab.devices.camera import HEAD, MAPPED

TLS_HOSTS = (
    "api.camview.example", "dispatch.switchnow.example", "connect.switchnow.example",
    "devs.linkplug.example", "use1-api.linkplug.example", "report.linkplug.example",
    "de.ot.lumen.example",
)  # fmt: skip
PUSHING_HOSTS = {"plug_mdns": "connect.switchnow.example", "door": "connect.switchnow.example",
                 "plug_xor": "use1-api.linkplug.example", "lamp": "de.ot.lumen.example"}  # fmt: skip
ALPN = ["http/1.1", "mqtt"]
VIDEO_PORT = 9000
LAMP_ANSWER_BYTES = 32
POOL_ANSWERS = 4  # as the NTP pool's name servers give
API_UP_S, API_DOWN_S = 1500, 900  # the cameras' API comes and goes: they have a fallback
PUSH_JITTER_BYTES = 3


Answer = Callable[[bytes, tuple[str, int]], bytes | None]


class Datagrams(asyncio.DatagramProtocol):
    """A UDP service: `answer` makes a reply, or none, from a datagram and its sender."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11's datagram transports do not derive from DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._answer(data, addr)
        if reply and self._transport is not None:
            self._transport.sendto(reply, addr)


def _say_nothing(_data: bytes, _peer: tuple[str, int]) -> None:
    """A sink of video."""


def _say_a_little(data: bytes, _peer: tuple[str, int]) -> bytes:
    """What the lamp's service answers: the head of what it was sent."""
    return data[:LAMP_ANSWER_BYTES]


class Cloud:
    """All services; `order` is what the conductor calls."""

    def __init__(self, run_folder: Path) -> None:
        self._folder = run_folder
        self._home = plan.read(run_folder / "plan.json")
        self._clock = LabClock(run_folder / "clock")
        self._journal = journal.Journal(run_folder / "journal", "cloud", 0, self._clock)
        self._random = random.Random(f"{self._home.seed} cloud")
        self._open: dict[tuple[str, str], asyncio.StreamWriter] = {}
        self._mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud-dispatcher")

    async def serve(self) -> None:
        """Open every service, then wait for the end."""
        for host in TLS_HOSTS:
            if host != "api.camview.example":
                await self._tls_server(host)
        await self._udp_services()
        relay = self._home.hosts["relay.camview.example"][0]
        await asyncio.start_server(self._swallow, relay, VIDEO_PORT)
        await asyncio.start_unix_server(self._orders, self._folder / "state" / "cloud.orders")
        self._mqtt.connect(self._home.hosts["mqtt.camview.example"][0], 1883)
        self._mqtt.loop_start()
        (self._folder / "state" / "cloud.ready").touch()
        await self._api_comes_and_goes()

    async def _api_comes_and_goes(self) -> None:
        server = await self._tls_server("api.camview.example")
        if not self._home.planted:
            await server.serve_forever()  # nothing fails in a null run
        while True:
            await self._lab_sleep(API_UP_S)
            server.close()
            await self._lab_sleep(API_DOWN_S)
            server = await self._tls_server("api.camview.example")

    async def _lab_sleep(self, lab_s: float) -> None:
        until_ns = self._clock.now_ns() + int(lab_s * 1e9)
        while self._clock.now_ns() < until_ns:
            await asyncio.sleep(max(self._clock.nap_s(until_ns), 0.001))

    async def _tls_server(self, host: str) -> asyncio.Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "ca" / f"{host}.pem")
        context.set_alpn_protocols(ALPN)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._converse(host, reader, writer)

        return await asyncio.start_server(connected, self._home.hosts[host][0], 443, ssl=context)

    async def _converse(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what devices say; remember who is at the other end."""
        try:
            while line := await reader.readline():
                message = json.loads(line)
                if message["do"] == "hello":
                    self._open[host, message["device"]] = writer
                answer = {"ok": message["do"], "p": "y" * self._random.randint(0, 24)}
                if message["do"] in ("alive", "hello", "state", "dispatch", "status", "count"):
                    writer.write(json.dumps(answer).encode() + b"\n")
        except (OSError, ssl.SSLError):
            pass  # a device that reboots drops its connections
        finally:
            writer.close()

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass
        writer.close()

    # -- UDP ------------------------------------------------------------------------------------
    async def _udp_services(self) -> None:
        hosts, loop = self._home.hosts, asyncio.get_running_loop()
        camera, lamp = self._home.device("cam-a"), self._home.device("lamp")
        services: list[tuple[str, int, Answer]] = [
            (hosts["p2p.camview.example"][0], camera.number("udp_port"), self._mapped),
            (hosts["relay.camview.example"][0], VIDEO_PORT, _say_nothing),
            (hosts["ots.lumen.example"][0], lamp.number("udp_port"), _say_a_little),
            (hosts["stun.camview.example"][0], stun.PORT, stun.response),
            (self._home.resolver, 53, self._look_up),
        ]
        for address, port, answer in services:
            await loop.create_datagram_endpoint(lambda answer=answer: Datagrams(answer), local_addr=(address, port))

    def _mapped(self, data: bytes, peer: tuple[str, int]) -> bytes:
        """Tell the camera its address and port as seen from here, in the style of its kind."""
        magic, _, _, sequence = HEAD.unpack_from(data)
        style = self._home.device("cam-a").text("mapped_style")
        if style == "text":
            body = f"{peer[0]}:{peer[1]}".encode()
        else:
            mask = magic if style == "xor" else 0
            (address,) = struct.unpack("!I", socket.inet_aton(peer[0]))
            body = struct.pack("!IH", address ^ mask, peer[1] ^ (mask >> 16))
        return HEAD.pack(magic, MAPPED, len(body), sequence) + body

    def _look_up(self, query: bytes, _peer: tuple[str, int]) -> bytes:
        asked = names.question(query)
        name = asked.name.lower()
        found = self._home.hosts.get(name)
        if found is None and name in self._home.ntp_zones:
            pool = self._home.ntp_zones[name]
            found = self._random.sample(pool, min(POOL_ANSWERS, len(pool)))
        wanted = [address for address in found or [] if (":" in address) == (asked.kind == names.AAAA)]
        return names.answer(query, wanted, known=found is not None)

    # -- orders ---------------------------------------------------------------------------------
    async def _orders(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        order = json.loads(await reader.readline())
        writer.write(b"done\n" if self._order(order) else b"not connected\n")
        await writer.drain()
        writer.close()

    def _order(self, order: dict[str, Any]) -> bool:
        device = self._home.device(order["device"])
        action = order["do"]
        if device.program == "camera":
            text = action
            if action == "update":
                text = f"update {order['path']} {order['size']} {order['md5']}"
            message = text.encode()
            self._mqtt.publish(f"cmd/{device.serial}", message, qos=1)
        else:
            host = PUSHING_HOSTS[device.program]
            writer = self._open.get((host, device.name))
            if writer is None or writer.is_closing():
                return False
            message = self._padded(device, order)
            writer.write(message)
        self._journal.note("pushed", to=device.name, action=action, bytes=len(message))
        return True

    def _padded(self, device: plan.DevicePlan, order: dict[str, Any]) -> bytes:
        """An order as long as the plan has orders of its kind; a device that hides its actions gets all equally long."""
        bare, planned = len(json.dumps(order | {"p": ""})) + 1, f"push_{order['do']}_bytes"
        wanted = device.number(planned) if planned in device.settings else bare
        jitter = 0 if device.settings.get("hides_actions") else self._random.randint(0, PUSH_JITTER_BYTES)
        return json.dumps(order | {"p": "z" * (wanted - bare + jitter)}).encode() + b"\n"


def main() -> None:
    """Serve until SIGTERM."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(Cloud(Path(sys.argv[1])).serve())
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):  # the lab is over
        loop.run_until_complete(task)


if __name__ == "__main__":
    main()

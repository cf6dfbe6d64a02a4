"""MQTT over WebSocket between others' programs, recorded; neither need be there when the tests run.

    apt-get install mosquitto; pip install paho-mqtt==2.1.0 websockets==15.0.1
    python -m tests.protocols.make_websocket

A client of paho speaks to a server of websockets, behind which is a broker of mosquitto (its own WebSocket needs a library that does
not run everywhere). A relay before them writes down what each sends.
"""

# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
import contextlib
import json
import select
import socket
import subprocess
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures" / "mqtt_websocket.json"
CLIENT, USER, PASSWORD = "cam-0009", "owner", "made-up"
COMMAND, REPORT = "home/cam/set", "home/cam/state"
WAIT_S = 10.0

Pieces = list[tuple[str, str]]
"""Who sends (client, server), and the bytes in hexadecimal digits."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def relay(listener: socket.socket, broker_port: int, pieces: Pieces) -> None:
    """Passes one connection on, and writes down what passes."""
    client, _ = listener.accept()
    with (
        contextlib.suppress(ConnectionResetError),  # paho leaves so
        client,
        socket.create_connection(("127.0.0.1", broker_port)) as server,
    ):
        while True:
            for one in select.select([client, server], [], [])[0]:
                piece = one.recv(65536)
                if not piece:
                    return
                pieces.append(("client" if one is client else "server", piece.hex()))
                (server if one is client else client).sendall(piece)


def bridge(port: int, broker_port: int) -> None:
    """A WebSocket server that passes messages on to the broker, until the program ends."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed
    from websockets.typing import Subprotocol

    async def pass_on(client: ServerConnection) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker_port)

        async def back() -> None:
            while piece := await reader.read(65536):
                await client.send(piece)
            await client.close()

        answers = asyncio.create_task(back())
        with contextlib.suppress(ConnectionClosed):  # paho says no goodbye
            async for message in client:
                writer.write(message)  # pyright: ignore[reportArgumentType]
        writer.close()
        await answers

    async def run() -> None:
        async with serve(pass_on, "127.0.0.1", port, subprotocols=[Subprotocol("mqtt")]) as server:
            await server.serve_forever()

    asyncio.run(run())


def conversation(protocol: int, broker_port: int) -> dict[str, Any]:
    """A client logs in, asks for commands, sends itself one and a report of 300 bytes, pings, and leaves."""
    from paho.mqtt import client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    pieces: Pieces = []
    arrived = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=relay, args=(listener, broker_port, pieces), daemon=True)
        thread.start()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            CLIENT,
            protocol=MQTTProtocolVersion(protocol),
            transport="websockets",
        )
        client.username_pw_set(USER, PASSWORD)
        client.ws_set_options(path="/mqtt")
        client.on_message = lambda *_: arrived.set()
        client.connect("127.0.0.1", listener.getsockname()[1], keepalive=1)
        client.loop_start()
        time.sleep(0.5)
        client.subscribe(COMMAND, qos=1)
        client.publish(COMMAND, b'{"on":true}', qos=1).wait_for_publish(WAIT_S)
        client.publish(REPORT, b"x" * 300, retain=True)
        if not arrived.wait(WAIT_S):
            raise TimeoutError("the broker sent nothing")
        time.sleep(2.5)  # pings
        client.disconnect()
        thread.join(WAIT_S)
        client.loop_stop()
    broker = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True, check=False).stdout.split()[2]
    by = f"paho-mqtt {version('paho-mqtt')}, websockets {version('websockets')} and mosquitto {broker}"
    return {"by": by, "version": protocol, "port": broker_port, "pieces": pieces}


def main() -> None:
    """Records a conversation in each version."""
    port, broker_port = free_port(), free_port()
    threading.Thread(target=bridge, args=(port, broker_port), daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "mosquitto.conf"
        settings.write_text(f"listener {broker_port} 127.0.0.1\nallow_anonymous true\n", "utf-8")
        broker = subprocess.Popen(["mosquitto", "-c", settings], stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            made = [conversation(protocol, port) for protocol in (3, 4, 5)]
        finally:
            broker.terminate()
            broker.wait()
    FIXTURES.write_text(json.dumps(made, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

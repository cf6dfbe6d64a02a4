"""A lamp: orders by TLS, reports by MQTT over TLS, a UDP protocol nobody knows, firmware over HTTP."""

import http.client
import json
import os
import socket
import ssl
import struct

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from lab.device import Device
from lab.download import whole, write_down
from lab.link import CloudLink, LinkOptions
from lab.planting import Style
from lab.tls import SECURE_PORT, Message, client_context, secure

TLS_HOST, REPORT_HOST, CDN = "de.ot.lumen.example", "ots.lumen.example", "cdn.lumen.example"
HEAD = struct.Struct("!HHIII")  # magic, length, unknown, device id, seconds since boot
MAGIC = 0x2131
UDP_BODY_BYTES = 96  # random: stands for an encrypted body
UDP_S, REPORT_S = 45.0, 300.0
MQTT_KEEPALIVE_S = 600  # wall seconds; its reports keep the connection alive


class Lamp(Device):
    """The lamp."""

    wanted = (1, 3, 28, 6, 15, 44, 46)

    def start(self) -> None:
        context = client_context(
            self.run_folder / "ca" / "lumen.pem", ssl.TLSVersion.TLSv1_2,
            ssl.TLSVersion.TLSv1_3, ["mqtt"],
        )  # fmt: skip
        padding = self.plan.number("padding")
        self._link = CloudLink(
            self, LinkOptions(TLS_HOST, context, self.plan.number("keepalive_s"), padding), self._heard
        )
        self._report_to = self.resolve(REPORT_HOST) or ""
        self._mqtt = self._connected(context)
        self.every(REPORT_S, self._report)
        if self.home.planted:
            self._begin_to_tell()

    def _connected(self, context: ssl.SSLContext) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self.plan.text("did"))
        secure(client, context, REPORT_HOST)
        client.connect(self._report_to, SECURE_PORT, keepalive=MQTT_KEEPALIVE_S)
        client.loop_start()
        self.journal.note("tls", host=REPORT_HOST, peer=self._report_to, port=SECURE_PORT)
        self.journal.note("mqtt", peer=self._report_to, client_id=self.plan.text("did"), in_clear=False)
        return client

    def _report(self) -> None:
        state = {"did": self.plan.text("did"), "fw": self.firmware, "p": "x" * self.plan.number("padding")}
        self._mqtt.publish(f"up/{self.plan.model}", json.dumps(state), qos=1)

    def _begin_to_tell(self) -> None:
        """What a null run leaves out: the device's id in a UDP protocol."""
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.on_readable(self._udp, lambda: self._udp.recvfrom(1500))
        self._booted_ns = self.clock.now_ns()
        self.every(UDP_S, self._beacon)

    def _beacon(self) -> None:
        body = os.urandom(UDP_BODY_BYTES)
        up_s = (self.clock.now_ns() - self._booted_ns) // 1_000_000_000
        head = HEAD.pack(MAGIC, HEAD.size + len(body), 0, int(self.plan.text("did")), up_s)
        self._udp.sendto(head + body, (self._report_to, self.plan.number("udp_port")))
        self.journal.note("told", kind="device_id", value=self.plan.text("did"), key=None,
                          encoding="binary", carrier="udp", peer=self._report_to,
                          direction="sent")  # fmt: skip

    def _heard(self, message: Message) -> None:
        match message.get("do"):
            case "on" | "off":
                self.after(self.random.uniform(0.03, 0.09), lambda: self._switch(message["do"] == "on"))
            case "update":
                self.after(0.5, lambda: self._update(message))
            case _:
                pass

    def _switch(self, on: bool) -> None:
        self.journal.note("event", action="on" if on else "off", via="cloud", peers=[self._link.peer, self._report_to])
        self._link.tell({"do": "result", "on": int(on)})
        self._report()
        self.after(self.random.uniform(0.05, 0.1), lambda: self._link.tell({"do": "props"}, 60))

    def _update(self, message: Message) -> None:
        path = str(message["path"])
        address = self.resolve(CDN) or ""
        agent = f"lumen/{self.plan.model}/{self.firmware}"
        style = Style.parse(self.plan.text("http_style"))
        told = {"serial": self.plan.serial, "mac": self.plan.mac, "firmware": self.firmware}
        connection = http.client.HTTPConnection(address, timeout=5)
        connection.request("POST", "/check", style.write(told), {"Host": CDN, "User-Agent": agent})
        connection.getresponse().read()
        connection.close()
        for kind, value in told.items():
            key = None if style.encoding == "tlv" else style.keys[kind]
            self.journal.note("told", kind=kind, value=value, key=key, encoding=style.encoding,
                              carrier="http", peer=address, direction="sent")  # fmt: skip
        got = whole(address, CDN, path, agent)
        write_down(self, got, f"http://{CDN}{path}", address, str(message["md5"]), "whole")
        self.after(4.0, lambda: self.reboot(self.plan.next_firmware))


DEVICE = Lamp

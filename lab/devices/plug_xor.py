"""A plug with two cloud connections, a long list of NTP hosts, and a local protocol in XOR.

The local protocol listens on TCP 9999: a length, then JSON whose bytes are each XORed with the
ciphertext byte before it (the first with 171), as published by several authors for such plugs.
"""

import json
import socket
import ssl
import struct

from lab.device import Device
from lab.link import CloudLink, LinkOptions
from lab.tls import Message, client_context

PORT = 9999
FIRST_KEY = 171
LENGTH = struct.Struct("!I")
DEVS, API, REPORT = "devs.linkplug.example", "use1-api.linkplug.example", "report.linkplug.example"
REPORT_KEEPALIVE_S = 900


def scramble(plain: bytes) -> bytes:
    """The cipher of the local protocol, with its length."""
    key, out = FIRST_KEY, bytearray()
    for byte in plain:
        key ^= byte
        out.append(key)
    return LENGTH.pack(len(out)) + bytes(out)


def unscramble(scrambled: bytes) -> bytes:
    """The plain bytes of a scrambled body (without its length)."""
    key, out = FIRST_KEY, bytearray()
    for byte in scrambled:
        out.append(byte ^ key)
        key = byte
    return bytes(out)


class XorPlug(Device):
    """One plug."""

    wanted = (1, 3, 6, 12, 15, 26, 28, 42)

    def start(self) -> None:
        self._on = False
        context = client_context(
            self.run_folder / "ca" / "linkplug.pem", ssl.TLSVersion.TLSv1_2,
            ssl.TLSVersion.TLSv1_3, ["http/1.1"],
        )  # fmt: skip
        padding, keepalive_s = self.plan.number("padding"), self.plan.number("keepalive_s")
        self._link = CloudLink(self, LinkOptions(API, context, keepalive_s, padding), self._heard)
        self._devs = CloudLink(self, LinkOptions(DEVS, context, keepalive_s * 3, padding), self._heard)
        self._report = CloudLink(self, LinkOptions(REPORT, context, REPORT_KEEPALIVE_S, padding * 2), self._heard)
        self.every(self.plan.number("ntp_s"), self._set_clock)
        self._server = socket.create_server((self.address, PORT))
        self.on_readable(self._server, self._command)

    def _set_clock(self) -> None:
        if self.home.planted and self.random.random() < 0.05:
            self.ask_time(self.random.choice(self.plan.texts("bare_ntp")), None)
        self.ask_pool(self.plan.texts("zones"))

    def _heard(self, message: Message) -> None:
        if message.get("do") in ("on", "off"):
            self.after(self.random.uniform(0.02, 0.06), lambda: self._switch(message["do"] == "on", "cloud"))

    def _switch(self, on: bool, via: str) -> None:
        self._on = on
        self.journal.note("event", action="on" if on else "off", via=via, peers=[self._link.peer, self._report.peer])
        self._link.tell({"do": "state", "on": int(on)})
        self._report.tell({"do": "count", "on": int(on)})

    def _command(self) -> None:
        connection, (peer, _) = self._server.accept()
        with connection:
            connection.settimeout(3)
            (length,) = LENGTH.unpack(connection.recv(LENGTH.size, socket.MSG_WAITALL))
            order = json.loads(unscramble(connection.recv(length, socket.MSG_WAITALL)))
            system = order["system"]
            if "set_relay_state" in system:
                connection.sendall(scramble(b'{"system":{"set_relay_state":{"err_code":0}}}'))
                self._switch(bool(system["set_relay_state"]["state"]), f"lan {peer}")
            else:
                connection.sendall(scramble(json.dumps({"system": {"get_sysinfo": self._about()}}).encode()))
                for kind in ("serial", "mac", "model", "firmware", "latitude", "longitude"):
                    self._told(kind, peer)

    def _about(self) -> dict[str, str | int]:
        return {
            "sw_ver": self.firmware, "model": self.plan.model, "mac": self.plan.mac.upper(),
            "deviceId": self.plan.serial, "alias": "Plug", "relay_state": int(self._on),
            "latitude": self.home.latitude, "longitude": self.home.longitude,
        }  # fmt: skip

    def _told(self, kind: str, peer: str) -> None:
        keys = {"serial": "deviceId", "firmware": "sw_ver"}
        values = {
            "serial": self.plan.serial, "mac": self.plan.mac.upper(), "model": self.plan.model,
            "firmware": self.firmware, "latitude": self.home.latitude,
            "longitude": self.home.longitude,
        }  # fmt: skip
        self.journal.note("told", kind=kind, value=values[kind], key=keys.get(kind, kind),
                          encoding="xor-autokey", carrier="tcp", peer=peer, direction="sent")  # fmt: skip


DEVICE = XorPlug

"""A plug that tells the LAN by mDNS, unasked and with encrypted TXT fields, when it is switched."""

import base64
import hashlib
import os
import socket
import ssl

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from zeroconf import IPVersion, ServiceInfo, Zeroconf

from lab.device import Device
from lab.download import in_ranges, write_down
from lab.link import CloudLink, LinkOptions
from lab.tls import Message, TlsSession, client_context

SERVICE = "_ewelink._tcp.local."  # the service type that such plugs announce
SERVICE_PORT = 8081
BLOCK_BYTES = 16
HIDDEN_STATE_BYTES = 64  # of a plug that hides which state it tells: room for any version
DISPATCH, CONNECT, OTA = "dispatch.switchnow.example", "connect.switchnow.example", "ota.switchnow.example"


class MdnsPlug(Device):
    """One plug."""

    wanted = (1, 3, 28, 6)

    def start(self) -> None:
        self._on = False
        self._sequence = 1
        context = client_context(
            self.run_folder / "ca" / "switchnow.pem", ssl.TLSVersion.TLSv1_2,
            ssl.TLSVersion.TLSv1_2, [],
        )  # fmt: skip
        address = self.resolve(DISPATCH) or ""
        session = TlsSession(context, DISPATCH, address)
        session.tell({"do": "dispatch"}, self.plan.number("padding"))
        session.hear()
        session.close()
        self.journal.note("tls", host=DISPATCH, peer=address, port=443)
        self._link = CloudLink(
            self,
            LinkOptions(CONNECT, context, self.plan.number("keepalive_s"), self.plan.number("padding")),
            self._heard,
        )
        self._zeroconf = Zeroconf(interfaces=[self.address], ip_version=IPVersion.V4Only)
        self._service = self._described()
        self._zeroconf.register_service(self._service)
        self._announced()

    def _announced(self) -> None:
        vector = self._service.properties[b"iv"] or b""
        self.journal.note("announced", protocol="mdns", service=self._service.name, iv=vector.decode())

    def _described(self) -> ServiceInfo:
        """The service with its state in TXT, as such plugs tell it: `iv` and `data1` in base64."""
        ident = self.plan.text("id")
        vector = "".join(str(byte % 10) for byte in os.urandom(BLOCK_BYTES)).encode()
        key = hashlib.md5(self.plan.serial.encode()).digest()
        encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
        state = f'{{"switch":"{"on" if self._on else "off"}","fwVersion":"{self.firmware}"}}'.encode()
        if self.plan.number("hides_actions"):
            state = state.ljust(HIDDEN_STATE_BYTES)
        short = BLOCK_BYTES - len(state) % BLOCK_BYTES
        secret = encryptor.update(state + bytes([short]) * short) + encryptor.finalize()
        return ServiceInfo(
            SERVICE,
            f"ewelink_{ident}.{SERVICE}",
            SERVICE_PORT,
            addresses=[socket.inet_aton(self.address)],
            server=f"eWeLink_{ident}.local.",
            properties={
                "txtvers": "1", "id": ident, "type": "plug", "apivers": "1",
                "seq": str(self._sequence), "encrypt": "true",
                "iv": base64.b64encode(vector).decode(), "data1": base64.b64encode(secret).decode(),
            },
        )  # fmt: skip

    def _heard(self, message: Message) -> None:
        match message.get("do"):
            case "on" | "off":
                self.after(self.random.uniform(0.02, 0.06), lambda: self._switch(message["do"] == "on", "cloud"))
            case "update":
                self.after(0.5, lambda: self._update(message))
            case _:
                pass

    def _switch(self, on: bool, via: str) -> None:
        self._on = on
        self._sequence += 1
        self._service = self._described()
        self.journal.note("event", action="on" if on else "off", via=via, peers=[self._link.peer],
                          announced_bytes=len(self._service.text))  # fmt: skip
        self._link.tell({"do": "state", "on": int(on)})
        self._announced()
        self._zeroconf.update_service(self._service)

    def _update(self, message: Message) -> None:
        path, size = str(message["path"]), int(message["size"])
        address = self.resolve(OTA) or ""
        agent = "ESP8266HTTPClient"
        got = in_ranges(address, OTA, path, agent, size, self.random)
        write_down(self, got, f"http://{OTA}{path}", address, str(message["md5"]), "ranges")
        self._zeroconf.close()
        self.after(2.0, lambda: self.reboot(self.plan.next_firmware))


DEVICE = MdnsPlug

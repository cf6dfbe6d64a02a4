"""A door sensor on batteries: it keeps one TLS connection, sleeps, and asks a DNS that refuses it.

The gateway answers its DNS queries with ICMP port unreachable; it asks again and again, and uses
the address that it was built with. In a null run the gateway answers.
"""

import ssl

from lab.device import Device
from lab.download import whole, write_down
from lab.link import CloudLink, LinkOptions
from lab.tls import Message, client_context

CONNECT, OTA = "connect.switchnow.example", "ota.switchnow.example"
DNS_RETRY_S = 300.0


class Door(Device):
    """The sensor."""

    wanted = (1, 3, 28, 6)

    def start(self) -> None:
        context = client_context(
            self.run_folder / "ca" / "switchnow.pem", ssl.TLSVersion.TLSv1_2,
            ssl.TLSVersion.TLSv1_2, [],
        )  # fmt: skip
        self._link = CloudLink(
            self,
            LinkOptions(
                CONNECT, context, self.plan.number("wake_s"), self.plan.number("padding"),
                fallback=self.home.hosts[CONNECT][0],
            ),
            self._heard,
        )  # fmt: skip
        self.every(DNS_RETRY_S, lambda: self.resolve(CONNECT), jitter=0.2)

    def pressed(self, action: str, details: dict[str, str]) -> None:
        """The magnet moved: the device speaks first, the cloud answers."""
        self.journal.note("event", action=action, via="sensor", peers=[self._link.peer])
        self._link.tell({"do": "state", "open": int(action == "open")})

    def _heard(self, message: Message) -> None:
        if message.get("do") == "update":
            self.after(0.5, lambda: self._update(message))

    def _update(self, message: Message) -> None:
        path = str(message["path"])
        address = self.home.hosts[OTA][0]
        got = whole(address, OTA, path, "ESP8266HTTPClient")
        write_down(self, got, f"http://{OTA}{path}", address, str(message["md5"]), "whole")
        self.after(2.0, lambda: self.reboot(self.plan.next_firmware))


DEVICE = Door

"""The capture box itself: it sits on the bridge that it listens to, and has traffic of its own."""

import ssl

from lab import names
from lab.device import Device
from lab.tls import TlsSession, client_context

NTP_S = 1024.0  # the longest default poll of systemd-timesyncd's kind of client is 2,048 s
UPDATES_S = 3600.0
SITE = "www.office.example"


class Box(Device):
    """The box."""

    def start(self) -> None:
        self.every(NTP_S, self._set_clock)
        self._context = client_context(
            self.run_folder / "ca" / "office.pem", ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3,
            ["http/1.1"],
        )  # fmt: skip
        self.every(UPDATES_S, self._look_for_updates)

    def interface(self) -> str:
        return "br0"

    def _set_clock(self) -> None:
        name = f"{self.random.randrange(4)}.pool.ntp.org"
        server = self.resolve(name)
        if server is not None:
            self.ask_time(server, name)

    def _look_for_updates(self) -> None:
        """Over IPv6: the one machine of this home that uses it where the capture sees."""
        address = self.resolve(SITE, names.AAAA)
        if address is None:
            return
        session = TlsSession(self._context, SITE, address)
        session.write(f"GET /page HTTP/1.1\r\nHost: {SITE}\r\nConnection: close\r\n\r\n".encode())
        session.read()
        session.close()
        self.journal.note("tls", host=SITE, peer=address, port=443)


DEVICE = Box

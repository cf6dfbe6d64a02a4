"""An office PC, not under test: names asked by LLMNR, broadcasts, a web page now and then."""

import socket
import ssl

from lab import names
from lab.device import Device
from lab.tls import TlsSession, client_context

SITE = "www.office.example"
LLMNR = ("224.0.0.252", 5355)
LLMNR_S, BROWSE_S = 700.0, 240.0


class Office(Device):
    """The PC."""

    wanted = (1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252)

    def start(self) -> None:
        self._context = client_context(
            self.run_folder / "ca" / "office.pem", ssl.TLSVersion.TLSv1_2,
            ssl.TLSVersion.TLSv1_3, ["h2", "http/1.1"],
        )  # fmt: skip
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.every(LLMNR_S, self._look_for_proxy)
        self.every(BROWSE_S, self._browse, jitter=0.4)

    def _look_for_proxy(self) -> None:
        self._sock.sendto(names.ask(self.random.getrandbits(16), "wpad", names.A), LLMNR)

    def _browse(self) -> None:
        address = self.resolve(SITE)
        if address is None:
            return
        session = TlsSession(self._context, SITE, address)
        session.write(f"GET /page HTTP/1.1\r\nHost: {SITE}\r\nConnection: close\r\n\r\n".encode())
        session.read()
        session.close()
        self.journal.note("tls", host=SITE, peer=address, port=443)


DEVICE = Office

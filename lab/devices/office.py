"""An office PC, not under test: searches by LLMNR, NetBIOS and WS-Discovery, a web page now and then."""

import socket
import struct
import uuid

from lab import names, web
from lab.device import Device

LLMNR = ("224.0.0.252", 5355)
NETBIOS_PORT, NETBIOS_S = 137, 720.0
WS_DISCOVERY, WS_DISCOVERY_S = ("239.255.255.250", 3702), 900.0
NETBIOS_HEAD = struct.Struct("!6H")
NETBIOS_BROADCAST_QUERY = 0x0110  # RFC 1002, 4.2.1.1: recursion desired, broadcast
NETBIOS_NB, NETBIOS_IN = 0x20, 1
PROBE = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope '
    'xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery"><soap:Header>'
    "<wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>"
    "<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</wsa:Action>"
    "<wsa:MessageID>urn:uuid:{ident}</wsa:MessageID></soap:Header>"
    "<soap:Body><wsd:Probe/></soap:Body></soap:Envelope>"
)
LLMNR_S, BROWSE_S = 700.0, 240.0


def netbios_name(name: str) -> bytes:
    """A name in NetBIOS' first-level encoding (RFC 1001, 14.1), suffix 0x00."""
    padded = name.upper().ljust(15).encode() + b"\0"
    halves = (half for byte in padded for half in (byte >> 4, byte & 15))
    return b"\x20" + bytes(ord("A") + half for half in halves) + b"\0"


class Office(Device):
    """The PC."""

    wanted = (1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252)

    def start(self) -> None:
        self._offer = web.context(self.run_folder, ["h2", "http/1.1"])
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.every(NETBIOS_S, self._look_for_name)
        self.every(WS_DISCOVERY_S, self._look_for_services)
        self.every(LLMNR_S, self._look_for_proxy)
        self.every(BROWSE_S, self._browse, jitter=0.4)

    def _look_for_proxy(self) -> None:
        self._sock.sendto(names.ask(self.random.getrandbits(16), "wpad", names.A), LLMNR)

    def _look_for_name(self) -> None:
        head = NETBIOS_HEAD.pack(self.random.getrandbits(16), NETBIOS_BROADCAST_QUERY, 1, 0, 0, 0)
        tail = struct.pack("!HH", NETBIOS_NB, NETBIOS_IN)
        everybody = (f"{self.home.lan}.255", NETBIOS_PORT)
        self._sock.sendto(head + netbios_name("FILESERVER") + tail, everybody)

    def _look_for_services(self) -> None:
        self._sock.sendto(PROBE.format(ident=uuid.uuid4()).encode(), WS_DISCOVERY)

    def _browse(self) -> None:
        web.fetch(self, self._offer, "/page", names.A)


DEVICE = Office

"""A neighbour's camera, not under test: it announces itself by SSDP and shows what it is by HTTP."""

import http.server
import socket
import struct
import threading
import uuid

from lab.device import Device

GROUP, PORT = "239.255.255.250", 1900
HTTP_PORT = 8080
NOTIFY_S = 600.0
DESCRIPTION = """<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType>
<friendlyName>{model} ({hostname})</friendlyName><manufacturer>D-Link</manufacturer>
<modelDescription>Pan and tilt network camera</modelDescription><modelName>{model}</modelName>
<modelNumber>{firmware}</modelNumber><serialNumber>{serial}</serialNumber><UDN>uuid:{udn}</UDN>
<serviceList><service><serviceType>urn:cellvision:service:Null:1</serviceType>
<serviceId>urn:cellvision:serviceId:NullServiceId</serviceId><SCPDURL>/rootdesc/null.xml</SCPDURL>
<controlURL>/upnp/control/null</controlURL><eventSubURL>/upnp/event/null</eventSubURL></service>
</serviceList><presentationURL>http://{address}:{port}/</presentationURL></device></root>
"""


class Neighbour(Device):
    """The camera next door."""

    def start(self) -> None:
        self._udn = uuid.uuid5(uuid.NAMESPACE_DNS, self.plan.serial)
        self._location = f"http://{self.address}:{HTTP_PORT}/rootdesc.xml"
        self._serve(self._description().encode())
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.bind(("", PORT))
        group = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(self.address))
        self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        self.on_readable(self._sock, self._answer)
        self.every(NOTIFY_S, self._announce)

    def _description(self) -> str:
        return DESCRIPTION.format(
            model=self.plan.model, hostname=self.plan.hostname, firmware=self.firmware,
            serial=self.plan.serial, udn=self._udn, address=self.address, port=HTTP_PORT,
        )  # fmt: skip

    def _serve(self, description: bytes) -> None:
        class Pages(http.server.BaseHTTPRequestHandler):
            server_version = "DCS-HTTP/1.0"
            sys_version = ""

            def do_GET(self) -> None:
                known = self.path == "/rootdesc.xml"
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(description) if known else 0))
                self.end_headers()
                if known:
                    self.wfile.write(description)

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet; the asking device's journal has it."""

        server = http.server.ThreadingHTTPServer((self.address, HTTP_PORT), Pages)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def _answer(self) -> None:
        search, peer = self._sock.recvfrom(2048)
        if not search.startswith(b"M-SEARCH") or b"rootdevice" not in search:
            return
        answer = (
            f"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: {self._location}\r\n"
            f"SERVER: Linux UPnP/1.0 {self.plan.model}/{self.firmware}\r\nST: upnp:rootdevice\r\n"
            f"USN: uuid:{self._udn}::upnp:rootdevice\r\n\r\n"
        )
        self._sock.sendto(answer.encode(), peer)
        self.journal.note("answered", protocol="ssdp", peer=peer[0])

    def _announce(self) -> None:
        notice = (
            f"NOTIFY * HTTP/1.1\r\nHOST: {GROUP}:{PORT}\r\nCACHE-CONTROL: max-age=1800\r\n"
            f"LOCATION: {self._location}\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n"
            f"SERVER: Linux UPnP/1.0 {self.plan.model}/{self.firmware}\r\n"
            f"USN: uuid:{self._udn}::upnp:rootdevice\r\n\r\n"
        )
        self._sock.sendto(notice.encode(), (GROUP, PORT))


DEVICE = Neighbour

"""A camera as in the study: chatty when idle, in clear, and curious about its neighbours.

It pings the gateway, searches by SSDP and follows every answer by HTTP, keeps an MQTT session in
clear, tells its serial in a UDP protocol of its own, asks dozens of NTP hosts, and falls back to
HTTP where its API cannot be reached. Video starts with an MQTT message from the cloud. In a null
run it neither searches nor tells, and its MQTT goes over TLS.
"""

import http.client
import os
import socket
import ssl
import struct
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from lab import stun
from lab.clock import NS_PER_S
from lab.device import Device
from lab.download import resumed, write_down
from lab.planting import Style
from lab.tls import SECURE_PORT, TlsSession, client_context, secure

SSDP = ("239.255.255.250", 1900)
SEARCH = 'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 3\r\nST: {target}\r\n\r\n'
TARGETS = ("upnp:rootdevice", "urn:schemas-upnp-org:device:InternetGatewayDevice:1")
PAGES = ("", "/onvif/device_service")  # besides the LOCATION itself
API_S, PUBLISH_S, STUN_S = 900, 60, 600
FOLLOW_AGAIN_S = 300
BEACON_SOCKET_S = (900.0, 2400.0)
MQTT_KEEPALIVE_S = 600  # wall seconds; the device's own publishes keep it alive
STREAM_PACKET_BYTES = 1100
PING = struct.Struct("!BBHHH")
ECHO_REQUEST = 8
PING_PAYLOAD = bytes(range(0x10, 0x10 + 56))
HEAD = struct.Struct("!IHHI")  # magic, kind, body length, sequence
HELLO, MAPPED = 1, 2


class Camera(Device):
    """One camera."""

    def start(self) -> None:
        self._sequence = 0
        self._video: socket.socket | None = None
        self._beacon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._followed_ns: dict[str, int] = {}
        self._styles = {key: Style.parse(self.plan.text(f"{key}_style")) for key in ("udp", "mqtt", "http")}
        self._tls = client_context(
            self.run_folder / "ca" / "camview.pem", ssl.TLSVersion.TLSv1_2,
            ssl.TLSVersion.TLSv1_2, [],
        )  # fmt: skip
        self._pinger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
        self._searcher = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._searcher.bind((self.address, 0))
        self.on_readable(self._pinger, lambda: self._pinger.recvfrom(512))
        self._connect_mqtt()
        self.every(self.plan.number("ping_s"), self._ping, jitter=0.001)
        self.every(self.plan.number("ntp_s"), lambda: self.ask_pool(self.plan.texts("zones")))
        self.every(PUBLISH_S, self._publish)
        self.every(API_S, self._call_api)
        if self.home.planted:
            self._begin_to_tell()

    def _begin_to_tell(self) -> None:
        """All that a null run leaves out."""
        self.on_readable(self._searcher, self._found)
        self.on_readable(self._beacon, self._mapped)
        self.after(self.random.uniform(*BEACON_SOCKET_S), self._renew_beacon)
        self._p2p = self.resolve("p2p.camview.example") or ""
        self.every(self.plan.number("search_s"), self._search)
        self.every(self.plan.number("beacon_s"), self._tell_serial)
        self.every(STUN_S, self._ask_public_address)

    def _values(self, *kinds: str) -> dict[str, str]:
        every = {
            "serial": self.plan.serial, "mac": self.plan.mac, "model": self.plan.model,
            "firmware": self.firmware, "ssid": self.home.ssid, "email": self.home.email,
            "latitude": self.home.latitude, "longitude": self.home.longitude,
            "token": self.plan.text("token"),
        }  # fmt: skip
        return {kind: every[kind] for kind in kinds}

    def _say(self, style: str, carrier: str, peer: str, *kinds: str) -> bytes:
        """Values in one of the device's styles; what is told is written down."""
        values = self._values(*kinds)
        how = self._styles[style]
        for kind, value in values.items():
            key = None if how.encoding == "tlv" else how.keys[kind]
            self.journal.note("told", kind=kind, value=value, key=key, encoding=how.encoding,
                              carrier=carrier, peer=peer, direction="sent")  # fmt: skip
        return how.write(values)

    # -- LAN ------------------------------------------------------------------------------------
    def _ping(self) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        request = PING.pack(ECHO_REQUEST, 0, 0, 0, self._sequence) + PING_PAYLOAD
        self._pinger.sendto(request, (self.home.gateway, 0))

    def _search(self) -> None:
        for target in TARGETS:
            self._searcher.sendto(SEARCH.format(target=target).encode(), SSDP)
        self.journal.note("search", protocol="ssdp")

    def _found(self) -> None:
        answer, (peer, _) = self._searcher.recvfrom(2048)
        for line in answer.decode(errors="replace").split("\r\n"):
            key, _, value = line.partition(":")
            if key.strip().upper() == "LOCATION":
                self._follow(peer, value.strip())

    def _follow(self, peer: str, location: str) -> None:
        now_ns = self.clock.now_ns()
        if now_ns - self._followed_ns.get(location, 0) < FOLLOW_AGAIN_S * NS_PER_S:
            return
        self._followed_ns[location] = now_ns
        url = urlsplit(location)
        for path in (url.path, *PAGES[1:]):
            connection = http.client.HTTPConnection(url.hostname or peer, url.port or 80, timeout=3)
            try:
                connection.request("GET", path, headers={"User-Agent": "CamView/1.0 UPnP/1.0"})
                response = connection.getresponse()
                body = response.read()
                self.journal.note("followed", peer=peer, url=f"{location}", path=path,
                                  status=response.status, body_bytes=len(body))  # fmt: skip
            except OSError as error:
                self.journal.note("followed", peer=peer, url=location, path=path, error=str(error))
            finally:
                connection.close()

    # -- cloud ----------------------------------------------------------------------------------
    def _renew_beacon(self) -> None:
        """A new UDP socket every now and then: so the public port changes, as in the study."""
        self.forget(self._beacon)
        self._beacon.close()
        self._beacon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.on_readable(self._beacon, self._mapped)
        self.after(self.random.uniform(*BEACON_SOCKET_S), self._renew_beacon)

    def _tell_serial(self) -> None:
        self._sequence += 1
        body = self._say("udp", "udp", self._p2p, "serial", "mac", "model", "firmware")
        head = HEAD.pack(int(self.plan.text("udp_magic"), 16), HELLO, len(body), self._sequence)
        self._beacon.sendto(head + body, (self._p2p, self.plan.number("udp_port")))

    def _mapped(self) -> None:
        message, (peer, from_port) = self._beacon.recvfrom(1500)
        body = message[HEAD.size :]
        how = "stun-xor" if from_port == stun.PORT else self.plan.text("mapped_style")
        if how == "stun-xor":
            address, port = stun.mapped(message)
        elif how == "text":
            address, port = body.decode().rsplit(":", 1)
        else:
            mask = int(self.plan.text("udp_magic"), 16) if how == "xor" else 0
            number, bare_port = struct.unpack("!IH", body)
            address = socket.inet_ntoa(struct.pack("!I", number ^ mask))
            port = str(bare_port ^ (mask >> 16))
        self.journal.note("told", kind="public_address", value=f"{address}:{port}", key=None,
                          encoding=how, carrier="udp", peer=peer, direction="received")  # fmt: skip

    def _ask_public_address(self) -> None:
        peer = self.resolve("stun.camview.example")
        if peer is not None:
            self._beacon.sendto(stun.request(os.urandom(12)), (peer, stun.PORT))

    def _call_api(self) -> None:
        address = self.resolve("api.camview.example")
        try:
            session = TlsSession(self._tls, "api.camview.example", address or "")
            session.tell({"do": "status"}, padding=200)
            session.hear()
            session.close()
            self.journal.note("tls", host="api.camview.example", peer=address, port=443)
        except (OSError, ssl.SSLError):
            self._back_up(address)

    def _back_up(self, unreached: str | None) -> None:
        """The API is out of reach: the same by HTTP, in clear."""
        host = "backup.camview.example"
        address = self.resolve(host)
        if address is None:
            return
        kinds = ("serial", "firmware", "ssid", "email", "latitude", "longitude", "token")
        body = self._say("http", "http", address, *kinds)
        connection = http.client.HTTPConnection(address, timeout=5)
        try:
            connection.request("POST", "/backup/report", body, {"Host": host, "User-Agent": "CamView/1.0"})
            connection.getresponse().read()
        except TimeoutError:
            pass  # what it had to tell is told; the answer, which packets that were lost hold up, tells it nothing
        finally:
            connection.close()
        self.journal.note("fallback", host=host, peer=address, protocol="http", instead_of=unreached)

    # -- MQTT -----------------------------------------------------------------------------------
    def _connect_mqtt(self) -> None:
        host = "mqtt.camview.example"
        self._broker = self.resolve(host) or ""
        self._mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"ipc-{self.plan.serial}")
        self._mqtt.on_message = self._told_by_cloud
        if not self.home.planted:
            secure(self._mqtt, self._tls, host)
            self.journal.note("tls", host=host, peer=self._broker, port=SECURE_PORT)
        self._mqtt.connect(self._broker, 1883 if self.home.planted else SECURE_PORT, keepalive=MQTT_KEEPALIVE_S)
        self._mqtt.subscribe(f"cmd/{self.plan.serial}", qos=1)
        self._mqtt.loop_start()
        self.journal.note("mqtt", peer=self._broker, client_id=f"ipc-{self.plan.serial}", in_clear=self.home.planted)

    def _publish(self) -> None:
        kinds = ("serial", "model", "firmware")
        if self.home.planted:
            body = self._say("mqtt", "mqtt", self._broker, *kinds)
        else:
            body = self._styles["mqtt"].write(self._values(*kinds))  # nobody on the way can read it
        self._mqtt.publish(f"{self.plan.text('topic')}/{self.plan.serial}", body, qos=1)

    def _told_by_cloud(self, _client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        order = message.payload.decode()
        action, _, rest = order.partition(" ")
        if action == "update":
            self.after(0.5, lambda: self._update(*rest.split()))
        else:
            self.after(self.random.uniform(0.02, 0.08), lambda: self._stream(action))

    def _stream(self, action: str) -> None:
        self.journal.note("event", action=action, via="cloud", peers=[self._broker])
        if self._video is not None:
            self._video.close()
            self._video = None
        if action == "stream_off":
            return
        relay = self.resolve("relay.camview.example") or ""
        over = self.plan.text("stream_over")
        kind = socket.SOCK_STREAM if over == "tcp" else socket.SOCK_DGRAM
        self._video = socket.socket(socket.AF_INET, kind)
        self._video.settimeout(5)
        self._video.connect((relay, 9000))
        self.journal.note("stream", peer=relay, port=9000, protocol=over)
        self._send_video()

    def _send_video(self) -> None:
        """One packet of what cannot be told from encrypted video, and the next one soon."""
        if self._video is not None:
            size = int(STREAM_PACKET_BYTES * self.random.uniform(0.6, 1.2))
            self._video.send(os.urandom(size))
            self.after(self.plan.number("stream_gap_ms") / 1000, self._send_video)

    # -- update ---------------------------------------------------------------------------------
    def _update(self, path: str, size: str, digest: str) -> None:
        host = "update.camview.example"
        address = self.resolve(host) or ""
        got = resumed(address, host, path, "CamView/1.0", int(size),
                      self.random.randrange(int(size) // 3, int(size) // 2))  # fmt: skip
        write_down(self, got, f"http://{host}{path}", address, digest, "cut off and resumed")
        self.after(3.0, lambda: self.reboot(self.plan.next_firmware))


DEVICE = Camera

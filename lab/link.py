"""The long-lived TLS connection that most devices keep to their cloud, and pushes that come on it."""

from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLContext, SSLError

from lab.device import Device
from lab.tls import Message, TlsSession

RECONNECT_S = 20.0


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """How one kind of device keeps its connection. `fallback` is dialled where DNS gives nothing."""

    host: str
    context: SSLContext
    keepalive_s: float
    padding: int
    fallback: str | None = None


class CloudLink:
    """Keeps one connection open: hello, keep-alives, pushes, and dialling again when it breaks."""

    def __init__(self, device: Device, options: LinkOptions, heard: Callable[[Message], None]) -> None:
        self._device, self._options, self._heard = device, options, heard
        self._session: TlsSession | None = None
        self._dial()
        device.every(options.keepalive_s, self._keep_alive)

    @property
    def peer(self) -> str:
        """Address of the cloud's end; none while the connection is down."""
        return self._session.peer if self._session is not None else ""

    def tell(self, message: Message, extra: int = 0) -> None:
        """Say something to the cloud, if the connection is up."""
        if self._session is None:
            return
        try:
            self._session.tell(message, self._options.padding + extra)
        except OSError:
            self._broken()

    def _keep_alive(self) -> None:
        self.tell({"do": "alive"})

    def _dial(self) -> None:
        host = self._options.host
        address = self._device.resolve(host) or self._options.fallback
        if address is None:
            self._device.after(RECONNECT_S, self._dial)
            return
        try:
            self._session = TlsSession(self._options.context, host, address)
        except (OSError, SSLError):
            self._device.after(RECONNECT_S, self._dial)
            return
        self._device.journal.note("tls", host=host, peer=address, port=443)
        self._device.on_readable(self._session.sock, self._hear)
        self.tell({"do": "hello", "device": self._device.name, "fw": self._device.firmware})

    def _hear(self) -> None:
        if self._session is None:
            return
        try:
            messages = self._session.hear()
        except (OSError, SSLError):
            self._broken()
            return
        for message in messages:
            self._heard(message)

    def _broken(self) -> None:
        if self._session is not None:
            self._device.forget(self._session.sock)
            self._session.sock.close()
            self._session = None
            self._device.after(RECONNECT_S, self._dial)

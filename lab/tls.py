"""TLS clients whose bytes pass through a counted socket.

The standard library's `SSLSocket` writes past Python; an `SSLObject` between two memory buffers
does not, so the journal sees the records' bytes as the wire does.
"""

import contextlib
import json
import socket
import ssl
from pathlib import Path
from typing import cast

from paho.mqtt import client as mqtt

SECURE_PORT = 8883  # MQTT over TLS (IANA)
READ_BYTES = 16384
Message = dict[str, str | int]


def client_context(trust: Path, oldest: ssl.TLSVersion, newest: ssl.TLSVersion, alpn: list[str]) -> ssl.SSLContext:
    """What one kind of device offers, and whom it trusts."""
    context = ssl.create_default_context(cafile=str(trust))
    context.minimum_version, context.maximum_version = oldest, newest
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


class TlsSocket:
    """TLS over a connected socket, with those methods of an `SSLSocket` that sessions and paho use."""

    def __init__(self, context: ssl.SSLContext, sock: socket.socket, name: str) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        self._sock = sock
        self.fileno, self.settimeout, self.setblocking = sock.fileno, sock.settimeout, sock.setblocking

    def do_handshake(self) -> None:
        """Shake hands; the socket must block."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            else:
                self._flush()
                return

    def _flush(self) -> None:
        pending = self._out.read()
        if pending:
            self._sock.sendall(pending)

    def _fill(self) -> None:
        got = self._sock.recv(READ_BYTES)
        if not got:
            raise ConnectionResetError("the peer closed the connection")
        self._in.write(got)

    def send(self, content: bytes) -> int:
        """Send bytes in one go."""
        sent = self._tls.write(content)
        self._flush()
        return sent

    def recv(self, size: int) -> bytes:
        """Bytes that have come, after at most one wait for the socket; SSLWantReadError where there are none."""
        try:
            return self._tls.read(size)
        except ssl.SSLWantReadError:
            self._fill()
        return self._tls.read(size)

    def pending(self) -> int:
        """Bytes that can be read without a look at the socket."""
        return self._tls.pending() + self._in.pending

    def close(self) -> None:
        """Say close_notify, hear the peer's, and go."""
        with contextlib.suppress(ssl.SSLError):  # the peer's close_notify is still to come
            self._tls.unwrap()
        try:
            self._flush()
            while self._sock.recv(READ_BYTES):
                pass
        except OSError:
            pass  # the peer has gone already
        self._sock.close()


class CountedContext:
    """What paho asks of an `SSLContext`, so that its records too pass through a counted socket."""

    check_hostname = True

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        self._context, self._name = context, name

    def wrap_socket(self, sock: socket.socket, **_asked: object) -> TlsSocket:
        """TLS over this socket for the host's name (paho knows its address only); hands are not shaken yet."""
        return TlsSocket(self._context, sock, self._name)


def secure(client: mqtt.Client, context: ssl.SSLContext, name: str) -> None:
    """Have a client that is not connected yet speak MQTT over TLS."""
    counted = cast(ssl.SSLContext, CountedContext(context, name))
    client.tls_set_context(counted)  # pyright: ignore[reportUnknownMemberType]: paho leaves it without types


class TlsSession:
    """One connection to a cloud host; messages are lines of JSON inside it."""

    def __init__(self, context: ssl.SSLContext, name: str, address: str, port: int = 443) -> None:
        self._left = b""
        self.peer = address
        self.sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            self.sock.settimeout(10)
            self.sock.connect((address, port))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._tls = TlsSocket(context, self.sock, name)
            self._tls.do_handshake()
        except BaseException:
            self.sock.close()
            raise
        self.write, self.close = self._tls.send, self._tls.close

    def read(self) -> bytes:
        """Bytes that have come, after at most one wait for the socket; may be none."""
        try:
            return self._tls.recv(READ_BYTES)
        except ssl.SSLWantReadError:
            return b""

    def tell(self, message: Message, padding: int = 0) -> None:
        """Send one message, made longer by so many bytes as real ones are."""
        self.write(json.dumps(message | {"p": "x" * padding}).encode() + b"\n")

    def hear(self) -> list[Message]:
        """Whole messages that have come; waits once for the socket."""
        self._left += self.read()
        *lines, self._left = self._left.split(b"\n")
        return [json.loads(line) for line in lines]

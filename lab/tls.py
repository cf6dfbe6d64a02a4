"""A TLS client session whose bytes pass through a counted socket.

The standard library's `SSLSocket` writes past Python; an `SSLObject` between two memory buffers
does not, so the journal sees the records' bytes as the wire does.
"""

import contextlib
import json
import socket
import ssl
from pathlib import Path

READ_BYTES = 16384
Message = dict[str, str | int]


def client_context(trust: Path, oldest: ssl.TLSVersion, newest: ssl.TLSVersion, alpn: list[str]) -> ssl.SSLContext:
    """What one kind of device offers, and whom it trusts."""
    context = ssl.create_default_context(cafile=str(trust))
    context.minimum_version, context.maximum_version = oldest, newest
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


class TlsSession:
    """One connection to a cloud host; messages are lines of JSON inside it."""

    def __init__(self, context: ssl.SSLContext, name: str, address: str, port: int = 443) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        self._left = b""
        self.sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            self.sock.settimeout(10)
            self.sock.connect((address, port))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._shake_hands()
        except BaseException:
            self.sock.close()
            raise

    def _shake_hands(self) -> None:
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
            self.sock.sendall(pending)

    def _fill(self) -> None:
        got = self.sock.recv(READ_BYTES)
        if not got:
            raise ConnectionResetError("the peer closed the connection")
        self._in.write(got)

    def write(self, content: bytes) -> None:
        """Send bytes in one go."""
        self._tls.write(content)
        self._flush()

    def read(self) -> bytes:
        """Bytes that have come, after at most one wait for the socket; may be none."""
        try:
            return self._tls.read(READ_BYTES)
        except ssl.SSLWantReadError:
            self._fill()
        try:
            return self._tls.read(READ_BYTES)
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

    def close(self) -> None:
        """Say close_notify, hear the peer's, and go."""
        with contextlib.suppress(ssl.SSLError):  # the peer's close_notify is still to come
            self._tls.unwrap()
        try:
            self._flush()
            while self.sock.recv(READ_BYTES):
                pass
        except OSError:
            pass  # the peer has gone already
        self.sock.close()

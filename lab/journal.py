"""What a device did, written down by the device itself at its own sockets.

`install` replaces the class that every library gets its sockets from, so that paho, zeroconf and
http.client are counted like our own code: payload bytes per protocol, peer and port, as handed to
and got from the kernel (no headers, no retransmissions). Facts that are more than a count (a name
asked, a switch thrown, a value told) are lines of a JSON file.
"""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.clock import LabClock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


@dataclass(slots=True)
class Traffic:
    """Payload bytes between one device and one endpoint."""

    protocol: str
    peer: str
    port: int
    sent_bytes: int = 0
    received_bytes: int = 0
    first_ns: int = 0
    last_ns: int = 0


class Journal:
    """One process's facts (`NAME.facts.jsonl`) and counters (`NAME.PID.traffic.json`)."""

    def __init__(self, folder: Path, name: str, run: int, clock: LabClock) -> None:
        self._facts = folder / f"{name}.facts.jsonl"
        self._counters = folder / f"{name}.{run}.traffic.json"
        self._name = name
        self._clock = clock
        self._traffic: dict[tuple[str, str, int], Traffic] = {}
        self._lock = threading.Lock()

    def note(self, what: str, **fields: object) -> None:
        """Append one fact, with the lab time."""
        line = {"time_ns": self._clock.now_ns(), "device": self._name, "what": what, **fields}
        with self._lock, self._facts.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def count(self, protocol: str, peer: str, port: int, sent: int, received: int) -> None:
        """Add payload bytes that went to, or came from, an endpoint."""
        now_ns = self._clock.now_ns()
        with self._lock:
            row = self._traffic.setdefault((protocol, peer, port), Traffic(protocol, peer, port, first_ns=now_ns))
            row.sent_bytes += sent
            row.received_bytes += received
            row.last_ns = now_ns

    def flush(self) -> None:
        """Write the counters; done last when a device stops or reboots."""
        with self._lock:
            rows = [asdict(row) for _, row in sorted(self._traffic.items())]
        self._counters.write_text(json.dumps(rows))


class CountingSocket(socket.socket):
    """A socket that tells its journal how much payload passed."""

    journal: Journal | None = None

    def _protocol(self) -> str | None:
        if self.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        if self.proto in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
            return "icmp"
        return "tcp" if self.type == socket.SOCK_STREAM else "udp"

    def _count(self, address: Any, sent: int, received: int) -> None:
        protocol = self._protocol()
        if self.journal is None or protocol is None or sent + received <= 0:
            return
        if address is None:
            address = self.getpeername()
        self.journal.count(protocol, str(address[0]), int(address[1]), sent, received)

    def send(self, data: ReadableBuffer, flags: int = 0, /) -> int:
        sent = super().send(data, flags)
        self._count(None, sent, 0)
        return sent

    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        super().sendall(data, flags)
        self._count(None, memoryview(data).nbytes, 0)

    def sendto(self, data: ReadableBuffer, *flags_and_address: Any) -> int:
        sent = super().sendto(data, *flags_and_address)
        self._count(flags_and_address[-1], sent, 0)
        return sent

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        got = super().recv(bufsize, flags)
        if got:
            self._count(None, 0, len(got))
        return got

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        got = super().recv_into(buffer, nbytes, flags)
        if got:
            self._count(None, 0, got)
        return got

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, Any]:
        got, address = super().recvfrom(bufsize, flags)
        self._count(address, 0, len(got))
        return got, address


def install(journal: Journal) -> None:
    """Count every socket that this process makes from now on."""
    CountingSocket.journal = journal
    socket.socket = CountingSocket

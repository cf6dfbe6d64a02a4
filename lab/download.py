"""How devices fetch firmware over plain HTTP: in one response, or in small Range requests."""

import hashlib
import http.client
import random
import socket
from dataclasses import dataclass

from lab.device import Device

CHUNK_BYTES = 4096  # as the study's plug asks for
CHUNKS_PER_CONNECTION = 8
SHARE_FETCHED_TWICE = 0.05
SMALL_BUFFER_BYTES = 8192  # as small devices have: the server cannot run far ahead


@dataclass(frozen=True, slots=True)
class Fetched:
    """A downloaded file and how many requests and connections it took."""

    content: bytes
    requests: int
    connections: int

    @property
    def sha256(self) -> str:
        """SHA-256 of what the device holds in the end."""
        return hashlib.sha256(self.content).hexdigest()


def whole(address: str, host: str, path: str, agent: str) -> Fetched:
    """One GET, one response."""
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.request("GET", path, headers={"Host": host, "User-Agent": agent})
    content = connection.getresponse().read()
    connection.close()
    return Fetched(content, 1, 1)


def in_ranges(address: str, host: str, path: str, agent: str, size: int, source: random.Random) -> Fetched:
    """Chunks over several connections; a few out of order, a few fetched twice."""
    starts = list(range(0, size, CHUNK_BYTES))
    for index in range(len(starts) - 1):
        if source.random() < SHARE_FETCHED_TWICE:
            starts[index], starts[index + 1] = starts[index + 1], starts[index]
    again = [start for start in starts if source.random() < SHARE_FETCHED_TWICE]
    content = bytearray(size)
    requests = connections = 0
    connection: http.client.HTTPConnection | None = None
    for start in starts + again:
        if connection is None or requests % CHUNKS_PER_CONNECTION == 0:
            if connection is not None:
                connection.close()
            connection = http.client.HTTPConnection(address, timeout=20)
            connections += 1
        end = min(start + CHUNK_BYTES, size) - 1
        headers = {"Host": host, "User-Agent": agent, "Range": f"bytes={start}-{end}"}
        connection.request("GET", path, headers=headers)
        content[start : end + 1] = connection.getresponse().read()
        requests += 1
    if connection is not None:
        connection.close()
    return Fetched(bytes(content), requests, connections)


def resumed(address: str, host: str, path: str, agent: str, size: int, broken_at: int) -> Fetched:
    """A response cut off by the device after `broken_at` bytes, then the rest by Range."""
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    connection.sock.settimeout(20)
    connection.sock.connect((address, 80))
    connection.request("GET", path, headers={"Host": host, "User-Agent": agent})
    content = connection.getresponse().read(broken_at)
    connection.close()
    connection = http.client.HTTPConnection(address, timeout=20)
    headers = {"Host": host, "User-Agent": agent, "Range": f"bytes={len(content)}-{size - 1}"}
    connection.request("GET", path, headers=headers)
    content += connection.getresponse().read()
    connection.close()
    return Fetched(content, 2, 2)


def write_down(device: Device, got: Fetched, url: str, peer: str, told_md5: str, how: str) -> None:
    """Note in the device's journal what it holds now, and what it will run after its reboot."""
    device.journal.note(
        "update", url=url, peer=peer, sha256=got.sha256, size=len(got.content),
        requests=got.requests, connections=got.connections, expected_md5=told_md5, how=how,
        before=device.firmware, after=device.plan.next_firmware,
    )  # fmt: skip

"""A DHCP client over a real socket (RFC 2131, 2132): asks, takes the lease, sets the address."""

import random
import socket
import struct
import subprocess
from dataclasses import dataclass

from lab.needs import LabError

MAGIC = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
SUBNET, ROUTER, DNS, HOSTNAME, ADDRESS, KIND, SERVER, WANTED, VENDOR, CLIENT = (
    1, 3, 6, 12, 50, 53, 54, 55, 60, 61,
)  # fmt: skip
END, PAD = 255, 0
BROADCAST_FLAG = 0x8000
FIXED_BYTES = 236  # of a BOOTP message before the options
TRIES, WAIT_S = 5, 2.0


@dataclass(frozen=True, slots=True)
class Identity:
    """What the client tells of itself. `wanted` is option 55, which gives systems away."""

    mac: str
    hostname: str
    vendor_class: str
    wanted: tuple[int, ...]

    @property
    def hardware(self) -> bytes:
        """The MAC's six bytes."""
        return bytes.fromhex(self.mac.replace(":", ""))


@dataclass(frozen=True, slots=True)
class Lease:
    """What the server gave."""

    address: str
    router: str
    dns: str
    server: str


def _message(who: Identity, transaction: int, kind: int, flags: int, own: str, extra: bytes) -> bytes:
    head = struct.pack(
        "!BBBBIHH4s4s4s4s16s192x",
        1, 1, 6, 0, transaction, 0, flags, socket.inet_aton(own), b"", b"", b"", who.hardware,
    )  # fmt: skip
    options = [(KIND, bytes([kind])), (CLIENT, b"\x01" + who.hardware)]
    if who.hostname:
        options.append((HOSTNAME, who.hostname.encode()))
    if who.vendor_class:
        options.append((VENDOR, who.vendor_class.encode()))
    options.append((WANTED, bytes(who.wanted)))
    packed = b"".join(bytes([code, len(value)]) + value for code, value in options)
    return head + MAGIC + packed + extra + bytes([END])


def _options(message: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = FIXED_BYTES + len(MAGIC)
    while at < len(message) and message[at] != END:
        if message[at] == PAD:
            at += 1
            continue
        found[message[at]] = message[at + 2 : at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return found


def _await(sock: socket.socket, transaction: int, kind: int) -> bytes:
    while True:
        message = sock.recvfrom(1500)[0]
        ours = struct.unpack_from("!I", message, 4)[0] == transaction
        if ours and _options(message).get(KIND) == bytes([kind]):
            return message


def _lease(message: bytes) -> Lease:
    options = _options(message)
    return Lease(
        address=socket.inet_ntoa(message[16:20]),
        router=socket.inet_ntoa(options[ROUTER][:4]),
        dns=socket.inet_ntoa(options[DNS][:4]),
        server=socket.inet_ntoa(options[SERVER]),
    )


def take_lease(who: Identity, interface: str) -> Lease:
    """DISCOVER, OFFER, REQUEST, ACK, then address and default route on the interface."""
    transaction = random.getrandbits(32)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.bind(("0.0.0.0", 68))
        sock.settimeout(WAIT_S)
        everyone = ("255.255.255.255", 67)
        for _ in range(TRIES):
            try:
                sock.sendto(_message(who, transaction, DISCOVER, BROADCAST_FLAG, "0.0.0.0", b""), everyone)
                offer = _await(sock, transaction, OFFER)
                extra = bytes([ADDRESS, 4]) + offer[16:20]
                extra += bytes([SERVER, 4]) + _options(offer)[SERVER]
                sock.sendto(_message(who, transaction, REQUEST, BROADCAST_FLAG, "0.0.0.0", extra), everyone)
                lease = _lease(_await(sock, transaction, ACK))
            except TimeoutError:
                continue
            _configure(lease, interface)
            return lease
    raise LabError(f"{who.hostname}: no DHCP answer after {TRIES} tries")


def renew(who: Identity, lease: Lease) -> None:
    """Ask the server itself for the same address again, as clients do at half the lease."""
    transaction = random.getrandbits(32)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((lease.address, 68))
        sock.settimeout(WAIT_S)
        sock.sendto(_message(who, transaction, REQUEST, 0, lease.address, b""), (lease.server, 67))
        _await(sock, transaction, ACK)


def _configure(lease: Lease, interface: str) -> None:
    for command in (
        f"ip address replace {lease.address}/24 broadcast + dev {interface}",
        f"ip route replace default via {lease.router} dev {interface}",
        f"ip route replace 224.0.0.0/4 dev {interface}",
    ):
        subprocess.run(command.split(), check=True)

"""What one run of the lab looks like, drawn from its seed: homes, devices, hosts, values to tell.

The plan says what devices *may* do. What they did is in their journals, and only that is truth.
"""

import csv
import json
import random
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Network, ip_network
from pathlib import Path

NETWORKS_TSV = Path(__file__).with_name("networks.tsv")
NTP_BLOCK = IPv4Network("198.19.0.0/16")
# Last two bytes of the addresses that the study prints: an invented one must not end like them.
STUDY_ENDINGS = frozenset({"a3:28", "3b:17", "47:0a", "4b:c2", "2c:3d", "28:e1"})


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """One machine of the lab. `side` is where it is attached: behind the access point or wired."""

    name: str
    program: str
    role: str
    side: str
    mac: str
    hostname: str
    vendor_class: str
    model: str
    serial: str
    firmware: str
    next_firmware: str
    under_test: bool
    ipv6: bool
    settings: dict[str, int | str | list[str]] = field(default_factory=dict[str, int | str | list[str]])

    def number(self, key: str) -> int:
        """A setting that is a number."""
        value = self.settings[key]
        if not isinstance(value, int):
            raise TypeError(f"{self.name}.{key} is not a number")
        return value

    def text(self, key: str) -> str:
        """A setting that is a text."""
        value = self.settings[key]
        if not isinstance(value, str):
            raise TypeError(f"{self.name}.{key} is not a text")
        return value

    def texts(self, key: str) -> list[str]:
        """A setting that is a list of texts."""
        value = self.settings[key]
        if not isinstance(value, list):
            raise TypeError(f"{self.name}.{key} is not a list")
        return value


@dataclass(frozen=True, slots=True)
class Home:
    """The LAN, its owner's invented data, and the "Internet" of one run."""

    seed: int
    lan: str  # first three bytes of the /24, as text
    lan6: str  # prefix of the /64, up to and with "::"
    public_ip: str
    resolver: str
    ssid: str
    email: str
    latitude: str
    longitude: str
    hosts: dict[str, list[str]]  # DNS name: its addresses
    ntp_zones: dict[str, list[str]]  # pool name: its addresses
    ntp_alive: list[str]  # those of them that answer
    planted: bool  # false in a null run: no device gives anything away
    devices: list[DevicePlan]

    @property
    def gateway(self) -> str:
        """The gateway's address on the LAN."""
        return f"{self.lan}.1"

    def device(self, name: str) -> DevicePlan:
        """The device of this name."""
        return next(device for device in self.devices if device.name == name)

    def write(self, path: Path) -> None:
        """Store the plan where the devices' processes read it."""
        path.write_text(json.dumps(asdict(self), indent=1))


def read(path: Path) -> Home:
    """The plan that `Home.write` stored."""
    stored = json.loads(path.read_text())
    stored["devices"] = [DevicePlan(**device) for device in stored["devices"]]
    return Home(**stored)


class Draw:
    """Everything random in a plan, in a fixed order, from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def mac(self, ouis: tuple[str, ...]) -> str:
        """An address of one of these vendors whose lower half is invented."""
        while True:
            lower = ":".join(f"{self.random.randrange(256):02x}" for _ in range(3))
            if lower[3:] not in STUDY_ENDINGS:
                return f"{self.random.choice(ouis).lower()}:{lower}"

    def digits(self, count: int) -> str:
        """So many decimal digits, the first not zero."""
        return str(self.random.randrange(10 ** (count - 1), 10**count))

    def letters(self, count: int) -> str:
        """So many capital letters and digits without the ones that look alike."""
        return "".join(self.random.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(count))

    def version(self) -> str:
        """A firmware version."""
        return f"{self.random.randint(1, 5)}.{self.random.randint(0, 9)}.{self.random.randint(0, 30)}"

    def address_in(self, network: str) -> str:
        """An address of this network's upper part (lower ones belong to named hosts)."""
        return str(ip_network(network)[self.random.randint(100, 250)])


def ntp_servers(draw: Draw) -> dict[str, list[str]]:
    """Addresses of the invented NTP hosts by country, from networks.tsv."""
    servers: dict[str, list[str]] = {}
    with NETWORKS_TSV.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            network = ip_network(row["network"])
            if isinstance(network, IPv4Network) and network.subnet_of(NTP_BLOCK):
                last = draw.random.sample(range(2, 250), 4)
                servers[row["country"]] = [str(network[number]) for number in last]
    return servers

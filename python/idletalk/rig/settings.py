"""What a capture box is to be, as a person says it."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from idletalk.errors import IdletalkError
from idletalk.labfile import mac_of

_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
"""Names that the kernel takes (IFNAMSIZ is 16 with the final zero) and that are safe in every file here."""
_PATH = re.compile(r"/[A-Za-z0-9_./-]+")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")

_HOMES = ("/home", "/root", "/run/user")
"""What ``ProtectHome=yes`` hides from a service (systemd.exec(5))."""

MIN_PASSPHRASE, MAX_PASSPHRASE = 8, 63
"""Characters of a WPA2 passphrase (IEEE 802.11-2020, J.4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A capture box: a Wi-Fi access point and a wired side in one bridge, and where captures go."""

    wifi: str = "wlan0"
    wired: str = "eth0"
    bridge: str = "br0"
    ssid: str = "idletalk"
    country: str
    channel: int = 6
    folder: str = "/var/lib/idletalk/captures"
    keep_gb: int = 20
    keep_days: int | None = None
    rotate_s: int = 3600
    """seconds that a file of captures lasts: an hour, as the study has them"""
    without_ports: tuple[int, ...] = (22,)
    box_mac: str | None = None
    """MAC of the box: only its own traffic at those ports is left out; without it everybody's is"""
    macs: tuple[str, ...] = ()
    """only frames of these devices; empty: everything"""
    user: str = "idletalk-capture"

    def __post_init__(self) -> None:
        """Refuse what would make a wrong or dangerous file."""
        for name in (self.wifi, self.wired, self.bridge):
            _check(_INTERFACE.fullmatch(name), f"{name!r} is no name of an interface: write it like wlan0")
        _check(
            len({self.wifi, self.wired, self.bridge}) == 3,
            "the Wi-Fi, the wired side and the bridge are three interfaces",
        )
        _check(
            0 < len(self.ssid.encode()) <= 32 and self.ssid.isprintable(),
            "a network's name has 1 to 32 bytes, all printable",
        )
        _check(
            re.fullmatch(r"[A-Z]{2}", self.country),
            f"{self.country!r} is no country: write two capital letters, like DE",
        )
        _check(1 <= self.channel <= 196, f"there is no Wi-Fi channel {self.channel}")
        _check(
            _PATH.fullmatch(self.folder) and ".." not in self.folder,
            "the folder is an absolute path of letters, digits and ._-/",
        )
        _check(
            not any(PurePosixPath(self.folder).is_relative_to(home) for home in _HOMES),
            "the folder cannot lie in a home, which the capture's user may not enter: take one like /srv/captures",
        )
        _check(_USER.fullmatch(self.user), f"{self.user!r} is no name of a user")
        _check(self.keep_gb >= 1, "the captures need at least 1 GB")
        _check(self.keep_days is None or self.keep_days >= 1, "captures are kept for at least a day")
        _check(self.rotate_s >= 1, "a file of captures lasts for at least a second")
        _check(all(0 < port < 65536 for port in self.without_ports), "ports lie between 1 and 65535")
        for mac in (*self.macs, *((self.box_mac,) if self.box_mac else ())):
            _check(mac_of(mac), f"{mac!r} is no MAC: write it like 02:00:00:00:00:01")

    @property
    def capture_filter(self) -> str:
        """The BPF expression of the capture: everything but the box's own remote sessions."""
        own = f"ether host {mac_of(self.box_mac)} and " if self.box_mac else ""
        ports = " or ".join(f"tcp port {port}" for port in self.without_ports)
        parts = [f"not ({own}({ports}))"] if ports else []
        if self.macs:
            parts.insert(0, "(" + " or ".join(f"ether host {mac_of(mac)}" for mac in self.macs) + ")")
        return " and ".join(parts)

    def hidden(self) -> list[str]:
        """What the capture filter hides, in sentences."""
        told: list[str] = []
        if self.without_ports and not self.box_mac:
            ports = ", ".join(map(str, self.without_ports))
            told.append(
                f"TCP port {ports} of every device is not recorded, since the box's own MAC is not known (--box-mac)."
            )
        if self.macs:
            told.append(
                "Only frames to or from the named devices are recorded: what others ask and answer is hidden, so whether an"
                " answer was asked for, and what a neighbour searched, cannot be told."
            )
        return told


def _check(holds: object, problem: str) -> None:
    if not holds:
        raise IdletalkError(problem)

"""The interfaces of this machine that a capture box could be made of, as Linux tells them below /sys/class/net."""

from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/sys/class/net")
ETHERNET = "1"
"""ARPHRD_ETHER (linux/if_arp.h), which Wi-Fi has too."""


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Names of hardware interfaces in alphabetical order; bridges, tunnels and other made ones are none."""

    wifi: tuple[str, ...]
    wired: tuple[str, ...]


def found(folder: Path = SYSTEM) -> Interfaces:
    """What this machine has. Wi-Fi is what has a radio behind it (cfg80211's ``phy80211``)."""
    wifi: list[str] = []
    wired: list[str] = []
    for interface in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (interface / "phy80211").exists():
            wifi.append(interface.name)
        elif (interface / "device").exists() and _read(interface / "type") == ETHERNET:
            wired.append(interface.name)
    return Interfaces(tuple(wifi), tuple(wired))


def own_mac(interface: str, folder: Path = SYSTEM) -> str | None:
    """The MAC of an interface of this machine; none where there is no such interface."""
    return _read(folder / interface / "address") or None


def _read(file: Path) -> str | None:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return None

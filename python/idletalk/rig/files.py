"""The files of a capture box, by their path, with contents and mode."""

from dataclasses import dataclass
from importlib.resources import files
from string import Template

from idletalk.rig.settings import Settings

NAME_FORMAT = "%Y-%m-%dT%H-%M-%SZ.pcap"
"""Name of a capture by its first second, UTC (strftime): a restart within the hour begins another file."""

OFFLOADS = ("gro", "lro", "gso", "tso", "rx-gro-hw")
"""What makes frames larger than the wire had them (ethtool -K)."""


@dataclass(frozen=True, slots=True)
class RigFile:
    """A file to be installed."""

    path: str
    content: str
    mode: int = 0o644


_TEMPLATES = {
    "/etc/hostapd/idletalk.conf": ("hostapd.conf", 0o600),
    "/etc/systemd/network/20-idletalk-bridge.netdev": ("bridge.netdev", 0o644),
    "/etc/systemd/network/21-idletalk-wired.network": ("wired.network", 0o644),
    "/etc/systemd/network/22-idletalk-bridge.network": ("bridge.network", 0o644),
    "/etc/NetworkManager/conf.d/90-idletalk.conf": ("networkmanager.conf", 0o644),
    "/etc/systemd/system/idletalk-ap.service": ("ap.service", 0o644),
    "/etc/systemd/system/idletalk-capture.service": ("capture.service", 0o644),
    "/etc/systemd/system/idletalk-prune.service": ("prune.service", 0o644),
    "/etc/systemd/system/idletalk-prune.timer": ("prune.timer", 0o644),
    "/etc/sysusers.d/idletalk.conf": ("sysusers.conf", 0o644),
    "/etc/tmpfiles.d/idletalk.conf": ("tmpfiles.conf", 0o644),
    "/usr/local/lib/idletalk/prune": ("prune.sh", 0o755),
}

SERVICES = ("idletalk-ap.service", "idletalk-capture.service", "idletalk-prune.timer")

NETWORK_MANAGER = "systemctl try-reload-or-restart NetworkManager.service || true"
"""Has NetworkManager, where it runs, read which interfaces are not its own."""


def capture_command(settings: Settings) -> list[str]:
    """The words of the capture's command line."""
    return [
        "/usr/bin/tcpdump", "-i", settings.bridge, "-n", "-s", "0", "-U", "-B", "16384",
        "-G", str(settings.rotate_s), "-w", f"{settings.folder}/{NAME_FORMAT}", *([settings.capture_filter] if settings.capture_filter else []),
    ]  # fmt: skip


def rig_files(settings: Settings, passphrase: str) -> list[RigFile]:
    """All files; the passphrase stands in one that only root can read."""
    ports = (settings.wifi, settings.wired, settings.bridge)
    words = {
        "wifi": settings.wifi,
        "wired": settings.wired,
        "bridge": settings.bridge,
        "ssid_hex": settings.ssid.encode().hex(),
        "country": settings.country,
        "channel": str(settings.channel),
        "band": "a" if settings.channel > 14 else "g",
        "folder": settings.folder,
        "user": settings.user,
        "keep_kb": str(settings.keep_gb * 1_000_000),
        "keep_days": str(settings.keep_days or 0),
        "bridge_mac": f"MACAddress={settings.box_mac}" if settings.box_mac else "MACAddress=none",
        "offloads": "\n".join(
            f"ExecStartPre=+-/usr/sbin/ethtool -K {port} {' '.join(f'{name} off' for name in OFFLOADS[:4])}"
            for port in ports
        ),
        # systemd reads % and " in a command line
        "command": " ".join(_systemd(word) for word in capture_command(settings)),
    }
    made = [
        RigFile(path, Template(_template(name)).substitute(words), mode) for path, (name, mode) in _TEMPLATES.items()
    ]
    return [*made, RigFile("/etc/hostapd/idletalk.psk", f"00:00:00:00:00:00 {passphrase}\n", 0o600)]


def _systemd(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(c in word for c in " ()'\"") else escaped


def _template(name: str) -> str:
    return files("idletalk.rig").joinpath(f"templates/{name}").read_text("utf-8")


def install_commands(source: str, made: list[RigFile]) -> list[str]:
    """Shell commands that put the files in place and start the box."""
    copies = [f"install -D -m {file.mode:04o} {source}{file.path} {file.path}" for file in made]
    return [
        "apt-get install -y hostapd tcpdump ethtool iproute2",
        *copies,
        "systemd-sysusers",
        "systemd-tmpfiles --create",
        "systemctl daemon-reload",
        "systemctl disable --now hostapd.service || true",
        NETWORK_MANAGER,
        "systemctl enable --now systemd-networkd.service",
        "networkctl reload || true",  # where it ran before
        *(f"systemctl enable --now {service}" for service in SERVICES),
    ]


def undo_commands(made: list[RigFile]) -> list[str]:
    """Shell commands that take all of it away again; captures stay."""
    return [
        *(f"systemctl disable --now {service}" for service in reversed(SERVICES)),
        *(f"rm -f {file.path}" for file in made),
        "systemctl daemon-reload",
        "networkctl reload || true",
        NETWORK_MANAGER,
    ]

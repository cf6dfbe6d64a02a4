"""Files that are worth a look because of what they configure, and why."""

import re
from pathlib import Path

MAX_READ_BYTES = 1 << 20
"""Of a file that is read to say why it is worth a look."""

NAMES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(^|/)(passwd|shadow|gshadow)-?$"), "users and their passwords"),
    (re.compile(r"(^|/)wpa_supplicant[^/]*\.conf$"), "Wi-Fi network and password"),
    (re.compile(r"(^|/)hostapd[^/]*\.conf$"), "its own Wi-Fi network"),
    (re.compile(r"(^|/)(u?dhcpd|dhcpcd|dnsmasq|resolv)\.conf$"), "addresses and names that it gives or takes"),
    (
        re.compile(r"(^|/)etc/(inittab|rc\.local|rcS)$|(^|/)etc/(init\.d|rc\d?\.d)/[^/]+$"),
        "what starts, with which rights",
    ),
    (re.compile(r"(^|/)(sshd_config|dropbear[^/]*|authorized_keys|ssh_host_[^/]+)$"), "access by SSH"),
    (
        re.compile(r"(^|/)(lighttpd|nginx|httpd|boa|thttpd|mosquitto|snmpd|smb|vsftpd|ntp|chrony)\.conf$"),
        "a server's configuration",
    ),
    (re.compile(r"(^|/)(crontabs?/[^/]+|crontab)$"), "what runs when"),
    (re.compile(r"\.(pem|crt|cer|der|key|p12|pfx|jks|keystore)$"), "certificates or keys"),
    (re.compile(r"(^|/)(os-release|openwrt_release|version|fw_version|build\.prop)$"), "versions"),
)
"""Names, in the order in which they are asked."""

TELNET = re.compile(rb"\btelnetd\b")


def worth_a_look(path: str, place: Path) -> str | None:
    """Why a file is worth a look; none where it is not."""
    for shape, why in NAMES:
        if shape.search(path):
            if why.startswith("what starts") and TELNET.search(_head(place)):
                return "starts a telnet server"
            return why
    return None


def _head(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(MAX_READ_BYTES)

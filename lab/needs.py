"""What the lab needs from the machine, and one clear line for what is missing."""

import importlib.util
import os
import shutil
import subprocess
import sys

PROGRAMS = {  # program: the Debian package that has it
    "unshare": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "sysctl": "procps",
    "nft": "nftables",
    "ethtool": "ethtool",
    "tcpdump": "tcpdump",
    "dnsmasq": "dnsmasq-base",
    "chronyd": "chrony",
    "mosquitto": "mosquitto",
    "nginx": "nginx-light",
    "miniupnpd": "miniupnpd-nftables",
    "mksquashfs": "squashfs-tools",
}
MODULES = ("cryptography", "paho", "zeroconf")
NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--mount-proc")
"""Options of unshare(1): what the lab makes of its own."""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LabError(Exception):
    """The lab cannot run, or went wrong; the text says what to do."""


def missing() -> str | None:
    """One line that says why the lab cannot run here and what to do, or None."""
    if not sys.platform.startswith("linux"):
        return "the lab needs Linux (network namespaces): run it on a Linux machine or VM"
    if os.geteuid() != 0:
        return "the lab needs root (network namespaces): run it again with sudo"
    packages = sorted({package for program, package in PROGRAMS.items() if not program_path(program)})
    if packages:
        return f"programs are missing: apt-get install {' '.join(packages)}"
    made = subprocess.run(["unshare", *NAMESPACES, "true"], capture_output=True, check=False)
    if made.returncode != 0:
        return (
            "namespaces cannot be made here: run it on a machine, or in a container that has CAP_SYS_ADMIN"
            " (docker run --privileged)"
        )
    if any(importlib.util.find_spec(module) is None for module in MODULES):
        return "Python packages are missing: pip install -r lab/requirements.txt"
    return None


def program_path(program: str) -> str | None:
    """Where a program is, administrators' folders included."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")

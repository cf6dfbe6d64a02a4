"""What a running box shows of itself: read here, judged in check.py."""

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idletalk.rig.settings import Settings

CAPTURING = ("tcpdump", "dumpcap")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

TIME_ERROR = 5
"""State of adjtimex(2): the clock is not synchronised."""

COUNTS_S = 0.3
"""Time that a running tcpdump has to print its counts: it does when it next wakes, after a tenth of a second at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box as it is. What could not be looked at is None."""

    links: dict[str, dict[str, Any]] | None
    """``ip -d link``, by name"""
    hairpin: bool | None
    """of the Wi-Fi's port"""
    isolates: bool | None
    """whether the running access point keeps stations apart (``ap_isolate``)"""
    offloads: dict[str, tuple[str, ...]]
    """those that are on, by interface"""
    captures: tuple[tuple[str, ...], ...]
    """command lines of running tcpdump and dumpcap"""
    clock_is_set: bool | None
    files: tuple[tuple[str, int, float], ...] | None
    """captures: (name, bytes, time of last write)"""
    snaplen: int | None
    """of the newest capture file"""
    free_bytes: int | None
    total_bytes: int | None
    dropped: int | None
    """packets that tcpdump says the kernel dropped"""


def look(settings: Settings, log: Path | None = None) -> Box:
    """Look at the box that this runs on. `log` is the capture's own output; without it systemd's journal is asked."""
    links = _json(["ip", "-j", "-d", "link", "show"])
    ports = _json(["bridge", "-j", "-d", "link", "show", "dev", settings.wifi])
    folder = Path(settings.folder)
    files = _captures(folder)
    usage = shutil.disk_usage(folder) if folder.is_dir() else None
    running = _running()
    captures = tuple(words for _, words in running if Path(words[0]).name in CAPTURING)
    return Box(
        links=None if links is None else {link["ifname"]: link for link in links},
        hairpin=next((bool(port["hairpin"]) for port in ports or () if "hairpin" in port), None),
        isolates=_isolates([words for _, words in running if Path(words[0]).name == "hostapd"]),
        offloads={port: _offloads(port) for port in (settings.wifi, settings.wired, settings.bridge)},
        captures=captures,
        clock_is_set=_clock_is_set(),
        files=files,
        snaplen=_snaplen(folder / files[-1][0]) if files else None,
        free_bytes=usage.free if usage else None,
        total_bytes=usage.total if usage else None,
        dropped=_dropped(log, [process for process, words in running if Path(words[0]).name == "tcpdump"]),
    )


def _run(words: list[str]) -> str | None:
    environment = os.environ | {"PATH": f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}", "LC_ALL": "C"}
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=10, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _json(words: list[str]) -> list[dict[str, Any]] | None:
    output = _run(words)
    try:
        return None if output is None else json.loads(output or "[]")
    except ValueError:
        return None


def _offloads(port: str) -> tuple[str, ...]:
    """Offloads that merge or do not cut frames, and that are on."""
    pattern = re.compile(
        r"^\s*(tcp-segmentation-offload|generic-segmentation-offload|generic-receive-offload|large-receive-offload): on",
        re.M,
    )
    return tuple(sorted(pattern.findall(_run(["ethtool", "-k", port]) or "")))


def _running() -> list[tuple[int, tuple[str, ...]]]:
    """Capture programs and access points in this network namespace: process and words."""
    found: list[tuple[int, tuple[str, ...]]] = []
    here = _namespace("self")
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = tuple((process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")[:-1])
            except OSError:
                continue
            if words and Path(words[0]).name in (*CAPTURING, "hostapd") and _namespace(process.name) == here:
                found.append((int(process.name), words))
    return sorted(found)


def _namespace(process: str) -> str | None:
    try:
        return str(Path(f"/proc/{process}/ns/net").readlink())
    except OSError:
        return None


def _isolates(access_points: list[tuple[str, ...]]) -> bool | None:
    """Whether every access point that runs has ``ap_isolate=1`` in its configurations; None where none can be read."""
    told: list[bool] = []
    for words in access_points:
        for file in (Path(word) for word in words[1:] if word.startswith("/")):
            try:
                lines = file.read_text("utf-8", "replace").splitlines()
            except OSError:
                continue
            if any(line.startswith("interface=") for line in lines):
                told.append("ap_isolate=1" in (line.strip() for line in lines))
    return all(told) if told else None


def _clock_is_set() -> bool | None:
    """Whether the clock is synchronised: what chrony says where it runs, else what the kernel holds (adjtimex(2), which
    only reads with no modes set). chrony is asked first, since without ``rtcsync`` it leaves the kernel's mark alone."""
    if told := re.search(r"^Leap status *: (.+)$", _run(["chronyc", "-n", "tracking"]) or "", re.M):
        return told[1] != "Not synchronised"
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "adjtimex"):
        return None
    state = libc.adjtimex(ctypes.create_string_buffer(256))
    return None if state < 0 else state != TIME_ERROR


def _captures(folder: Path) -> tuple[tuple[str, int, float], ...] | None:
    if not folder.is_dir():
        return None
    try:
        entries = sorted(folder.glob("*.pcap*"))
        return tuple((entry.name, entry.stat().st_size, entry.stat().st_mtime) for entry in entries)
    except OSError:
        return None


def _snaplen(file: Path) -> int | None:
    """The snap length in a pcap's header (byte 16, in the file's byte order)."""
    try:
        with file.open("rb") as stream:
            head = stream.read(24)
    except OSError:
        return None
    if len(head) < 24 or head[:4] not in (
        b"\xd4\xc3\xb2\xa1",
        b"\xa1\xb2\xc3\xd4",
        b"\x4d\x3c\xb2\xa1",
        b"\xa1\xb2\x3c\x4d",
    ):
        return None
    return int.from_bytes(head[16:20], "little" if head[0] in (0xD4, 0x4D) else "big")


def _dropped(log: Path | None, running: list[int]) -> int | None:
    """Packets dropped, of all runs that the log tells of; None where it tells of none.

    A capture that runs is asked for its counts (SIGUSR1, tcpdump(1)), which go where its log goes.
    """
    for process in running:
        with contextlib.suppress(OSError):  # gone, or somebody else's
            os.kill(process, signal.SIGUSR1)
    if running:
        time.sleep(COUNTS_S)
    try:
        text = (
            log.read_text("utf-8", "replace")
            if log
            else _run(["journalctl", "-u", "idletalk-capture", "-o", "cat", "--no-pager"])
        )
    except OSError:
        return None
    counts = [
        told[-1]  # a run counts from its begin
        for run in re.split(r"^.*listening on ", text or "", flags=re.M)
        for by in ("kernel", "interface")
        if (told := re.findall(rf"(\d+) packets? dropped by {by}", run))
    ]
    return sum(map(int, counts)) if counts else None

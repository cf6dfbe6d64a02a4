"""What is wrong with a capture box, in sentences that say what to do."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from idletalk.rig.box import Box
from idletalk.rig.settings import Settings

MIN_FREE_DAYS = 3
"""Days of capture for which there must be room: a weekend and a day."""
MIN_SNAPLEN = 65_535
"""Bytes that hold any frame of Ethernet or Wi-Fi, merged ones too."""
HOUR_S = 3600
MAX_LATE_S = 60
"""A file of an hour that begins so much later than the one before should have ended is a gap; tcpdump needs a second."""
MAX_SILENT_S = 900
"""A capture that wrote nothing for a quarter of an hour stands still: the access point itself speaks more often."""
MIN_TOLD_S = 1
"""Names of files tell no less than a second."""

_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong; `kind` is stable."""

    kind: str
    sentence: str


def problems(settings: Settings, box: Box, now: float) -> list[Problem]:
    """Everything that is wrong; `now` is in seconds since 1970."""
    return [
        *_bridge(settings, box),
        *_offloads(box),
        *_capture(settings, box, now),
        *_files(settings, box),
        *_room(box, now),
        *_clock(box),
    ]


def _bridge(settings: Settings, box: Box) -> Iterator[Problem]:
    if box.links is None:
        yield Problem("cannot_look", "The interfaces cannot be listed: install iproute2.")
        return
    bridge = box.links.get(settings.bridge)
    if bridge is None:
        yield Problem(
            "bridge_missing",
            f"There is no bridge {settings.bridge}: the configuration of systemd-networkd is not in force.",
        )
        return
    if "UP" not in bridge.get("flags", ()):
        yield Problem("bridge_down", f"The bridge {settings.bridge} is down: ip link set {settings.bridge} up.")
    for port in (settings.wifi, settings.wired):
        link = box.links.get(port)
        if link is None:
            yield Problem("interface_missing", f"There is no interface {port}.")
        elif link.get("master") != settings.bridge:
            yield Problem(
                "not_in_bridge",
                f"{port} is not in the bridge {settings.bridge}: its traffic is not captured (ip link set {port} master {settings.bridge}).",
            )
        elif "UP" not in link.get("flags", ()):
            yield Problem("interface_down", f"{port} is down.")
    if box.hairpin is False:
        yield Problem(
            "stations_invisible",
            f"Traffic between two stations does not reach the capture: hairpin is off at {settings.wifi}"
            f" (bridge link set dev {settings.wifi} hairpin on, and ap_isolate=1 in hostapd.conf).",
        )

    if box.isolates is False:
        yield Problem(
            "stations_invisible",
            "Traffic between two stations does not reach the capture: the access point passes it on itself (ap_isolate=1 in"
            " hostapd.conf).",
        )


def _offloads(box: Box) -> Iterator[Problem]:
    for port, names in box.offloads.items():
        if names:
            yield Problem(
                "offloads",
                f"{port} makes frames larger than the wire has them: {', '.join(names)} is on (ethtool -K {port} ... off).",
            )


def _capture(settings: Settings, box: Box, now: float) -> Iterator[Problem]:
    mine = [words for words in box.captures if settings.bridge in words]
    if not mine:
        yield Problem("not_capturing", f"Nothing captures on {settings.bridge}: systemctl start idletalk-capture.")
    for words in mine:
        short = next((int(b) for a, b in itertools.pairwise(words) if a == "-s" and b.isdigit()), 0)
        if 0 < short < MIN_SNAPLEN:
            yield Problem("snaplen", f"Frames are cut after {short} bytes: capture with -s 0.")
    if box.snaplen is not None and 0 < box.snaplen < MIN_SNAPLEN:
        yield Problem("snaplen", f"The newest file holds frames cut after {box.snaplen} bytes: capture with -s 0.")
    silent_s = now - box.files[-1][2] if box.files else 0.0
    if mine and silent_s > _limit_s(MAX_SILENT_S, settings):
        told = f"{silent_s / 60:.0f} minutes" if silent_s > 120 else f"{silent_s:.0f} seconds"
        yield Problem("stands_still", f"Nothing was written for {told} although a capture runs.")
    if box.dropped:
        yield Problem("drops", f"{box.dropped} packets were dropped: a larger buffer (-B) or a faster disk helps.")


def _limit_s(of_an_hour_s: int, settings: Settings) -> float:
    """What is allowed with a file an hour; with shorter files the same share of them."""
    return max(of_an_hour_s * min(settings.rotate_s / HOUR_S, 1.0), MIN_TOLD_S)


def _begin(name: str) -> float | None:
    match = _NAME.search(name)
    return datetime.strptime(match[1], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC).timestamp() if match else None


def _files(settings: Settings, box: Box) -> Iterator[Problem]:
    if box.files is None:
        yield Problem("no_folder", "The folder of the captures cannot be read.")
        return
    begins = sorted(begin for name, _, _ in box.files if (begin := _begin(name)) is not None)
    for earlier, later in itertools.pairwise(begins):
        due = earlier + settings.rotate_s
        if later - due > _limit_s(MAX_LATE_S, settings):
            first, last = (datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%d %H:%M:%SZ") for t in (due, later))
            yield Problem(
                "files_missing", f"A file is missing in the row: nothing was captured from {first} to {last}."
            )


def _room(box: Box, now: float) -> Iterator[Problem]:
    if box.free_bytes is None or not box.files:
        return
    begin = _begin(box.files[0][0]) or box.files[0][2]
    per_s = sum(size for _, size, _ in box.files) / max(now - begin, 1.0)
    days = box.free_bytes / per_s / 86_400 if per_s > 0 else float("inf")
    if days < MIN_FREE_DAYS:
        yield Problem(
            "disk_full",
            f"The disk is full in {days:.1f} days at the present rate ({box.free_bytes / 1e6:.0f} MB are free).",
        )


def _clock(box: Box) -> Iterator[Problem]:
    if box.clock_is_set is False:
        yield Problem(
            "clock",
            "The clock is not synchronised: times of different boxes and of notes cannot be compared (timedatectl set-ntp true).",
        )

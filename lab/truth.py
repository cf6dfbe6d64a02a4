"""truth.json and lab.toml, written from what the devices' journals say.

Nothing here comes from the capture. The plan gives only what cannot be seen at a socket: roles,
models, and which devices are under test.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.clock import Stretch
from lab.firmware import Image
from lab.frames import Hour
from lab.plan import DevicePlan, Home

if TYPE_CHECKING:
    from lab.conductor import Phase

FIRST_EPHEMERAL_PORT = 32768  # Linux, net.ipv4.ip_local_port_range
Fact = dict[str, Any]
ROLE_WORDS = {"device", "gateway", "capture", "phone", "hub", "bystander"}


@dataclass(frozen=True, slots=True)
class Run:
    """What the conductor knows of a finished run."""

    home: Home
    command: str
    speed: int
    phases: list[Phase]
    stretches: list[Stretch]
    hours: list[Hour]
    images: list[Image]


def iso(time_ns: int) -> str:
    """UTC with microseconds, as the capture has."""
    seconds, below_ns = divmod(time_ns, 1_000_000_000)
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{below_ns // 1000:06d}Z"


def facts(run_folder: Path, name: str) -> list[Fact]:
    """All facts that one process wrote down, in time order."""
    path = run_folder / "journal" / f"{name}.facts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def lease(run_folder: Path, name: str) -> str:
    """The last address that a device was given."""
    return [fact["ip"] for fact in facts(run_folder, name) if fact["what"] == "lease"][-1]


def _grouped(told: list[Fact], keys: tuple[str, ...]) -> list[Fact]:
    """Equal facts as one, with first, last and count."""
    groups: dict[str, Fact] = {}
    for fact in told:
        kept = {key: fact[key] for key in keys}
        group = groups.setdefault(json.dumps(kept), kept | {"first": iso(fact["time_ns"]), "last": "", "count": 0})
        group["last"] = iso(fact["time_ns"])
        group["count"] += 1
    return list(groups.values())


def _peers(run_folder: Path, name: str, own: set[str]) -> list[Fact]:
    """Payload by protocol, peer and port, over all boots; ephemeral ports of peers are one.

    What came by multicast or broadcast stands under its sender. A device is no peer of its own.
    """
    rows: dict[tuple[str, str, int | None], Fact] = {}
    for path in sorted((run_folder / "journal").glob(f"{name}.*.traffic.json")):
        for row in json.loads(path.read_text()):
            if row["peer"] in own or row["peer"].startswith("127."):
                continue
            port = row["port"] if row["port"] < FIRST_EPHEMERAL_PORT else None
            if row["protocol"] == "icmp":
                port = None
            kept = rows.setdefault(
                (row["protocol"], row["peer"], port),
                {"protocol": row["protocol"], "peer": row["peer"], "port": port, "sent_bytes": 0,
                 "received_bytes": 0, "first": iso(row["first_ns"]), "last": ""},
            )  # fmt: skip
            kept["sent_bytes"] += row["sent_bytes"]
            kept["received_bytes"] += row["received_bytes"]
            kept["first"] = min(kept["first"], iso(row["first_ns"]))
            kept["last"] = max(kept["last"], iso(row["last_ns"]))
    return [rows[key] for key in sorted(rows, key=str)]


def _device(run_folder: Path, device: DevicePlan, home: Home) -> Fact:
    by_kind: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts(run_folder, device.name):
        by_kind[fact["what"]].append(fact)
    leases = [fact["ip"] for fact in by_kind["lease"]]
    if device.role == "gateway":
        leases = [home.gateway]
    ntp = _grouped(by_kind["ntp"], ("server", "name", "answered"))
    told = ("kind", "value", "key", "encoding", "carrier", "peer", "direction")
    return {
        "name": device.name, "mac": device.mac, "ips": sorted(set(leases)),
        "hostname": device.hostname, "vendor_class": device.vendor_class, "role": device.role,
        "under_test": device.under_test, "side": device.side, "model": device.model,
        "serial": device.serial, "program": device.program,
        "firmware": [device.firmware, *(fact["firmware"] for fact in by_kind["rebooted"])],
        "peers": _peers(run_folder, device.name, set(leases)),
        "dns": _grouped(by_kind["dns"], ("name", "type", "server", "outcome")),
        "ntp": ntp, "ntp_hosts": len({row["server"] for row in ntp}),
        "tls": _grouped(by_kind["tls"], ("host", "peer", "port")),
        "mqtt": _grouped(by_kind["mqtt"], ("peer", "client_id", "in_clear")),
        "told": _grouped(by_kind["told"], told),
        "searches": _grouped(by_kind["search"], ("protocol",)),
        "followed": _grouped(
            [{"status": None} | fact for fact in by_kind["followed"]], ("peer", "url", "path", "status")
        ),
        "fallbacks": _grouped(by_kind["fallback"], ("host", "peer", "protocol", "instead_of")),
        "announced": _grouped(by_kind["announced"], ("protocol", "service")),
        "streams": [_dated(fact) for fact in by_kind["stream"]],
    }  # fmt: skip


def _dated(fact: Fact) -> Fact:
    return {"time": iso(fact["time_ns"])} | {
        key: value for key, value in fact.items() if key not in ("time_ns", "what")
    }


def _events(run_folder: Path, home: Home) -> list[Fact]:
    """Every switch, door and stream, as the device wrote it down; `pushed` is when the cloud sent."""
    pushes = [fact for fact in facts(run_folder, "cloud") if fact["what"] == "pushed"]
    events: list[Fact] = []
    for device in home.devices:
        for fact in facts(run_folder, device.name):
            if fact["what"] == "event":
                before = [
                    push for push in pushes
                    if push["to"] == device.name and push["action"] == fact["action"]
                    and push["time_ns"] <= fact["time_ns"] and fact["via"] == "cloud"
                ]  # fmt: skip
                told = {"pushed": iso(before[-1]["time_ns"]), "pushed_bytes": before[-1]["bytes"]} if before else {}
                events.append(_dated(fact) | {"pushed": None, "pushed_bytes": None} | told)
    return sorted(events, key=lambda event: (event["time"], event["device"]))


def _image(image: Image) -> Fact:
    return {
        "for": image.program, "url": f"http://{image.host}{image.path}", "size": len(image.content),
        "sha256": image.sha256, "md5": image.md5, "kind": image.kind, "contains": image.contains,
    }  # fmt: skip


def write(run: Run, run_folder: Path, out: Path) -> None:
    """Write truth.json and lab.toml beside the capture."""
    home = run.home
    devices = [_device(run_folder, device, home) for device in home.devices]
    updates = [
        _dated(fact) for device in home.devices for fact in facts(run_folder, device.name) if fact["what"] == "update"
    ]
    dropped = (run_folder / "log" / "capture.log").read_text().strip().splitlines()
    events = _events(run_folder, home)
    whole = {
        "format": 1,
        "command": run.command,
        "seed": home.seed,
        "planted": home.planted,
        "clock": [asdict(stretch) for stretch in run.stretches],
        "capture": {
            "files": [
                {"name": hour.path.name, "frames": hour.frames,
                 "sha256": hashlib.sha256(hour.path.read_bytes()).hexdigest()}
                for hour in run.hours
            ],
            "said_by_capture": dropped,
        },
        "home": {
            "lan": f"{home.lan}.0/24", "lan6": f"{home.lan6}/64", "gateway": home.gateway,
            "public_ip": home.public_ip, "ssid": home.ssid, "email": home.email,
            "latitude": home.latitude, "longitude": home.longitude,
        },
        "phases": [
            {"name": phase.name, "from": iso(phase.from_ns), "to": iso(phase.to_ns)}
            for phase in run.phases
        ],
        "devices": devices,
        "events": events,
        "updates": sorted(updates, key=lambda update: update["time"]),
        "images": [_image(image) for image in run.images],
    }  # fmt: skip
    (out / "truth.json").write_text(json.dumps(whole, indent=1) + "\n")
    (out / "lab.toml").write_text(_lab_file(run, events))


def _lab_file(run: Run, events: list[Fact]) -> str:
    """The file that a tester would have written beside this capture."""
    home = run.home
    lines = [
        "# Written by the lab: what a tester would know of this home.",
        'timezone = "Europe/Berlin"',
        f'public_ip = "{home.public_ip}"',
    ]
    for device in home.devices:
        lines += ["", "[[device]]", f'name = "{device.name}"', f'macs = ["{device.mac}"]',
                  f'role = "{device.role}"', f"under_test = {str(device.under_test).lower()}"]  # fmt: skip
    for phase in run.phases:
        lines += ["", "[[phase]]", f'name = "{phase.name}"', f"from = {iso(phase.from_ns)}",
                  f"to = {iso(phase.to_ns)}"]  # fmt: skip
    for event in events:
        lines += ["", "[[event]]", f"time = {event['time']}", f'device = "{event["device"]}"',
                  f'action = "{event["action"]}"']  # fmt: skip
    lines += ["", "[secrets]", f'email = "{home.email}"', f'ssid = "{home.ssid}"',
              f'latitude = "{home.latitude}"', f'longitude = "{home.longitude}"']  # fmt: skip
    return "\n".join(lines) + "\n"

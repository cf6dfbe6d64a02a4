"""The updates conclusion: what firmware each device fetched, could have fetched or did not get, or that none was seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from idletalk.behaviours.finding import Scene, cut, veiled
from idletalk.behaviours.rows import by, iso
from idletalk.model import Device, IdleRow, Peer, UpdateRow, UpdateStep, VersionChange
from idletalk.plural import counted, observed

Ask = Callable[..., Sequence[Mapping[str, Any]]]
Rows = Sequence[Mapping[str, Any]]

MAX_OTHERS = 20
"""Possible and failed updates of one device in the table; the tables possible_updates and failed_transfers have all."""


def update_rows(ask: Ask, devices: Sequence[Device], judged: Sequence[IdleRow], scene: Scene) -> tuple[UpdateRow, ...]:
    """A row for each image of each device that is judged; a device without any has a row that says so."""
    known = {device.id: device for device in devices}
    found = by(ask("FROM updates ORDER BY device, first_ns, transfer"), "device", dict)
    steps = by(ask("FROM update_steps ORDER BY time_ns, capture, frame, step, told"), "transfer", dict)
    versions = by(ask("FROM update_versions ORDER BY name"), "transfer", dict)
    possible = by(ask("FROM possible_updates ORDER BY first_ns, name"), "device", dict)
    failed = by(
        ask("FROM failed_transfers WHERE reason IS NOT NULL ORDER BY first_ns, target, outcome"), "device", dict
    )
    checks = by(ask("FROM version_checks ORDER BY first_ns, target, peer, by_device"), "device", _check)
    made: list[UpdateRow] = []
    for one in judged:
        device = known.get(one.device)
        if device is None:
            made.append(_none(one, scene, ()))
            continue
        own = tuple(checks.get(device.id, ()))
        rows = [
            _fetched(
                row,
                device,
                _others(row, found, known),
                steps.get(row["transfer"], ()),
                versions.get(row["transfer"], ()),
                own,
            )
            for row in found.get(device.id, ())
        ]
        rows += [_possible(row, device, own) for row in possible.get(device.id, ())[:MAX_OTHERS]]
        rows += [_failed(row, device, own) for row in failed.get(device.id, ())[:MAX_OTHERS]]
        made += rows or [_none(one, scene, own)]
    return tuple(made)


def _others(row: Mapping[str, Any], found: Mapping[str, Rows], known: Mapping[str, Device]) -> list[str]:
    """Names of other devices that fetched the same image."""
    if row["sha256"] is None:
        return []
    holders = {device for device, rows in found.items() if any(each["sha256"] == row["sha256"] for each in rows)}
    return sorted(known[other].name for other in holders - {row["device"]} if other in known)


def _check(row: Mapping[str, Any]) -> str:
    where = f"{row['host'] or row['peer']} {row['target']}" if row["protocol"] != "mqtt" else row["target"]
    return f"{row['protocol']} {'to' if row['by_device'] else 'from'} {where} ({counted(row['times'], 'time')})"


def _none(one: IdleRow, scene: Scene, checks: Sequence[str]) -> UpdateRow:
    hidden = veiled(scene, one.device) or cut(scene, one.device)
    told = (
        hidden or f"No firmware was seen in clear in {observed(scene.observed_s)} observed."
        if one.seen
        else "Not one frame of it in this capture."
    )
    asked = f" It spoke of updates in {counted(len(checks), 'way')}, and no file came in clear." if checks else ""
    return UpdateRow(
        device=one.device, name=one.name, kind="none", seen=False, server=None, peer=None, cloud=None, country=None, transport=None,
        target=None, first=None, duration_s=None, size_bytes=None, missing_bytes=None, connections=None, image=None,
        sha256=None, also_fetched_by=(), format=None, authenticated_by=None, told_hashes=(), triggered_by=None,
        versions=(), restarted=None, checks=tuple(checks), steps=(), sentence=told + asked,
    )  # fmt: skip


def _possible(row: Mapping[str, Any], device: Device, checks: Sequence[str]) -> UpdateRow:
    cloud, country = _where(device, row["peer"])
    return UpdateRow(
        device=device.id, name=device.name, kind="possible", seen=False, server=row["name"], peer=row["peer"], cloud=cloud,
        country=country, transport=row["carrier"], target=None, first=iso(row["first_ns"]), duration_s=(row["last_ns"] - row["first_ns"]) / 1e9,
        size_bytes=row["rx_bytes"], missing_bytes=None, connections=row["connections"], image=None, sha256=None, also_fetched_by=(),
        format=None, authenticated_by=None, told_hashes=(), triggered_by=None, versions=(), restarted=None, checks=tuple(checks), steps=(),
        sentence=f"Possibly an update over {row['carrier'].upper()}, which nobody can read: {'; '.join(row['reasons'])}.",
    )  # fmt: skip


def _failed(row: Mapping[str, Any], device: Device, checks: Sequence[str]) -> UpdateRow:
    cloud, country = _where(device, row["peer"])
    outcome = "nobody answered" if row["outcome"] == "never answered" else f"the answer was {row['outcome']}"
    return UpdateRow(
        device=device.id, name=device.name, kind="failed", seen=False, server=row["host"] or row["peer"], peer=row["peer"], cloud=cloud,
        country=country, transport=row["protocol"], target=row["target"], first=iso(row["first_ns"]), duration_s=None, size_bytes=None,
        missing_bytes=None, connections=None, image=None, sha256=None, also_fetched_by=(), format=None, authenticated_by=None,
        told_hashes=(), triggered_by=None, versions=(), restarted=None, checks=tuple(checks), steps=(),
        sentence=f"Asked for in clear {counted(row['times'], 'time')}, and {outcome} ({row['reason']}).",
    )  # fmt: skip


def _fetched(
    row: Mapping[str, Any], device: Device, others: Sequence[str], steps: Rows, versions: Rows, checks: Sequence[str]
) -> UpdateRow:
    cloud, country = _where(device, row["peer"])
    holes = (
        ""
        if row["is_complete"]
        else f" {counted(row['missing_bytes'], 'byte of it was', 'bytes of it were')} not captured."
    )
    return UpdateRow(
        device=device.id,
        name=device.name,
        kind="fetched",
        seen=True,
        server=row["host"] or row["peer"],
        peer=row["peer"],
        cloud=cloud,
        country=country,
        transport=row["protocol"],
        target=row["uri"],
        first=iso(row["first_ns"]),
        duration_s=(row["last_ns"] - row["first_ns"]) / 1e9,
        size_bytes=row["size_bytes"],
        missing_bytes=row["missing_bytes"],
        connections=row["connections"],
        image=row["file"],
        sha256=row["sha256"],
        also_fetched_by=tuple(others),
        format=row["format"],
        authenticated_by=row["authentication"],
        told_hashes=tuple(row["told_hashes"] or ()),
        triggered_by=_trigger(device, row, steps),
        versions=tuple(VersionChange(told_by=v["name"], before=v["before"], after=v["after"]) for v in versions),
        restarted=next((iso(step["time_ns"]) for step in steps if step["step"] == "restart"), None),
        checks=tuple(checks),
        steps=tuple(_step(step) for step in steps),
        sentence=(row["sentence"] or "What is in it could not be told.") + holes,
    )


def _step(step: Mapping[str, Any]) -> UpdateStep:
    return UpdateStep(
        time=iso(step["time_ns"]),
        what=step["step"],
        peer=step["peer"],
        told=step["told"],
        capture=step["capture"],
        frame=step["frame"],
    )


def _known_peer(device: Device, address: str | None) -> Peer | None:
    return next((peer for peer in device.peers if peer.address == address), None)


def _where(device: Device, address: str) -> tuple[str | None, str | None]:
    """Cloud and country of a peer."""
    peer = _known_peer(device, address)
    if peer is None:
        return None, None
    return peer.provider or peer.organisation, None if peer.anycast else peer.country


def _trigger(device: Device, row: Mapping[str, Any], steps: Rows) -> str | None:
    """Who or what began it, as far as seen: the strongest sign of several."""
    last = {step["step"]: step for step in steps}
    told = next((step for step in reversed(steps) if step["step"] == "told where" and _is_push(step)), None)
    began_ns = row["asked_ns"] or row["first_ns"]
    if row["is_sent"]:
        return f"{row['peer']}, which sent the image to the device"
    if told:
        return f"{_peer(device, told)}: a message ({told['told']}) names the image{_before(told, began_ns)}"
    for step, who in (("packet from the LAN", "on the LAN"), ("packet on an open connection", "on an open connection")):
        if step in last:
            return f"{_peer(device, last[step])}: a packet {who} ({last[step]['told']}){_before(last[step], began_ns)}"
    if asked := last.get("asked for an update"):
        return f"the device itself: {asked['told']}{_before(asked, began_ns)}"
    return None


def _is_push(step: Mapping[str, Any]) -> bool:
    """Whether a message came unasked: HTTP bodies are answers."""
    return not step["told"].startswith("http")


def _before(step: Mapping[str, Any], began_ns: int) -> str:
    return f", {max(0, began_ns - step['time_ns']) / 1e9:.1f} s before"


def _peer(device: Device, step: Mapping[str, Any]) -> str:
    peer = _known_peer(device, step["peer"])
    return peer.names[0].name if peer and peer.names else step["peer"]

"""The updates conclusion: what firmware each device fetched, or that none was seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from idletalk.behaviours.rows import by, iso
from idletalk.model import Device, IdleRow, Peer, UpdateRow, UpdateStep, VersionChange

Ask = Callable[..., Sequence[Mapping[str, Any]]]


def update_rows(
    ask: Ask, devices: Sequence[Device], judged: Sequence[IdleRow], observed_s: float
) -> tuple[UpdateRow, ...]:
    """A row for each image of each device that is judged; a device without any has a row that says so."""
    known = {device.id: device for device in devices}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in ask("FROM updates ORDER BY device, first_ns, transfer"):
        found.setdefault(row["device"], []).append(row)
    steps = by(ask("FROM update_steps ORDER BY time_ns, capture, frame, step, told"), "transfer", lambda row: row)
    versions = by(ask("FROM update_versions ORDER BY name"), "transfer", lambda row: row)
    holders: dict[str, set[str]] = {}
    for device, rows in found.items():
        for row in rows:
            holders.setdefault(row["sha256"] or row["transfer"], set()).add(device)
    made: list[UpdateRow] = []
    for one in judged:
        rows = found.get(one.device, [])
        device = known.get(one.device)
        if device is None or not rows:
            made.append(_none(one, observed_s))
            continue
        for row in rows:
            others = sorted(
                known[other].name
                for other in holders[row["sha256"] or row["transfer"]] - {one.device}
                if other in known
            )
            of = row["transfer"]
            made.append(_row(row, device, others, steps.get(of, []), versions.get(of, [])))
    return tuple(made)


def _none(one: IdleRow, observed_s: float) -> UpdateRow:
    hours = f"{observed_s / 3600:.1f} h"
    told = f"No firmware was seen in clear in {hours} observed." if one.seen else "Not one frame of it in this capture."
    return UpdateRow(
        device=one.device, name=one.name, seen=False, server=None, peer=None, cloud=None, country=None, transport=None,
        target=None, first=None, duration_s=None, size_bytes=None, missing_bytes=None, connections=None, image=None,
        sha256=None, also_fetched_by=(), format=None, authenticated_by=None, told_hashes=(), triggered_by=None,
        versions=(), restarted=None, steps=(), sentence=told,
    )  # fmt: skip


def _row(
    row: Mapping[str, Any],
    device: Device,
    others: Sequence[str],
    steps: Sequence[Mapping[str, Any]],
    versions: Sequence[Mapping[str, Any]],
) -> UpdateRow:
    peer: Peer | None = next((peer for peer in device.peers if peer.address == row["peer"]), None)
    holes = "" if row["is_complete"] else f" {row['missing_bytes']} bytes of it were not captured."
    return UpdateRow(
        device=device.id,
        name=device.name,
        seen=True,
        server=row["host"] or row["peer"],
        peer=row["peer"],
        cloud=(peer.provider or peer.organisation) if peer else None,
        country=None if peer is None or peer.anycast else peer.country,
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
        versions=tuple(
            VersionChange(told_by=each["name"], before=each["before"], after=each["after"]) for each in versions
        ),
        restarted=next((iso(step["time_ns"]) for step in steps if step["step"] == "restart"), None),
        steps=tuple(
            UpdateStep(
                time=iso(step["time_ns"]),
                what=step["step"],
                peer=step["peer"],
                told=step["told"],
                capture=step["capture"],
                frame=step["frame"],
            )
            for step in steps
        ),
        sentence=(row["sentence"] or "What is in it could not be told.") + holes,
    )


def _trigger(device: Device, row: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> str | None:
    """Who or what began it, as far as seen: the strongest sign of several."""
    last = {step["step"]: step for step in steps}
    told = next((step for step in reversed(steps) if step["step"] == "told where" and _is_push(step)), None)
    began_ns = row["asked_ns"] or row["first_ns"]
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
    peer = next((peer for peer in device.peers if peer.address == step["peer"]), None)
    return peer.names[0].name if peer and peer.names else step["peer"]

"""The updates conclusion: what firmware each device fetched, or that none was seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from idletalk.behaviours.rows import iso
from idletalk.model import Device, IdleRow, Peer, UpdateRow

Ask = Callable[..., Sequence[Mapping[str, Any]]]


def update_rows(
    ask: Ask, devices: Sequence[Device], judged: Sequence[IdleRow], observed_s: float
) -> tuple[UpdateRow, ...]:
    """A row for each image of each device that is judged; a device without any has a row that says so."""
    known = {device.id: device for device in devices}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in ask("FROM updates ORDER BY device, first_ns, transfer"):
        found.setdefault(row["device"], []).append(row)
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
            made.append(_row(row, device, others))
    return tuple(made)


def _none(one: IdleRow, observed_s: float) -> UpdateRow:
    hours = f"{observed_s / 3600:.1f} h"
    told = f"No firmware was seen in clear in {hours} observed." if one.seen else "Not one frame of it in this capture."
    return UpdateRow(
        device=one.device, name=one.name, seen=False, server=None, peer=None, cloud=None, country=None, transport=None,
        target=None, first=None, duration_s=None, size_bytes=None, missing_bytes=None, connections=None, image=None,
        sha256=None, also_fetched_by=(), format=None, authenticated_by=None, told_hashes=(), triggered_by=None, sentence=told,
    )  # fmt: skip


def _row(row: Mapping[str, Any], device: Device, others: Sequence[str]) -> UpdateRow:
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
        transport="http",
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
        triggered_by=None,
        sentence=(row["sentence"] or "What is in it could not be told.") + holes,
    )

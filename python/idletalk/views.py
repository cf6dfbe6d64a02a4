"""Parts of an analysis as tables: what ``idletalk show`` prints and what a script takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from idletalk.analysis import Analysis
from idletalk.errors import IdletalkError
from idletalk.model import Device, Finding, Peer, Report

Rows = list[dict[str, Any]]
"""Rows of a view, each with the same keys."""


def view(analysis: Analysis, name: str, device: str | None = None) -> Rows:
    """Rows of a view (one of :data:`VIEWS`), of all devices or of one: its id, MAC, name or address.

    Raises :class:`IdletalkError` where there is no such view or device.
    """
    if name not in VIEWS:
        raise IdletalkError(f"no view {name!r}; there are: {', '.join(VIEWS)}")
    ids = None if device is None else {found.id for found in devices_called(analysis.report, device)}
    return VIEWS[name](analysis, ids)


def finding(report: Report, id_: str) -> Finding:
    """The finding with that id, or whose id alone begins so.

    Raises :class:`IdletalkError` where there is none, or several.
    """
    found = [one for one in report.findings if one.id == id_] or [
        one for one in report.findings if one.id.startswith(id_)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise IdletalkError(f"no finding {id_!r} in this analysis: idletalk show DIR findings lists them")
    raise IdletalkError(f"several findings begin with {id_!r}: {', '.join(one.id for one in found[:10])}")


def devices_called(report: Report, wanted: str) -> list[Device]:
    """The devices with that id, MAC, name or address; :class:`IdletalkError` names the known ones where there is none."""
    key = wanted.lower()
    found = [d for d in report.devices if key in (d.id, d.name.lower(), *d.macs, *(a.address for a in d.addresses))]
    if not found:
        known = ", ".join(f"{d.name} ({d.id})" for d in report.devices[:20])
        raise IdletalkError(f"no device {wanted!r} in this analysis; there are: {known}")
    return found


def _chosen(report: Report, ids: set[str] | None) -> Iterable[Device]:
    return (device for device in report.devices if ids is None or device.id in ids)


def _devices(analysis: Analysis, ids: set[str] | None) -> Rows:
    return [
        {
            "device": device.id,
            "name": device.name,
            "vendor": device.vendor,
            "role": device.role,
            "under_test": device.under_test,
            "addresses": [address.address for address in device.addresses],
            "tx_bytes": device.traffic.unique.tx_bytes,
            "rx_bytes": device.traffic.unique.rx_bytes,
            "bytes_per_observed_hour": device.bytes_per_observed_hour,
            "internet_peers": sum(peer.scope == "internet" for peer in device.peers),
        }
        for device in _chosen(analysis.report, ids)
    ]


def _peers(analysis: Analysis, ids: set[str] | None) -> Rows:
    return [_peer(device, peer) for device in _chosen(analysis.report, ids) for peer in device.peers]


def _peer(device: Device, peer: Peer) -> dict[str, Any]:
    return {
        "device": device.name,
        "peer": peer.address,
        "scope": peer.scope,
        "name": peer.names[0].name if peer.names else None,
        "told_by": peer.names[0].told_by if peer.names else None,
        "country": peer.country,
        "provider": peer.provider or peer.organisation,
        "protocols": [protocol.protocol for protocol in peer.protocols],
        "tx_bytes": peer.traffic.unique.tx_bytes,
        "rx_bytes": peer.traffic.unique.rx_bytes,
        "first": peer.first,
        "last": peer.last,
    }


FLOWS = """
SELECT f.flow, f.originator, f.originator_port, f.responder, f.responder_port, f.transport, f.application, f.first_ns, f.last_ns,
    f.originator_packets, f.originator_bytes, f.responder_packets, f.responder_bytes, f.community_id
FROM flows AS f WHERE ? IS NULL
    OR len(list_intersect(?, [f.originator_mac, f.responder_mac, f.originator, f.responder])) > 0
ORDER BY f.first_ns, f.flow
"""
"""Flows of devices, by their MACs or, where the link has none, their addresses."""


def _flows(analysis: Analysis, ids: set[str] | None) -> Rows:
    chosen = _chosen(analysis.report, ids)
    ends = None if ids is None else [end for d in chosen for end in (*d.macs, *d.bare_addresses)]
    return analysis.sql(FLOWS, ends, ends)


def _findings(analysis: Analysis, ids: set[str] | None) -> Rows:
    return [
        {
            "finding": one.id,
            "severity": one.severity,
            "kind": one.kind,
            "device": one.device,
            "sentence": one.sentence,
            "frames": one.evidence.frames,
            "filter": one.evidence.filter,
            "verdict": one.verdict.verdict if one.verdict else None,
        }
        for one in analysis.report.findings
        if ids is None or one.device in ids
    ]


def _conclusion(part: str) -> Callable[[Analysis, set[str] | None], Rows]:
    def rows(analysis: Analysis, ids: set[str] | None) -> Rows:
        import msgspec

        known: Rows = msgspec.to_builtins(getattr(analysis.report.conclusions, part) or ())
        return [row for row in known if ids is None or row["device"] in ids]

    return rows


VIEWS: Mapping[str, Callable[[Analysis, set[str] | None], Rows]] = {
    "devices": _devices,
    "peers": _peers,
    "flows": _flows,
    "findings": _findings,
    "idle": _conclusion("idle"),
    "updates": _conclusion("updates"),
    "actions": _conclusion("operating"),
}
"""Views by name, in the order of the report."""

SHOWN = {
    "devices": ("name", "vendor", "role", "addresses", "tx_bytes", "rx_bytes"),
    "peers": ("device", "name", "peer", "country", "provider", "protocols", "tx_bytes", "rx_bytes"),
    "flows": (
        "flow",
        "originator",
        "responder",
        "responder_port",
        "application",
        "originator_bytes",
        "responder_bytes",
    ),
    "findings": ("severity", "finding", "frames", "sentence"),
    "idle": ("name", "countries", "ntp_hosts", "internet_peers_without_ntp", "lan_peers"),
    "updates": ("name", "server", "country", "transport", "size_bytes", "authenticated_by"),
    "actions": ("name", "action", "first_packet", "repetitions", "events", "clouds", "distinguishable"),
}
"""Columns of a view that a terminal shows; JSON and CSV have all."""

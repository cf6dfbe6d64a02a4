"""The bursts of devices, out of the tables: whole for what actions look like, or only how they begin."""

from collections.abc import Mapping, Sequence

from idletalk.actions.burst import Burst
from idletalk.behaviours.behaviour import Ask, Row, by
from idletalk.behaviours.finding import Scene

MAX_BURSTS = 100_000
"""Bursts of one device that are looked at, the first ones: some weeks of a device that speaks twice a minute."""

_ORDER = "first_ns, capture, frame, flow, is_originator, peer"
"""A device that speaks with itself has each burst twice, from both ends."""
_FIRST_ONES = f"row_number() OVER (PARTITION BY device ORDER BY {_ORDER}) <= {MAX_BURSTS}"

_SERVICE = "concat_ws('/', coalesce(application, transport, 'frames'), port) AS service"

_Peers = Mapping[tuple[str, str], Row]


def bursts_of(ask: Ask, scene: Scene, devices: Sequence[str]) -> dict[str, list[Burst]]:
    """The bursts of devices in time order."""
    if not devices:
        return {}
    peers = _peers(ask, devices)
    rows = ask(
        f"SELECT *, {_SERVICE} FROM device_bursts WHERE list_contains(?, device) AND bursts = 1 QUALIFY {_FIRST_ONES} ORDER BY device, {_ORDER}",
        list(devices),
    )
    return {device: [] for device in devices} | by(rows, "device", lambda row: _burst(row, scene.peers, peers))


def begins_of(
    ask: Ask, scene: Scene, devices: Sequence[str], kinds: Sequence[str], most: int
) -> dict[str, list[Burst]]:
    """The same of peers of some kinds, and without what a device says more often than `most`, each with its first length alone.

    Of thousands of bursts lists and what nobody asks for are dearer to fetch than all the rest.
    """
    found: dict[str, list[Burst]] = {device: [] for device in devices}
    if not devices:
        return found
    peers = _peers(ask, devices)
    rows = ask(
        f"SELECT device, peer, {_SERVICE},"
        " capture, frame, first_ns, last_ns, starts, is_originator, lengths[1] AS first_length, flow_first_ns, began_in_capture"
        " FROM device_bursts AS b WHERE list_contains($1, device) AND bursts = 1"
        " AND EXISTS (FROM peer_kinds AS k WHERE k.device = b.device AND k.peer = b.peer AND list_contains($2, kind))"
        f" QUALIFY {_FIRST_ONES} AND (NOT starts OR count(*) OVER (PARTITION BY device, peer, port, starts, first_length) <= $3)"
        f" ORDER BY device, {_ORDER}",
        *(list(devices), kinds, most),
    )
    for (
        device,
        peer,
        service,
        capture,
        frame,
        first_ns,
        last_ns,
        starts,
        opens,
        length,
        flow_first_ns,
        began,
    ) in rows.tuples:
        key = device, peer
        begin = Burst(
            *(
                capture,
                frame,
                first_ns,
                last_ns,
                peer,
                scene.peers.get(key, peer),
                peers[key]["kind"],
                service,
                starts,
                opens,
            ),
            *(() if length is None else (length,), (), 0, 0, 0, "", flow_first_ns, began),
        )
        found[device].append(begin)
    return found


def _peers(ask: Ask, devices: Sequence[str]) -> _Peers:
    rows = ask("SELECT device, peer, kind, names, asn FROM peer_kinds WHERE list_contains(?, device)", list(devices))
    return {(row["device"], row["peer"]): row for row in rows}


def _burst(row: Row, names: Mapping[tuple[str, str], str], peers: _Peers) -> Burst:
    peer = row["peer"] or "unknown"
    key = row["device"], row["peer"]
    about = peers.get(key, {})
    return Burst(
        capture=row["capture"],
        frame=row["frame"],
        first_ns=row["first_ns"],
        last_ns=row["last_ns"],
        peer=peer,
        host=names.get(key, peer),
        peer_kind=about.get("kind", "unknown"),
        service=row["service"],
        starts=row["starts"],
        opens=row["is_originator"],
        lengths=tuple(row["lengths"]),
        gaps_us=tuple(row["gaps_us"]),
        packets=row["packets"],
        tx_bytes=row["tx_bytes"],
        rx_bytes=row["rx_bytes"],
        flow=row["flow"],
        flow_first_ns=row["flow_first_ns"],
        began=row["began_in_capture"],
        names=tuple(about.get("names") or ()),
        network=about.get("asn"),
    )

"""Sweeps of addresses and ports, as claims."""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Row
from idletalk.behaviours.finding import FRAMES, KEPT, Claim, Kind, Scene, kept

SWEEP = Kind(
    name="lan-sweep",
    severity="medium",
    meaning="The device asks whole ranges of addresses, or many ports of a neighbour, within five minutes "
    "(thresholds of Zeek's scan detection: 25 hosts, 15 ports). An attacker who controls the device, or its cloud, gets a "
    "map of who is here and what they offer.",
    would_change="the reason for which it asks; a hub that keeps a list of its devices asks many hosts too",
)

INTERNET = Kind(
    name="internet-sweep",
    severity="medium",
    meaning="The device tries one TCP port of many Internet hosts, which it knows by no name and which do not accept the connection (25 hosts within five minutes, "
    "Zeek's scan detection): malware looks so for others to take over. Each of these hosts sees the address of this network.",
    would_change="a purpose of its own, as of a peer-to-peer network whose list of peers is old",
)


def swept(ask: Ask, scene: Scene) -> Iterable[Claim]:
    """Whoever asks many hosts, or many ports of one."""
    rows = ask(
        f"SELECT s.*, k.kept, k.all_frames, k.highest FROM sweeps AS s JOIN (SELECT device, kind, peer, {FRAMES} AS all_frames, {KEPT} AS kept,"
        " max(try_cast(target[5:] AS INTEGER)) FILTER (kind = 'udp-ports') AS highest"
        " FROM probes GROUP BY ALL) AS k ON k.device = s.device AND k.kind = s.kind AND k.peer IS NOT DISTINCT FROM s.peer"
        " ORDER BY s.device, s.kind, s.peer"
    )
    for row in rows:
        is_high = row["kind"] == "udp-ports" and row["highest"] >= _FIRST_USER_PORT
        below = "" if is_high else " below 1024"
        what = _WHAT[row["kind"]].format(n=row["targets"], peer=row["peer"], below=below)
        yield Claim(
            kind=(INTERNET if row["kind"] == "internet" else SWEEP).name,
            device=row["device"],
            peer=row["peer"] if row["kind"] in _PORTS else None,
            subject=_subject(row),
            sentence=f"{scene.name(row['device'])} {what} within five minutes.",
            numbers={"targets": row["targets"], "frames": row["all_frames"]},
            frames=row["all_frames"],
            kept=kept(row),
            filter=_sweep_filter(scene, row, is_high),
            filter_note=_SWEPT_TOO.get(row["kind"], "") + (", and other datagrams to it" if is_high else "") or None,
        )


def _subject(row: Row) -> str:
    if row["kind"] in ("hosts", "internet"):
        return row["peer"]
    return f"{row['kind']} {row['peer']}" if row["kind"].endswith("-hosts") else row["kind"]


_WHAT = {
    "arp": "asks by ARP for {n} addresses",
    "nd": "asks by neighbour discovery for {n} addresses",
    "ping": "pings {n} hosts of the LAN",
    "hosts": "tries {peer} of {n} hosts of the LAN",
    "internet": "tries {peer} of {n} Internet hosts that do not accept it",
    "ports": "tries {n} TCP ports of {peer}",
    "udp-ports": "tries {n} UDP ports{below} of {peer}",
    "flag-ports": "tries {n} TCP ports of {peer} by segments with neither SYN nor ACK (FIN, NULL or Xmas scan)",
    "flag-hosts": "tries {peer} of {n} hosts of the LAN by segments with neither SYN nor ACK (FIN, NULL or Xmas scan)",
    "ack-ports": "tries {n} TCP ports of {peer} by acknowledgements of no connection",
    "ack-hosts": "tries {peer} of {n} hosts of the LAN by acknowledgements of no connection",
}
_FIRST_USER_PORT = 1024
"""Ports below are assigned to services (RFC 6335 6)."""


_SWEPT_TOO = {
    "ping": "also pings of hosts beyond the LAN",
    "hosts": "also those sent again, and to hosts beyond the LAN",
    "internet": "also those sent again, and to hosts of the LAN, with a name, or that accept it",
    "ports": "also those sent again",
    "udp-ports": "also those sent again",
    "flag-ports": "also those sent again",
    "flag-hosts": "also those sent again, and to hosts beyond the LAN",
    "ack-ports": "also those sent again, and acknowledgements of connections with it",
    "ack-hosts": "also those sent again, and acknowledgements of connections",
}
_PORTS = ("ports", "udp-ports", "flag-ports", "ack-ports")
"""Kinds of sweeps that ask for ports of one neighbour."""


def _sweep_filter(scene: Scene, row: Row, is_high: bool) -> str:
    own = scene.sent_by(row["device"])
    if row["kind"] == "arp":
        return filters.both("arp.opcode == 1 && !(arp.isgratuitous == 1)", own)
    if row["kind"] == "nd":
        return filters.both("icmpv6.type == 135 && ipv6.src != ::", own)
    if row["kind"] == "ping":
        return filters.both("(icmp.type == 8 || icmpv6.type == 128)", own)
    if row["kind"] == "udp-ports":
        ports = "udp" if is_high else "udp.dstport < 1024"
        return filters.both(ports, own, filters.address("dst", row["peer"]), filters.NOT_QUOTED)
    where = filters.address("dst", row["peer"]) if row["kind"] in _PORTS else f"tcp.dstport == {row['peer'][4:]}"
    return filters.both(_SEGMENTS[row["kind"].rpartition("-")[0]], own, where)


_SEGMENTS = {
    "": "tcp.flags.syn == 1 && tcp.flags.ack == 0",
    "flag": "tcp.flags.syn == 0 && tcp.flags.ack == 0 && tcp.flags.reset == 0",
    "ack": "tcp.flags.syn == 0 && tcp.flags.ack == 1 && tcp.flags.reset == 0 && tcp.len == 0",
}
"""Which segments try a port, by the first word of the kind."""

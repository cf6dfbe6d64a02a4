"""Who does each device talk to?"""

from collections.abc import Iterable, Mapping

from idletalk.behaviours.behaviour import Ask, Behaviour, Row, by, iso
from idletalk.behaviours.inventory import protocol_volume, told_name, volume
from idletalk.model import CloudUse, Device, IdleRow, Peer, ProtocolVolume, ToldName

BEHAVIOUR = Behaviour(
    name="peers",
    question="Who does each device talk to, by which name, in which country and cloud, in which protocols?",
    method=(
        "A peer is an IP address (or a MAC, where no IP is involved) that exchanged frames with the device. Its scope "
        "comes from the address, and from what ARP, neighbour discovery, DHCP and the lab file show to be on the link. "
        "Names are those that this device used for it: TLS server name, HTTP Host, and the name in DNS answers that it "
        "got before it last used the address. What a router forwards is not counted as its own. AS number, organisation, country and provider come from look-up tables "
        "with a date. Hosts that were asked for nothing but time are told apart."
    ),
    limits=(
        "A country is what a table says of the address: for anycast addresses it is no place, and tables disagree; "
        "where they do, it is said. DNS answers before the capture began are unknown."
    ),
    tables=("peers", "peer_protocols", "peer_names", "host_networks"),
)

NAME_TRUST = ("sni", "http", "dns", "certificate")
"""Sources of names, the most trusted first: what was sent to the peer itself before what was said about it."""


MAX_PEERS = 1000
"""Peers of one device in the report, those with the most bytes; the study's busiest camera had some hundred. A scan of
the Internet must not fill the memory: the table ``peers`` has all."""

_KEPT = (
    "WITH kept AS (SELECT device, peer FROM peers"
    " QUALIFY row_number() OVER (PARTITION BY device ORDER BY tx_bytes + rx_bytes DESC, peer) <= ?) "
)


def peers(ask: Ask) -> dict[str, list[Peer]]:
    """The peers of each device, those with the most bytes first, at most :data:`MAX_PEERS` of each."""
    names: dict[tuple[str, str], list[ToldName]] = {}
    told_rows = ask(
        _KEPT + "FROM peer_names SEMI JOIN kept USING (device, peer) ORDER BY device, peer, times DESC, name", MAX_PEERS
    )
    for row in told_rows:
        names.setdefault((row["device"], row["peer"]), []).append(told_name(row))
    for told in names.values():
        told.sort(key=lambda name: NAME_TRUST.index(name.told_by))
    protocols: dict[tuple[str, str], list[ProtocolVolume]] = {}
    for row in ask(
        _KEPT + "FROM peer_protocols SEMI JOIN kept USING (device, peer)"
        " ORDER BY device, peer, tx_bytes + rx_bytes DESC, network, transport, application",
        MAX_PEERS,
    ):
        protocols.setdefault((row["device"], row["peer"]), []).append(protocol_volume(row))
    rows = ask(
        _KEPT + "SELECT p.*, n.* EXCLUDE (address) FROM peers AS p SEMI JOIN kept USING (device, peer)"
        " LEFT JOIN host_networks AS n ON n.address = p.peer AND p.scope = 'internet'"
        " ORDER BY device, tx_bytes + rx_bytes DESC, peer",
        MAX_PEERS,
    )
    return by(rows, "device", lambda row: _peer(row, names, protocols))


def _peer(
    row: Row,
    names: dict[tuple[str, str], list[ToldName]],
    protocols: dict[tuple[str, str], list[ProtocolVolume]],
) -> Peer:
    key = (row["device"], row["peer"])
    return Peer(
        address=row["peer"],
        scope=row["scope"],
        device=row["peer_device"],
        names=tuple(names.get(key, ())),
        country=row["country"],
        country_source=row["country_source"],
        country_disagrees=row["country_disagrees"],
        asn=row["asn"],
        organisation=row["organisation"],
        provider=row["provider"],
        provider_kind=row["provider_kind"],
        anycast=row["anycast"],
        protocols=tuple(protocols.get(key, ())),
        traffic=volume(row),
        flows=row["flows"],
        first=iso(row["first_ns"]),
        last=iso(row["last_ns"]),
        open_before_capture=row["open_before_capture"],
        is_ntp_only=row["is_ntp_only"],
    )


def idle_rows(devices: tuple[Device, ...], missing: Mapping[str, str], lan_visible: bool) -> tuple[IdleRow, ...]:
    """The idle conclusion: a row for each device but gateways and capture boxes; where a lab file tells, those under test.

    `missing` are devices under test that sent and got nothing, names by id; they have a row too. `lan_visible` is false
    where this capture point cannot show whether devices of the LAN talk to one another.
    """
    chosen = [d for d in devices if d.role not in ("gateway", "capture") and d.under_test is not False]
    unseen = tuple(
        IdleRow(
            device=device,
            name=name,
            seen=False,
            clouds=(),
            countries=(),
            countries_disputed=(),
            ntp_hosts=0,
            internet_peers_without_ntp=0,
            lan_peers=0 if lan_visible else None,
            bytes_per_observed_hour=None,
        )
        for device, name in sorted(missing.items())
    )
    return (*(_idle_row(device, lan_visible) for device in chosen), *unseen)


def _idle_row(device: Device, lan_visible: bool) -> IdleRow:
    internet = [peer for peer in device.peers if peer.scope == "internet"]
    services = [peer for peer in internet if not peer.is_ntp_only]
    clouds: dict[str, list[Peer]] = {}
    for peer in services:
        clouds.setdefault(peer.provider or peer.organisation or "unknown", []).append(peer)
    # one neighbour can be several peers: by IPv4, by IPv6, and by MAC in ARP, which says nothing to it
    neighbours = {
        p.device or p.address for p in device.peers if p.scope == "lan" and any(q.transport for q in p.protocols)
    }
    return IdleRow(
        device=device.id,
        name=device.name,
        seen=True,
        clouds=tuple(
            CloudUse(
                provider=provider,
                countries=_sorted(place(peer) for peer in group),
                protocols=_sorted(_spoken(protocol) for peer in group for protocol in peer.protocols),
                hosts=len(group),
                bytes=sum(map(_bytes, group)),
            )
            for provider, group in sorted(clouds.items(), key=lambda entry: (-sum(map(_bytes, entry[1])), entry[0]))
        ),
        countries=_sorted(place(peer) for peer in services),
        countries_disputed=_sorted(place(peer) for peer in services if peer.country_disagrees),
        ntp_hosts=sum(1 for peer in internet if any(p.application == "ntp" for p in peer.protocols)),
        internet_peers_without_ntp=len(services),
        lan_peers=len(neighbours) if neighbours or lan_visible else None,
        bytes_per_observed_hour=device.bytes_per_observed_hour,
    )


def _bytes(peer: Peer) -> int:
    return peer.traffic.unique.tx_bytes + peer.traffic.unique.rx_bytes


def _spoken(protocol: ProtocolVolume) -> str:
    """The protocol as a conclusion names it: TCP or UDP alone does not say what was spoken."""
    carries = protocol.application is None and protocol.transport in ("tcp", "udp")
    if carries:
        return f"unknown {protocol.protocol}"
    return f"{protocol.protocol} by port" if protocol.recognised_by == "port" else protocol.protocol


def place(peer: Peer) -> str | None:
    """The country of a peer; none for an anycast address, which is in many."""
    return None if peer.anycast else peer.country


def _sorted(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))

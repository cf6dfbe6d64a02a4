"""Who does each device talk to?"""

from idletalk.behaviours.behaviour import Ask, Behaviour, Row, by, iso
from idletalk.behaviours.inventory import SHOWN, told_name, volume
from idletalk.model import Peer, PeerProtocol, ToldName

BEHAVIOUR = Behaviour(
    name="peers",
    question="Who does each device talk to, by which name, in which country and cloud, in which protocols?",
    method=(
        "A peer is an IP address (or a MAC, where no IP is involved) that exchanged frames with the device. Its scope "
        "comes from the address, and from what ARP, neighbour discovery, DHCP and the lab file show to be on the link. "
        "Names are those that this device used for it: TLS server name, HTTP Host, and the name in DNS answers that it "
        "got before it last used the address. An address that several devices had in turn is one peer, told with the names of all. What a router forwards is not counted as its own. AS number, organisation, country and provider come from look-up tables "
        "with a date. Hosts that were asked for nothing but time are told apart."
    ),
    limits=(
        "A country is what a table says of the address: for anycast addresses it is no place, and tables disagree; "
        "where they do, it is said. DNS answers before the capture began are unknown."
    ),
    tables=("peers", "peer_protocols", "peer_names", "host_networks"),
    held=("peer_flows",),
)

NAME_TRUST = ("sni", "http", "dns", "certificate")
"""Sources of names, the most trusted first: what was sent to the peer itself before what was said about it."""


MAX_PEERS = 1000
"""Peers of one device in the report, those with the most bytes; the study's busiest camera had some hundred. A scan of
the Internet must not fill the memory: the table ``peers`` has all."""

_KEPT = (
    f"WITH kept AS (SELECT device, peer FROM peers SEMI JOIN {SHOWN} AS shown USING (device)"
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
    protocols: dict[tuple[str, str], list[PeerProtocol]] = {}
    for row in ask(
        _KEPT
        + "SELECT p.*, e.channel, e.payload, e.reason FROM peer_protocols AS p SEMI JOIN kept USING (device, peer)"
        " LEFT JOIN peer_encryption AS e ON e.device = p.device AND e.peer = p.peer AND e.network = p.network"
        " AND e.transport IS NOT DISTINCT FROM p.transport AND e.application IS NOT DISTINCT FROM p.application"
        " ORDER BY p.device, p.peer, tx_bytes + rx_bytes DESC, p.network, p.transport, p.application",
        MAX_PEERS,
    ):
        protocols.setdefault((row["device"], row["peer"]), []).append(_protocol(row))
    rows = ask(
        _KEPT + "SELECT p.*, n.* EXCLUDE (address) FROM peers AS p SEMI JOIN kept USING (device, peer)"
        " LEFT JOIN host_networks AS n ON n.address = p.peer AND p.scope = 'internet'"
        " ORDER BY device, tx_bytes + rx_bytes DESC, peer",
        MAX_PEERS,
    )
    return by(rows, "device", lambda row: _peer(row, names, protocols))


def _protocol(row: Row) -> PeerProtocol:
    return PeerProtocol(
        protocol=row["application"] or row["transport"] or row["network"],
        transport=row["transport"],
        application=row["application"],
        recognised_by=row["recognised_by"],
        traffic=volume(row),
        channel=row["channel"],
        payload=row["payload"],
        payload_reason=row["reason"],
    )


def _peer(
    row: Row,
    names: dict[tuple[str, str], list[ToldName]],
    protocols: dict[tuple[str, str], list[PeerProtocol]],
) -> Peer:
    key = (row["device"], row["peer"])
    return Peer(
        address=row["peer"],
        scope=row["scope"],
        device=row["peer_device"],
        earlier_devices=tuple(row["earlier_devices"]),
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
        is_caller=row["is_caller"],
    )

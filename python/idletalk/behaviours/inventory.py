"""Which devices are there?"""

from idletalk.behaviours.behaviour import Ask, Behaviour, Row, by, iso
from idletalk.model import Address, Device, Peer, ProtocolVolume, ToldFact, ToldName, Traffic, Volume

BEHAVIOUR = Behaviour(
    name="inventory",
    question="Which devices are there, what are they called, which addresses did they use?",
    method=(
        "A device is a MAC that sent a frame or was sent an IP packet of its own, or a local IP address where the link has no MAC; the lab file "
        "joins several MACs of one thing, and so does an identifier (DUID, UUID) of one MAC that holds another. "
        "What an address sends where frames have no MAC is the device's that alone has the address wherever they have one, if a conversation is seen at the same time with and without MACs. "
        "A router is a MAC from which packets of two or more hosts beyond the link "
        "came, that advertises itself as router (IPv6), or whose address DHCP names as router; hosts behind it are no devices. Addresses are told by ARP, "
        "neighbour discovery, DHCP acknowledgements and the sources of packets. The vendor is the holder of the MAC's "
        "prefix in the IEEE registry."
    ),
    limits=(
        "Two MACs of one thing are two devices unless the lab file or an identifier joins them, and so are a MAC and an address without one that moved "
        "or has no conversation in both captures. A MAC chosen by software has no vendor."
    ),
    tables=("addresses", "device_names", "devices"),
)


def volume(row: Row) -> Traffic:
    """The traffic columns of a row."""
    return Traffic(
        tx_packets=row["tx_packets"],
        tx_bytes=row["tx_bytes"],
        rx_packets=row["rx_packets"],
        rx_bytes=row["rx_bytes"],
        unique=Volume(
            tx_packets=row["tx_unique_packets"],
            tx_bytes=row["tx_unique_bytes"],
            rx_packets=row["rx_unique_packets"],
            rx_bytes=row["rx_unique_bytes"],
        ),
    )


def protocol_volume(row: Row) -> ProtocolVolume:
    """A row with network, transport, application and traffic columns."""
    return ProtocolVolume(
        protocol=row["application"] or row["transport"] or row["network"],
        transport=row["transport"],
        application=row["application"],
        recognised_by=row["recognised_by"],
        traffic=volume(row),
    )


def told_name(row: Row) -> ToldName:
    """A row with name, told_by, first_ns and times."""
    return ToldName(name=row["name"], told_by=row["told_by"], first=iso(row["first_ns"]), count=row["times"])


MAX_DEVICES = 2000
"""Devices in the report, those with the most bytes: more than a home or an office has; invented MACs must not fill the
memory. The table ``devices`` has all."""

SHOWN = f"(SELECT device FROM devices ORDER BY tx_bytes + rx_bytes DESC, device LIMIT {MAX_DEVICES})"
"""The devices of the report, as a relation to join with."""


def _addresses(ask: Ask) -> dict[str, list[Address]]:
    rows = ask(
        "SELECT device, address, min(first_ns) AS first_ns, max(last_ns) AS last_ns,"
        " list(DISTINCT told_by ORDER BY told_by) AS told_by"
        f" FROM addresses SEMI JOIN {SHOWN} AS shown USING (device)"
        " GROUP BY device, address ORDER BY device, contains(address, ':'), min(first_ns), address"
    )
    return by(
        rows,
        "device",
        lambda row: Address(
            address=row["address"],
            first=iso(row["first_ns"]),
            last=iso(row["last_ns"]),
            told_by=tuple(row["told_by"]),
        ),
    )


def devices(
    ask: Ask, peers: dict[str, list[Peer]], facts: dict[str, list[ToldFact]], observed_s: float
) -> tuple[Device, ...]:
    """The devices with the most bytes, at most :data:`MAX_DEVICES`; `observed_s` is the time that the capture covers."""
    counts = {
        row["device"]: row["n"]
        for row in ask(
            f"SELECT device, count(*) AS n FROM peers SEMI JOIN {SHOWN} AS shown USING (device) GROUP BY device"
        )
    }
    addresses = _addresses(ask)
    names = by(
        ask(f"FROM device_names SEMI JOIN {SHOWN} AS shown USING (device) ORDER BY device, told_by, times DESC, name"),
        "device",
        told_name,
    )
    protocols = by(
        ask(
            "SELECT device, network, transport, application, min(recognised_by) AS recognised_by, sum(tx_packets)::BIGINT AS tx_packets,"
            " sum(tx_bytes)::BIGINT AS tx_bytes, sum(rx_packets)::BIGINT AS rx_packets,"
            " sum(rx_bytes)::BIGINT AS rx_bytes, sum(tx_unique_packets)::BIGINT AS tx_unique_packets,"
            " sum(tx_unique_bytes)::BIGINT AS tx_unique_bytes, sum(rx_unique_packets)::BIGINT AS rx_unique_packets,"
            " sum(rx_unique_bytes)::BIGINT AS rx_unique_bytes FROM traffic"
            f" SEMI JOIN {SHOWN} AS shown USING (device)"
            " GROUP BY device, network, transport, application"
            " ORDER BY device, sum(tx_bytes + rx_bytes) DESC, network, transport, application"
        ),
        "device",
        protocol_volume,
    )
    return tuple(
        _device(row, addresses, names, protocols, facts, peers, counts.get(row["device"], 0), observed_s)
        for row in ask("FROM devices ORDER BY tx_bytes + rx_bytes DESC, device LIMIT ?", MAX_DEVICES)
    )


def _device(
    row: Row,
    addresses: dict[str, list[Address]],
    names: dict[str, list[ToldName]],
    protocols: dict[str, list[ProtocolVolume]],
    facts: dict[str, list[ToldFact]],
    peers: dict[str, list[Peer]],
    peer_count: int,
    observed_s: float,
) -> Device:
    device = row["device"]
    unique_bytes = row["tx_unique_bytes"] + row["rx_unique_bytes"]
    return Device(
        id=device,
        macs=tuple(row["macs"]),
        name=row["name"],
        name_told_by=row["name_told_by"],
        vendor=row["vendor"],
        mac_is_random=row["mac_is_random"],
        role=row["role"],
        role_told_by=row["role_told_by"],
        under_test=row["under_test"],
        addresses=tuple(addresses.get(device, ())),
        hostnames=tuple(names.get(device, ())),
        facts=tuple(facts.get(device, ())),
        traffic=volume(row),
        first=iso(row["first_ns"]),
        last=iso(row["last_ns"]),
        # a rate from less than an hour would be an extrapolation
        bytes_per_observed_hour=round(unique_bytes * 3600 / observed_s, 1) if observed_s >= 3600 else None,
        bytes_per_observed_day=round(unique_bytes * 86_400 / observed_s, 1) if observed_s >= 86_400 else None,
        protocols=tuple(protocols.get(device, ())),
        peers=tuple(peers.get(device, ())),
        peers_omitted=max(0, peer_count - len(peers.get(device, ()))),
    )

"""The idle conclusion: what each device does when nobody uses it."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from idletalk.model import CloudUse, Device, Finding, IdleRow, Peer, PeerProtocol

LATERAL_KINDS = ("lan-follow-up", "lan-sweep")
"""Kinds of findings that are movements in the LAN; to search alone is none."""

IN_CLEAR = frozenset({"http", "mqtt", "ftp", "telnet", "smtp", "rtsp", "sip", "coap", "tftp", "syslog", "snmp"})
"""Application protocols whose content whoever is on the path reads; their encrypted forms have labels of their own."""


def idle_rows(
    devices: Sequence[Device],
    findings: Sequence[Finding],
    missing: Mapping[str, str],
    lan_visible: bool,
    veiled: Collection[str] = (),
) -> tuple[IdleRow, ...]:
    """The idle conclusion: a row for each device but gateways and capture boxes; where a lab file tells, those under test.

    `missing` are devices under test that sent and got nothing, names by id; they have a row too. `lan_visible` is false
    where this capture point cannot show whether devices of the LAN talk to one another. Packets of the `veiled` are encrypted on
    the air: what cannot be counted is null.
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
            lateral_movements=() if lan_visible else None,
            searches_by=(),
            unencrypted=(),
            bytes_per_observed_hour=None,
            bytes_per_observed_day=None,
        )
        for device, name in sorted(missing.items())
    )
    names = {device.id: device.name for device in devices}
    return (
        *(_idle_row(device, findings, names, lan_visible, is_veiled=device.id in veiled) for device in chosen),
        *unseen,
    )


def _idle_row(
    device: Device, findings: Sequence[Finding], names: Mapping[str, str], lan_visible: bool, *, is_veiled: bool
) -> IdleRow:
    lan_visible = lan_visible and not is_veiled
    services = internet_services(device)
    clouds: dict[str, list[Peer]] = {}
    for peer in services:
        clouds.setdefault(peer.provider or peer.organisation or "unknown", []).append(peer)
    near = neighbours(device)
    own = [finding for finding in findings if finding.device == device.id]
    holders = {peer.address: _holders(peer, names) for peer in device.peers}
    followed = {_moved(f, holders) for f in own if f.kind in LATERAL_KINDS}
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
        ntp_hosts=None if is_veiled else clocks(device),
        internet_peers_without_ntp=None if is_veiled else len(services),
        lan_peers=len(near) if near or lan_visible else None,
        lateral_movements=tuple(sorted(followed)) if followed or lan_visible else None,
        searches_by=_sorted(finding.subject for finding in own if finding.kind == "lan-search"),
        unencrypted=_sorted(
            _spoken(protocol) if protocol.application is None else protocol.application
            for peer in services
            for protocol in peer.protocols
            if _is_in_clear(protocol)
        ),
        bytes_per_observed_hour=device.bytes_per_observed_hour,
        bytes_per_observed_day=device.bytes_per_observed_day,
    )


def _holders(peer: Peer, names: Mapping[str, str]) -> str:
    """Who has or had an address."""
    devices = (*peer.earlier_devices, peer.device or "")
    return " or ".join(names.get(one, peer.address) for one in devices)


def _moved(finding: Finding, holders: Mapping[str, str]) -> str:
    """Whom a lateral movement led to, or what swept the LAN; the lab file may dispute it."""
    told = holders.get(finding.peer, finding.peer) if finding.peer else f"sweep by {finding.subject}"
    return f"{told} (disputed)" if finding.verdict and finding.verdict.verdict == "disputed" else told


def internet_services(device: Device) -> list[Peer]:
    """Internet hosts of which a device asks more than the time, without those that called and were told nothing."""
    return [peer for peer in device.peers if peer.scope == "internet" and not peer.is_ntp_only and not peer.is_caller]


def clocks(device: Device) -> int:
    """Internet hosts that a device asks for the time, alone or among other things."""
    return sum(
        peer.scope == "internet" and any(p.application == "ntp" for p in peer.protocols) for peer in device.peers
    )


def neighbours(device: Device) -> set[str]:
    """Who of its network a device talks to: one can be several peers, by IPv4, by IPv6, and by MAC in ARP, which says nothing
    to it."""
    return {
        one
        for p in device.peers
        if p.scope == "lan" and any(q.transport for q in p.protocols)
        for one in (*p.earlier_devices, p.device or p.address)
    }


def _is_in_clear(protocol: PeerProtocol) -> bool:
    """A protocol in clear whose content tells something, or one that nobody knows, or that only its port tells, whose bytes are in clear."""
    is_read = protocol.payload in ("cleartext", "mixed")
    if protocol.application is None:
        return protocol.transport in ("tcp", "udp") and is_read
    is_known = protocol.recognised_by != "port"
    return protocol.application in IN_CLEAR and (is_read or (is_known and protocol.payload != "encrypted"))


def _bytes(peer: Peer) -> int:
    return peer.traffic.unique.total_bytes


def _spoken(protocol: PeerProtocol) -> str:
    """The protocol as a conclusion names it: TCP or UDP alone does not say what was spoken."""
    carries = protocol.application is None and protocol.transport in ("tcp", "udp")
    if carries:
        told = f" ({protocol.payload})" if protocol.payload not in (None, "unknown") else ""
        return f"unknown {protocol.protocol}{told}"
    return f"{protocol.protocol} by port" if protocol.recognised_by == "port" else protocol.protocol


def place(peer: Peer) -> str | None:
    """The country of a peer; none for an anycast address, which is in many."""
    return None if peer.anycast else peer.country


def _sorted(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))

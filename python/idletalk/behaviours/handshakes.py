"""How well do TLS and DTLS protect what devices say?"""

from collections.abc import Iterable, Mapping

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row, iso
from idletalk.behaviours.finding import FRAMES, KEPT_ONCE, Claim, Kind, Scene, any_of, cut, kept, one_way, some
from idletalk.plural import counted

FAULT = Kind(
    name="certificate-fault",
    severity="low",
    meaning="A server shows a certificate for which a client that checks as browsers do ends the connection: expired, not yet valid, "
    "signed by itself, for another name, with a short key or an old signature. Whether a device checks it in another way, as by "
    "knowing this one certificate, cannot be seen.",
    would_change="another certificate",
)
OLD_VERSION = Kind(
    name="tls-old-version",
    severity="low",
    meaning="Both sides agree on a version older than TLS 1.2 or DTLS 1.2, which must not be used any more (RFC 8996).",
    would_change="a later version, which both must offer",
)
WEAK_CIPHER = Kind(
    name="tls-weak-cipher",
    severity="medium",
    meaning="Both sides agree on a cipher suite that does not encrypt (NULL), asks nobody who he is (anon), or can be broken (EXPORT, RC4, "
    "RC2, DES, 3DES; RFC 9325 4.1, NIST SP 800-131A): who is on the path may read or change what is said.",
    would_change="another cipher suite",
)
MAX_NAMED = 4
"""Servers, faults and cipher suites in one sentence; the tables have all."""
NOT_FOR = ", not "
"""What stands between the names of a certificate and the one that was asked for (handshakes.sql)."""
MAX_ADDRESSES = 8
"""Addresses of one server that its filter names; of more it is by port alone."""

_VERSIONS = {768: "SSL 3.0", 769: "TLS 1.0", 770: "TLS 1.1", 65279: "DTLS 1.0"}
_TRANSPORTS = {"tls": "tcp", "dtls": "udp"}


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    shown = _shown(ask)
    yield from (_fault(scene, row, shown) for row in _certificates(ask))
    for condition, kind in (("is_old", OLD_VERSION), ("weakness IS NOT NULL", WEAK_CIPHER)):
        yield from (_weak(scene, row, kind) for row in _handshakes(ask, condition))


def _certificates(ask: Ask) -> Iterable[Row]:
    # one certificate is that of many servers of a cloud, and renewed under its name
    return ask(
        "SELECT device, is_client, carrier, port, coalesce(subject_cn, '') AS subject,"
        f" {FRAMES} AS frames, {KEPT_ONCE} AS kept, count(DISTINCT flow) AS times,"
        " count(DISTINCT flow) FILTER (is_established) AS established,"
        " list(DISTINCT peer ORDER BY peer) AS peers, list_sort(list(DISTINCT struct_pack(host, peer))) AS servers,"
        " list_sort(list_distinct(flatten(list(faults)))) AS faults, min(time_ns) AS first_ns, max(time_ns) AS last_ns"
        " FROM server_certificates WHERE len(faults) > 0 GROUP BY device, is_client, carrier, port, subject"
        " ORDER BY device, is_client, carrier, port, subject"
    )


def _shown(ask: Ask) -> dict[tuple[object, ...], int]:
    """Certificates that were shown at all, by both ends."""
    rows = ask(
        f"SELECT device, is_client, carrier, port, peer, {FRAMES} AS frames FROM server_certificates"
        " GROUP BY device, is_client, carrier, port, peer"
    )
    return {(row["device"], row["is_client"], row["carrier"], row["port"], row["peer"]): row["frames"] for row in rows}


def _handshakes(ask: Ask, condition: str) -> Iterable[Row]:
    return ask(
        f"SELECT device, is_client, carrier, port, {FRAMES} AS frames, {KEPT_ONCE} AS kept, count(DISTINCT flow) AS times,"
        " list(DISTINCT peer ORDER BY peer) AS peers, list_sort(list(DISTINCT struct_pack(host := NULL::VARCHAR, peer := peer))) AS servers,"
        " list(DISTINCT version ORDER BY version) AS versions, list(DISTINCT cipher ORDER BY cipher) AS ciphers,"
        " list(DISTINCT cipher_name ORDER BY cipher_name) AS names, min(time_ns) AS first_ns, max(time_ns) AS last_ns"
        f" FROM weak_handshakes WHERE {condition} GROUP BY device, is_client, carrier, port"
        " ORDER BY device, is_client, carrier, port"
    )


def _fault(scene: Scene, row: Row, shown: Mapping[tuple[object, ...], int]) -> Claim:
    who, where = scene.name(row["device"]), _port(row)
    whose = f"the certificate of {row['subject']}" if row["subject"] else "a certificate"
    gets = f"gets {whose} from {_servers(scene, row)}" if row["is_client"] else "shows a certificate"
    ends = (row["device"], row["is_client"], row["carrier"], row["port"])
    selected = {peer: frames for (*at, peer), frames in shown.items() if tuple(at) == ends}
    if _names_peers(row):
        selected = {peer: selected[peer] for peer in row["peers"]}
    others = sum(selected.values()) - row["frames"]
    return Claim(
        kind=FAULT.name,
        device=row["device"],
        peer=_peer(row),
        subject=f"{_TRANSPORTS[row['carrier']]}/{row['port']} {row['subject']}",
        sentence=f"{who} {gets} at {where}: {some(_together(row['faults']), MAX_NAMED)}; {counted(row['times'], 'time')} since {iso(row['first_ns'])[:19]}Z;"
        f" {_finished(row['established'])}.",
        numbers={
            "times": row["times"],
            "established": row["established"],
            "first": iso(row["first_ns"]),
            "last": iso(row["last_ns"]),
        },
        frames=row["frames"],
        kept=kept(row),
        filter=_filter(scene, row, f"{row['carrier']}.handshake.type == 11"),
        filter_note=f"also {counted(others, 'certificate')} without such a fault or of other names" if others else None,
    )


def _together(faults: Iterable[str]) -> list[str]:
    """Faults in their order; one certificate that is not for several names is one of them."""
    asked: dict[str, list[str]] = {}
    for fault in faults:
        shown, says_not, name = fault.rpartition(NOT_FOR)
        asked.setdefault(shown if says_not else fault, []).extend([name] if says_not else [])
    return [f"{shown}{NOT_FOR}{' or '.join(names)}" if names else shown for shown, names in asked.items()]


def _finished(times: int) -> str:
    return (
        f"{counted(times, 'handshake was', 'handshakes were')} finished all the same" if times else "none was finished"
    )


def _weak(scene: Scene, row: Row, kind: Kind) -> Claim:
    versions = ", ".join(_VERSIONS.get(version, f"version {version}") for version in row["versions"])
    agreed = versions if kind is OLD_VERSION else some(row["names"], MAX_NAMED)
    with_whom = _servers(scene, row) if row["is_client"] else "those who ask"
    return Claim(
        kind=kind.name,
        device=row["device"],
        peer=_peer(row),
        subject=f"{_TRANSPORTS[row['carrier']]}/{row['port']} {'client' if row['is_client'] else 'server'}",
        sentence=f"{scene.name(row['device'])} agrees on {agreed} with {with_whom} at {'' if row['is_client'] else 'its '}{_port(row)}:"
        f" {counted(row['times'], 'time')} since {iso(row['first_ns'])[:19]}Z.",
        numbers={"times": row["times"], "agreed": agreed, "first": iso(row["first_ns"]), "last": iso(row["last_ns"])},
        frames=row["frames"],
        kept=kept(row),
        filter=_filter(scene, row, _hello(row, kind)),
    )


def _hello(row: Row, kind: Kind) -> str:
    """Filter for the ServerHellos of a row."""
    carrier = row["carrier"]
    field, numbers = ("version", row["versions"]) if kind is OLD_VERSION else ("ciphersuite", row["ciphers"])
    return f"{carrier}.handshake.type == 2 && {carrier}.handshake.{field} in {{{', '.join(f'0x{number:04x}' for number in numbers)}}}"


def _port(row: Row) -> str:
    return f"{_TRANSPORTS[row['carrier']].upper()} port {row['port']}"


def _peer(row: Row) -> str | None:
    return row["peers"][0] if row["is_client"] and len(row["peers"]) == 1 else None


def _servers(scene: Scene, row: Row) -> str:
    """Servers by the names that were asked for, else by those that are known of their addresses."""
    ends = [(server["host"], server["peer"]) for server in row["servers"]]
    if len(ends) == 1:
        [(host, peer)] = ends
        return f"{host} ({peer})" if host else scene.peer(row["device"], peer)
    names = sorted({host or scene.peers.get((row["device"], peer), peer) for host, peer in ends})
    return f"{some(names, MAX_NAMED)} ({counted(len(row['peers']), 'address', 'addresses')})"


def _names_peers(row: Row) -> bool:
    return row["is_client"] and len(row["peers"]) <= MAX_ADDRESSES


def _filter(scene: Scene, row: Row, *conditions: str) -> str:
    device, transport = row["device"], _TRANSPORTS[row["carrier"]]
    return filters.both(
        scene.sent_to(device) if row["is_client"] else scene.sent_by(device),
        filters.either([filters.address("src", peer) for peer in row["peers"]]) if _names_peers(row) else "",
        f"{transport}.srcport == {row['port']}",
        *conditions,
        filters.NOT_QUOTED,
    )


BEHAVIOUR = Behaviour(
    name="handshakes",
    question="How well do TLS and DTLS protect what devices say?",
    method=(
        "The server's own certificate, as its handshake shows it: its days against the time of capture (where that clock is wrong, against what time servers tell), its name against the one that the client "
        "asked for (RFC 9525), a signature by its own key, RSA and DSA keys below 2048 bits (NIST SP 800-131A), signatures with MD5 or SHA-1. "
        "Versions before TLS 1.2 and DTLS 1.2 (RFC 8996) and weak cipher suites that a ServerHello chooses. The device is client or server."
    ),
    limits=(
        "TLS 1.3 and QUIC encrypt certificates; a session that goes on shows none. Whether a client checks a certificate cannot be seen: one that goes on may know "
        "it by itself. Which authorities a device trusts is in the device, so that a chain that ends in none of the public ones is no fault here. Names are "
        "not compared where the client asked for none."
    ),
    tables=("server_certificates", "weak_handshakes"),
    kinds=(FAULT, OLD_VERSION, WEAK_CIPHER),
    judge=_judge,
    hidden=any_of(one_way, cut),
)

"""`idletalk signatures`: what an analysis learnt of actions, as a file, and where it stands in another analysis."""

from collections.abc import Sequence
from pathlib import Path

import click

from idletalk.actions import portable
from idletalk.actions.burst import Burst
from idletalk.actions.carrier import Basis, Carrier
from idletalk.actions.match import match
from idletalk.actions.signature import Signature
from idletalk.behaviours.rows import Row, iso
from idletalk.errors import IdletalkError
from idletalk.plural import counted

MAX_FILE_BYTES = 1 << 20
"""Longest signature file that is read."""

RESTS_ON = {
    Basis.NAME: "by lengths and the peer's name",
    Basis.NETWORK: "by lengths, times and the peer's network",
    Basis.LAN: "by lengths and times in the LAN",
    Basis.NOTHING: "by lengths and times alone",
}
"""What a line says of a match."""


@click.group("signatures")
def signatures_command() -> None:
    """Packet-level signatures of actions: lengths and directions of a few packets, and whose they are, without addresses.

    \b
    idletalk signatures learn home.idletalk -w plug.json
    idletalk signatures show plug.json
    idletalk signatures match plug.json other.idletalk
    """


@signatures_command.command("learn")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-w", "--write", "target", required=True, type=click.Path(path_type=Path), help="File to write.")
@click.option("--device", help="Only actions of this device: its name or id.")
def learn_command(folder: Path, target: Path, device: str | None) -> None:
    """Write the signatures that an analysis with events learnt, and say of which actions there is none, and why.

    \b
    Example:
      idletalk signatures learn home.idletalk --device plug-a -w plug.json
    """
    found = learnt(folder, device)
    try:
        target.write_text(portable.to_json(found) + "\n", "utf-8")
    except OSError as error:
        raise IdletalkError(f"cannot write {target}: {error.strerror}") from None
    click.echo(f"{counted(len(found), 'signature')} to {target}")
    for note in notes(folder, device):
        click.echo(note)


@signatures_command.command("show")
@click.argument("file", type=click.Path(path_type=Path))
def show_command(file: Path) -> None:
    """Print the signatures of a file: services, peers, lengths of packets, > from the device, < to it.

    \b
    Example:
      idletalk signatures show plug.json
    """
    from idletalk.report.sequence import lengths

    for signature in read(file):
        click.echo(
            f"{signature.action}, first packet: {signature.first_packet}, learnt from {signature.learnt_from} repetitions"
        )
        for exchange in signature.sequences:
            told = lengths([low for low, _ in exchange.packets], [high for _, high in exchange.packets], 99)
            click.echo(f"  {exchange.service}{_peers(exchange.carrier)} {told}")


@signatures_command.command("match")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def match_command(file: Path, folder: Path) -> None:
    """Print where signatures stand in an analysis: time, device, action, frame, and on what it rests beside lengths.

    A peer whose name is another one's, or, without names, whose network is, is no match. Where names and network are unknown, as of
    connections opened before the capture, packets must follow each other as fast as in training, and the line says that
    nothing but lengths and times speaks for it: another device may send the same.

    \b
    Example:
      idletalk signatures match plug.json other.idletalk
    """
    for time_ns, device, action, capture, frame, basis in matches(read(file), folder):
        click.echo(f"{iso(time_ns)} {device} {action} capture {capture} frame {frame}, {RESTS_ON[basis]}")


def _peers(peers: Carrier) -> str:
    """Whom an exchange was with: domains, else networks, else where."""
    known = ", ".join(peers.domains or (f"AS{number}" for number in peers.networks)) or peers.reach
    return f" with {known}" if known else ""


def read(file: Path) -> tuple[Signature, ...]:
    """The signatures of a file."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise IdletalkError(f"cannot read {file}: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise IdletalkError(f"{file} is no signature file: it is longer than 1 MiB")
    return portable.from_json(content, str(file))


def learnt(folder: Path, device: str | None = None) -> list[Signature]:
    """The signatures that an analysis learnt."""
    rows = _actions(folder, device, "signature IS NOT NULL")
    return [one for row in rows for one in portable.from_json(row["signature"].encode(), str(folder))]


def notes(folder: Path, device: str | None = None) -> list[str]:
    """The actions of which no signature was learnt, and why."""
    from idletalk.conclusions.operating import signature_note

    return [
        f"none of {row['action']} ({row['name']}, first packet: {row['first_packet']}): {signature_note(row)}"
        for row in _actions(folder, device, "signature IS NULL")
    ]


def _actions(folder: Path, device: str | None, condition: str) -> Sequence[Row]:
    """The actions of an analysis, of all devices or of one by name or id, with their device."""
    from idletalk.store import Store

    store = Store(folder)
    try:
        return store.ask(
            f"SELECT * FROM actions JOIN devices USING (device) WHERE {condition}"
            " AND ($1 IS NULL OR lower($1) IN (lower(name), device)) ORDER BY device, action, first_packet",
            device,
        )
    finally:
        store.close()


def matches(signatures: Sequence[Signature], folder: Path) -> list[tuple[int, str, str, int, int, Basis]]:
    """Where signatures stand in an analysis: time, device, action, capture and frame of the first burst, and on what that rests."""
    from idletalk.store import Store

    wanted = sorted({(one.service, *one.packets[0]) for signature in signatures for one in signature.sequences})
    store = Store(folder)
    try:
        bursts: dict[str, list[Burst]] = {}
        names: dict[str, str] = {}
        for row in store.ask(_BURSTS, *(list(column) for column in zip(*wanted, strict=True))) if wanted else ():
            names[row["device"]] = row["name"]
            bursts.setdefault(row["device"], []).append(_burst(row))
    finally:
        store.close()
    return sorted(
        (first.first_ns, names[device], signature.action, first.capture, first.frame, found.basis)
        for device, own in bursts.items()
        for signature in signatures
        for found in match(signature, own)
        for first in found.bursts[:1]
    )


_BURSTS = """
WITH wanted AS (
    SELECT unnest($1::VARCHAR[]) AS service, unnest($2::BIGINT[]) AS low, unnest($3::BIGINT[]) AS high
), macs AS (
    SELECT device, name, unnest(macs) AS mac FROM devices WHERE coalesce(role, 'device') NOT IN ('gateway', 'capture')
), known AS (
    SELECT p.device, p.peer, h.asn,
        CASE WHEN scope IN ('multicast', 'broadcast') THEN 'group' WHEN scope = 'internet' THEN 'cloud'
             WHEN scope IN ('lan', 'gateway', 'routed') THEN 'neighbour' ELSE 'unknown' END AS kind,
        (SELECT list(DISTINCT name ORDER BY name) FROM peer_names AS n WHERE n.device = p.device AND n.peer = p.peer) AS names
    FROM peers AS p LEFT JOIN host_networks AS h ON h.address = p.peer
), asked AS (
    SELECT *, concat_ws('/', coalesce(application, transport, 'frames'), responder_port) AS service
    FROM flows WHERE service IN (SELECT service FROM wanted)
), ends AS (
    SELECT device, name, flow, service, originator_mac = mac AS is_originator,
        CASE WHEN is_originator THEN responder ELSE originator END AS peer
    FROM asked JOIN macs ON mac IN (originator_mac, responder_mac)
    UNION
    SELECT device, name, flow, service, originator = address AS is_originator,
        CASE WHEN is_originator THEN responder ELSE originator END
    FROM asked JOIN addresses ON mac IS NULL AND address IN (originator, responder) JOIN devices USING (device)
), told AS (
    SELECT flow, capture, frame, first_ns, lengths, gaps_us FROM bursts WHERE bursts = 1
    UNION ALL
    SELECT flow, capture, frame, first_ns, list_filter([originator_payload_bytes, -responder_payload_bytes], lambda n: n <> 0), [0, 0]
    FROM asked ANTI JOIN bursts USING (flow)
), sided AS (
    SELECT device, peer, name, service, capture, frame, first_ns, gaps_us,
        CASE WHEN is_originator THEN lengths ELSE list_transform(lengths, lambda n: -n) END AS lengths
    FROM told JOIN ends USING (flow)
)
SELECT s.*, kind, names, asn FROM sided AS s LEFT JOIN known USING (device, peer)
WHERE EXISTS (FROM wanted AS w WHERE w.service = s.service AND len(list_filter(s.lengths, lambda n: n BETWEEN w.low AND w.high)) > 0)
ORDER BY device, first_ns, capture, frame
"""
"""Bursts of an analysis from the side of each device, in time order: those in which some wanted sequence could begin."""


def _burst(row: Row) -> Burst:
    lengths = tuple(row["lengths"])
    return Burst(
        capture=row["capture"],
        frame=row["frame"],
        first_ns=row["first_ns"],
        last_ns=row["first_ns"],
        peer=row["peer"],
        host=row["peer"],
        peer_kind=row["kind"] or "unknown",
        service=row["service"],
        starts=bool(lengths) and lengths[0] > 0,
        opens=None,
        lengths=lengths,
        gaps_us=tuple(row["gaps_us"]),
        packets=len(lengths),
        tx_bytes=0,
        rx_bytes=0,
        flow="",
        flow_first_ns=row["first_ns"],
        began=None,
        names=tuple(row["names"] or ()),
        network=row["asn"],
    )

"""``idletalk extract``: frames of a selection as a new capture."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idletalk import inputs, labfile
from idletalk.errors import IdletalkError

_FRAMES = re.compile(r"(?:(?P<capture>[0-9]{1,19}):)?(?P<first>[0-9]{1,19})(?:-(?P<last>[0-9]{1,19}))?")

MAX_FRAMES = 1_000_000
"""Frames that a list may name; a range of time is the way to more."""

KNOWN_PROTOCOLS = frozenset(
    {
        *("dhcp", "dns", "http", "mdns", "mqtt", "ntp", "ssdp", "tls"),
        *("6in4", "ah", "esp", "gre", "icmp", "icmpv6", "igmp", "ipip", "ospf", "pim", "sctp", "tcp", "udp", "vrrp"),
        *("eapol", "lldp", "rarp", "mpls", "pppoe", "pppoe-discovery", "ptp", "loopback", "slow-protocols"),
        *("802.11-tdls", "homeplug", "homeplug-av", "ieee1905", "mediaxtream", "realtek"),
        *("arp", "fragment", "ip", "ipv6", "llc", "stp", "unknown", "wlan", "wlan-protected"),
    }
)
"""Protocols that may be asked for although these captures do not hold them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Conditions, all of which must hold; several of one kind are alternatives."""

    device: Sequence[str] = ()
    host: Sequence[str] = ()
    flow: Sequence[str] = ()
    frames: str | None = None
    protocol: Sequence[str] = ()
    start: str | None = None
    end: str | None = None
    lab: Path | None = None
    pcap: bool = False


def extract(paths: Sequence[str | Path], target: Path, wanted: Wanted, *, force: bool = False) -> int:
    """Write the frames of the captures that match to ``target``; gives their number.

    Each frame keeps its time and original length; in pcapng its comment names the file and the frame number there.
    """
    from idletalk.dissector import dissect, scan
    from idletalk.provenance import program_version
    from idletalk.store import Store

    if target.exists() and not force:
        raise IdletalkError(f"{target} exists: overwrite it with --force")
    with tempfile.TemporaryDirectory(prefix="idletalk-") as name:
        folder = Path(name)
        spool = folder / "captures"
        files = inputs.expand([str(path) for path in paths], spool)
        if any(target.exists() and file.samefile(target) for file in files):
            raise IdletalkError(f"{target} is one of the captures that are read: write somewhere else")
        needs_flows = bool(wanted.flow or wanted.protocol or wanted.device)
        dissect(files, folder, only_captures=not needs_flows, contents=False)
        facts = Store(folder)
        try:
            sources = _sources(facts, spool)
            selection = _selection(facts, wanted)
            if wanted.pcap:
                selection["pcap"] = _pcap_resolution(facts)
        finally:
            facts.close()
        partial = target.with_name(f".{target.name}.partial")
        try:
            selected, _ = scan(sources, out=partial, application=f"idletalk {program_version()}", **selection)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return selected


def _sources(facts: Any, spool: Path) -> list[tuple[int, Path, str, list[tuple[int, int, int, int]]]]:
    readable = facts.sources()
    if not readable:
        errors = facts.ask("SELECT error FROM captures ORDER BY capture")
        raise IdletalkError("; ".join(inputs.as_named(row["error"], spool) for row in errors))
    return [(capture, path, path.name, marks) for capture, path, marks in readable]


def _selection(facts: Any, wanted: Wanted) -> dict[str, Any]:
    lab = labfile.read_lab(wanted.lab)
    selection: dict[str, Any] = {}
    if wanted.frames is not None:
        selection["frames"] = parse_frames(wanted.frames, [row["capture"] for row in facts.ask("FROM captures")])
    if wanted.start is not None or wanted.end is not None:
        selection["ranges"] = [labfile.time_range(wanted.start, wanted.end, lab.zone)]
    if wanted.device:
        selection["macs"] = [mac for name in wanted.device for mac in _macs(facts, lab, name)]
    if wanted.host:
        selection["hosts"] = [_address(text) for text in wanted.host]
    if wanted.flow or wanted.protocol:
        selection["flows"], selection["layers"] = _flows(facts, wanted)
    return selection


def parse_frames(text: str, captures: Sequence[int]) -> list[tuple[int, int]]:
    """``1,5-9`` or ``0:1,2:5-9`` as (capture, frame); without a capture there must be but one file."""
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _FRAMES.fullmatch(part.strip())
        if not match:
            raise IdletalkError(f"{part!r} names no frames: write them like 1,5-9 or, with several files, 0:1,0:5-9")
        if match["capture"] is None and len(captures) > 1:
            raise IdletalkError(
                f"there are {len(captures)} files: name the file's index with the frames, like 0:{part}"
            )
        capture = int(match["capture"]) if match["capture"] is not None else captures[0]
        if capture not in captures:
            raise IdletalkError(f"{part!r}: there is no file {capture}, the {len(captures)} here count from 0")
        first = int(match["first"])
        last = int(match["last"] or first)
        if not 1 <= first <= last < 2**63:
            raise IdletalkError(f"{part!r} names no frames: they count from 1, and the first comes before the last")
        if len(found) + last - first >= MAX_FRAMES:
            raise IdletalkError(f"{text!r} names more than {MAX_FRAMES:,} frames: use --from and --to")
        found.extend((capture, number) for number in range(first, last + 1))
    return found


def _address(text: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise IdletalkError(f"{text!r} is no IP address") from None


def _macs(facts: Any, lab: labfile.Lab, name: str) -> list[str]:
    """The MACs of a device: itself a MAC, a name of the lab file, or an address or host name seen in the capture."""
    mac = labfile.mac_of(name)
    if mac is not None:
        return [mac]
    named = [mac for device in lab.device if device.name.lower() == name.lower() for mac in device.macs]
    if named:
        return named
    rows = facts.ask(
        "SELECT DISTINCT source_mac AS mac FROM dhcp WHERE lower(hostname) = lower(?) AND NOT is_reply AND source_mac IS NOT NULL"
        " UNION SELECT DISTINCT sender_mac FROM arp WHERE sender = ?"
        " UNION SELECT DISTINCT neighbour_mac FROM icmp WHERE kind = 136 AND neighbour = ? AND neighbour_mac IS NOT NULL ORDER BY 1",
        name,
        name,
        name,
    )
    macs = [row["mac"] for row in rows] or _sender(facts, name)
    if not macs:
        raise IdletalkError(
            f"no device {name!r} here: give its MAC, a name of the lab file, an address or a host name of the capture"
        )
    return macs


def _sender(facts: Any, name: str) -> list[str]:
    """The MAC that sends from an IP address, if there is but one, and it does not forward what others send.

    Who sends from a public IPv4 address and from others, or from public IPv6 addresses of several networks, forwards.
    """
    import ipaddress

    try:
        address = str(ipaddress.ip_address(name))
    except ValueError:
        return []
    rows = facts.ask(
        "WITH sent AS ("
        "SELECT originator_mac AS mac, originator AS address FROM flow_segments WHERE originator_packets > 0"
        " UNION SELECT responder_mac, responder FROM flow_segments WHERE responder_packets > 0)"
        " SELECT DISTINCT address, mac FROM sent WHERE mac IS NOT NULL AND address IS NOT NULL"
        " AND mac IN (SELECT mac FROM sent WHERE address = ?)",
        address,
    )
    macs = sorted({row["mac"] for row in rows if row["address"] == address})
    sent = {ipaddress.ip_address(row["address"]) for row in rows}
    public = {one for one in sent if one.is_global}
    prefixes = {int(one) >> 64 for one in public if one.version == 6}
    forwards = len(prefixes) > 1 or (
        any(one.version == 4 for one in public) and sum(one.version == 4 for one in sent) > 1
    )
    return macs if len(macs) == 1 and not forwards else []


def _check_protocols(facts: Any, names: Sequence[str]) -> None:
    """A protocol that is neither known nor here is a slip of the pen."""
    rows = facts.ask(
        "SELECT DISTINCT unnest([application, network, transport]) AS name FROM flow_segments ORDER BY name"
    )
    here = [row["name"] for row in rows if row["name"] is not None]
    for name in names:
        if name not in KNOWN_PROTOCOLS and name not in here:
            raise IdletalkError(f"no protocol {name!r} in these captures; there are: {', '.join(here) or 'none'}")


def _flows(facts: Any, wanted: Wanted) -> tuple[list[tuple[Any, ...]], list[str]]:
    """The flows meant by id or application, and the names of network or transport layers."""
    names = [protocol.lower() for protocol in wanted.protocol]
    _check_protocols(facts, names)
    rows = facts.ask(
        "SELECT network, transport, protocol_number, originator_mac, originator, originator_port, responder_mac, responder,"
        " responder_port, min(first_ns) AS first_ns, max(last_ns) AS last_ns, flow FROM flow_segments"
        " WHERE list_contains(?, flow) OR list_contains(?, application) GROUP BY ALL ORDER BY ALL",
        [flow.lower() for flow in wanted.flow],
        names,
    )
    missing = {flow.lower() for flow in wanted.flow} - {row["flow"] for row in rows}
    if missing:
        raise IdletalkError(f"no flow {', '.join(sorted(missing))} in these captures: ids stand in the table flows")
    flows = [
        (
            row["network"],
            row["transport"],
            row["protocol_number"],
            (row["originator_mac"], row["originator"], row["originator_port"]),
            (row["responder_mac"], row["responder"], row["responder_port"]),
            row["first_ns"],
            row["last_ns"],
        )
        for row in rows
    ]
    return flows, names


def _pcap_resolution(facts: Any) -> bool:
    """Whether pcap needs nanoseconds; an error where the captures have several link types."""
    rows = facts.ask("SELECT DISTINCT link_type FROM interfaces WHERE frames > 0 ORDER BY 1")
    if len(rows) > 1:
        kinds = ", ".join(row["link_type"] for row in rows)
        raise IdletalkError(f"the captures have several link types ({kinds}): pcap holds one, write pcapng instead")
    return bool(facts.ask("SELECT 1 FROM interfaces WHERE resolution_s < 1e-6 LIMIT 1"))

"""``idletalk extract``: frames of a selection as a new capture."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idletalk import inputs, labfile
from idletalk.errors import IdletalkError

_FRAMES = re.compile(r"(?:(?P<capture>\d+):)?(?P<first>\d+)(?:-(?P<last>\d+))?")


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
    from idletalk import store
    from idletalk.provenance import program_version

    if target.exists() and not force:
        raise IdletalkError(f"{target} exists: overwrite it with --force")
    with tempfile.TemporaryDirectory(prefix="idletalk-") as name:
        folder = Path(name)
        files = inputs.expand([str(path) for path in paths], folder / "captures")
        if any(target.exists() and file.samefile(target) for file in files):
            raise IdletalkError(f"{target} is one of the captures that are read: write somewhere else")
        needs_flows = bool(wanted.flow or wanted.protocol or wanted.device)
        store.dissect(files, folder, only_captures=not needs_flows)
        facts = store.Store(folder)
        try:
            selection = _selection(facts, wanted)
            sources = _sources(facts)
            if wanted.pcap:
                selection["pcap"] = _pcap_resolution(facts)
        finally:
            facts.close()
        partial = target.with_name(f".{target.name}.partial")
        try:
            selected, _ = store.scan(sources, out=partial, application=f"idletalk {program_version()}", **selection)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return selected


def _sources(facts: Any) -> list[tuple[int, Path, str, list[tuple[int, int, int, int]]]]:
    rows = facts.ask("SELECT capture, path, error FROM captures ORDER BY capture")
    readable = [row for row in rows if row["error"] is None]
    if not readable:
        raise IdletalkError("; ".join(row["error"] for row in rows))
    marks: dict[int, list[tuple[int, int, int, int]]] = {}
    for row in facts.ask("FROM frame_index ORDER BY capture, frame"):
        marks.setdefault(row["capture"], []).append((row["offset"], row["frame"], row["described_to"], row["time_ns"]))
    return [(r["capture"], Path(r["path"]), Path(r["path"]).name, marks.get(r["capture"], [])) for r in readable]


def _selection(facts: Any, wanted: Wanted) -> dict[str, Any]:
    lab = labfile.read_lab(wanted.lab)
    selection: dict[str, Any] = {}
    if wanted.frames is not None:
        selection["frames"] = parse_frames(wanted.frames, [row["capture"] for row in facts.ask("FROM captures")])
    if wanted.start is not None or wanted.end is not None:
        low = labfile.parse_time(wanted.start, lab.zone) if wanted.start else -(2**63)
        high = labfile.parse_time(wanted.end, lab.zone) if wanted.end else 2**63 - 1
        selection["ranges"] = [(low, high)]
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
        first = int(match["first"])
        last = int(match["last"] or first)
        if last - first > 10_000_000:
            raise IdletalkError(f"{part!r} are more frames than can be listed: use --from and --to")
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
    text = name.lower().replace("-", ":")
    if re.fullmatch(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", text):
        return [text]
    named = [
        mac.lower().replace("-", ":")
        for device in lab.device
        if device.name.lower() == name.lower()
        for mac in device.macs
    ]
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
    if not rows:
        raise IdletalkError(
            f"no device {name!r} here: give its MAC, a name of the lab file, an address or a host name of the capture"
        )
    return [row["mac"] for row in rows]


def _flows(facts: Any, wanted: Wanted) -> tuple[list[tuple[Any, ...]], list[str]]:
    """The flows meant by id or application, and the names of network or transport layers."""
    names = [protocol.lower() for protocol in wanted.protocol]
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

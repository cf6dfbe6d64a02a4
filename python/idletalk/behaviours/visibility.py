"""What can this capture not show? A negative is worth what could have been seen."""

from collections.abc import Iterator

from idletalk.behaviours import clock, hidden_names, mac_filters
from idletalk.behaviours.behaviour import Ask
from idletalk.behaviours.finding import some
from idletalk.model import Blindness, Captures
from idletalk.plural import counted

MAX_FAULTS = 100
"""Faults of one file that are listed (MAX_FAULTS of the reader); others are counted only."""

_HARMLESS = ("BadOption", "BadTime", "BadLength")
"""Kinds of faults that do not end the reading of a file."""

TUNNELS = {4: "ipip", 41: "6in4", 47: "gre", 97: "etherip", 115: "l2tp"}
"""IP protocols that carry other packets in clear (IANA protocol numbers)."""

TUNNEL_PORTS = {4789: "vxlan", 6081: "geneve", 37008: "tzsp"}
"""The same by UDP port (RFC 7348, RFC 8926; routers and access points that mirror traffic, 37008)."""

ESP, WIREGUARD = 50, "wireguard"
"""What carries them encrypted (RFC 4303), by protocol number and by name."""

MAX_NAMED = 5
"""Devices named in a sentence."""


def blindness(ask: Ask, captures: Captures) -> tuple[Blindness, ...]:
    """What hides something, and what it hides, each in a sentence."""
    found = [
        *_files(captures),
        *clock.error(ask),
        *_filters(captures),
        *mac_filters.told(ask, sum(bool(file.packets) for file in captures.files)),
        *_point(ask),
        *_one_way(ask),
        *_content(ask),
        *hidden_names.told(ask),
    ]
    return tuple(Blindness(kind=kind, sentence=sentence) for kind, sentence in found)


def _files(captures: Captures) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    unreadable = [fault for fault in captures.faults if fault.offset is None]
    damaged = {f.path for f in captures.faults if f.offset is not None and f.kind not in _HARMLESS}
    odd = sum(fault.kind == "BadLength" for fault in captures.faults)
    if unreadable:
        found.append(("unreadable", f"{counted(len(unreadable), 'file')} could not be read at all."))
    if damaged:
        found.append(
            (
                "damaged",
                f"{counted(len(damaged), 'file is', 'files are')} damaged; what lies behind the damage is unknown.",
            )
        )
    if odd:
        found.append(
            (
                "bad_lengths",
                f"{counted(odd, 'frame')}{' or more' if odd >= MAX_FAULTS else ''} cannot have been as long on the wire as the file says: what was captured of"
                f" {'it' if odd == 1 else 'them'} was counted.",
            )
        )
    coverage = captures.coverage
    gaps = [gap for gap in coverage.gaps if not gap.is_step] if coverage else []
    if gaps:
        hours = sum(gap.duration_s for gap in gaps) / 3600
        found.append(
            (
                "gaps",
                f"There {'is' if len(gaps) == 1 else 'are'} {counted(len(gaps), 'gap')} without capture, {hours:.1f} h in all.",
            )
        )
    if coverage and coverage.silent_s:
        found.append(
            (
                "silence",
                f"For at least {coverage.silent_s / 3600:.2f} h not a single frame was captured, inside files or between files that"
                " hold as long a silence: the network was silent or the capture was blind.",
            )
        )
    found += clock.told(captures.files, coverage.gaps if coverage else ())
    dropped = [i.dropped for file in captures.files for i in file.interfaces if i.dropped is not None]
    if sum(dropped):
        found.append(("drops", f"The capture lost {counted(sum(dropped), 'frame')}, as it says itself."))
    elif not dropped:
        found.append(("drops_unknown", "Whether frames were lost while capturing is not recorded in the files."))
    return found


def _filters(captures: Captures) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for text in sorted({i.filter for file in captures.files for i in file.interfaces if i.filter}):
        found.append(
            ("capture_filter", f"A capture filter was set: {text}. What it does not match was never recorded.")
        )
    truncated = sum(file.truncated_packets or 0 for file in captures.files)
    if truncated:
        share = 100 * truncated / max(1, captures.packets)
        found.append(
            (
                "snaplen",
                f"{counted(truncated, 'frame was', 'frames were')} cut by the snap length ({share:.1f} %): what lies beyond it cannot be read.",
            )
        )
    return found


def _point(ask: Ask) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    kinds = {row["link_type"] for row in ask("SELECT DISTINCT link_type FROM interfaces WHERE frames > 0")}
    if kinds and kinds <= {"rawip", "rawip4", "rawip6", "null", "loop", "ppp", "linux-sll", "linux-sll2"}:
        found.append(
            (
                "no_macs",
                "The link layer tells no or only one MAC: devices are told by IP address, and those behind a router look alike.",
            )
        )
    if "linux-sll" in kinds:
        found.append(
            (
                "no_interface",
                "A Linux cooked capture of version 1 does not tell at which interface a frame was seen: one that came in at several"
                " (a bridge and its port) is counted as often. Version 2 (tcpdump -y LINUX_SLL2) tells it.",
            )
        )
    if ask("SELECT 1 FROM devices LIMIT 1"):
        among = ask(
            "SELECT count(*) AS n FROM peer_flows WHERE scope = 'lan' AND peer_device IS NOT NULL"
            " AND device NOT IN (FROM router_devices) AND tx_packets > 0"
        )[0]["n"]
        if not among:
            found.append(
                (
                    "station_to_station",
                    "No unicast frame between two devices of the LAN was seen. Traffic inside an access"
                    " point or a switch never reaches a capture point beside it: whether devices talk to one another is undecidable.",
                )
            )
    return found


def _one_way(ask: Ask) -> list[tuple[str, str]]:
    rows = ask(
        "SELECT is_sent, list(d.name ORDER BY d.name) AS names FROM one_way JOIN devices AS d USING (device) GROUP BY is_sent ORDER BY is_sent"
    )
    return [
        (
            "one_way",
            f"Only what was sent {'by' if row['is_sent'] else 'to'} {some(row['names'], MAX_NAMED)} was captured: whether anybody"
            " answered cannot be seen.",
        )
        for row in rows
    ] + [
        (
            "partly_one_way",
            f"Of {row['unseen']} of {counted(row['accepted'], 'connection')} that {row['name']} opened over one next hop, nothing that came back was"
            " captured: whether others on that way were answered cannot be seen.",
        )
        for row in ask(
            "SELECT d.name, unseen, accepted FROM unseen_ways AS w JOIN devices AS d USING (device)"
            " WHERE device NOT IN (SELECT device FROM one_way) ORDER BY d.name, unseen DESC, hop"
        )
    ]


def _content(ask: Ask) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    row = ask(
        "SELECT count(*) FILTER (transport = 'tcp' AND NOT began_in_capture) AS open,"
        " coalesce(sum(originator_packets + responder_packets) FILTER (network = 'wlan-protected'), 0)::BIGINT AS protected"
        " FROM flows"
    )[0]
    if row["open"]:
        found.append(
            (
                "open_before",
                f"{counted(row['open'], 'TCP connection was', 'TCP connections were')} open before the first frame captured of"
                f" {'it: how it' if row['open'] == 1 else 'them: how they'} began is unknown.",
            )
        )
    full = [
        row["carrier"] for row in ask("SELECT DISTINCT carrier FROM payloads_omitted WHERE pieces > 0 ORDER BY carrier")
    ]
    if full:
        found.append(
            (
                "payloads_omitted",
                f"Conversations said more than is kept of one to be read (by {some(full, MAX_NAMED)}): what came later was not"
                " searched, and numbers of messages are of those that were kept.",
            )
        )
    found += _tunnels(ask)
    if row["protected"]:
        found.append(
            (
                "wlan_encrypted",
                f"{counted(row['protected'], 'frame is', 'frames are')} encrypted on the air: only MACs and lengths can be read.",
            )
        )
    return found


def _tunnels(ask: Ask) -> Iterator[tuple[str, str]]:
    """Packets inside of others, in clear and encrypted."""
    rows = ask(
        "SELECT protocol_number AS number, responder_port AS port, application, sum(frames)::BIGINT AS frames FROM ("
        " SELECT originator_packets + responder_packets AS frames, CASE WHEN transport <> 'udp' THEN protocol_number END AS protocol_number,"
        "  CASE WHEN application IS NULL THEN responder_port END AS responder_port, application FROM flows"
        " WHERE list_contains($1, protocol_number)"
        "  OR (transport = 'udp' AND (application = $3 OR (application IS NULL AND list_contains($2, responder_port)))))"
        " GROUP BY ALL",
        [*TUNNELS, ESP],
        list(TUNNEL_PORTS),
        WIREGUARD,
    )
    veiled = [row for row in rows if row["number"] == ESP or row["application"] == WIREGUARD]
    for those, way, end in (
        (
            [row for row in rows if row not in veiled],
            "",
            "which are not read: who says what to whom in there is unknown",
        ),
        (veiled, " encrypted", "as a VPN does: who says what to whom in there cannot be seen"),
    ):
        if those:
            frames = sum(row["frames"] for row in those)
            names = {
                row["application"] or {**TUNNELS, ESP: "esp"}.get(row["number"]) or TUNNEL_PORTS[row["port"]]
                for row in those
            }
            yield (
                "tunnelled",
                f"{counted(frames, 'frame carries', 'frames carry')} other packets inside{way} ({some(sorted(names), MAX_NAMED)}), {end}.",
            )

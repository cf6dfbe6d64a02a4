"""The conclusions in a page of a terminal, in at most 80 columns where it has no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from idletalk.model import BEHAVIOUR_FAILED, IdleRow, Peer, Report, Severity
from idletalk.plural import counted
from idletalk.report.terminal_tables import MAX_DEVICES, add_row, fitted, operating, table_of, unnamed, updates
from idletalk.report.text import clean, human_bytes, human_duration, short

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MAX_CLOUDS = 4
"""Providers of a device that are named; the report has all."""
MAX_VENDOR_CHARS = 14
"""Of a vendor's name, so that a row stays a line."""
MAX_FINDINGS = 12
"""Findings listed, the gravest first; the report has all."""
MAX_PEERS = 12
"""Internet peers listed; the report has all."""


def print_summary(report: Report, folder: Path, console: Console | None = None) -> None:
    """Print what was captured, the ranking, the idle table, the largest peers, the findings, and what could not be seen."""
    from rich.console import Console
    from rich.text import Text

    out = console or Console(highlight=False, soft_wrap=False)

    def say(text: str, style: str = "") -> None:
        out.print(Text(clean(text), style=style))

    say(opening(report), "bold")
    if report.conclusions.fleet:
        say("")
        say(" ".join(report.conclusions.fleet))
    tables = (_ranking, _idle, operating, unnamed, updates, _largest_peers)
    for table in (make(report) for make in tables):
        if table.row_count:
            out.print()
            out.print(fitted(table, out.width))
    _print_findings(report, say)
    if report.cannot_be_seen:
        say("")
        say("What could not be seen", "bold")
        for blindness in report.cannot_be_seen:
            say(f"- {blindness.sentence}")
    out.print()
    say(f"Report: {folder / 'report.html'}", "bold")


def _print_findings(report: Report, say: Callable[..., None]) -> None:
    """The gravest findings, a line each."""
    if not report.findings:
        return
    counts = Counter(finding.severity for finding in report.findings)
    say("")
    told = ", ".join(f"{counts[s]} {s}" for s in get_args(Severity) if counts[s])
    say(f"Findings ({told})", "bold")
    for finding in report.findings[:MAX_FINDINGS]:
        say(f"- {finding.severity}{f', {finding.verdict.verdict}' if finding.verdict else ''}: {finding.sentence}")
    if len(report.findings) > MAX_FINDINGS:
        say(f"  {len(report.findings) - MAX_FINDINGS} more in the report, with the evidence of each")


def incomplete(report: Report, damage: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What could not be read and who could not be asked, a line each; none: the analysis is whole.

    ``damage`` (behaviours/captures.py) says where files are, of which a report has the names.
    """
    for fault in damage:
        yield clean(f"{fault['path']}: {fault['message']}")
    for blindness in report.cannot_be_seen:
        if blindness.kind == BEHAVIOUR_FAILED:
            yield clean(blindness.sentence)


def warnings(report: Report) -> Iterator[str]:
    """What was asked for and had no effect, a line each."""
    return map(clean, report.provenance.warnings)


def opening(report: Report, number: Callable[[float, str, str], str] = lambda _value, _query, text: text) -> str:
    """What was captured, in a sentence or two; `number` says how a value with its query and its text is written."""
    what = report.captures
    count = len(what.files)
    files = f"{number(count, 'captures.files', str(count))} capture file{'s' if count != 1 else ''}"
    if what.first is None or what.last is None or what.duration_s is None:
        frames = sum(file.packets or 0 for file in what.files)
        return f"{files} without a single frame{' in the time that was chosen' if frames else ''}."
    under_test = sum(1 for device in report.devices if device.under_test)
    count = len(report.devices)
    devices = f"{number(count, 'report.devices', str(count))} device{'s' if count != 1 else ''}"
    if under_test:
        devices += f", {number(under_test, 'report.under_test', str(under_test))} of them under test"
    repeated = what.packets - what.unique_packets
    twice = f" ({counted(repeated, 'of them is', 'of them are')} there twice)" if repeated else ""
    text = (
        f"{files}, {number(what.packets, 'captures.frames', str(what.packets))} frame{'s' if what.packets != 1 else ''}{twice},"
        f" {number(what.bytes, 'captures.bytes', human_bytes(what.bytes))}, from {what.first[:19]}Z"
        f" for {number(what.duration_s, 'captures.duration', human_duration(what.duration_s))}: {devices}."
    )
    coverage = what.coverage
    if coverage and coverage.gaps:
        stretches = len(coverage.gaps) + 1
        observed = number(coverage.observed_s, "report.gaps", human_duration(coverage.observed_s))
        text += f" {observed} of it was captured, in {number(stretches, 'report.gaps', str(stretches))} stretches."
    return text


def names_of(report: Report) -> Callable[[str], str]:
    """What gives the name of a device by its id; the id itself where no device of the report has it."""
    names = {device.id: device.name for device in report.devices}
    return lambda device: names.get(device, device)


def peer_name(peer: Peer) -> str:
    """The most trusted name of a peer, else its address."""
    return peer.names[0].name if peer.names else peer.address


def _ranking(report: Report) -> Table:
    table = table_of(
        "Devices by bytes (each frame once)",
        ("device", "left"),
        ("vendor", "left"),
        ("sent", "right"),
        ("received", "right"),
        ("per hour", "right"),
        ("", "left"),
    )
    top = max((device.traffic.unique.total_bytes for device in report.devices), default=0)
    for device in report.devices[:MAX_DEVICES]:
        hourly = device.bytes_per_observed_hour
        add_row(
            table,
            device.name + (f" ({device.role})" if device.role and device.role != "device" else ""),
            short(device.vendor or ("random MAC" if device.mac_is_random else "-"), MAX_VENDOR_CHARS),
            human_bytes(device.traffic.unique.tx_bytes),
            human_bytes(device.traffic.unique.rx_bytes),
            "-" if hourly is None else human_bytes(hourly),
            "█" * max(1, round(10 * device.traffic.unique.total_bytes / top)) if top else "",
        )
    if len(report.devices) > MAX_DEVICES:
        table.caption = f"{len(report.devices) - MAX_DEVICES} more in the report"
    return table


def _idle(report: Report) -> Table:
    table = table_of(
        "Who they talk to (hosts: NTP servers, other Internet hosts, LAN peers)",
        ("device", "left"),
        ("clouds (protocols)", "wide"),
        ("countries", "left"),
        ("NTP", "right"),
        ("other", "right"),
        ("LAN", "right"),
        ("moves to", "left"),
    )
    rows = report.conclusions.idle or ()
    for row in rows[:MAX_DEVICES]:
        add_row(
            table,
            row.name,
            _clouds_cell(row),
            " ".join(code + ("?" if code in row.countries_disputed else "") for code in row.countries) or "-",
            "?" if row.ntp_hosts is None else str(row.ntp_hosts),
            "?" if row.internet_peers_without_ntp is None else str(row.internet_peers_without_ntp),
            "?" if row.lan_peers is None else str(row.lan_peers),
            "?" if row.lateral_movements is None else " ".join(row.lateral_movements) or "-",
        )
    notes = [f"{len(rows) - MAX_DEVICES} more in the report"] if len(rows) > MAX_DEVICES else []
    if any(row.countries_disputed for row in rows):
        notes.append("?: look-up tables disagree")
    if any(row.lan_peers is None for row in rows):
        notes.append("LAN, moves to ?: this capture point cannot tell")
    table.caption = "; ".join(notes) or None
    return table


def _clouds_cell(row: IdleRow) -> str:
    nothing = "encrypted on the air" if row.ntp_hosts is None else "none seen"
    named = clouds(row)
    if len(named) > MAX_CLOUDS:
        named = [*named[:MAX_CLOUDS], f"{len(named) - MAX_CLOUDS} more"]
    told = ", ".join(named) or (nothing if row.seen else "not one frame of it in this capture")
    return f"{told}; in clear: {', '.join(row.unencrypted)}" if row.unencrypted else told


def clouds(row: IdleRow) -> list[str]:
    """The providers of a device with the protocols spoken to each, those with the most bytes first."""
    return [f"{use.provider} ({' + '.join(use.protocols)})" for use in row.clouds]


def _largest_peers(report: Report) -> Table:
    table = table_of(
        "Largest Internet peers",
        ("device", "left"),
        ("peer", "left"),
        ("where", "left"),
        ("protocols", "left"),
        ("bytes", "right"),
    )
    # a service has many addresses, which would be so many rows that look alike
    found: dict[tuple[str, str, str], list[Peer]] = {}
    for device in report.devices:
        if device.role not in ("gateway", "capture"):
            for peer in device.peers:
                if peer.scope == "internet" and not peer.is_ntp_only:
                    found.setdefault((device.id, peer_name(peer), _where(peer)), []).append(peer)
    sums = {key: sum(peer.traffic.unique.total_bytes for peer in peers) for key, peers in found.items()}
    called = names_of(report)
    for key in sorted(found, key=lambda key: (-sums[key], key))[:MAX_PEERS]:
        (device, name, where), peers = key, found[key]
        add_row(
            table,
            called(device),
            f"{name} ({len(peers)} addresses)" if len(peers) > 1 else name,
            where or "unknown",
            " ".join(sorted({p.protocol for peer in peers for p in peer.protocols})),
            human_bytes(sums[key]),
        )
    if len(found) > MAX_PEERS:
        table.caption = f"{len(found) - MAX_PEERS} more in the report"
    return table


def _where(peer: Peer) -> str:
    """Who runs it and where it stands; empty: nothing is known."""
    place = "anycast" if peer.anycast else (peer.country or "") + ("?" if peer.country_disagrees else "")
    return " ".join(part for part in (peer.provider or peer.organisation, place) if part)

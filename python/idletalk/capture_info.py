"""``idletalk info``: what capinfos says, for each file and for all together."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idletalk import inputs
from idletalk.behaviours.behaviour import optional_iso, optional_seconds
from idletalk.errors import IdletalkError
from idletalk.report.text import clean, human_bytes, human_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts, times and rates of one file or of several. Rates are over the time between first and last frame."""

    packets: int
    file_bytes: int
    captured_bytes: int
    data_bytes: int
    first: str | None
    last: str | None
    duration_s: float | None
    data_rate_bytes_per_s: float | None
    data_rate_bps: float | None
    average_packet_bytes: float | None
    average_packets_per_s: float | None
    truncated_packets: int
    in_time_order: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo(Totals):
    """One capture file."""

    path: str
    sha256: str | None
    format: str
    byte_order: str
    compression: str
    link_types: tuple[str, ...]
    snaplen_bytes: int | None
    dropped: int | None
    hardware: str | None
    os: str | None
    capture_application: str | None
    comments: tuple[str, ...]
    decryption_secrets_blocks: int
    set_back_s: float | None
    """most that a frame is earlier than the one before it"""
    set_back_frame: int | None
    interfaces: tuple[dict[str, Any], ...]
    faults: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """Capture files, and all of them as one."""

    files: tuple[FileInfo, ...]
    whole: Totals
    faults: tuple[str, ...]


def info(paths: Sequence[str | Path]) -> Info:
    """Walk captures and tell what they hold; an error only where none can be read."""
    from idletalk.dissector import dissect
    from idletalk.provenance import file_hashes
    from idletalk.store import Store

    with tempfile.TemporaryDirectory(prefix="idletalk-") as name:
        folder = Path(name)
        spool = folder / "captures"
        files = inputs.expand([str(path) for path in paths], spool)
        dissect(files, folder, only_captures=True, contents=False)
        store = Store(folder)
        try:
            hashes = file_hashes(files, "all")
            rows = store.ask("FROM captures WHERE error IS NULL ORDER BY capture")
            unreadable = store.ask("SELECT error FROM captures WHERE error IS NOT NULL ORDER BY capture")
            errors = [inputs.as_named(row["error"], spool) for row in unreadable]
            if not rows:
                raise IdletalkError("; ".join(errors))
            interfaces = store.ask("FROM interfaces ORDER BY capture, interface")
            damage = store.ask('FROM capture_faults ORDER BY capture, "offset"')
        finally:
            store.close()
    names = {row["capture"]: inputs.as_named(row["path"], spool) for row in rows}
    found = tuple(_file(row, names[row["capture"]], interfaces, damage, hashes) for row in rows)
    faults = (*errors, *(f"{names[row['capture']]}: {row['message']}" for row in damage))
    return Info(files=found, whole=Totals(**_totals(rows)), faults=faults)


def _totals(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(row[name] for row in rows)

    firsts = [row["earliest_ns"] for row in rows if row["earliest_ns"] is not None]
    lasts = [row["latest_ns"] for row in rows if row["latest_ns"] is not None]
    first, last = (min(firsts), max(lasts)) if firsts else (None, None)
    duration = (last - first) / 1e9 if first is not None and last is not None else None
    packets, data = total("frames"), total("original_bytes")
    rate = data / duration if duration else None
    return {
        "packets": packets,
        "file_bytes": total("file_bytes"),
        "captured_bytes": total("captured_bytes"),
        "data_bytes": data,
        "first": optional_iso(first),
        "last": optional_iso(last),
        "duration_s": duration,
        "data_rate_bytes_per_s": rate,
        "data_rate_bps": rate * 8 if rate is not None else None,
        "average_packet_bytes": data / packets if packets else None,
        "average_packets_per_s": packets / duration if duration else None,
        "truncated_packets": total("truncated_frames"),
        "in_time_order": all(row["is_in_time_order"] for row in rows),
    }


def _file(
    row: dict[str, Any],
    name: str,
    interfaces: Sequence[dict[str, Any]],
    damage: Sequence[dict[str, Any]],
    hashes: dict[str, str],
) -> FileInfo:
    def mine(others: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        return tuple(
            {k: v for k, v in other.items() if k != "capture"} for other in others if other["capture"] == row["capture"]
        )

    return FileInfo(
        **_totals([row]),
        path=name,
        sha256=hashes.get(row["path"]),
        format=row["format"],
        byte_order=row["byte_order"],
        compression=row["compression"],
        link_types=tuple(row["link_types"]),
        snaplen_bytes=row["snaplen_bytes"],
        dropped=row["dropped"],
        hardware=row["hardware"],
        os=row["os"],
        capture_application=row["capture_application"],
        comments=tuple(row["comments"] or ()),
        decryption_secrets_blocks=row["decryption_secrets_blocks"],
        set_back_s=optional_seconds(row["set_back_ns"]),
        set_back_frame=row["set_back_frame"],
        interfaces=mine(interfaces),
        faults=mine(damage),
    )


def to_json(found: Info) -> str:
    """The same as JSON."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode()


def to_text(found: Info) -> str:
    """A block of lines a file, as capinfos prints it, and one for all together where there are several."""
    blocks = [_block(file.path, _file_lines(file) + _total_lines(file)) for file in found.files]
    if len(found.files) > 1:
        blocks.append(_block(f"All {len(found.files)} files together", _total_lines(found.whole)))
    if found.faults:
        blocks.append("\n".join(["Damage", *(f"  {clean(fault)}" for fault in found.faults)]))
    return "\n\n".join(blocks)


def _block(title: str, lines: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in lines) + 1
    return "\n".join([clean(title), *(f"  {name + ':':<{width}}  {clean(value)}" for name, value in lines)])


def _file_lines(file: FileInfo) -> list[tuple[str, str]]:
    compressed = "" if file.compression == "none" else f", {file.compression}"
    lines = [
        ("File type", f"{file.format}, {file.byte_order}{compressed}"),
        ("Encapsulation", ", ".join(file.link_types) or "none"),
        ("Snap length", "unlimited" if file.snaplen_bytes is None else f"{file.snaplen_bytes} bytes"),
        ("SHA-256", file.sha256 or "not computed"),
    ]
    described = [
        ("Hardware", file.hardware),
        ("Operating system", file.os),
        ("Capture application", file.capture_application),
    ]
    lines += [(name, value) for name, value in described if value]
    lines += [("Comment", comment) for comment in file.comments]
    if file.dropped is not None:
        lines.append(("Dropped", f"{file.dropped} frames"))
    if file.set_back_s is not None:
        lines.append(
            ("Time goes back", f"by {human_duration(file.set_back_s)} at most, at frame {file.set_back_frame}")
        )
    if len(file.interfaces) > 1 or any(i["name"] or i["filter"] for i in file.interfaces):
        for one in file.interfaces:
            condition = f", filter {one['filter']}" if one["filter"] else ""
            lines.append(
                (
                    f"Interface {one['interface']}",
                    f"{one['name'] or 'unnamed'}, {one['link_type']}, {one['frames']} frames{condition}",
                )
            )
    if file.decryption_secrets_blocks:
        lines.append(("Decryption secrets", f"{file.decryption_secrets_blocks} blocks"))
    return lines


def _total_lines(totals: Totals) -> list[tuple[str, str]]:
    lines = [
        ("Number of packets", f"{totals.packets}"),
        ("File size", f"{totals.file_bytes} bytes ({human_bytes(totals.file_bytes)})"),
        ("Data size", f"{totals.data_bytes} bytes ({human_bytes(totals.data_bytes)})"),
    ]
    if totals.truncated_packets:
        lines.append(("Cut by snap length", f"{totals.truncated_packets} packets"))
    if totals.first and totals.last and totals.duration_s is not None:
        lines += [
            ("First packet", totals.first),
            ("Last packet", totals.last),
            ("Capture duration", f"{totals.duration_s:.9f} s ({human_duration(totals.duration_s)})"),
        ]
    if totals.data_rate_bytes_per_s is not None:
        lines.append(("Data rate", f"{totals.data_rate_bytes_per_s:.2f} bytes/s, {totals.data_rate_bps:.2f} bits/s"))
    if totals.average_packet_bytes is not None:
        lines.append(("Average packet size", f"{totals.average_packet_bytes:.2f} bytes"))
    if totals.average_packets_per_s is not None:
        lines.append(("Average packet rate", f"{totals.average_packets_per_s:.3f} packets/s"))
    lines.append(("Strict time order", "yes" if totals.in_time_order else "no"))
    return lines

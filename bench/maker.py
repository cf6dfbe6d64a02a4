"""Makes a capture by repeating real flows under other addresses, ports and times; knows what is in it.

Each flow gets addresses of its own and the part of its template that can be repeated as often as its share of the packets
asks, with TCP sequence numbers and checksums that are right. The flows lie over one another in time, as in a capture.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np  # pyright: ignore[reportMissingImports]  only the bench needs it: bench/requirements.txt

from bench.mix import DEVICES, MIX, Kind
from bench.templates import ICMP, TCP, Frame, Template, read_templates

SPAN_US = 4 * 3600 * 1_000_000
"""Time that the flows of one round cover, microseconds."""
START_S = 1_700_000_000
CHUNK = 100_000
"""Packets put together at a time; bounds memory."""
PCAP_HEADER = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")
BOX = bytes.fromhex("2ccf6754e34b")
"""MAC of the box that captures: its frames are left out."""

Array: TypeAlias = Any
"""An array of numpy, which is not among the locked dependencies."""


@dataclass
class Made:
    """What a made capture holds."""

    path: Path
    packets: int = 0
    frame_bytes: int = 0
    """Without the record headers."""
    flows: int = 0
    records: dict[str, int] = field(default_factory=dict)
    """Rows by table."""
    device: str = ""
    """MAC of one of the devices."""


@dataclass
class _Flow:
    """One flow of a round, and how often its middle is repeated."""

    template: Template
    rewrite: list[tuple[bytes, bytes]]
    """Addresses before and after."""
    port: int | None
    repetitions: int
    key: bytes


def make(path: Path, packets: int, rounds: int = 1) -> Made:
    """Write a pcap of ``rounds`` times ``packets`` packets (or a little less) to ``path``."""
    templates = [t for t in read_templates() if t.parts[1] and not any(BOX in f.raw[:12] for f in t.frames[:2])]
    made = Made(path)
    keys: set[bytes] = set()
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        for turn in range(rounds):
            flows = [flow for kind in MIX for flow in _flows(kind, templates, packets, turn)]
            keys.update(flow.key for flow in flows)
            for flow in flows:
                opening, middle, end = flow.template.parts
                made.packets += len(opening) + len(middle) * flow.repetitions + len(end)
                for frames, times in ((opening, 1), (middle, flow.repetitions), (end, 1)):
                    for table, count in flow.template.counts(frames).items():
                        made.records[table] = made.records.get(table, 0) + count * times
            for chunk in _emit(flows, (START_S * 1_000_000) + turn * SPAN_US, turn):
                made.frame_bytes += len(chunk)
                file.write(chunk)
    made.frame_bytes -= 16 * made.packets
    made.flows = len(keys)
    made.device = _mac(0).hex(":")
    return made


def _mac(device: int) -> bytes:
    """An invented device's MAC under Espressif's prefix."""
    return bytes.fromhex("2462ab") + (0x100 + device).to_bytes(3)


def _flows(kind: Kind, templates: list[Template], packets: int, turn: int) -> Iterator[_Flow]:
    """The flows of a kind in one round, the packets shared evenly among them."""
    fitting = [
        t for t in templates if t.protocol == kind.protocol and (not kind.ports or set(kind.ports) & set(t.ports))
    ]
    if kind.fixed_ports:
        # those with most frames tell most; each gives one flow a device
        fitting = sorted(fitting, key=lambda t: -len(t.frames))[: -(-kind.flows // DEVICES)]
    for number in range(kind.flows):
        template = fitting[number // DEVICES if kind.fixed_ports else number % len(fitting)]
        opening, middle, end = template.parts
        wanted = kind.share * packets / kind.flows - len(opening) - len(end)
        if template.protocol != TCP and wanted < len(middle):
            template = replace(template, frames=middle[: round(wanted)])
            middle = template.frames
        device = number % DEVICES
        first = template.frames[0]
        rewrite = [(_source_mac(first), _mac(device))]
        source, target = _addresses(first)
        rewrite.append(
            (source, source[:-1] + bytes([180 + device]) if len(source) == 4 else source[:-2] + bytes([9, device]))
        )
        if len(target) == 4 and target.startswith(b"\xc6"):
            # a host of the invented Internet, 198.18.0.0/15 (RFC 2544)
            rewrite.append((target, target[:-1] + bytes([(target[-1] + 7 * turn + number // 100) % 256])))
        port = None if kind.fixed_ports else 10_000 + (number + 1000 * MIX.index(kind) + 14_000 * turn) % 50_000
        new = tuple(new for _, new in rewrite)
        key = repr(
            (
                kind.name,
                new,
                target,
                port,
                number // DEVICES if kind.fixed_ports else 0,
                turn if kind.protocol == TCP else 0,
            )
        )
        yield _Flow(template, rewrite, port, max(1, round(wanted / len(middle))), key.encode())


def _source_mac(frame: Frame) -> bytes:
    return frame.raw[6:12]


def _addresses(frame: Frame) -> tuple[bytes, bytes]:
    raw, network = frame.raw, frame.network
    if not network:
        return raw[28:32], raw[38:42]
    if raw[network] >> 4 == 4:
        return raw[network + 12 : network + 16], raw[network + 16 : network + 20]
    return raw[network + 8 : network + 24], raw[network + 24 : network + 40]


def _rewritten(flow: _Flow, frame: Frame) -> bytes:
    """The frame under the flow's addresses and port, with right checksums."""
    raw = bytearray(frame.raw)
    # headers only; ARP and DHCP repeat the addresses inside
    end = len(raw) if flow.template.protocol == 0 or 67 in flow.template.ports else frame.transport or frame.payload
    for before, after in flow.rewrite:
        raw[:end] = raw[:end].replace(before, after)
    if not frame.network:
        return bytes(raw)
    if flow.port is not None:
        at = frame.transport + (0 if frame.upward else 2)
        raw[at : at + 2] = flow.port.to_bytes(2)
    net, top = frame.network, frame.transport
    stop = frame.payload + frame.payload_len
    if raw[net] >> 4 == 4:
        raw[net + 10 : net + 12] = b"\0\0"
        raw[net + 10 : net + 12] = _checksum(bytes(raw[net : top or frame.payload])).to_bytes(2)
        pseudo = bytes(raw[net + 12 : net + 20])
    else:
        pseudo = bytes(raw[net + 8 : net + 40])
    if frame.protocol != ICMP:
        at = top + (16 if frame.protocol == TCP else 6)
        raw[at : at + 2] = b"\0\0"
        pseudo += frame.protocol.to_bytes(2) + (stop - top).to_bytes(2)
        raw[at : at + 2] = (_checksum(pseudo + bytes(raw[top:stop])) or 0xFFFF).to_bytes(2)
    return bytes(raw)


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total = int.from_bytes(data + b"\0" * (len(data) % 2)) % 0xFFFF
    return 0xFFFF - total


def _emit(flows: list[_Flow], start_us: int, seed: int) -> Iterator[bytes]:
    """The records of all flows in time order, in chunks."""
    random = np.random.default_rng(seed)
    pool: list[bytes] = []
    columns: list[Array] = []
    for flow in flows:
        columns.append(_rows(flow, len(pool), random))
        pool.extend(_rewritten(flow, frame) for part in flow.template.parts for frame in part)
    rows = np.concatenate(columns)
    rows = rows[np.argsort(rows["time"], kind="stable")]
    sizes = np.array([len(frame) + 16 for frame in pool])
    starts = np.cumsum(sizes) - sizes
    record = b"".join(b"\0" * 8 + len(frame).to_bytes(4, "little") * 2 + frame for frame in pool)
    bytes_of = np.frombuffer(record, dtype=np.uint8)
    for low in range(0, len(rows), CHUNK):
        part = rows[low : low + CHUNK]
        lengths = sizes[part["frame"]]
        at = np.cumsum(lengths) - lengths
        gather = np.arange(int(lengths.sum())) + np.repeat(starts[part["frame"]] - at, lengths)
        out = bytes_of[gather]
        moment = part["time"] + start_us
        _put(out, at, moment // 1_000_000, "<u4")
        _put(out, at + 4, moment % 1_000_000, "<u4")
        _shift_tcp(out, at, part)
        yield out.tobytes()


def _rows(flow: _Flow, base: int, random: Any) -> Array:
    """A row for each packet of a flow: frame, time, shifts of sequence and acknowledgement numbers."""
    opening, middle, end = flow.template.parts
    n, body, times = len(opening), len(middle), flow.repetitions
    turns = np.repeat(np.arange(times), body)
    frame = np.concatenate([np.arange(n), n + np.tile(np.arange(body), times), n + body + np.arange(len(end))])
    turn = np.concatenate([np.zeros(n, np.int64), turns, np.full(len(end), times - 1)])
    rows = np.zeros(len(frame), dtype=[("frame", "i8"), ("time", "i8"), ("seq", "i8"), ("ack", "i8"), ("tcp", "i8")])
    rows["frame"] = base + frame
    length = random.integers(60_000_000, SPAN_US // 2)
    begin = random.integers(0, SPAN_US - length)
    rows["time"] = begin + (np.arange(len(rows)) + random.random(len(rows))) * (length / len(rows))
    if flow.template.protocol == TCP:
        sent = {way: sum(f.payload_len for f in middle if f.upward is way) for way in (True, False)}
        order = [*opening, *middle, *end]
        own = np.array([sent[f.upward] for f in order])[frame]
        other = np.array([sent[not f.upward] for f in order])[frame]
        rows["seq"], rows["ack"] = own * turn, other * turn
        rows["tcp"] = np.array([f.transport + 16 for f in order])[frame]
    return rows


def _put(out: Array, at: Array, values: Array, form: str) -> None:
    """Write integers of a form at places."""
    raw = values.astype(form).view(np.uint8).reshape(len(values), -1)
    for column in range(raw.shape[1]):
        out[at + column] = raw[:, column]


def _get(out: Array, at: Array, length: int) -> Array:
    """Big-endian integers at places."""
    value = np.zeros(len(at), np.int64)
    for column in range(length):
        value = value << 8 | out[at + column]
    return value


def _shift_tcp(out: Array, at: Array, part: Array) -> None:
    """Add to sequence and acknowledgement numbers, and keep the checksum right (RFC 1624)."""
    chosen = (part["tcp"] > 0) & ((part["seq"] > 0) | (part["ack"] > 0))
    place = at[chosen] + part["tcp"][chosen]
    total = np.zeros(len(place), np.int64)
    for offset, shift in ((4, part["seq"][chosen]), (8, part["ack"][chosen])):
        before = _get(out, place + offset, 4)
        after = (before + shift) % 2**32
        total += (after >> 16) + (after & 0xFFFF) + (0xFFFF - (before >> 16)) + (0xFFFF - (before & 0xFFFF))
        _put(out, place + offset, after, ">u4")
    total += 0xFFFF - _get(out, place + 16, 2)
    for _ in range(3):
        total = (total & 0xFFFF) + (total >> 16)
    _put(out, place + 16, 0xFFFF - total, ">u2")


def version() -> str:
    """Changes with the maker and the frames that it repeats."""
    folder = Path(__file__).parent
    parts = [folder / name for name in ("maker.py", "mix.py", "templates.py", "hostile.py")]
    parts += sorted((folder.parent / "demo").glob("*.pcap.gz"))
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:12]

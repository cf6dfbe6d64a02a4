"""What the lab's truth says of actions, held against the operating conclusion of a report and its signatures."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from idletalk.actions.carrier import Carrier
from idletalk.actions.signature import Signature
from idletalk.model import OperatingRow
from idletalk.signatures import learnt, matches

FIRST = {"cloud": "cloud", "sensor": "device", "lan": "phone"}
"""Whose packet is first, by how an event came."""
NS_PER_S = 1_000_000_000
OPPOSITE = {
    "on": "off", "off": "on", "open": "close", "close": "open", "stream_on": "stream_off", "stream_off": "stream_on",
}  # fmt: skip

Way = tuple[str, str, str]
"""(name of the device, action, whose packet is first)"""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How often a question about actions was answered rightly; what was wrong, in words."""

    right: int
    wrong: tuple[str, ...]
    unknown: int = 0

    def __add__(self, other: "Verdicts") -> "Verdicts":
        return Verdicts(self.right + other.right, self.wrong + other.wrong, self.unknown + other.unknown)


def way(event: Mapping[str, Any]) -> Way:
    """The row of the conclusion to which an event belongs."""
    return event["device"], event["action"], FIRST[event["via"].split()[0]]


def by_way(rows: Iterable[OperatingRow]) -> dict[Way, OperatingRow]:
    """Rows of the operating conclusion by device, action and first packet."""
    return {(row.name, row.action, row.first_packet): row for row in rows}


def initiators(truth: Mapping[str, Any], rows: Mapping[Way, OperatingRow]) -> Verdicts:
    """Whose packet was first, event by event."""
    wanted = Counter(way(event) for event in truth["events"])
    found = Counter({key: row.repetitions for key, row in rows.items()})
    wrong = [f"missed {key} {times} x" for key, times in (wanted - found).items()]
    wrong += [f"invented {key} {times} x" for key, times in (found - wanted).items()]
    return Verdicts(sum((wanted & found).values()), tuple(wrong))


def hosts(truth: Mapping[str, Any], rows: Mapping[Way, OperatingRow]) -> Verdicts:
    """The Internet hosts that take part in each action."""
    streams = [stream for device in truth["devices"] for stream in device["streams"]]
    wanted: dict[Way, set[str]] = {}
    for event in truth["events"]:
        own = wanted.setdefault(way(event), set())
        own |= set(event["peers"])
        if event["action"] == "stream_on":
            own |= {stream["peer"] for stream in streams if stream["device"] == event["device"]}
    found = {key: {step.peer for step in row.steps if step.peer_kind == "cloud"} for key, row in rows.items()}
    return _same(wanted, found)


def openness(truth: Mapping[str, Any], rows: Mapping[Way, OperatingRow]) -> Verdicts:
    """Whether the first packet came on a connection that was open before: all but the phone's do."""
    wanted = {way(event): not event["via"].startswith("lan") for event in truth["events"]}
    return _same(wanted, {key: row.already_open for key, row in rows.items()})


def effects(truth: Mapping[str, Any], rows: Mapping[Way, OperatingRow]) -> Verdicts:
    """Whether the action shows on the LAN."""
    wanted = {way(event): bool(event.get("announced_bytes")) for event in truth["events"]}
    return _same(wanted, {key: bool(row.lan_effects) for key, row in rows.items()})


def streams(truth: Mapping[str, Any], rows: Mapping[Way, OperatingRow]) -> Verdicts:
    """Whether a stream begins, and to whom, or one ends."""
    begun = [(stream["device"], stream["peer"]) for device in truth["devices"] for stream in device["streams"]]
    wanted = {
        way(event): (
            {peer for name, peer in begun if name == event["device"] and event["action"] == "stream_on"},
            event["action"] == "stream_off" and event["device"] in {name for name, _ in begun},
        )
        for event in truth["events"]
    }
    found = {
        key: ({step.peer for step in row.steps if step.is_stream}, bool(row.streams_ended)) for key, row in rows.items()
    }
    return _same(wanted, found)


def _same(wanted: Mapping[Way, object], found: Mapping[Way, object]) -> Verdicts:
    both = wanted.keys() & found.keys()
    wrong = [f"{key}: {found[key]!r} for {wanted[key]!r}" for key in sorted(both) if found[key] != wanted[key]]
    return Verdicts(len(both) - len(wrong), tuple(wrong))


def apart(truth: Mapping[str, Any], rows: Mapping[Way, OperatingRow]) -> Verdicts:
    """Whether lengths tell an action from its opposite; unknown where repetitions are too few to say."""
    lengths: dict[Way, list[tuple[int, ...]]] = {}
    for event in truth["events"]:
        seen = (event["pushed_bytes"] or 0, event.get("announced_bytes") or 0)
        lengths.setdefault(way(event), []).append(seen)
    right, unknown, wrong = 0, 0, list[str]()
    for (name, action, first), row in sorted(rows.items()):
        other = (name, OPPOSITE.get(action, ""), first)
        if (name, action, first) not in lengths or other not in lengths:
            continue
        wanted = action.startswith("stream") or _disjoint(lengths[name, action, first], lengths[other])
        if row.distinguishable is None:
            unknown += 1
        elif row.distinguishable == wanted:
            right += 1
        else:
            wrong.append(f"{(name, action, first)}: {row.distinguishable} for {wanted}")
    return Verdicts(right, tuple(wrong), unknown)


def _disjoint(one: Sequence[tuple[int, ...]], other: Sequence[tuple[int, ...]]) -> bool:
    """Whether lengths of some message lie in ranges that do not meet."""
    return any(
        max(a) < min(b) or max(b) < min(a)
        for a, b in zip(zip(*one, strict=True), zip(*other, strict=True), strict=True)
    )


@dataclass(frozen=True, slots=True)
class Recall:
    """What signatures found, and where they should not."""

    held_back: int
    recalled: int
    idle: int
    """matches at the own device while nobody acted"""
    idle_days: float
    """device days in which nobody acted, over all signatures"""
    foreign: int
    """matches at devices of other kinds"""
    foreign_blind: int
    """the same where neither names nor networks are known"""
    foreign_packets: int
    """packets of those, over all signatures"""

    def __add__(self, other: "Recall") -> "Recall":
        pairs = zip(_figures(self), _figures(other), strict=True)
        return Recall(*(one + two for one, two in pairs))  # pyright: ignore[reportArgumentType]: sums of their kind


def _figures(recall: Recall) -> tuple[float, ...]:
    return (
        recall.held_back, recall.recalled, recall.idle, recall.idle_days,
        recall.foreign, recall.foreign_blind, recall.foreign_packets,
    )  # fmt: skip


def recall(
    truth: Mapping[str, Any], rows: Mapping[Way, OperatingRow], folder: Path, packets: Mapping[str, int]
) -> Recall:
    """Signatures held against what was held back, the hours in which nobody acted, and devices of other kinds.

    `packets` are the frames of each device, by name.
    """
    programs = {device["name"]: device["program"] for device in truth["devices"]}
    idle = [(_ns(phase["from"]), _ns(phase["to"])) for phase in truth["phases"] if phase["name"] == "idle"]
    idle_s = sum(high - low for low, high in idle) / NS_PER_S
    total = Recall(0, 0, 0, 0, 0, 0, 0)
    for name in sorted({name for name, _, _ in rows}):
        signatures = learnt(folder, name)
        tested = [rows[name, one.action, one.first_packet] for one in signatures]
        found = matches(signatures, folder)
        own = [time for time, device, *_ in found if device == name]
        others = {device for device, program in programs.items() if program != programs[name]}
        total += Recall(
            sum(row.held_back for row in tested),
            sum(row.recalled or 0 for row in tested),
            sum(any(low <= time < high for low, high in idle) for time in own),
            len(signatures) * idle_s / 86_400,
            sum(device in others for _, device, *_ in found),
            sum(device in others for _, device, *_ in matches([_blind(one) for one in signatures], folder)),
            len(signatures) * sum(packets.get(device, 0) for device in others),
        )
    return total


def _blind(signature: Signature) -> Signature:
    """A signature that knows of its peers only whether they are in the LAN."""
    sequences = [replace(one, carrier=Carrier(reach=one.carrier.reach)) for one in signature.sequences]
    return replace(signature, sequences=tuple(sequences))


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * NS_PER_S)

"""What do actions of a user look like on the wire?"""

from collections.abc import Iterable, Iterator, Sequence

from idletalk import filters
from idletalk.actions import background, causes, match, portable, signature
from idletalk.actions.burst import Event
from idletalk.actions.clock import offset_ns
from idletalk.actions.judgement import APART, Act, acts, false_per_day
from idletalk.actions.txt import fields
from idletalk.actions.unnamed import ALONE_S, HEARERS, MIN_REPORTS, most_reports, unnamed
from idletalk.behaviours.behaviour import Ask, Behaviour, Row, insert
from idletalk.behaviours.finding import MAX_KEPT, Claim, Kind, Scene
from idletalk.behaviours.operating_bursts import begins_of, bursts_of
from idletalk.plural import counted

MIN_RECALL = 0.5
"""Share of the repetitions held back that a signature must find before a finding says that it can."""
MAX_FALSE_PER_DAY = 1.0
"""False matches in a day that a signature may have, for the same."""
MAX_OFFERED_BURSTS = 5_000
"""Bursts of a device up to which unnamed actions are looked for: some hundredths of a second of work."""
MAX_OFFERED = 20_000
"""The same of all devices together."""
NEAR_NS = 60_000_000_000
"""An event so near to a captured frame was captured, if the clocks agree (actions/clock.py)."""
SLOT_NS = 900_000_000_000
"""Length of a slot of flow_segments."""
MAX_RECORDS = 200
"""TXT records that are read of one action."""

VISIBLE = Kind(
    name="action-visible",
    severity="low",
    meaning="Who sees the encrypted traffic can tell from lengths and directions of packets when the device is used.",
    would_change="padding, or traffic at random times, after which the signature finds no repetition that was held back",
)


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    events: dict[str, list[Event]] = {}
    for row in ask(
        "SELECT DISTINCT d.device, e.action, e.time_ns, e.within_s FROM lab_events AS e JOIN devices AS d"
        " ON lower(e.device) IN (lower(d.name), lower(d.device)) OR list_contains(d.macs, lower(e.device))"
        # what was not captured is not said to show nothing
        " WHERE EXISTS (SELECT 1 FROM flow_segments WHERE first_ns <= e.time_ns + $1 AND last_ns >= e.time_ns - $1"
        " AND slot_ns BETWEEN e.time_ns - $2 AND e.time_ns + $1) ORDER BY ALL",
        NEAR_NS,
        SLOT_NS + NEAR_NS,
    ):
        events.setdefault(row["device"], []).append(_event(row))
    _offer(ask, scene, [device for device in scene.subjects if device not in events])
    bursts = bursts_of(ask, scene, list(events))
    offset = offset_ns(events, bursts)
    found = [
        act
        for device, own in events.items()
        for act in acts(device, own, bursts[device], offset or 0, scene.observed_s)
    ]
    insert(ask, "actions", [_row(act, offset, scene) for act in found])
    insert(ask, "action_steps", [step for act in found for step in _steps(ask, act)])
    insert(ask, "action_stream_ends", [end for act in found for end in _stream_ends(act)])
    return [claim for act in found if (claim := _claim(scene, act)) is not None]


def _event(row: Row) -> Event:
    return Event(time_ns=row["time_ns"], action=row["action"], within_ns=int(row["within_s"] * 1e9))


def _offer(ask: Ask, scene: Scene, devices: Sequence[str]) -> None:
    """What may be actions of devices for which no events are known."""
    counted = ask(
        "SELECT device, count(*) AS n FROM flow_ends JOIN bursts USING (flow) GROUP BY device HAVING n <= ? ORDER BY n, device",
        MAX_OFFERED_BURSTS,
    )
    chosen: list[str] = []
    room = MAX_OFFERED
    for row in counted:
        room -= row["n"]
        if row["device"] in devices and room >= 0:
            chosen.append(row["device"])
    rows = [
        (
            *(device, one.peer, one.peer_kind, one.service, one.first_packet, one.least_bytes, one.most_bytes),
            *(one.times, one.first_ns, one.last_ns),
        )
        for device, bursts in begins_of(ask, scene, chosen, HEARERS, int(most_reports(scene.observed_s))).items()
        for one in unnamed(bursts, scene.observed_s)
    ]
    insert(ask, "unnamed_actions", rows)


def _key(act: Act) -> tuple[str, str, str]:
    return act.device, act.action, act.first_packet


def _row(act: Act, offset: int | None, scene: Scene) -> tuple[object, ...]:
    return (
        *_key(act),
        len(act.repetitions),
        act.events,
        None if offset is None else offset / 1e9,
        act.counterpart,
        act.distinguishable,
        act.signature.learnt_from if act.signature else None,
        act.held_back,
        act.recalled if act.signature else None,
        act.false_matches,
        false_per_day(act, scene.observed_s),
        portable.to_json([act.signature]) if act.signature else None,
        act.first_packet == "device" and "station_to_station" in scene.unseen,
    )


def _steps(ask: Ask, act: Act) -> Iterator[tuple[object, ...]]:
    for number, step in enumerate(act.steps, 1):
        announced = _announced(ask, act) if step.service.startswith("mdns") and step.by_device else ()
        yield (
            *_key(act),
            number,
            *(step.peer, step.peer_kind, step.service, step.by_device, step.repetitions),
            *(step.latency_s, *step.latency_range_s, list(step.least), list(step.most)),
            *(list(step.gaps_us), list(step.least_gaps_us), list(step.most_gaps_us), step.was_open, step.open_s),
            *(step.tx_bytes, step.rx_bytes, step.packets, step.duration_s, step.is_stream, list(announced)),
        )


def _stream_ends(act: Act) -> Iterator[tuple[object, ...]]:
    for one in act.ended:
        told = (one.peer, one.service, one.repetitions, one.latency_s, one.duration_s, one.tx_bytes, one.rx_bytes)
        yield (*_key(act), *told)


def _announced(ask: Ask, act: Act) -> Sequence[str]:
    """The fields of what the device announced in the windows of the action."""
    spans = [(window.low_ns, window.high_ns) for window, _ in act.repetitions]
    rows = ask(
        "SELECT content, time_ns FROM payloads JOIN endpoints ON endpoint = endpoint(source_mac, source)"
        " WHERE carrier = 'mdns' AND device = ? ORDER BY time_ns, content",
        act.device,
    )
    return fields([row["content"] for row in rows if any(a <= row["time_ns"] < b for a, b in spans)][:MAX_RECORDS])


def _claim(scene: Scene, act: Act) -> Claim | None:
    """What an eavesdropper can tell, where the repetitions that were held back show it."""
    per_day = false_per_day(act, scene.observed_s)
    if act.signature is None or act.held_back == 0 or per_day is None:
        return None
    if act.recalled < MIN_RECALL * act.held_back or per_day > MAX_FALSE_PER_DAY:
        return None
    frames = sorted({(burst.capture, burst.frame) for _, those in act.repetitions for burst in those})
    peers = sorted({step.peer for step in act.steps} | {burst.peer for _, those in act.repetitions for burst in those})
    apart = f" It can be told apart from {act.counterpart!r}." if act.distinguishable else ""
    told = (
        f"that {act.action!r} or {act.counterpart!r} is done, but not which of the two"
        if act.distinguishable is False
        else f"{act.action!r}"
    )
    return Claim(
        kind=VISIBLE.name,
        device=act.device,
        subject=f"{act.action} by {act.first_packet}",
        sentence=(
            f"Anyone who sees the traffic of {scene.name(act.device)} can tell {told} (first packet: {act.first_packet}) by lengths,"
            f" directions and peers of packets: {act.recalled} of {counted(act.held_back, 'repetition that was', 'repetitions that were')} held back"
            f" {'was' if act.recalled == 1 else 'were'} found, with {counted(act.false_matches or 0, 'other match', 'other matches')} in the second half of the"
            f" capture.{apart}"
        ),
        numbers={
            "repetitions": len(act.repetitions),
            "learnt_from": act.signature.learnt_from,
            "held_back": act.held_back,
            "recalled": act.recalled,
            "false_matches": act.false_matches,
        },
        frames=len(frames),
        kept=frames[:MAX_KEPT],
        filter=filters.both(
            scene.of(act.device), filters.either([filters.of_peer(scene.mac_prefix, peer) for peer in peers])
        ),
        filter_note="all frames with the peers of the action; counted are the first frames of its bursts",
    )


BEHAVIOUR = Behaviour(
    name="operating",
    question="What do actions of a user look like on the wire, who begins, and what can an eavesdropper tell?",
    method=(
        "Events come from the lab file or a table of events. The clock of who wrote them down is held against the capture: the "
        "offset is that after which most events are followed by bursts of rare kinds; where another explains as many, none is believed. A device's bursts in the window from "
        f"{background.BEFORE_S:g} s before to {background.AFTER_S:g} s after an event (PingPong, NDSS 2020) are its own if their kind (peer, "
        "service, who begins, cluster of the first length) comes in more of the windows than the rest of the capture "
        f"explains (binomial, below {background.MAX_CHANCE:g}; the chance of one window is at most how many are expected in it, whether they come at random or regularly). Repetitions are told apart by whose packet is first seen. A signature is "
        f"learnt from every other repetition: up to {signature.MAX_SEQUENCES} runs of up to {signature.MAX_PACKETS} packets, each with the range of its length "
        f"({signature.EPSILON_BYTES} bytes more at most, where it varies), and of the peers the registrable domains, the AS numbers, and whether "
        "they are in the LAN, no addresses. A burst with a peer of another name, or without names of another network, does not match; "
        f"where no name tells, packets may come {match.MORE} times as late as in training, and {match.LATE_US // 1000} ms. The others test it, and "
        f"so does the second half of the capture outside all events; of several signatures the first half chooses. Two opposite actions can be told apart if in {APART:.0%} of the held-back repetitions only the right signature stands. "
        "A command that another sends a device right before it acts is the begin, where a burst of its kind comes there by chance less than "
        f"{causes.MAX_CHANCE:g} times in all repetitions. "
        "For a device without events, bursts that a cloud or a phone begins again and again at no regular time are offered as "
        f"unnamed actions, and those that the device itself begins on an open connection after {ALONE_S:g} s of silence, at least "
        f"{MIN_REPORTS} times at no regular time."
    ),
    limits=(
        "Whose packet is first is said as seen from this capture point. One repetition gives the steps, but no signature can be "
        "learnt from it. What comes as often without events as after them is taken as background. A command that "
        "this capture point does not see leaves the device as the one that begins."
    ),
    tables=("actions", "action_steps", "action_stream_ends", "unnamed_actions"),
    kinds=(VISIBLE,),
    judge=_judge,
)

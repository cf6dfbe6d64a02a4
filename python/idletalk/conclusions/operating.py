"""The operating conclusion: what each action of a user looks like on the wire."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from idletalk.actions.opposites import order
from idletalk.actions.signature import MIN_TRAINING
from idletalk.behaviours.rows import iso
from idletalk.model import ActionStep, Device, OperatingRow, Peer, UnnamedAction

Ask = Callable[..., Sequence[Mapping[str, Any]]]


def operating_rows(ask: Ask, devices: Sequence[Device]) -> tuple[OperatingRow, ...] | None:
    """A row for each action of each device and way in which it comes, opposite ones together; none where no event is known."""
    known = {device.id: device for device in devices}
    steps: dict[tuple[str, str, str], list[ActionStep]] = {}
    for row in ask("FROM action_steps ORDER BY device, action, first_packet, step"):
        peer = _peer(known.get(row["device"]), row["peer"])
        steps.setdefault(_key(row), []).append(_step(row, peer))
    ended: dict[tuple[str, str, str], list[str]] = {}
    for row in ask("FROM action_stream_ends ORDER BY latency_s, service, peer"):
        name = _name(row["peer"], _peer(known.get(row["device"]), row["peer"]))
        ended.setdefault(_key(row), []).append(
            f"{_rate(row['service'], name, row)}, ends {row['latency_s']:.2f} s after"
        )
    rows = sorted((row for row in ask("FROM actions") if row["device"] in known), key=_place)
    return (
        tuple(_row(row, known[row["device"]].name, steps.get(_key(row), []), ended.get(_key(row), ())) for row in rows)
        or None
    )


def unnamed_actions(ask: Ask, devices: Sequence[Device]) -> tuple[UnnamedAction, ...]:
    """What may be actions of devices for which no event is known, those that came most often first."""
    known = {device.id: device for device in devices}
    found: list[UnnamedAction] = []
    for row in ask("FROM unnamed_actions ORDER BY times DESC, device, service, peer, least_bytes"):
        if row["device"] not in known:
            continue
        device = known[row["device"]]
        peer = _peer(device, row["peer"])
        found.append(
            UnnamedAction(
                device=device.id,
                name=device.name,
                peer=row["peer"],
                peer_name=_name(row["peer"], peer),
                provider=_holder(peer),
                country=_country(peer),
                service=row["service"],
                first_packet=row["first_packet"],
                least_bytes=row["least_bytes"],
                most_bytes=row["most_bytes"],
                times=row["times"],
                first=iso(row["first_ns"]),
                last=iso(row["last_ns"]),
            )
        )
    return tuple(found)


def _peer(device: Device | None, address: str) -> Peer | None:
    return next((peer for peer in device.peers if peer.address == address), None) if device else None


def _name(address: str, peer: Peer | None) -> str:
    return peer.names[0].name if peer and peer.names else address


def _holder(peer: Peer | None) -> str | None:
    return (peer.provider or peer.organisation) if peer else None


def _country(peer: Peer | None) -> str | None:
    return None if peer is None or peer.anycast else peer.country


def _place(row: Mapping[str, Any]) -> tuple[str, str, str, int, str]:
    stem, place, action = order(row["action"])
    return row["device"], stem, row["first_packet"], place, action


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["device"], row["action"], row["first_packet"]


def _step(row: Mapping[str, Any], peer: Peer | None) -> ActionStep:
    return ActionStep(
        peer=row["peer"],
        peer_name=_name(row["peer"], peer),
        peer_kind=row["peer_kind"],
        provider=_holder(peer),
        country=_country(peer),
        service=row["service"],
        by_device=row["by_device"],
        repetitions=row["repetitions"],
        latency_s=row["latency_s"],
        latency_range_s=(row["least_latency_s"], row["most_latency_s"]),
        least=tuple(row["least"]),
        most=tuple(row["most"]),
        gaps_us=tuple(row["gaps_us"]),
        least_gaps_us=tuple(row["least_gaps_us"]),
        most_gaps_us=tuple(row["most_gaps_us"]),
        was_open=row["was_open"],
        open_s=row["open_s"],
        tx_bytes=row["tx_bytes"],
        rx_bytes=row["rx_bytes"],
        packets=row["packets"],
        duration_s=row["duration_s"],
        is_stream=row["is_stream"],
        fields=tuple(row["fields"]),
    )


def _row(row: Mapping[str, Any], name: str, steps: Sequence[ActionStep], ended: Sequence[str]) -> OperatingRow:
    clouds = [step for step in steps if step.peer_kind == "cloud"]
    return OperatingRow(
        device=row["device"],
        name=name,
        action=row["action"],
        first_packet=row["first_packet"],
        command_unseen=row["command_unseen"],
        repetitions=row["repetitions"],
        events=row["events"],
        clock_offset_s=row["clock_offset_s"],
        clouds=tuple(sorted({step.provider or "unknown" for step in clouds})),
        countries=tuple(sorted({step.country for step in clouds if step.country})),
        already_open=steps[0].was_open if steps else None,
        lan_effects=tuple(
            f"{step.service} to {step.peer}" for step in steps if step.peer_kind == "group" and step.by_device
        ),
        streams=tuple(
            f"{_rate(step.service, step.peer_name, asdict(step))}, begins {step.latency_s:.2f} s after"
            for step in steps
            if step.is_stream
        ),
        streams_ended=tuple(ended),
        counterpart=row["counterpart"],
        distinguishable=row["distinguishable"],
        learnt_from=row["learnt_from"],
        held_back=row["held_back"],
        recalled=row["recalled"],
        false_per_day=row["false_per_day"],
        signature_note=signature_note(row),
        steps=tuple(steps),
    )


def _rate(service: str, peer_name: str, volume: Mapping[str, Any]) -> str:
    rate = 8 * (volume["tx_bytes"] + volume["rx_bytes"]) / volume["duration_s"] / 1000
    return f"{service} with {peer_name}: {rate:.0f} kbit/s for {volume['duration_s']:.1f} s"


def signature_note(row: Mapping[str, Any]) -> str:
    """Why an action has no signature, by its row of `actions`; empty where it has one."""
    if row["first_packet"] == "unknown":
        return "nothing beyond the background was seen"
    if row["learnt_from"] is not None:
        return ""
    if row["repetitions"] == 1:
        return "from a single repetition no signature can be learnt"
    if row["repetitions"] < 2 * MIN_TRAINING - 1:
        return "too few repetitions to learn a signature and hold some back"
    return "the repetitions have no lengths in common"

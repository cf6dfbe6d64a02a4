"""The operating conclusion: what each action of a user looks like on the wire."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from idletalk.actions.signature import MIN_TRAINING
from idletalk.model import ActionStep, Device, OperatingRow, Peer

Ask = Callable[..., Sequence[Mapping[str, Any]]]


def operating_rows(ask: Ask, devices: Sequence[Device]) -> tuple[OperatingRow, ...] | None:
    """A row for each action of each device and way in which it comes; none where no event is known."""
    known = {device.id: device for device in devices}
    steps: dict[tuple[str, str, str], list[ActionStep]] = {}
    for row in ask("FROM action_steps ORDER BY device, action, first_packet, step"):
        peers = {peer.address: peer for peer in known[row["device"]].peers} if row["device"] in known else {}
        steps.setdefault(_key(row), []).append(_step(row, peers.get(row["peer"])))
    rows = [row for row in ask("FROM actions ORDER BY device, action, first_packet") if row["device"] in known]
    return tuple(_row(row, known[row["device"]].name, steps.get(_key(row), [])) for row in rows) or None


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["device"], row["action"], row["first_packet"]


def _step(row: Mapping[str, Any], peer: Peer | None) -> ActionStep:
    return ActionStep(
        peer=row["peer"],
        peer_name=peer.names[0].name if peer and peer.names else row["peer"],
        peer_kind=row["peer_kind"],
        provider=(peer.provider or peer.organisation) if peer else None,
        country=None if peer is None or peer.anycast else peer.country,
        service=row["service"],
        by_device=row["by_device"],
        repetitions=row["repetitions"],
        latency_s=row["latency_s"],
        least=tuple(row["least"]),
        most=tuple(row["most"]),
        was_open=row["was_open"],
        open_s=row["open_s"],
        tx_bytes=row["tx_bytes"],
        rx_bytes=row["rx_bytes"],
        packets=row["packets"],
        duration_s=row["duration_s"],
        is_stream=row["is_stream"],
        fields=tuple(row["fields"]),
    )


def _row(row: Mapping[str, Any], name: str, steps: Sequence[ActionStep]) -> OperatingRow:
    clouds = [step for step in steps if step.peer_kind == "cloud"]
    return OperatingRow(
        device=row["device"],
        name=name,
        action=row["action"],
        first_packet=row["first_packet"],
        repetitions=row["repetitions"],
        events=row["events"],
        clock_offset_s=row["clock_offset_s"],
        clouds=tuple(sorted({step.provider or "unknown" for step in clouds})),
        countries=tuple(sorted({step.country for step in clouds if step.country})),
        already_open=steps[0].was_open if steps else None,
        lan_effects=tuple(
            f"{step.service} to {step.peer}" for step in steps if step.peer_kind == "group" and step.by_device
        ),
        streams=tuple(_stream(step) for step in steps if step.is_stream),
        counterpart=row["counterpart"],
        distinguishable=row["distinguishable"],
        learnt_from=row["learnt_from"],
        held_back=row["held_back"],
        recalled=row["recalled"],
        false_per_day=row["false_per_day"],
        signature_note=_note(row),
        steps=tuple(steps),
    )


def _stream(step: ActionStep) -> str:
    rate = 8 * (step.tx_bytes + step.rx_bytes) / step.duration_s / 1000
    return f"{step.service} with {step.peer_name}: {rate:.0f} kbit/s for {step.duration_s:.1f} s"


def _note(row: Mapping[str, Any]) -> str:
    if row["first_packet"] == "unknown":
        return "nothing beyond the background was seen"
    if row["learnt_from"] is not None:
        return ""
    if row["repetitions"] == 1:
        return "from a single repetition no signature can be learnt"
    if row["repetitions"] < 2 * MIN_TRAINING - 1:
        return "too few repetitions to learn a signature and hold some back"
    return "the repetitions have no lengths in common"

"""A device in plain sentences: who it is, whom it talks to, how much, encrypted or not, and what each question found."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from markupsafe import Markup, escape

from idletalk.conclusions.idle import clocks, internet_services, neighbours
from idletalk.lookups.world import country_names
from idletalk.model import Check, Device, Finding, Report
from idletalk.report.portions import VERDICTS
from idletalk.report.queries import figure
from idletalk.report.text import clean, human_bytes

MAX_NAMED = 6
"""Of clouds, protocols and the like in one sentence; the tables have all."""

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "What it gives away": ("exposure",),
    "How well its channels are protected": ("handshakes",),
    "What it does to its neighbours": ("lateral", "services"),
    "What its actions look like": ("operating",),
    "How it updates": ("updates", "update_signs"),
    "What fails": ("timesync", "misconfiguration", "fallback"),
}
"""Parts of the dossier by the questions that they answer (names of behaviours)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a dossier: a heading, sentences, and the findings below them."""

    title: str
    sentences: Sequence[Markup]
    findings: Sequence[Finding] = ()


def dossiers(report: Report) -> Callable[[Device], list[Part]]:
    """What gives the parts of a device's dossier in reading order."""
    asked = {kind.name: question.name for question in report.questions for kind in question.kinds}
    findings: dict[str, list[Finding]] = {}
    for finding in report.findings:
        findings.setdefault(finding.device, []).append(finding)
    checks: dict[str, list[Check]] = {}
    for check in report.checks:
        checks.setdefault(check.device, []).append(check)
    hides_lan = any(blindness.kind == "station_to_station" for blindness in report.cannot_be_seen)
    return lambda device: _parts(device, findings.get(device.id, []), checks.get(device.id, []), asked, hides_lan)


def _parts(
    device: Device, own: list[Finding], checks: list[Check], asked: Mapping[str, str], hides_lan: bool
) -> list[Part]:
    """The parts of one device, with its findings and checks.

    `asked` tells the question of each kind of finding, `hides_lan` that what devices say to one another cannot be seen.
    """
    parts = [
        Part("Who it is", [_who(device)]),
        Part("Whom it talks to", _whom(device, hides_lan)),
        Part("How much", [_volume(device)]),
        Part("Encrypted or not", _encrypted(device)),
    ]
    for title, questions in ANSWERS.items():
        found = [finding for finding in own if asked.get(finding.kind) in questions]
        checked = (check for check in checks if check.question in questions and check.outcome != "found")
        # several questions may be answered alike
        said = list(dict.fromkeys(_told(check) for check in checked))
        if found or said:
            parts.append(Part(title, () if found else said, found))
    answered = {question for questions in ANSWERS.values() for question in questions}
    rest = [finding for finding in own if asked.get(finding.kind) not in answered]
    return [*parts, Part("What else was found", (), rest)] if rest else parts


def _told(check: Check) -> Markup:
    return Markup('<span data-q="report.checks">{}</span>').format(clean(check.sentence))


def _some(words: Sequence[str]) -> str:
    return clean(
        ", ".join(words[:MAX_NAMED]) + (f" and {len(words) - MAX_NAMED} more" if len(words) > MAX_NAMED else "")
    )


def _sentence(text: str, **parts: Any) -> Markup:
    """A sentence with its parts put in; texts are made harmless, figures stay what they are."""
    return Markup(text).format(**{name: clean(v) if type(v) is str else v for name, v in parts.items()})  # noqa: S704


def _least(count: int) -> Markup:
    """A number of peers where only those with the most bytes are listed."""
    return Markup('<span data-q="report.peers">at least {}</span>').format(count)


def _who(device: Device) -> Markup:
    maker = f"a device of {device.vendor.rstrip('.')}" if device.vendor else "a device of an unknown vendor"
    if device.mac_is_random:
        maker = "a device whose MAC was chosen by software"
    told = Markup("")
    kinds: dict[str, list[str]] = {}
    for fact in device.facts:
        if fact.kind in ("manufacturer", "model", "firmware", "os"):
            kinds.setdefault(fact.kind, []).append(fact.value)
    if kinds:
        told = _sentence(
            " It says of itself: {facts}.",
            facts="; ".join(f"{kind} {_some(list(dict.fromkeys(values)))}" for kind, values in kinds.items()),
        )
    role = f", taken for a {device.role} ({device.role_told_by})" if device.role and device.role != "device" else ""
    return _sentence("{name} is {maker}{role}.", name=device.name, maker=maker, role=role) + told


def _whom(device: Device, hides_lan: bool) -> list[Markup]:
    if any(each.protocol == "wlan-protected" for each in device.protocols) and not any(
        each.transport for each in device.protocols
    ):
        return [_sentence("Its packets are encrypted on the air, so that its hosts cannot be seen.")]
    if device.role == "gateway":
        return [_sentence("What it forwards for others is in its traffic, not among its peers.")]
    services = internet_services(device)
    near, clock = len(neighbours(device)), clocks(device)
    exact = not device.peers_omitted
    hosts = figure(len(services), "device.internet_hosts") if exact else _least(len(services))
    said = [
        _sentence(
            "It spoke with {hosts} {noun} on the Internet beside {clock} that it asks for the time, and with {lan}.",
            hosts=hosts,
            noun="host" if exact and len(services) == 1 else "hosts",
            clock=figure(clock, "device.ntp_hosts") if exact else _least(clock),
            lan=_near(near, exact, hides_lan),
        )
    ]
    holders = Counter[str]()
    for peer in services:
        holders[peer.provider or peer.organisation or "networks that nobody knows"] += peer.traffic.unique.total_bytes
    if holders:
        places = sorted({country_names().get(p.country, p.country) for p in services if p.country and not p.anycast})
        said.append(
            _sentence(
                "Most bytes went to and came from {holders}; look-up tables place these hosts in {places}.",
                holders=_some([name for name, _ in holders.most_common()]),
                places=_some(places) or "no country that they know",
            )
        )
    return said


def _near(near: int, exact: bool, hides_lan: bool) -> Markup:
    if not near and hides_lan:
        return Markup("no neighbour that could be seen here")
    return _sentence("{lan} in this network", lan=figure(near, "device.lan_hosts") if exact else _least(near))


def _volume(device: Device) -> Markup:
    own = device.traffic.unique
    hourly, daily = device.bytes_per_observed_hour, device.bytes_per_observed_day
    text = "It sent {tx} in {txn} {noun} and received {rx} in {rxn}{rate}."
    return _sentence(
        text,
        tx=figure(own.tx_bytes, "device.tx_bytes", human_bytes(own.tx_bytes)),
        txn=figure(own.tx_packets, "device.tx_frames"),
        noun="frame" if own.tx_packets == 1 else "frames",
        rx=figure(own.rx_bytes, "device.rx_bytes", human_bytes(own.rx_bytes)),
        rxn=figure(own.rx_packets, "device.rx_frames"),
        rate=""
        if hourly is None
        else _sentence(", {hourly} in an observed hour", hourly=figure(hourly, "device.hourly", human_bytes(hourly)))
        + (
            Markup("")
            if daily is None
            else _sentence(", {daily} in a day", daily=figure(daily, "device.daily", human_bytes(daily)))
        ),
    )


def _encrypted(device: Device) -> list[Markup]:
    carried = device.payload
    if carried is None:
        return [_sentence("It carried nothing that could be encrypted.")]
    words = dict(VERDICTS)
    shares = Markup(", ").join(
        _sentence(
            "{share} {word}",
            share=payload_figure(kind, volume, f"{100 * volume / carried.total:.1f} %"),
            word=words[kind],
        )
        for kind in (field.name for field in fields(carried))
        if (volume := getattr(carried, kind))
    )
    said = [_sentence("Of the bytes that it carried: {shares}.", shares=shares)] if carried.total else []
    clear = Counter[str]()
    for peer in device.peers:
        if peer.scope in ("internet", "lan", "routed"):
            for protocol in peer.protocols:
                if protocol.payload in ("cleartext", "mixed"):
                    clear[protocol.protocol] += protocol.traffic.unique.total_bytes
    if clear:
        said.append(
            _sentence("In clear, to single hosts: {names}.", names=_some([name for name, _ in clear.most_common()]))
        )
    return said


def payload_figure(kind: str, value: int, text: str) -> Markup:
    """A figure of payload bytes, which names the verdict that its query asks for."""
    return Markup('<span data-verdict="{}">{}</span>').format(escape(kind), figure(value, "device.payload", text))

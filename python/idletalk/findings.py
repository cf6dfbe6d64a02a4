"""What the behaviours claim, as findings; and for each device what was asked and not found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from idletalk.asking import Answer
from idletalk.behaviours import Behaviour
from idletalk.behaviours.finding import Claim, Kind, Scene, veiled
from idletalk.evidence import EVIDENCE
from idletalk.labfile import Lab
from idletalk.model import Check, Evidence, Finding, FrameName, Judged, Severity
from idletalk.plural import counted, observed

MAX_OF_A_KIND = 20
"""Findings of one kind about one device in the report, those with the most frames: a page that nobody can read convinces
nobody. The check of the question counts all."""

_GRAVITY: dict[Severity, int] = {severity: rank for rank, severity in enumerate(get_args(Severity))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What the behaviours said of a capture."""

    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    claims: tuple[Claim, ...]
    """the claims behind the findings, in the same order"""
    unmet: tuple[str, ...]
    """ids on which the lab file has a verdict and that no claim has"""


def judged(answers: Iterable[tuple[Behaviour, Answer]], scene: Scene, lab: Lab) -> Verdicts:
    """Findings, the gravest first, and the checks of every question and device."""
    claims: list[tuple[Claim, Kind]] = []
    checks: list[Check] = []
    made: set[str] = set()
    for behaviour, (own, hidden) in answers:
        if behaviour.kinds:
            checks.extend(_checks(behaviour, own, hidden, scene))
            claims.extend(_listed(behaviour, own))
            made.update(claim.id for claim in own)
    claims.sort(
        key=lambda pair: (_GRAVITY[pair[1].severity], pair[0].device, pair[0].kind, -pair[0].frames, pair[0].id)
    )
    opinions = {v.finding: Judged(verdict=v.verdict, reason=v.reason) for v in lab.verdict}
    findings = tuple(_finding(claim, kind, opinions, scene) for claim, kind in claims)
    return Verdicts(
        findings=findings,
        checks=tuple(checks),
        claims=tuple(claim for claim, _ in claims),
        unmet=tuple(sorted(opinions.keys() - made)),
    )


def _listed(behaviour: Behaviour, claims: Iterable[Claim]) -> list[tuple[Claim, Kind]]:
    """The claims that the report lists."""
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        groups.setdefault((claim.kind, claim.device), []).append(claim)
    kinds = {kind.name: kind for kind in behaviour.kinds}
    return [
        (claim, kinds[claim.kind])
        for group in groups.values()
        for claim in sorted(group, key=lambda one: (-one.frames, one.id))[:MAX_OF_A_KIND]
    ]


def _finding(claim: Claim, kind: Kind, opinions: Mapping[str, Judged], scene: Scene) -> Finding:
    notes = [claim.filter_note, *scene.remarks(claim.device, claim.filter)]
    return Finding(
        id=claim.id,
        kind=claim.kind,
        severity=kind.severity,
        device=claim.device,
        peer=claim.peer,
        subject=claim.subject,
        sentence=claim.sentence,
        numbers=dict(claim.numbers),
        evidence=Evidence(
            frames=claim.frames,
            kept=tuple(FrameName(capture=capture, frame=frame) for capture, frame in claim.kept),
            file=f"{EVIDENCE}/{claim.id}.pcapng",
            filter=claim.filter,
            filter_note="; ".join(note for note in notes if note) or None,
            captures=tuple(sorted({capture for capture, _ in claim.kept})),
        ),
        would_change=kind.would_change,
        verdict=opinions.get(claim.id),
    )


def _checks(
    behaviour: Behaviour, claims: Sequence[Claim], reasons: Mapping[str, str | None], scene: Scene
) -> Iterable[Check]:
    """One for each device: found, not found in so many hours, or why it could not be seen."""
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.device] = counts.get(claim.device, 0) + 1
    hours = observed(scene.observed_s)
    for device in scene.subjects:
        found = counts.get(device, 0)
        hidden = veiled(scene, device) or reasons.get(device)
        if found:
            sentence = f"{counted(found, 'finding')} in {hours} observed."
        else:
            sentence = hidden or f"Nothing found in {hours} observed."
        yield Check(
            device=device,
            question=behaviour.name,
            outcome="found" if found else "could_not_be_seen" if hidden else "not_found",
            findings=found,
            sentence=sentence,
        )

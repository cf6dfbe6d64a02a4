"""Runs of the lab for tests: live, analyse, and say what was found, missed and invented."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import action_truths, truths
from tests.lab.early import ROOT, words

import idletalk

QUESTIONS = {
    "initiator": action_truths.initiators,
    "hosts": action_truths.hosts,
    "already open": action_truths.openness,
    "LAN side effects": action_truths.effects,
    "streams": action_truths.streams,
    "on against off": action_truths.apart,
}


def live(out: Path, seed: str, *options: str) -> subprocess.Popen[bytes]:
    """Begin a run; runs side by side do not meet, each has namespaces of its own."""
    return subprocess.Popen(words(out, seed, *options), cwd=ROOT)


def analysed(out: Path, folder: Path) -> tuple[idletalk.Analysis, dict[str, Any]]:
    """The analysis of a run that has ended, and its truth."""
    options = idletalk.Options(lab=out / "lab.toml", lookups=ROOT / "lab")
    analysis = idletalk.analyze(sorted(out.glob("*.pcap.gz")), folder, options)
    return analysis, json.loads((out / "truth.json").read_text())


@dataclass(slots=True)
class Outcome:
    """What one run, or several, came to."""

    kinds: dict[str, tuple[int, int, int]] = field(default_factory=dict[str, tuple[int, int, int]])
    """(found, missed, invented) by kind of idle finding, kind of value, and encoding"""
    actions: dict[str, action_truths.Verdicts] = field(default_factory=dict[str, action_truths.Verdicts])
    recall: action_truths.Recall = field(default_factory=lambda: action_truths.Recall(0, 0, 0, 0, 0, 0, 0))
    faults: list[str] = field(default_factory=list[str])
    """all that was missed, invented or wrong"""

    def add(self, other: "Outcome") -> None:
        """Add what another run came to."""
        for kind, figures in other.kinds.items():
            known = self.kinds.get(kind, (0, 0, 0))
            self.kinds[kind] = (known[0] + figures[0], known[1] + figures[1], known[2] + figures[2])
        for question, verdicts in other.actions.items():
            self.actions[question] = self.actions.get(question, action_truths.Verdicts(0, ())) + verdicts
        self.recall += other.recall
        self.faults += other.faults


def judged(analysis: idletalk.Analysis, truth: dict[str, Any]) -> Outcome:
    """Hold a report against the truth."""
    outcome = Outcome()
    told = {device["mac"]: device["name"] for device in truth["devices"]}
    wanted, found = truths.expected(truth), truths.claimed(analysis.report)
    wanted |= truths.ways_expected(truth)
    found |= truths.ways_claimed(analysis.report)
    outcome.kinds |= truths.scores(wanted, found, lambda one: one[0])
    given = truths.exposures_expected(truth, *truths.CARRIERS)
    claims = truths.exposures_claimed(analysis.report, *truths.CARRIERS)
    outcome.kinds |= truths.scores(given.keys(), claims.keys(), lambda one: f"value: {one[0]}")
    outcome.kinds |= truths.scores(
        {(one, encoding) for one, several in given.items() for encoding in several},
        {(one, encoding) for one in claims for encoding in given.get(one, {claims[one]})},
        lambda one: f"encoding: {one[1]}",
    )
    for what, more, less in (("missed", wanted, found), ("invented", found, wanted)):
        outcome.faults += [f"{what}: {kind} of {told.get(mac, mac)}, {rest}" for kind, mac, rest in sorted(more - less)]
    for what, much, few in (("missed", given, claims), ("invented", claims, given)):
        outcome.faults += [
            f"{what}: {kind} of {told.get(mac, mac)} to {peer} over {carrier}, {much[kind, mac, peer, carrier]}"
            for kind, mac, peer, carrier in sorted(much.keys() - few.keys())
        ]
    if truth["events"]:
        _judge_actions(analysis, truth, outcome)
    return outcome


def _judge_actions(analysis: idletalk.Analysis, truth: dict[str, Any], outcome: Outcome) -> None:
    rows = action_truths.by_way(analysis.report.conclusions.operating or ())
    for question, ask in QUESTIONS.items():
        outcome.actions[question] = ask(truth, rows)
        outcome.faults += [f"{question}: {wrong}" for wrong in outcome.actions[question].wrong]
    packets = {
        row["name"]: row["packets"]
        for row in analysis.sql(
            "SELECT name, sum(originator_packets + responder_packets)::BIGINT AS packets"
            " FROM (SELECT name, unnest(macs) AS mac FROM devices) JOIN flows ON mac IN (originator_mac, responder_mac) GROUP BY ALL"
        )
    }
    outcome.recall = action_truths.recall(truth, rows, analysis.folder, packets)

"""`python -m tests.real_actions`: actions in captures that others made and labelled, as `docs/validation.md` reports them.

Prints, for each set of captures and each action: events that were captured, whose packet was first, hosts, connection open before,
what shows on the LAN, on against off, repetitions held back that signatures found, other matches in the traffic outside of
events, and matches in packets of other devices: of the set, and of all other sets.
"""

import argparse
import csv
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import idletalk
from idletalk.model import OperatingRow
from idletalk.signatures import learnt, matches
from tests.conftest import ROOT

CAPTURES = ROOT.parent / "shared" / "captures"
FIREWALL = Path("homes", "smart-home-firewall")
WEEK = Path("homes", "week-idle")
WEEK_ZONE = "America/New_York"
MACS = {
    "TP-Link plug": "50:c7:bf:ed:0a:54", "TP-Link plug of PingPong": "50:c7:bf:33:1f:09", "Hue bridge": "00:17:88:74:c2:dc",
    "D-Link camera": "b0:c5:54:43:54:83", "Xiaomi camera": "78:8b:2a:b2:20:ea",
    "blink-cam-01": "f4:b8:5e:ff:2b:1b", "schlage-lock-01": "78:db:2f:db:43:48", "lockly-hub-01": "24:6f:28:d9:a7:64",
}  # fmt: skip
"""Whose actions are labelled; the labels name devices, not addresses."""
SCRIPTED = {
    "tplink-plug": "TP-Link plug", "philips-hue": "Hue bridge", "dlink-cam": "D-Link camera", "xiaomi-cam": "Xiaomi camera",
}  # fmt: skip
ZEROS = {
    ("tplink-plug", "no-firewall"): (-144.6, 1200),
    ("tplink-plug", "base-firewall"): (-89.0, 1200),
    ("philips-hue", "no-firewall"): (-4.0, 420),
}
"""Where a script's second 0 lies, seconds after the first frame, read off the commands that a phone sends on the LAN (TCP 9999, HTTPS to
the bridge); and the last second that holds: what was done by voice, or after that, came up to a minute earlier or later than written.
Of other sets nothing shows where it lies: it is taken to be the first frame."""
STEP = re.compile(r"\s*\d+ (?P<action>.+?)\s+- Timestamp (?P<second>\d+)")
PART = re.compile(r"\s*\d+\. (?P<title>[A-Z].+)")
APP = re.compile(r"\s*\d+\.\d+\.? From (?P<title>.+)")
NOT_ASKED = ("open app", "start app", "show status", "power on")
"""Steps of a script that switch nothing."""
OWN_APPS = ("kasa", "hue", "d-link", "xiaomi")
"""Apps that may reach their device on the LAN; others go through a cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A label: local time, action, device (a name of MACS), and whether only a cloud can have brought it."""

    time: str
    action: str
    device: str
    is_from_cloud: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Captures that are analysed together, and their labels."""

    name: str
    files: tuple[Path, ...]
    notes: tuple[Note, ...]
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a script: when, what, and whether only a cloud can have brought it."""

    second: int
    action: str
    is_from_cloud: bool


def scripted(text: str) -> Iterator[Step]:
    """The steps of an `activity.txt` that gives seconds, without those that switch nothing."""
    part = app = ""
    for line in text.splitlines():
        if (step := STEP.match(line)) and not step["action"].lower().startswith(NOT_ASKED):
            is_local = "OpenWrt" in part and any(own in app.lower() for own in OWN_APPS)
            yield Step(int(step["second"]), plain(step["action"]), not is_local)
        elif title := APP.match(line):
            app = title["title"]
        elif title := PART.match(line):
            part, app = title["title"], ""


def plain(action: str) -> str:
    """One word for what scripts call by several."""
    words = action.strip('" ').lower()
    for word in ("on", "off"):
        if re.search(rf"(^|turn ){word}\b", words):
            return word
    return words.removeprefix("alexa, ")


def minutes_and_seconds(text: str) -> str:
    """A time of the labels, "March 08, 2021 at 05:17:26PM" or without seconds, as ISO 8601 with the same precision."""
    seconds = text.count(":") == 2
    time = datetime.strptime(text, "%B %d, %Y at %I:%M:%S%p" if seconds else "%B %d, %Y at %I:%M%p")
    return time.isoformat(timespec="seconds" if seconds else "minutes")


def sets(root: Path) -> Iterator[Labelled]:
    """All captures with labelled actions."""
    for file in sorted((root / "actions" / "pingpong").glob("*_O*.pcap")):
        if "SUBSET" not in file.name:
            action = "off" if "OFF" in file.name else "on"
            note = Note(time=_after(began([file]), 0), action=action, device="TP-Link plug of PingPong",
                        is_from_cloud="REMOTE" in file.name)  # fmt: skip
            yield Labelled(name=f"PingPong {file.stem}", files=(file,), notes=(note,))
    files = tuple(sorted((root / "actions" / "signature-extraction").glob("*.pcap")))
    notes = tuple(
        Note(time=_after(datetime.fromtimestamp(int(file.stem), UTC), 0), action="switched", device="TP-Link plug")
        for file in files
    )
    yield Labelled(name="signature-extraction", files=files, notes=notes)
    for folder, device in SCRIPTED.items():
        steps = list(scripted((root / FIREWALL / folder / "activity.txt").read_text()))
        for captured in sorted(path for path in (root / FIREWALL / folder).iterdir() if path.is_dir()):
            files = tuple(sorted(captured.glob("*.pcap")))
            zero_s, last = ZEROS.get((folder, captured.name), (0.0, None))
            start = began(files) + timedelta(seconds=zero_s)
            notes = tuple(
                Note(
                    time=_after(start, step.second), action=step.action, device=device, is_from_cloud=step.is_from_cloud
                )
                for step in steps
                if last is None or step.second <= last
            )
            yield Labelled(name=f"{folder}, {captured.name}", files=files, notes=notes)
    with (root / WEEK / "labels" / "labels.csv").open(newline="") as table:
        told = list(csv.reader(table))
    for file in sorted((root / WEEK).glob("*.pcap")):
        notes = tuple(
            Note(time=minutes_and_seconds(time), action=action, device=name)
            for time, name, action in told
            if name == file.stem
        )
        yield Labelled(name=file.stem, files=(file,), notes=notes, timezone=WEEK_ZONE)


def began(files: Iterable[Path]) -> datetime:
    """The first frame's time."""
    firsts = [file.first for file in idletalk.info(list(files)).files if file.first]
    return datetime.fromisoformat(min(firsts)[:26]).replace(tzinfo=UTC)


def _after(start: datetime, seconds: float) -> str:
    return (start + timedelta(seconds=seconds)).isoformat()


def analysed(labelled: Labelled, folder: Path) -> idletalk.Analysis:
    """The analysis of a set with its labels; devices are called by their MAC."""
    folder.mkdir(parents=True)
    lab, events = folder / "lab.toml", folder / "events.csv"
    devices = "".join(f'[[device]]\nname = "{mac}"\nmacs = ["{mac}"]\n' for mac in MACS.values())
    lab.write_text(f'timezone = "{labelled.timezone}"\n{devices}')
    with events.open("w", newline="") as table:
        csv.writer(table).writerows((note.time, note.action, MACS[note.device]) for note in labelled.notes)
    options = idletalk.Options(lab=lab, events=events)
    return idletalk.analyze(list(labelled.files), folder / "out", options)


def _packets(analysis: idletalk.Analysis) -> Counter[str]:
    """Frames of each device, by name."""
    return Counter({row["name"]: row["packets"] for row in analysis.sql(PACKETS_OF_DEVICES)})


def row_of(row: OperatingRow, hours: float, foreign: str) -> str:
    """A line of the table; other matches are counted in the second half of the hours."""
    words = {True: "yes", False: "no", None: "not said"}
    hosts = sorted({step.peer_name for step in row.steps if step.peer_kind == "cloud"})
    found = "none" if row.recalled is None else f"{row.recalled} of {row.held_back}"
    cells = (
        row.action, f"{row.repetitions} of {row.events}", row.first_packet, ", ".join(hosts) or "-", words[row.already_open],
        ", ".join((*row.lan_effects, *row.streams, *row.streams_ended)) or "-", words[row.distinguishable], found,
        "-" if row.false_per_day is None else f"{row.false_per_day * hours / 48:.0f} in {hours / 2:.1f} h", foreign,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def from_cloud(labelled: Labelled, rows: Iterable[OperatingRow]) -> str:
    """Of the events that only a cloud can have brought, those whose first packet is a cloud's."""
    wanted = Counter(note.action for note in labelled.notes if note.is_from_cloud)
    found = Counter({row.action: row.repetitions for row in rows if row.first_packet == "cloud"})
    return f"{sum((wanted & found).values())} of {sum(wanted.values())}"


def report(labelled: Labelled, analysis: idletalk.Analysis, others: Sequence[idletalk.Analysis]) -> None:
    """Print what came out for a set."""
    rows = analysis.report.conclusions.operating or ()
    offset = rows[0].clock_offset_s if rows else None
    coverage = analysis.report.captures.coverage
    hours = coverage.observed_s / 3600 if coverage else 0.0
    print(f"\n**{labelled.name}**: {len(labelled.notes)} labels, {hours:.2f} h observed, clock offset", end=" ")
    print("not estimated" if offset is None else f"{offset:.1f} s", end="")
    if any(note.is_from_cloud for note in labelled.notes):
        print(f"; by the cloud for sure and seen as such: {from_cloud(labelled, rows)}", end="")
    print("\n\n" + HEAD)
    for row in rows:
        signatures = [
            one
            for one in learnt(analysis.folder, row.name)
            if (one.action, one.first_packet) == (row.action, row.first_packet)
        ]
        hits = packets = 0
        for other in others if signatures else ():
            hits += sum(device != row.name for _, device, *_ in matches(signatures, other.folder))
            packets += sum(count for name, count in _packets(other).items() if name != row.name)
        print(row_of(row, hours, f"{hits} in {packets}" if signatures else "-"), flush=True)


HEAD = (
    "| action | repetitions | first packet | hosts | open before | LAN, streams | told apart | held back found | other matches"
    " | matches in packets of other devices |\n|---|---|---|---|---|---|---|---|---|---|"
)
PACKETS_OF_DEVICES = (
    "SELECT name, sum(originator_packets + responder_packets)::BIGINT AS packets"
    " FROM (SELECT name, unnest(macs) AS mac FROM devices) JOIN flows ON mac IN (originator_mac, responder_mac) GROUP BY ALL"
)


def main() -> int:
    """Analyse all sets, then print; 2 where the captures are not here."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_actions", description=__doc__)
    parser.add_argument("--captures", type=Path, default=CAPTURES, help="their folder")
    root = parser.parse_args().captures
    if not (root / WEEK).is_dir():
        print(f"the captures of others are not in {root}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        told = list(sets(root))
        analyses = [analysed(labelled, Path(folder, str(number))) for number, labelled in enumerate(told)]
        for labelled, analysis in zip(told, analyses, strict=True):
            report(labelled, analysis, analyses)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

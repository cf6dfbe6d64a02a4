"""Values planted in every carrier and encoding, and what exposure finds of them: found, missed and invented.

    python -m tests.planted [--seeds 10] [--seed N ...]

Each seed draws a device, its values, and for each carrier several times a value and an encoding; every message goes to a host of
its own, so that a row of `exposures` is told apart. One message tells the values by their keys, since a value that no message
names cannot be known. Beside each seed stands a run without values: random bytes, times, digests and coded noise in the same carriers.
"""

import argparse
import base64
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from rich.console import Console

import idletalk
from idletalk.exposure.mask import SECRET_KINDS
from idletalk.report.terminal import print_summary
from tests import made, planted_carriers, planted_encodings

ROUNDS = 6
"""Messages of each carrier."""
SEEDS = range(1000, 1_000_000)
HEX, DIGITS, CAPITALS = "0123456789abcdef", "0123456789", "ABCDEFGHJKLMNPQRSTUVWXYZ"

Told = tuple[str, str, str]
"""(kind, peer, carrier)"""


@dataclass(frozen=True, slots=True)
class Planted:
    """A capture, its device, and what each of its messages holds: encoding and way in its carrier by what is told."""

    frames: list[tuple[float, bytes]]
    device: str
    told: dict[Told, tuple[str, str]] = field(default_factory=dict[Told, tuple[str, str]])
    values: dict[str, str] = field(default_factory=dict[str, str])


def values(draw: random.Random, mac: str) -> dict[str, str]:
    """Values of one device."""

    def some(signs: str, length: int) -> str:
        return "".join(draw.choices(signs, k=length))

    letters = some(CAPITALS, 3)
    return {
        "mac": mac,
        "serial": draw.choice(
            [f"{letters}-{some(DIGITS, 6)}", f"{letters}{some(DIGITS + CAPITALS, 8)}7", some(DIGITS[1:], 13)]
        ),
        "device_id": "-".join(some(HEX, size) for size in (8, 4, 4, 4, 12)),
        "email": f"{some(HEX[10:], 6)}.{some(DIGITS, 3)}@mail.example",
        "token": some(HEX + CAPITALS, 32) + "7",
        "ssid": f"{some(CAPITALS, 4)}-{some(DIGITS, 4)} & Co",
    }


def planted(seed: int, *, is_null: bool) -> Planted:
    """A capture of this seed."""
    draw = random.Random(f"planted {seed}")
    mac = (
        "02:" + ":".join(f"{draw.randrange(256):02x}" for _ in range(4)) + f":{draw.choice('abcdef')}{draw.choice(HEX)}"
    )
    own = values(draw, mac)
    capture = Planted([], mac, values=own)
    hosts = iter(range(1, 60_000))

    def send(way: planted_carriers.Way, content: bytes) -> str:
        number = next(hosts)
        peer = f"203.0.{113 + number // 250}.{number % 250 + 1}" if not way.is_local else way.peer
        for frame in way.frames(planted_carriers.Ends(mac, peer, 20_000 + number), content):
            capture.frames.append((len(capture.frames) / 50, frame))
        return peer

    if not is_null:
        pairs = "&".join(
            f"{planted_encodings.KEYS[kind]}={planted_encodings.quoted(text)}" for kind, text in own.items()
        )
        peer = send(planted_carriers.WAYS["http body"], pairs.encode())
        capture.told.update({(kind, peer, "http"): ("url", "http body") for kind in own})
    for name, way in planted_carriers.WAYS.items():
        for kind, text in draw.sample(sorted(own.items()), 1 if way.is_local else ROUNDS):
            fitting = planted_encodings.fitting(kind, way.takes)
            if not fitting:
                continue
            encoding = draw.choice(fitting)
            content = planted_encodings.noise(draw) if is_null else planted_encodings.ENCODINGS[encoding](text, draw)
            if is_null and way.takes != "bytes":
                # a host name of its own is a value
                content = b"thing" if way.carrier == "dhcp" else content.hex()[:24].encode()
            if way.takes in ("label", "host") and len(content) > planted_carriers.MAX_LABEL:
                continue
            peer = send(way, content)
            if not is_null:
                capture.told[kind, peer, way.carrier] = encoding, name
    return capture


def claimed(analysis: idletalk.Analysis, device: str) -> set[Told]:
    """What the analysis says that the device told."""
    rows = analysis.sql(
        "SELECT DISTINCT kind, peer, carrier FROM exposures WHERE sent AND device = ?".replace("?", f"'{device}'")
    )
    return {(row["kind"], row["peer"], row["carrier"]) for row in rows}


def judged(capture: Planted, folder: Path) -> tuple[Mapping[Told, tuple[str, str]], set[Told]]:
    """What was missed, and what was invented."""
    path = made.pcap(folder / "in.pcap", capture.frames)
    analysis = idletalk.analyze([path], folder / "out", force=True)
    found = claimed(analysis, capture.device)
    missed = {told: how for told, how in capture.told.items() if told not in found}
    return missed, found - capture.told.keys()


def shown_secrets(capture: Planted, folder: Path) -> set[tuple[str, str, str]]:
    """Secrets that the analysis in a folder shows: (file, kind, how it is written), in report, page, tables and on the terminal."""
    analysis = idletalk.Analysis(folder)
    shown = {name: (folder / name).read_text() for name in ("report.json", "report.html")}
    for table in sorted((folder / "tables").glob("*.parquet")):
        shown[table.name] = json.dumps(analysis.sql(f"FROM '{table}'"), default=repr)
    terminal = StringIO()
    print_summary(analysis.report, folder, Console(file=terminal, width=200))
    shown["terminal"] = terminal.getvalue()
    found: set[tuple[str, str, str]] = set()
    for kind, text in capture.values.items():
        if kind in SECRET_KINDS:
            for name, content in shown.items():
                found |= {(name, kind, how) for how, written in written_as(text) if written in content}
    return found


def written_as(text: str) -> Iterator[tuple[str, str]]:
    """A secret as tables and pages could hold it."""
    for name, one in (("plain", text), ("small letters", text.lower()), ("capitals", text.upper())):
        raw = one.encode()
        yield name, one
        yield f"{name}, hex", raw.hex()
        yield f"{name}, URL", planted_encodings.quoted(one)
        for before in range(3):
            coded = base64.b64encode(bytes(before) + raw + bytes(-(before + len(raw)) % 3)).decode()
            yield f"{name}, base64", coded[4:-4] if before else coded[:-4]


def lines(title: str, all_of: Counter[str], missed: Counter[str]) -> Iterator[str]:
    """A table of found and missed."""
    yield f"\n| {title} | found | missed |\n|---|---:|---:|"
    for name in sorted(all_of):
        yield f"| {name} | {all_of[name] - missed[name]} | {missed[name]} |"


def main() -> int:
    """Plant, analyse, print; 1 where something was missed or invented."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seed", dest="named", action="append", type=int, default=[])
    asked = parser.parse_args()
    seeds = asked.named or random.SystemRandom().sample(SEEDS, asked.seeds)
    print(f"seeds: {' '.join(map(str, seeds))}", flush=True)
    whole = {name: (Counter[str](), Counter[str]()) for name in ("kind", "encoding", "way")}
    faults = 0
    for seed in seeds:
        for is_null in (False, True):
            capture = planted(seed, is_null=is_null)
            with tempfile.TemporaryDirectory() as place:
                missed, invented = judged(capture, Path(place))
                shown = shown_secrets(capture, Path(place) / "out")
            for one in sorted(shown):
                print(f"{seed}: shown {one}", flush=True)
            for told, (encoding, way) in capture.told.items():
                for name, of in (("kind", told[0]), ("encoding", encoding), ("way", way)):
                    whole[name][0][of] += 1
                    whole[name][1][of] += told in missed
            for told, how in missed.items():
                print(f"{seed}: missed {told} {how}", flush=True)
            for told in sorted(invented):
                print(
                    f"{seed}{' (null)' if is_null else ''}: invented {told} {[how for one, how in capture.told.items() if one[1] == told[1]]}",
                    flush=True,
                )
            faults += len(missed) + len(invented) + len(shown)
    for name, (all_of, gone) in whole.items():
        print("\n".join(lines(name, all_of, gone)))
    print(f"\n{sum(whole['kind'][0].values())} planted, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m lab run --seed N --minutes M --out DIR`: one run of the testbed."""

import argparse
import os
import shlex
import sys
from datetime import datetime
from pathlib import Path

from lab import conductor, network
from lab.needs import LabError, missing

DEFAULT_SPEED = 60


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="say whether the lab can run here, and what is missing")
    run = commands.add_parser("run", help="build the lab, live, capture, tear down")
    run.add_argument("--seed", type=int, default=1, help="draws addresses, names, encodings")
    run.add_argument("--minutes", type=float, default=6.0, help="wall minutes of the idle phase")
    run.add_argument("--rounds", type=int, default=8, help="repetitions of each action; 0: none")
    run.add_argument("--each-way", action="store_true",
                     help="as many repetitions by the phone as by the cloud, where a device knows both")  # fmt: skip
    run.add_argument("--lose", type=int, default=0, metavar="N",
                     help="TCP packets of a thousand that the gateway loses, so that they are sent again (0)")  # fmt: skip
    run.add_argument("--null", action="store_true",
                     help="plant nothing: no device tells, searches, is refused or falls back")  # fmt: skip
    run.add_argument("--speed", type=int, default=DEFAULT_SPEED,
                     help="how much faster than life silence passes (1: real time)")  # fmt: skip
    run.add_argument("--no-updates", action="store_true", help="leave the update phase out")
    run.add_argument("--out", type=Path, required=True, help="folder for capture and truth")
    run.add_argument("--start", type=datetime.fromisoformat, help="lab time of the start (ISO)")
    run.add_argument("--see-stations", action="store_true",
                     help="isolate stations and hairpin the port: the box sees what they say to one another")  # fmt: skip
    run.add_argument("--capture-on", choices=("eth0", "wlan0", "br0"), default="eth0",
                     help="the box's interface: the study's (eth0), or the bridge as the rig does (br0)")  # fmt: skip
    return parser


def _without_out(arguments: list[str]) -> list[str]:
    """The arguments without the output folder: what makes the same run again elsewhere."""
    at = arguments.index("--out") if "--out" in arguments else len(arguments)
    kept = arguments[:at] + arguments[at + 2 :]
    return [argument for argument in kept if not argument.startswith("--out=")]


def main() -> int:
    """Run the command line; 0 done, 1 went wrong, 2 cannot run here."""
    arguments = _parser().parse_args()
    reason = missing()
    if reason is not None:
        print(f"lab: {reason}", file=sys.stderr)
        return 2
    if arguments.command == "check":
        print("lab: ready to run")
        return 0
    if arguments.out.resolve().is_relative_to("/run"):
        print(
            "lab: the output cannot lie in /run, where the lab has a folder of its own: name another", file=sys.stderr
        )
        return 2
    if network.INSIDE not in os.environ:
        return network.inside(sys.argv[1:])
    options = conductor.Options(
        seed=arguments.seed, minutes=arguments.minutes, rounds=arguments.rounds,
        each_way=arguments.each_way, lost_per_1000=arguments.lose,
        speed=arguments.speed, out=arguments.out, stations_visible=arguments.see_stations,
        capture_on=arguments.capture_on, start=arguments.start, updates=not arguments.no_updates,
        planted=not arguments.null,
    )  # fmt: skip
    try:
        conductor.run(options, f"python -m lab {shlex.join(_without_out(sys.argv[1:]))}")
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; everything is torn down", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

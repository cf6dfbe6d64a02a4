"""`python -m tests.lab.again DIR`: whether another run of the demo's command, in DIR, is the demo's home again.

What the seed draws must be the same; figures that real programs make anew are printed side by side.
"""

import json
import sys
from pathlib import Path
from typing import Any

DEMO = Path(__file__).parents[2] / "demo"
DRAWN = (
    "name",
    "mac",
    "hostname",
    "vendor_class",
    "role",
    "under_test",
    "side",
    "model",
    "serial",
    "program",
    "firmware",
)
"""What the plan says of a device, in its row of the truth."""
SWITCHED = ("device", "action")
Facts = dict[str, Any]


def truth_of(folder: Path) -> Facts:
    """The truth of a run."""
    return json.loads((folder / "truth.json").read_text())


def drawn(truth: Facts) -> Facts:
    """All of a truth that its seed and command decide."""
    return {
        "command": truth["command"],
        "home": truth["home"],
        "phases": [phase["name"] for phase in truth["phases"]],
        "devices": [{key: device[key] for key in DRAWN} for device in truth["devices"]],
        "told": {
            device["name"]: sorted({(told["kind"], told["key"] or "", told["encoding"]) for told in device["told"]})
            for device in truth["devices"]
        },
        "actions": [{key: event[key] for key in SWITCHED} for event in truth["events"]],
        "updates": [
            (update["device"], update["url"], update["before"], update["after"]) for update in truth["updates"]
        ],
        "images": [(image["for"], image["url"], image["kind"], image["contains"]) for image in truth["images"]],
    }


def figures(truth: Facts) -> dict[str, int]:
    """What no seed decides."""
    under_test = [device for device in truth["devices"] if device["under_test"]]
    return {
        "files": len(truth["capture"]["files"]),
        "frames": sum(file["frames"] for file in truth["capture"]["files"]),
        "payload bytes that devices sent": sum(peer["sent_bytes"] for one in under_test for peer in one["peers"]),
        "payload bytes that devices got": sum(peer["received_bytes"] for one in under_test for peer in one["peers"]),
        "peers": sum(len({peer["peer"] for peer in one["peers"]}) for one in under_test),
        "time servers": sum(one["ntp_hosts"] for one in under_test),
        "values told": sum(told["count"] for one in under_test for told in one["told"]),
        "bytes of images": sum(image["size"] for image in truth["images"]),
    }


def main() -> int:
    """Compare; 1 where something differs that the seed decides."""
    demo, other = truth_of(DEMO), truth_of(Path(sys.argv[1]))
    wanted, found = drawn(demo), drawn(other)
    different = [part for part in wanted if wanted[part] != found[part]]
    for part in different:
        print(f"{part} differs:\n  demo  {wanted[part]}\n  other {found[part]}")
    print("| | demo | other |\n|---|---|---|")
    again = figures(other)
    for name, figure in figures(demo).items():
        print(f"| {name} | {figure:,} | {again[name]:,} |")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())

"""The example of docs/behaviour-example is installed, and its question is asked."""

import json
from pathlib import Path

from tests import made, packages
from tests.conftest import ROOT
from tests.made import LAMP, PLUG

PROGRAM = """
import idletalk, json, sys
from pathlib import Path
found = idletalk.analyze([sys.argv[1]], out=sys.argv[2])
[finding] = found.findings(kind="acme-plain-8080")
rows = found.sql("SELECT count(*) AS n FROM acme_requests")
kept = idletalk.info([found.folder / finding.evidence.file]).whole.packets
page = (found.folder / "report.html").read_text()
print(json.dumps([finding.device, finding.peer, finding.evidence.frames, rows[0]["n"], kept, "Who is asked in clear at port 8080?" in page]))
"""


def test_a_behaviour_of_another_package_is_asked(tmp_path: Path) -> None:
    client, server = (PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", 8080)
    asked = b"GET /state HTTP/1.1\r\nHost: lamp\r\n\r\n"
    frames = [
        (0.0, made.segment(client, server, 1, 2)),
        (0.1, made.segment(server, client, 1, 18)),
        (0.2, made.segment(client, server, 2, 24, asked)),
    ]
    capture = made.pcap(tmp_path / "in.pcap", frames)
    told = packages.run_with(ROOT / "docs" / "behaviour-example", tmp_path, PROGRAM, capture, tmp_path / "out")
    assert json.loads(told) == [PLUG, "192.168.1.3", 1, 1, 1, True]

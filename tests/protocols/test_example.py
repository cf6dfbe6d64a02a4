"""The example of docs/protocol-example is installed and reads what nobody else knows."""

import json
from pathlib import Path

from tests import made, packages
from tests.conftest import ROOT
from tests.made import LAMP, PLUG

SAID = b"AC\x02warm"
PROGRAM = """
import idletalk, json, sys
found = idletalk.analyze([sys.argv[1]], out=sys.argv[2])
print(json.dumps(found.sql("SELECT protocol, kind, summary, application FROM messages JOIN flows USING (flow)")))
"""


def test_a_protocol_of_another_package_is_read(tmp_path: Path) -> None:
    frame = made.datagram((PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", 4_000), SAID)
    capture = made.pcap(tmp_path / "in.pcap", [(0.0, frame)])
    told = packages.run_with(ROOT / "docs" / "protocol-example", tmp_path, PROGRAM, capture, tmp_path / "out")
    [row] = json.loads(told)
    assert row == {"protocol": "acme", "kind": "state", "summary": '{"text": "warm"}', "application": "acme"}

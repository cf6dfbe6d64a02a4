"""The example of docs/protocol-example is installed and reads what nobody else knows."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from tests import made
from tests.conftest import ROOT
from tests.made import LAMP, PLUG

SAID = b"AC\x02warm"


def wheel(source: Path, folder: Path) -> Path:
    """The package as a wheel, as its declaration says: building one with setuptools would need the network."""
    declared = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
    project, [module] = declared["project"], declared["tool"]["setuptools"]["py-modules"]
    name = f"{project['name'].replace('-', '_')}-{project['version']}"
    path = folder / f"{name}-py3-none-any.whl"
    groups = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
        for group, points in project["entry-points"].items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(source / f"{module}.py", f"{module}.py")
        about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        archive.writestr(f"{name}.dist-info/METADATA", about)
        archive.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}.dist-info/entry_points.txt", "\n".join(groups))
        archive.writestr(f"{name}.dist-info/RECORD", "")
    return path


def test_a_protocol_of_another_package_is_read(tmp_path: Path) -> None:
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(target)]
    subprocess.run([*pip, str(wheel(ROOT / "docs" / "protocol-example", tmp_path))], check=True)
    frame = made.datagram((PLUG, "192.168.1.2", 40_000), (LAMP, "192.168.1.3", 4_000), SAID)
    capture = made.pcap(tmp_path / "in.pcap", [(0.0, frame)])
    program = (
        "import idletalk, json, sys; from pathlib import Path;"
        " found = idletalk.analyze([Path(sys.argv[1])], out=Path(sys.argv[2]));"
        " print(json.dumps(found.sql('SELECT protocol, kind, summary, application FROM messages JOIN flows USING (flow)')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(capture), str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        check=True,
        text=True,
    )
    [row] = json.loads(done.stdout)
    assert row == {"protocol": "acme", "kind": "state", "summary": '{"text": "warm"}', "application": "acme"}

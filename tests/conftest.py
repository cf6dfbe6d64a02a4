"""What several tests use."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import idletalk
from tests.differential.sharkd import Sharkd

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"


ONE_AT_A_TIME = {ROOT / "tests" / "lab": "network namespaces", ROOT / "tests" / "rig": "network namespaces"}
"""Folders of tests that share something of the machine: all of one group run in one process."""


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in a hook of its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a file stay together, so that what a file prepares is prepared once (``--dist loadgroup``)."""
    for item in items:
        group = ONE_AT_A_TIME.get(item.path.parent, item.path.name)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> idletalk.Analysis:
    """The analysis of the demo capture."""
    out = tmp_path_factory.mktemp("demo") / "demo.idletalk"
    options = idletalk.Options(lab=DEMO / "lab.toml", lookups=ROOT / "lab")
    return idletalk.analyze([str(DEMO / "*.pcap.gz")], out, options)


@pytest.fixture(scope="session")
def whole_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sharkd]:
    """Wireshark's engine as users have it, without preferences, and the demo capture in it as one file."""
    if shutil.which("mergecap") is None or shutil.which("sharkd") is None:
        pytest.skip("needs mergecap and sharkd (Debian: tshark)")
    whole = tmp_path_factory.mktemp("whole") / "demo.pcapng"
    files = sorted(map(str, DEMO.glob("*.pcap.gz")))
    subprocess.run(["mergecap", "-w", str(whole), *files], check=True, capture_output=True)
    server = Sharkd(preferences={})
    server.open(whole)
    yield server
    server.close()

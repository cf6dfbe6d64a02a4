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

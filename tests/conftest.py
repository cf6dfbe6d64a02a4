"""What several tests use."""

from pathlib import Path

import pytest

import idletalk

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> idletalk.Analysis:
    """The analysis of the demo capture."""
    out = tmp_path_factory.mktemp("demo") / "demo.idletalk"
    options = idletalk.Options(lab=DEMO / "lab.toml", lookups=ROOT / "lab")
    return idletalk.analyze([str(DEMO / "*.pcap.gz")], out, options)

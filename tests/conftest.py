"""What several tests use."""

import shutil
import subprocess
from pathlib import Path

import pytest

import idletalk
from tests.lab import early

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"


RUNS = pytest.StashKey[list[subprocess.Popen[bytes]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the lab's runs, unless another process does or only some tests are wanted."""
    asked = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    picked = config.option.collectonly or config.option.keyword or config.option.markexpr
    if not hasattr(config, "workerinput") and not picked and early.wanted_by(asked):
        config.stash[RUNS] = early.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what still runs."""
    if RUNS in config.stash:
        early.end(config.stash[RUNS])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that look at the lab's runs, which take minutes, come last."""
    items.sort(key=lambda item: item.path in early.USERS)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> idletalk.Analysis:
    """The analysis of the demo capture."""
    out = tmp_path_factory.mktemp("demo") / "demo.idletalk"
    options = idletalk.Options(lab=DEMO / "lab.toml", lookups=ROOT / "lab")
    return idletalk.analyze([str(DEMO / "*.pcap.gz")], out, options)


@pytest.fixture(scope="session")
def whole_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo capture as one file, for tshark."""
    if shutil.which("mergecap") is None or shutil.which("tshark") is None:
        pytest.skip("needs mergecap and tshark (Debian: tshark)")
    whole = tmp_path_factory.mktemp("whole") / "demo.pcapng"
    files = sorted(map(str, DEMO.glob("*.pcap.gz")))
    subprocess.run(["mergecap", "-w", str(whole), *files], check=True, capture_output=True)
    return whole

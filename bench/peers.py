"""The commands that are compared, as their users type them; idletalk writes its whole report."""

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

IDLETALK = "idletalk analyze"
NFSTREAM = "import sys; from nfstream import NFStreamer; print(sum(1 for _ in NFStreamer(source=sys.argv[1])))"


def idletalk(paths: Sequence[Path], out: Path) -> list[str]:
    """The command with the interpreter at hand, report included; files are hashed as by default."""
    program = shutil.which("idletalk", path=str(Path(sys.executable).parent)) or "idletalk"
    return [program, "analyze", *map(str, paths), "--out", str(out), "--force"]


def commands(capture: Path, out: Path, mac: str) -> dict[str, list[str] | None]:
    """What to run on a capture, by name; None where the program is not installed."""
    wanted: dict[str, list[str]] = {
        "tcpdump -w ether host": ["tcpdump", "-r", str(capture), "-w", "/dev/null", "ether", "host", mac],
        "capinfos": ["capinfos", str(capture)],
        "ndpiReader -i": ["ndpiReader", "-i", str(capture)],
        IDLETALK: idletalk([capture], out),
        "nfstream": [sys.executable, "-c", NFSTREAM, str(capture)],
        "tshark -q -z conv,ip": ["tshark", "-q", "-z", "conv,ip", "-r", str(capture)],
    }
    return {name: command if _is_there(name, command) else None for name, command in wanted.items()}


def _is_there(name: str, command: list[str]) -> bool:
    if name == "nfstream":
        return importlib.util.find_spec("nfstream") is not None
    return shutil.which(command[0]) is not None

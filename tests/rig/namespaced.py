"""A capture box made of a network namespace, real programs in it, for tests that break it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab import service
from lab.network import end_with_parent

from idletalk.rig.init import write_box
from idletalk.rig.settings import Settings

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
ENVIRONMENT = os.environ | {"PATH": PATH}
BOX_MAC = "02:00:00:00:00:09"
PATIENCE_S = 10.0
SEND = """
import socket, time
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("far-eth0", 0))
frame = bytes.fromhex("ffffffffffff" + "020000000077" + "88b5") + bytes({size})
for _ in range({frames}):
    out.send(frame)
    time.sleep({apart_s})
"""
"""Broadcast frames of a local experimental type (IEEE 802) into the wired side."""
FOR_EVER = 10**9


def reason_to_skip() -> str | None:
    """Why no box can be made here, if so."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    wanted = ("ip", "bridge", "ethtool", "tcpdump", "unshare", "nsenter", "setpriv")
    missing = [name for name in wanted if shutil.which(name, path=PATH) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    made = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, check=False).returncode == 0
    return None if made else "network namespaces cannot be made here"


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold before patience ends."""
    until = time.monotonic() + PATIENCE_S
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.1)
    return held


class Box:
    """A bridge with two ports in a namespace of its own, the rig's capture service on it, and the program that looks at it."""

    def __init__(self, folder: Path, rotate_s: int = 3600, chatter: bool = False) -> None:
        self.folder = folder
        self.captures = folder / "captures"
        self.captures.mkdir(parents=True)
        service.give_to_capture(self.captures)
        self.settings = Settings(country="DE", folder=str(self.captures), box_mac=BOX_MAC, rotate_s=rotate_s)
        write_box(self.settings, "correct horse", folder / "box")
        self.unit = (folder / "box" / service.UNIT.lstrip("/")).read_text()
        self.log = folder / "tcpdump.log"
        self.log.write_text("")
        self.capture: subprocess.Popen[bytes] | None = None
        # the namespace lives as long as this process, which ends with ours
        self.daemons = [subprocess.Popen(["unshare", "--net", "sleep", "infinity"], preexec_fn=end_with_parent)]
        own = Path(f"/proc/{self.daemons[0].pid}/ns/net")
        assert eventually(lambda: own.readlink() != Path("/proc/self/ns/net").readlink())
        self.enter = ["nsenter", f"--net={own}"]
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "link", "add", "br0", "type", "bridge")
        for port in ("wlan0", "eth0"):
            self.inside("ip", "link", "add", port, "type", "veth", "peer", "name", f"far-{port}")
            self.inside("ip", "link", "set", port, "master", "br0", "up")
            self.inside("ip", "link", "set", f"far-{port}", "up")
        self.inside("bridge", "link", "set", "dev", "wlan0", "hairpin", "on")
        self.inside("ip", "link", "set", "br0", "up")
        if chatter:  # somebody speaks several times a second
            self.spawn(sys.executable, "-c", SEND.format(frames=FOR_EVER, size=100, apart_s=0.1))
        self.start()

    def inside(self, *words: str) -> str:
        return subprocess.run(
            [*self.enter, *words], capture_output=True, text=True, check=True, env=ENVIRONMENT
        ).stdout  # fmt: skip

    def start(self, *replaced: tuple[str, str]) -> None:
        """Start the service as systemd would; `replaced` are options of its command and their other values."""
        for words in service.preparations(self.unit):
            subprocess.run([*self.enter, *words], capture_output=True, check=False, env=ENVIRONMENT)
        words = service.command(self.unit)
        for option, value in replaced:
            words[words.index(option) + 1] = value
        files = set(self.captures.iterdir())
        with self.log.open("ab") as log:
            self.capture = subprocess.Popen(
                [*self.enter, *service.confined(self.unit, words)],
                stderr=log, env=ENVIRONMENT, preexec_fn=end_with_parent,
            )  # fmt: skip
        assert eventually(lambda: bool(set(self.captures.iterdir()) - files)), self.log.read_text()

    def stop(self) -> None:
        if self.capture is not None:
            self.capture.terminate()
            self.capture.wait()
            self.capture = None

    def kill(self) -> None:
        """End the capture as a crash does."""
        if self.capture is not None:
            self.capture.kill()
            self.capture.wait()
            self.capture = None

    def flood(self, frames: int, size: int) -> None:
        """Send frames into the wired side, as fast as it goes."""
        self.inside(sys.executable, "-c", SEND.format(frames=frames, size=size, apart_s=0))

    def spawn(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a daemon in the box; `close` ends it."""
        daemon = subprocess.Popen(
            [*self.enter, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=ENVIRONMENT, preexec_fn=end_with_parent,
        )  # fmt: skip
        self.daemons.append(daemon)
        return daemon

    def sentences(self, *wrapped: str) -> list[str]:
        """What the program says is wrong; `wrapped` are words before its own."""
        program = str(Path(sys.executable).with_name("idletalk"))
        settings = str(self.folder / "box/rig.json")
        words = [*self.enter, *wrapped, program, "rig", "check", "--settings", settings, "--log", str(self.log)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        assert (done.returncode, done.stderr) in ((0, ""), (1, ""))
        told = done.stdout.splitlines()
        return told if done.returncode else []

    def says(self, fragment: str, *wrapped: str) -> bool:
        """Whether it says this among others."""
        return any(fragment in sentence for sentence in self.sentences(*wrapped))

    def close(self) -> None:
        """End everything; the namespace goes with its last process."""
        self.stop()
        for daemon in self.daemons:
            daemon.kill()
            daemon.wait()

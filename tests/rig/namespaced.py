"""A capture box made of a network namespace, real programs in it, for tests that break it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from idletalk.rig.files import capture_command
from idletalk.rig.init import write_box
from idletalk.rig.settings import Settings

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
ENVIRONMENT = os.environ | {"PATH": PATH, "TZ": "UTC"}
FLOOD = """
import socket
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("far-eth0", 0))
for _ in range({frames}):
    out.send(bytes.fromhex("ffffffffffff" + "020000000077" + "88b5") + bytes({size}))
"""
"""Broadcast frames of a local experimental type (IEEE 802) into the wired side."""


def reason_to_skip() -> str | None:
    """Why no box can be made here, if so."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    missing = [name for name in ("ip", "bridge", "ethtool", "tcpdump") if shutil.which(name, path=PATH) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    name = f"itk-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode == 0
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return None if made else "network namespaces cannot be made here"


class Box:
    """A bridge with two ports in a namespace, a capture on it, and the program that looks at it."""

    def __init__(self, folder: Path) -> None:
        self.name = f"itk-rig-{os.getpid()}"
        self.folder = folder
        self.captures = folder / "captures"
        self.captures.mkdir(parents=True)
        self.settings = Settings(
            country="DE",
            wifi="wlan0",
            wired="eth0",
            bridge="br0",
            folder=str(self.captures),
            box_mac="02:00:00:00:00:09",
        )
        write_box(self.settings, "correct horse", folder / "box")
        self.log = folder / "tcpdump.log"
        self.log.write_text("")
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.capture: subprocess.Popen[bytes] | None = None
        self.run("ip", "netns", "add", self.name)
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "link", "add", "br0", "type", "bridge")
        for port in ("wlan0", "eth0"):
            self.inside("ip", "link", "add", port, "type", "veth", "peer", "name", f"far-{port}")
            self.inside("ip", "link", "set", port, "master", "br0", "up")
            self.inside("ip", "link", "set", f"far-{port}", "up")
        self.inside("bridge", "link", "set", "dev", "wlan0", "hairpin", "on")
        self.inside("ip", "link", "set", "br0", "up")
        for port in ("wlan0", "eth0", "br0"):
            for feature in ("gro", "gso", "tso"):
                subprocess.run(
                    ["ip", "netns", "exec", self.name, "ethtool", "-K", port, feature, "off"],
                    capture_output=True,
                    check=False,
                    env=ENVIRONMENT,
                )
        self.start()

    def run(self, *words: str) -> str:
        return subprocess.run(words, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout

    def inside(self, *words: str) -> str:
        return self.run("ip", "netns", "exec", self.name, *words)

    def start(self, *replaced: tuple[str, str]) -> None:
        """Start the capture with the rig's command; `replaced` are options and their other values."""
        words = capture_command(self.settings)
        for option, value in replaced:
            words[words.index(option) + 1] = value
        expression = words.pop()
        # the service runs it as a user of its own, a test as root
        words = ["ip", "netns", "exec", self.name, *words, "-Z", "root", expression]
        files = set(self.captures.iterdir())
        with self.log.open("ab") as log:
            self.capture = subprocess.Popen(words, stderr=log, env=ENVIRONMENT)
        for _ in range(100):
            if set(self.captures.iterdir()) - files:
                return
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        if self.capture is not None:
            self.capture.terminate()
            self.capture.wait()
            self.capture = None

    def flood(self, frames: int, size: int) -> None:
        """Send frames into the wired side."""
        self.inside(sys.executable, "-c", FLOOD.format(frames=frames, size=size))

    def spawn(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a daemon in the box; `close` ends it."""
        daemon = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
        )  # fmt: skip
        self.daemons.append(daemon)
        return daemon

    def kinds(self, *wrapped: str) -> set[str]:
        """What the program says is wrong; `wrapped` are words before its own."""
        program = str(Path(sys.executable).with_name("idletalk"))
        settings = str(self.folder / "box/rig.json")
        words = ["ip", "netns", "exec", self.name, *wrapped, program, "rig", "check", "--json",
                 "--settings", settings, "--log", str(self.log)]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        problems = json.loads(done.stdout)
        assert done.returncode == (1 if problems else 0), done.stderr
        assert all(problem["sentence"].endswith((".", ")")) for problem in problems)
        return {problem["kind"] for problem in problems}

    def close(self) -> None:
        """End everything."""
        for daemon in self.daemons:
            daemon.kill()
            daemon.wait()
        self.stop()
        subprocess.run(["ip", "netns", "del", self.name], check=False)

"""One run of the lab from the first namespace to the last file: setup, idle, operating, update."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from idletalk.rig.files import rig_files
from idletalk.rig.settings import Settings
from lab import authority, frames, network, servers, service, truth
from lab.clock import NS_PER_S, LabClock
from lab.firmware import Image, make_all
from lab.home import draw_home
from lab.needs import LabError

RUN_FOLDER = Path("/run/idletalk-lab")  # below the lab's own /run
REPOSITORY = Path(__file__).parent.parent
CAPTURES = RUN_FOLDER / "captures"
PATIENCE_S = 40.0  # wall seconds until every server and device must be up, or an update done
WATCHED_S = 2.5  # lab seconds at life's rate after an action
STREAMED_S = (2.0, 4.0)  # lab seconds that somebody watches a camera
SETTLE_S = 0.5
PAUSE_S = (40.0, 120.0)  # lab seconds between two actions
STOP_PATIENCE_S = 10.0  # wall seconds that a program has to end by itself
SETUP_S = 6.0  # lab seconds after the last device is up
UPDATED_S = 90.0  # lab seconds after an update, run through fast: devices report their new version
SHARE_OF_LAN_COMMANDS = 0.3  # of the actions on plugs that the phone can reach itself
NEIGHBOURS = {  # keep ARP alive at a rate that suits both life and fast silence
    "base_reachable_time_ms": 5000, "delay_first_probe_time": 1, "gc_stale_time": 20,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for. `minutes` are wall minutes of the idle phase."""

    seed: int
    minutes: float
    rounds: int
    each_way: bool
    lost_per_1000: int
    speed: int
    out: Path
    stations_visible: bool
    capture_on: str
    start: datetime | None
    updates: bool
    planted: bool


@dataclass(frozen=True, slots=True)
class Phase:
    """A named part of the run, in lab time."""

    name: str
    from_ns: int
    to_ns: int


class Lab:
    """A running lab."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.phases: list[Phase] = []
        network.own_folders()
        RUN_FOLDER.mkdir()
        for name in ("journal", "state", "log"):
            (RUN_FOLDER / name).mkdir()
        self.home = draw_home(self.options.seed, self.options.planted)
        self.home.write(RUN_FOLDER / "plan.json")
        self.clock = LabClock(RUN_FOLDER / "clock")
        begin = self.options.start
        self.clock.start(int(begin.timestamp()) * NS_PER_S if begin else time.time_ns())
        self.random = random.Random(f"{self.options.seed} conductor")

    # -- processes --------------------------------------------------------------------------------
    def spawn(self, name: str, namespace: str, words: list[str]) -> None:
        """Start a program in a namespace; its output goes to a log."""
        with (RUN_FOLDER / "log" / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *words], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, preexec_fn=network.end_with_parent,
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            )  # fmt: skip

    def check(self) -> None:
        """Raise if a program of the lab has ended before its time."""
        for name, child in self.children.items():
            if child.poll() is not None:
                log = (RUN_FOLDER / "log" / f"{name}.log").read_text(errors="replace")
                raise LabError(f"{name} ended with {child.returncode}: {log[-1500:]}")

    def wait_for(self, names: list[str]) -> None:
        """Wait until these have said that they are ready."""
        until = time.monotonic() + PATIENCE_S
        for name in names:
            while not (RUN_FOLDER / "state" / f"{name}.ready").exists():
                self.check()
                if time.monotonic() > until:
                    raise LabError(f"{name} is not ready after {PATIENCE_S:.0f} s")
                time.sleep(0.05)

    def live(self, lab_s: float) -> None:
        """Let so many lab seconds pass, and see that everybody still runs."""
        until_ns = self.clock.now_ns() + int(lab_s * NS_PER_S)
        while (left_ns := until_ns - self.clock.now_ns()) > 0:
            self.clock.sleep(min(left_ns / NS_PER_S, 60.0))
            self.check()

    # -- the run ------------------------------------------------------------------------------------
    def build(self) -> list[Image]:
        """Everything up to the moment when the devices are to be switched on."""
        network.build(self.home, self.options.stations_visible, self.options.lost_per_1000)
        leaks = network.leaks()
        if leaks:
            raise LabError("the lab is not closed: " + "; ".join(leaks))
        for device in self.home.devices:
            if device.role not in ("capture", "gateway"):
                for key, value in NEIGHBOURS.items():
                    network.run(f"sysctl -qw net.ipv4.neigh.eth0.{key}={value}", device.name)
        authorities = authority.found_all(RUN_FOLDER / "ca", servers.CERTIFIED_HOSTS)
        for namespace, words in servers.commands(self.home, RUN_FOLDER):
            self.spawn(words[0], namespace, words)
        images = make_all(self.home, authorities, RUN_FOLDER / "images")
        for image in images:
            place = RUN_FOLDER / "www" / image.host / image.path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(image.content)
        self.start_capture()
        time.sleep(1.0)  # servers open their sockets
        self.spawn("cloud", network.INTERNET, [sys.executable, "-m", "lab.cloud", str(RUN_FOLDER)])
        self.wait_for(["cloud"])
        return images

    def start_capture(self) -> None:
        """Start the rig's capture service on the box, with the rights that it has on a real one."""
        CAPTURES.mkdir()
        service.give_to_capture(CAPTURES)
        settings = Settings(country="DE", folder=str(CAPTURES))
        unit = next(file.content for file in rig_files(settings, passphrase="") if file.path == service.UNIT)
        words = service.command(unit)
        words[words.index(settings.bridge)] = self.options.capture_on
        self.spawn("capture", network.BOX, service.confined(unit, words))

    def switch_on(self) -> None:
        """Start the devices one after the other, and wait until all have their address."""
        for device in self.home.devices:
            if device.program:
                namespace = network.BOX if device.role == "capture" else device.name
                words = [sys.executable, "-m", "lab.device", device.name, str(RUN_FOLDER)]
                self.spawn(device.name, namespace, words)
        self.wait_for([device.name for device in self.home.devices if device.program])
        self.live(SETUP_S)

    def phase(self, name: str, from_ns: int) -> None:
        """Note that this phase ends now."""
        self.phases.append(Phase(name, from_ns, self.clock.now_ns()))

    def idle(self) -> None:
        """Nobody does anything; silence runs fast."""
        begin = self.clock.now_ns()
        self.clock.set_rate(self.options.speed)
        self.live(self.options.minutes * 60 * self.options.speed)
        self.clock.set_rate(1)
        self.phase("idle", begin)

    def operating(self) -> None:
        """Every action, `rounds` times, each a new run with its own pause before it."""
        begin = self.clock.now_ns()
        for device in self.home.devices:
            if device.program == "plug_xor":
                self.press("phone", {"action": "look", "address": truth.lease(RUN_FOLDER, device.name)})
        self.pause()
        for _ in range(self.options.rounds):
            for first in (True, False):
                acts = [
                    (device.name, by_phone) for device in self.home.devices
                    if device.under_test and (first or device.program != "camera")
                    for by_phone in self.ways(device.program)
                ]  # fmt: skip
                self.random.shuffle(acts)
                for name, by_phone in acts:
                    self.act(name, first, by_phone)
        self.phase("operating", begin)

    def ways(self, program: str) -> tuple[bool | None, ...]:
        """Whether the phone or the cloud is to switch a device; none where that is drawn, or there is one way."""
        return (False, True) if self.options.each_way and program == "plug_xor" else (None,)

    def act(self, name: str, first: bool, by_phone: bool | None) -> None:
        """Do one action at life's rate; run fast through the pause after it."""
        self.clock.set_rate(1)
        self.live(SETTLE_S)
        program = self.home.device(name).program
        if by_phone is None:
            by_phone = program == "plug_xor" and self.random.random() < SHARE_OF_LAN_COMMANDS
        action = ("on" if first else "off") if program != "door" else ("open" if first else "close")
        if program == "camera":
            self.order({"device": name, "do": "stream_on"})
            self.live(self.random.uniform(*STREAMED_S))
            self.order({"device": name, "do": "stream_off"})
        elif program == "door":
            self.press(name, {"action": action})
        elif by_phone:
            self.press("phone", {"action": action, "address": truth.lease(RUN_FOLDER, name)})
        else:
            self.order({"device": name, "do": action})
        self.live(WATCHED_S)
        self.pause()

    def pause(self) -> None:
        """Nothing happens for a while, which passes fast."""
        self.clock.set_rate(self.options.speed)
        self.live(self.random.uniform(*PAUSE_S))
        self.clock.set_rate(1)

    def update(self, images: list[Image]) -> None:
        """Tell each device that has an image to fetch it, one after the other."""
        begin = self.clock.now_ns()
        for image in images:
            for device in self.home.devices:
                if device.program == image.program:
                    ready = RUN_FOLDER / "state" / f"{device.name}.ready"
                    ready.unlink()
                    self.order({"device": device.name, "do": "update", "path": image.path,
                                "size": len(image.content), "md5": image.md5})  # fmt: skip
                    self.wait_for([device.name])
                    self.clock.set_rate(self.options.speed)
                    self.live(UPDATED_S)
                    self.clock.set_rate(1)
        self.phase("update", begin)

    def order(self, order: dict[str, str | int]) -> None:
        """Have the cloud tell a device something."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(str(RUN_FOLDER / "state" / "cloud.orders"))
            sock.sendall(json.dumps(order).encode() + b"\n")
            answer = sock.recv(100)
        if answer != b"done\n":
            raise LabError(f"the cloud cannot reach {order['device']}: {answer.decode().strip()}")

    def press(self, name: str, what: dict[str, str]) -> None:
        """Act on a device by hand."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(json.dumps(what).encode(), str(RUN_FOLDER / "state" / f"{name}.button"))

    def stop(self) -> None:
        """End devices first (they write their counters), the capture and the servers after."""
        own = [name for name in self.children if name not in ("capture", "cloud")]
        for names in (own, ["cloud"], ["capture"]):
            for name in names:
                if name in self.children:
                    self.children[name].send_signal(signal.SIGTERM)
            for name in names:
                if name in self.children:
                    try:
                        self.children[name].wait(timeout=STOP_PATIENCE_S)
                    except subprocess.TimeoutExpired:
                        self.children[name].kill()
            time.sleep(0.3)  # last frames reach the capture


def run(options: Options, command: str) -> None:
    """Build, live through the phases, write capture and truth to `options.out`."""
    signal.signal(signal.SIGTERM, _interrupt)
    lab = Lab(options)
    try:
        begin = lab.clock.now_ns()
        images = lab.build()
        lab.switch_on()
        lab.phase("setup", begin)
        lab.idle()
        if options.rounds:
            lab.operating()
        if options.updates:
            lab.update(images)
    finally:
        lab.stop()
    options.out.mkdir(parents=True, exist_ok=True)
    stretches = lab.clock.stretches()
    hours = frames.cut(sorted(CAPTURES.glob("*.pcap")), stretches, options.out)
    (options.out / "images").mkdir(exist_ok=True)
    for image in images:
        (options.out / "images" / f"{image.program}.bin").write_bytes(image.content)
    run_facts = truth.Run(lab.home, command, options.speed, lab.phases, stretches, hours, images)
    truth.write(run_facts, RUN_FOLDER, options.out)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt

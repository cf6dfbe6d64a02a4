"""What every device of the lab has: a lease, a clock, a list of things to do, a button.

A device program is one file in lab/devices with a class that derives from `Device`; it is started
as `python -m lab.device NAME RUN_FOLDER` inside its own namespace.
"""

import heapq
import importlib
import itertools
import json
import os
import random
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from lab import dhcp, journal, names, plan
from lab.clock import LONGEST_NAP_S, NS_PER_S, LabClock

INTERFACE = "eth0"
LEASE_S = 86_400
LAST_ANSWERS_S = 0.4  # wall seconds
NTP_TIMEOUT_S = 10.0  # lab seconds: enough for an answer also while silence runs fast
NTP_PACKET = struct.Struct("!B47x")
NTP_CLIENT_V3 = 0x1B  # leap 0, version 3, mode 3 (RFC 5905, 7.3)
Action = Callable[[], object]


class Device:
    """One device: subclasses say what it does in `start`, and what its button does in `pressed`."""

    wanted: tuple[int, ...] = (1, 3, 6, 12, 15, 28, 42)  # DHCP option 55

    def __init__(self, name: str, run_folder: Path) -> None:
        self.run_folder = run_folder
        self.home = plan.read(run_folder / "plan.json")
        self.plan = self.home.device(name)
        self.clock = LabClock(run_folder / "clock")
        self.journal = journal.Journal(run_folder / "journal", name, self.clock.now_ns() // 1000, self.clock)
        journal.install(self.journal)
        self.random = random.Random(f"{self.home.seed} {name} {os.urandom(8).hex()}")
        self.dns = ""
        self.lease: dhcp.Lease | None = None
        self._due: list[tuple[int, int, Action]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._firmware_file = run_folder / "state" / f"{name}.firmware"

    @property
    def name(self) -> str:
        """The device's name in the plan."""
        return self.plan.name

    @property
    def firmware(self) -> str:
        """The version that runs: the plan's, or the one installed since."""
        if self._firmware_file.exists():
            return self._firmware_file.read_text()
        return self.plan.firmware

    @property
    def address(self) -> str:
        """The leased address."""
        return self.lease.address if self.lease else ""

    def start(self) -> None:
        """Begin what the device does; the address is there."""
        raise NotImplementedError

    def pressed(self, action: str, details: dict[str, str]) -> None:
        """Somebody acts on the device itself; most devices have nothing to press."""
        raise NotImplementedError(f"{self.name} has no {action}")

    # -- when -----------------------------------------------------------------------------------
    def after(self, delay_s: float, action: Action) -> None:
        """Do it once, so many lab seconds from now; callable from any thread."""
        when_ns = self.clock.now_ns() + int(delay_s * NS_PER_S)
        with self._lock:
            heapq.heappush(self._due, (when_ns, next(self._order), action))

    def every(self, period_s: float, action: Action, jitter: float = 0.02) -> None:
        """Do it again and again, first after a random part of the period."""

        def again() -> None:
            self.after(period_s * self.random.uniform(1 - jitter, 1 + jitter), again)
            action()

        self.after(period_s * self.random.random(), again)

    def on_readable(self, sock: socket.socket, action: Action) -> None:
        """Call `action` whenever the socket has something."""
        self._selector.register(sock, selectors.EVENT_READ, action)

    def forget(self, sock: socket.socket) -> None:
        """No longer look at this socket."""
        self._selector.unregister(sock)

    # -- what all devices do ----------------------------------------------------------------------
    def resolve(self, name: str, kind: int = names.A) -> str | None:
        """One address for a name, from the DNS server that DHCP named."""
        found = names.resolve(self.journal, self.dns, self.random.getrandbits(16), name, kind)
        return found[0] if found else None

    def ask_time(self, server: str, name: str | None) -> None:
        """One NTP request; `name` is what was resolved to get the address."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.sendto(NTP_PACKET.pack(NTP_CLIENT_V3), (server, 123))
        waiting = [True]

        def finish(answered: bool) -> None:
            if waiting:
                waiting.clear()
                self.forget(sock)
                if answered:
                    sock.recvfrom(512)
                sock.close()
                self.journal.note("ntp", server=server, name=name, answered=answered)

        self.on_readable(sock, lambda: finish(True))
        self.after(NTP_TIMEOUT_S, lambda: finish(False))

    def ask_pool(self, zones: list[str]) -> None:
        """Resolve one of a zone's four names and ask every address of the answer."""
        name = f"{self.random.randrange(4)}.{self.random.choice(zones)}"
        found = names.resolve(self.journal, self.dns, self.random.getrandbits(16), name)
        for server in found:
            self.ask_time(server, name)

    def reboot(self, firmware: str) -> None:
        """Start anew with this firmware: connections go, the lease is asked for again."""
        self._firmware_file.write_text(firmware)
        self.journal.note("rebooted", firmware=firmware)
        self.journal.flush()
        os.execv(sys.executable, [sys.executable, "-m", "lab.device", self.name, str(self.run_folder)])

    def run(self) -> None:
        """Boot, then live until SIGTERM; answers that are under way are still heard."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        signal.signal(signal.SIGTERM, stop)
        try:
            self._boot()
            self._listen_to_button()
            self.start()
            (self.run_folder / "state" / f"{self.name}.ready").touch()
            while not self._stopping:
                self._do_what_is_due()
                self._listen(self._nap_s())
            until_s = time.monotonic() + LAST_ANSWERS_S
            while time.monotonic() < until_s:
                self._listen(LONGEST_NAP_S)
        finally:
            self.journal.flush()

    def _boot(self) -> None:
        if not self.plan.ipv6:
            setting = f"net.ipv6.conf.{self.interface()}.disable_ipv6=1"
            subprocess.run(["sysctl", "-qw", setting], check=True)
        subprocess.run(["ip", "link", "set", self.interface(), "up"], check=True)
        who = dhcp.Identity(self.plan.mac, self.plan.hostname, self.plan.vendor_class, self.wanted)
        lease = dhcp.take_lease(who, self.interface())
        self.lease, self.dns = lease, lease.dns
        self.journal.note("lease", mac=self.plan.mac, ip=lease.address, hostname=self.plan.hostname)
        self.every(LEASE_S / 2, lambda: dhcp.renew(who, lease))

    def interface(self) -> str:
        """The interface that has the address."""
        return INTERFACE

    def _listen_to_button(self) -> None:
        path = self.run_folder / "state" / f"{self.name}.button"
        path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.bind(str(path))

        def push() -> None:
            order = json.loads(sock.recv(4096))
            self.pressed(order.pop("action"), order)

        self.on_readable(sock, push)

    def _do_what_is_due(self) -> None:
        now_ns = self.clock.now_ns()
        while not self._stopping:
            with self._lock:
                if not self._due or self._due[0][0] > now_ns:
                    break
                action = heapq.heappop(self._due)[2]
            action()

    def _nap_s(self) -> float:
        with self._lock:
            until_ns = self._due[0][0] if self._due else self.clock.now_ns() + NS_PER_S
        return self.clock.nap_s(until_ns)

    def _listen(self, wall_s: float) -> None:
        for key, _ in self._selector.select(wall_s):
            key.data()


def main() -> None:
    """Run the device that the command line names."""
    name, run_folder = sys.argv[1], Path(sys.argv[2])
    program = plan.read(run_folder / "plan.json").device(name).program
    module = importlib.import_module(f"lab.devices.{program}")
    module.DEVICE(name, run_folder).run()


if __name__ == "__main__":
    main()

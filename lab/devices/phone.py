"""The owner's phone: web pages over IPv6, and the local protocol of the plugs that have one."""

import json
import socket

from lab import names, web
from lab.device import Device
from lab.devices.plug_xor import LENGTH, PORT, scramble, unscramble

BROWSE_S = 420.0


class Phone(Device):
    """The phone."""

    wanted = (1, 121, 3, 6, 15, 108, 114, 119, 252)

    def start(self) -> None:
        self._offer = web.context(self.run_folder, ["h2", "http/1.1"])
        self.every(BROWSE_S, self._browse, jitter=0.4)

    def pressed(self, action: str, details: dict[str, str]) -> None:
        """The app on the same LAN: `on`, `off` or `look`, for the plug at `details["address"]`."""
        system: dict[str, object] = {"get_sysinfo": {}}
        if action != "look":
            system = {"set_relay_state": {"state": int(action == "on")}}
        with socket.create_connection((details["address"], PORT), timeout=3) as sock:
            sock.sendall(scramble(json.dumps({"system": system}).encode()))
            (length,) = LENGTH.unpack(sock.recv(LENGTH.size, socket.MSG_WAITALL))
            answer = json.loads(unscramble(sock.recv(length, socket.MSG_WAITALL)))
        self.journal.note("app", action=action, peer=details["address"], heard=sorted(answer["system"]))

    def _browse(self) -> None:
        web.fetch(self, self._offer, "/", names.AAAA)


DEVICE = Phone

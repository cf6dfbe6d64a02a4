"""The capture box itself: it sits on the bridge that it listens to, and has traffic of its own."""

from lab import names, web
from lab.device import Device

NTP_S = 1024.0  # the longest default poll of systemd-timesyncd's kind of client is 2,048 s
UPDATES_S = 3600.0


class Box(Device):
    """The box."""

    def start(self) -> None:
        self.every(NTP_S, self._set_clock)
        self._offer = web.context(self.run_folder, ["http/1.1"])
        self.every(UPDATES_S, self._look_for_updates)

    def interface(self) -> str:
        return "br0"

    def _set_clock(self) -> None:
        name = f"{self.random.randrange(4)}.pool.ntp.org"
        server = self.resolve(name)
        if server is not None:
            self.ask_time(server, name)

    def _look_for_updates(self) -> None:
        """Over IPv6: the one machine of this home that uses it where the capture sees."""
        web.fetch(self, self._offer, "/page", names.AAAA)


DEVICE = Box

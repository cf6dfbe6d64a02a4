"""The capture box itself: it sits on the bridge that it listens to, and has traffic of its own."""

from lab.device import Device

NTP_S = 1024.0  # the longest default poll of systemd-timesyncd's kind of client is 2,048 s
UPDATES_S = 3600.0
ZONES = ["pool.ntp.org"]


class Box(Device):
    """The box."""

    def start(self) -> None:
        self.every(NTP_S, self._set_clock)
        self.every(UPDATES_S, lambda: self.resolve("www.office.example"))

    def interface(self) -> str:
        return "br0"

    def _set_clock(self) -> None:
        name = f"{self.random.randrange(4)}.pool.ntp.org"
        server = self.resolve(name)
        if server is not None:
            self.ask_time(server, name)


DEVICE = Box

"""The home of the study, drawn anew from a seed: who lives in it, and which hosts they talk to."""

from typing import Any

from lab.plan import DevicePlan, Draw, Home, ntp_servers
from lab.planting import draw_style

# Assignments of the IEEE registry (MA-L); the lower halves are drawn.
OUI_CAMERA = ("20:bb:bc", "34:c6:dd")  # Hangzhou Ezviz
OUI_ESP = ("08:3a:8d", "08:a6:f7")  # Espressif
OUI_PLUG = ("00:31:92", "10:27:f5")  # TP-Link
OUI_LAMP = ("04:cf:8c", "34:ce:00")  # Xiaomi Electronics
OUI_NEIGHBOUR = ("00:ad:24", "08:5a:11")  # D-Link
OUI_BOX = ("28:cd:c1", "2c:cf:67")  # Raspberry Pi
OUI_GATEWAY = ("00:04:0e", "00:15:0c")  # AVM
OUI_OFFICE = ("00:06:5b", "00:08:74")  # Dell
# Locally administered: what phones show since they randomise.
OUI_PHONE = ("d2:4f:1b", "9a:77:c0")

FIXED_HOSTS = {
    "mqtt.camview.example": ["198.18.10.11"],
    "api.camview.example": ["198.18.10.12"],
    "backup.camview.example": ["198.18.10.13"],
    "p2p.camview.example": ["198.18.20.21"],
    "stun.camview.example": ["198.18.20.22"],
    "relay.camview.example": ["198.18.21.23"],
    "update.camview.example": ["198.18.21.24"],
    "dispatch.switchnow.example": ["198.18.11.31"],
    "connect.switchnow.example": ["198.18.11.32"],
    "ota.switchnow.example": ["198.18.11.33"],
    "devs.linkplug.example": ["198.18.10.41"],
    "use1-api.linkplug.example": ["198.18.12.42"],
    "report.linkplug.example": ["198.18.12.43"],
    "de.ot.lumen.example": ["198.18.11.51"],
    "ots.lumen.example": ["198.18.12.52"],
    "cdn.lumen.example": ["198.18.30.53"],
    "www.office.example": ["198.18.40.61", "2001:db8:40::61"],
    "dns.resolver.example": ["198.18.53.53"],
}
RESOLVER = "198.18.53.53"
CONTINENTS = {
    "europe": "DE FR NL GB IE IT ES SE FI CH AT CZ PL PT DK",
    "north-america": "US CA MX",
    "asia": "JP SG HK KR IN ID TR",
    "oceania": "AU NZ",
}
SHARE_OF_NTP_THAT_ANSWERS = 0.94
HIDING_DEVICES = 2  # of those that the cloud switches: nothing about on and off differs in length
PUSH_BYTES, PUSHES_APART_BYTES = (120, 180), (16, 60)


def _pool(draw: Draw) -> dict[str, list[str]]:
    """Names of the NTP pool (its zones are public) and the invented hosts behind each."""
    servers = ntp_servers(draw)
    every = [address for country in servers.values() for address in country]
    zones: dict[str, list[str]] = {}
    for zone, countries in CONTINENTS.items():
        behind = [address for code in countries.split() for address in servers[code]]
        for number in range(4):
            zones[f"{number}.{zone}.pool.ntp.org"] = sorted(draw.random.sample(behind, min(12, len(behind))))
    for number in range(4):
        zones[f"{number}.pool.ntp.org"] = sorted(draw.random.sample(every, 24))
    return zones


def _device(draw: Draw, **fields: Any) -> DevicePlan:
    """A device under test behind the access point unless the fields say otherwise."""
    version = draw.version()
    defaults: dict[str, Any] = {
        "role": "device",
        "side": "wifi",
        "vendor_class": "udhcp 1.24.2",
        "model": "",
        "serial": draw.letters(9),
        "firmware": version,
        "next_firmware": f"{version}.{draw.random.randint(1, 90)}",
        "under_test": True,
        "ipv6": False,
        "settings": {},
    }
    return DevicePlan(**(defaults | fields))


def _cameras(draw: Draw) -> list[DevicePlan]:
    cameras: list[DevicePlan] = []
    model = f"CV-{draw.letters(3)}-A0"
    shared = {
        "udp_port": draw.random.randint(6000, 9999),
        "udp_magic": f"{draw.random.getrandbits(32):08x}",
        "mapped_style": draw.random.choice(["text", "binary", "xor"]),
        "stream_over": draw.random.choice(["tcp", "udp"]),
        "topic": draw.random.choice(["dev/up", "v3/report", "iot/cam"]),
    }
    for letter in "ab":
        settings: dict[str, Any] = shared | {
            "ping_s": 15,
            "token": draw.letters(24),
            "search_s": draw.random.randint(110, 140),
            "beacon_s": draw.random.randint(18, 24),
            "ntp_s": draw.random.randint(280, 340),
            "stream_gap_ms": draw.random.randint(50, 90),
            "udp_style": draw_style(draw.random),
            "mqtt_style": draw_style(draw.random),
            "http_style": draw_style(draw.random),
            "zones": ["europe.pool.ntp.org", "asia.pool.ntp.org", "pool.ntp.org"],
        }
        cameras.append(
            _device(draw, name=f"cam-{letter}", program="camera", mac=draw.mac(OUI_CAMERA),
                    hostname=f"CS-{model}-{draw.letters(4)}", model=model, settings=settings)
        )  # fmt: skip
    return cameras


def _plugs_and_sensor(draw: Draw) -> list[DevicePlan]:
    devices: list[DevicePlan] = []
    for letter in "ab":
        settings: dict[str, Any] = {
            "id": f"1000{draw.digits(6)}",
            "keepalive_s": draw.random.randint(140, 160),
            "padding": draw.random.randint(20, 90),
        }
        devices.append(
            _device(draw, name=f"plug-{letter}", program="plug_mdns", mac=draw.mac(OUI_ESP),
                    hostname=f"ESP_{draw.letters(6)}", vendor_class="", model="PS26", settings=settings)
        )  # fmt: skip
    for letter in "cd":
        settings = {
            "keepalive_s": draw.random.randint(100, 130),
            "ntp_s": draw.random.randint(230, 290),
            "padding": draw.random.randint(40, 160),
            "zones": ["europe.pool.ntp.org", "north-america.pool.ntp.org", "pool.ntp.org"],
            "bare_ntp": [],
        }
        devices.append(
            _device(draw, name=f"plug-{letter}", program="plug_xor", mac=draw.mac(OUI_PLUG),
                    hostname="HP100", model="HP100(EU)", settings=settings)
        )  # fmt: skip
    settings = {"id": f"1000{draw.digits(6)}", "wake_s": draw.random.randint(1500, 2100),
                "padding": draw.random.randint(20, 60)}  # fmt: skip
    devices.append(
        _device(draw, name="door", program="door", mac=draw.mac(OUI_ESP), vendor_class="",
                hostname=f"ESP_{draw.letters(6)}", model="DW2-W", settings=settings)
    )  # fmt: skip
    return devices


def _others(draw: Draw) -> list[DevicePlan]:
    lamp: dict[str, Any] = {
        "did": draw.digits(9),
        "udp_port": draw.random.choice([8053, 8054, 5683 + draw.random.randint(10, 90)]),
        "keepalive_s": draw.random.randint(25, 35),
        "padding": draw.random.randint(60, 200),
        "http_style": draw_style(draw.random),
    }
    plain: dict[str, Any] = {"under_test": False, "side": "wired", "ipv6": True}
    return [
        _device(draw, name="lamp", program="lamp", mac=draw.mac(OUI_LAMP), vendor_class="MSFT 98 XIAOMI",
                hostname=f"lumen-light-lamp4_{draw.letters(4)}", model="lumen.light.lamp4",
                ipv6=True, settings=lamp),
        _device(draw, name="neighbour", program="neighbour", role="bystander", mac=draw.mac(OUI_NEIGHBOUR),
                hostname=f"DCS-{draw.digits(4)}L", model="DCS-5020L", **(plain | {"ipv6": False})),
        _device(draw, name="phone", program="phone", role="phone", mac=draw.mac(OUI_PHONE),
                hostname="iPhone", vendor_class="", **plain),
        _device(draw, name="office", program="office", role="bystander", mac=draw.mac(OUI_OFFICE),
                hostname=f"DESKTOP-{draw.letters(7)}", vendor_class="MSFT 5.0", **plain),
        _device(draw, name="box", program="box", role="capture", mac=draw.mac(OUI_BOX),
                hostname="raspberrypi", vendor_class="dhcpcd-9.4.1:Linux-6.1:aarch64:BCM2835", **plain),
        _device(draw, name="gateway", program="", role="gateway", mac=draw.mac(OUI_GATEWAY),
                hostname="gateway", **plain),
    ]  # fmt: skip


def _draw_pushes(draw: Draw, devices: list[DevicePlan]) -> None:
    """How long the cloud's orders are, and whose tell nothing."""
    switched = [device for device in devices if device.program in ("plug_mdns", "plug_xor", "lamp")]
    hiding = draw.random.sample([device.name for device in switched], HIDING_DEVICES)
    for device in switched:
        hides, on = device.name in hiding, draw.random.randint(*PUSH_BYTES)
        apart = 0 if hides else draw.random.choice((-1, 1)) * draw.random.randint(*PUSHES_APART_BYTES)
        device.settings.update(hides_actions=int(hides), push_on_bytes=on, push_off_bytes=on + apart)


def draw_home(seed: int, planted: bool = True) -> Home:
    """The whole plan of a run; the same seed gives the same plan. Without `planted` no device gives anything away."""
    draw = Draw(seed)
    zones = _pool(draw)
    every = sorted({address for behind in zones.values() for address in behind})
    devices = _cameras(draw) + _plugs_and_sensor(draw) + _others(draw)
    for device in devices:
        if "bare_ntp" in device.settings:
            device.settings["bare_ntp"] = draw.random.sample(every, 3)
    hosts = dict(FIXED_HOSTS)
    home = Home(
        seed=seed,
        lan=f"192.168.{draw.random.choice([value for value in range(3, 250) if value != 68])}",
        lan6=f"2001:db8:1:{draw.random.getrandbits(16) | 1:x}::",
        public_ip=draw.address_in("198.18.1.0/24"),
        resolver=RESOLVER,
        ssid=f"Home-{draw.letters(5)}",
        email=f"{draw.random.choice(['sam', 'robin', 'kim', 'alex'])}.{draw.digits(4)}@mail.example",
        latitude=f"{draw.random.uniform(35, 60):.6f}",
        longitude=f"{draw.random.uniform(-9, 25):.6f}",
        hosts=hosts,
        ntp_zones=zones,
        ntp_alive=sorted(draw.random.sample(every, int(len(every) * (SHARE_OF_NTP_THAT_ANSWERS if planted else 1)))),
        planted=planted,
        devices=devices,
    )
    _draw_pushes(draw, devices)
    return home

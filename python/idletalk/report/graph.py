"""Who talks to whom as one picture: devices on the left, the networks of their peers on the right."""

from collections import Counter
from dataclasses import dataclass
from math import log10

from idletalk.model import Device, Report
from idletalk.report.charts import FONT_SIZE, svg, text_of
from idletalk.report.text import human_bytes, within

MAX_DEVICES = 24
MAX_NETWORKS = 18
"""Lines of text that fit beside one another; what has fewer bytes is put together."""
WIDTH = 860
LEFT, RIGHT = 190, 600
ROW = 24
NAME_EMS = (LEFT - 8) / FONT_SIZE
LAN = "this network"
CLOCKS = "time servers"
UNKNOWN = "unknown network"
OTHERS = "other networks"


@dataclass(frozen=True, slots=True)
class Link:
    """What a device exchanges with one network."""

    device: Device
    network: str
    bytes: int


def links(report: Report) -> list[Link]:
    """What each device exchanges with each network, gateways and capture boxes apart, the most bytes first."""
    sums: Counter[tuple[str, str]] = Counter()
    known = {device.id: device for device in report.devices if device.role not in ("gateway", "capture")}
    for device in known.values():
        for peer in device.peers:
            if peer.is_ntp_only:
                network = CLOCKS
            elif peer.scope == "internet":
                network = peer.provider or peer.organisation or UNKNOWN
            elif peer.scope == "lan":
                network = LAN
            else:
                continue
            sums[device.id, network] += peer.traffic.unique.total_bytes
    return [
        Link(known[device], network, count)
        for (device, network), count in sorted(sums.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def graph(report: Report, found: list[Link]) -> str:
    """The picture; the thicker a line, the more bytes, in steps of ten."""
    if not found:
        return ""
    by_device: Counter[str] = Counter()
    by_network: Counter[str] = Counter()
    for link in found:
        by_device[link.device.id] += link.bytes
        by_network[link.network] += link.bytes
    devices = [device for device, _ in by_device.most_common(MAX_DEVICES)]
    networks = [network for network, _ in by_network.most_common(MAX_NETWORKS)]
    if len(by_network) > MAX_NETWORKS:
        networks.append(OTHERS)
    height = ROW * max(len(devices), len(networks)) + 10
    place = {name: _middle(index, len(devices), height) for index, name in enumerate(devices)}
    ends = {name: _middle(index, len(networks), height) for index, name in enumerate(networks)}
    names = {link.device.id: link.device.name for link in found}
    drawn: Counter[tuple[str, str]] = Counter()
    for link in found:
        if link.device.id in place:
            drawn[link.device.id, link.network if link.network in ends else OTHERS] += link.bytes
    body = [
        f'<path class="flow" stroke-width="{max(0.6, log10(count + 1) - 1.5):.1f}" d="M{LEFT} {place[device]:.1f}'
        f'C{(LEFT + RIGHT) / 2:g} {place[device]:.1f} {(LEFT + RIGHT) / 2:g} {ends[network]:.1f} {RIGHT} {ends[network]:.1f}">'
        f"<title>{text_of(names[device])} and {text_of(network)}: {human_bytes(count)}</title></path>"
        for (device, network), count in drawn.items()
    ]
    body += [
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text_of(within(names[device], NAME_EMS))}</text>'
        for device, y in place.items()
    ]
    body += [
        f'<text x="{RIGHT + 8}" y="{y + 4:.1f}">{text_of(within(name, NAME_EMS))}</text>' for name, y in ends.items()
    ]
    return svg(WIDTH, height, "Which devices talk to whose networks", body)


def _middle(index: int, count: int, height: float) -> float:
    return 5 + (height - 10) * (index + 0.5) / count

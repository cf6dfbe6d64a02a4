"""Protocols that are read from what the core keeps, in real captures: on other ports, without the first frames, from the middle on.

Those without a capture of others are tested in `test_made_elsewhere.py`.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

from idletalk.protocols import PROTOCOLS
from tests import rewritten
from tests.protocols import talks
from tests.protocols.test_recognition import CAPTURES, MISSING
from tests.rewritten import Frame

ROWS: dict[str, tuple[str, dict[str, str]]] = {
    "amqp": ("ndpi/amqp.pcap", {}),
    "bacnet": ("ndpi/bacnet.pcap", {}),
    "cs2-p2p": ("homes/various/NEU-SNS+intl-iot/yi_camera_sample.pcap", {}),
    "miio": (
        "homes/smart-home-firewall/xiaomi-cam/base-firewall/lan.pcap",
        {"later": "a hello and its answer are all of a conversation"},
    ),
    "modbus": ("protocols/OISF+suricata-verify/modbus.pcap", {}),
    "tplink-smarthome": ("ndpi/tplink_shp.pcap", {}),
    "tuya": ("ndpi/tuya_lp.pcap", {}),
}
"""A capture, and why nothing tells the protocol in some cases: `elsewhere`, `later`, `midway`."""
BESIDE = {"miio": {"cs2-p2p"}}
"""Others that a capture holds."""
CARRIED = frozenset({"ewelink", "ftp", "matter", "smtp", "telnet", "upnp", "xmpp"})
"""Read inside of protocols of the core, which has rows for those."""
MADE = frozenset({"ewelink", "lifx", "sadp", "yeelight"})
"""Of which no capture is at hand."""


def names(folder: Path, content: Iterable[tuple[float, bytes]], link_type: int) -> set[str]:
    """What content told, of those that are read here."""
    store = talks.read(folder, list(content), link_type=link_type)
    rows = store.ask("SELECT DISTINCT application FROM flow_segments WHERE recognised_by = 'content'")
    store.close()
    return {row["application"] for row in rows} & {protocol.name for protocol in PROTOCOLS}


@pytest.mark.parametrize("protocol", ROWS)
def test_it_is_told_by_content_on_other_ports_and_without_its_start(protocol: str, tmp_path: Path) -> None:
    name, reasons = ROWS[protocol]
    if not (CAPTURES / name).exists():
        pytest.skip(f"no capture at {CAPTURES / name}")
    whole: list[Frame] = list(rewritten.frames(CAPTURES / name))
    cuts = {
        "whole": [(frame.time_s, frame.content) for frame in whole],
        "elsewhere": rewritten.moved(whole),
        "later": rewritten.later(whole, MISSING),
        "midway": rewritten.midway(whole),
    }
    for kind, frames in cuts.items():
        found = names(tmp_path / kind, frames, whole[0].link_type) - BESIDE.get(protocol, set())
        assert found == (set() if kind in reasons else {protocol}), kind


def test_every_protocol_has_a_row_or_a_maker() -> None:
    assert {protocol.name for protocol in PROTOCOLS} == ROWS.keys() | CARRIED | MADE

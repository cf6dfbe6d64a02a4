"""WS-Discovery and miIO equal what other readers make of tshark's payloads: expat, and python-miio where it is installed."""

import shutil

import pytest

from . import comparison, undissected

CAPTURES = (
    ("wsd", "ndpi/upnp.pcap", 10),
    ("wsd", "protocols/OISF+suricata-verify/8_input.pcap", 1),
    ("wsd", "protocols/seladb+PcapPlusPlus/ip6_fragments.pcap", 2),
    ("miio", "homes/smart-home-firewall/xiaomi-cam/base-firewall/lan.pcap", 2),
)
"""Protocol, a capture that holds it, and how many messages at least. `python -m tests.differential.undissected` compares all captures."""


@pytest.mark.parametrize(("protocol", "name", "number"), CAPTURES)
def test_messages_equal_those_of_another_reader(protocol: str, name: str, number: int) -> None:
    capture = comparison.CAPTURES / name
    if shutil.which("tshark") is None or not capture.exists():
        pytest.skip(f"no tshark, or no capture at {capture}")
    if protocol not in undissected.readers():
        pytest.skip("python-miio is not installed")
    [(_, compared, only_ours, only_theirs)] = [one for one in undissected.compare(capture) if one[0] == protocol]
    assert (only_ours, only_theirs) == ([], [])
    assert compared >= number

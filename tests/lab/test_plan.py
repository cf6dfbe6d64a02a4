"""What is drawn from a seed: the same again, reserved addresses only, nothing of the study's."""

import base64
import csv
import json
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from lab import names
from lab.home import draw_home
from lab.plan import NETWORKS_TSV, STUDY_ENDINGS, read
from lab.planting import ENCODINGS, KEYS, Style

RESERVED = (ip_network("198.18.0.0/15"), ip_network("2001:db8::/32"))
SEEDS = range(10)


def test_the_same_seed_gives_the_same_home(tmp_path: Path) -> None:
    draw_home(4).write(tmp_path / "plan.json")
    assert read(tmp_path / "plan.json") == draw_home(4)
    assert draw_home(4) != draw_home(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_host_has_a_reserved_address_that_networks_tsv_knows(seed: int) -> None:
    home = draw_home(seed)
    with NETWORKS_TSV.open(newline="") as file:
        known = [ip_network(row["network"]) for row in csv.DictReader(file, delimiter="\t")]
    hosts = [*home.hosts.values(), *home.ntp_zones.values(), [home.public_ip]]
    for address in (ip_address(text) for several in hosts for text in several):
        assert any(address in network for network in RESERVED)
        assert sum(address in network for network in known) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_devices_share_an_address_and_none_is_the_studys(seed: int) -> None:
    macs = [device.mac for device in draw_home(seed).devices]
    assert len(set(macs)) == len(macs)
    assert not {mac[-5:] for mac in macs} & STUDY_ENDINGS


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_writes_every_value(encoding: str) -> None:
    style = Style(encoding, {kind: several[0] for kind, several in KEYS.items()}, 0x5A)
    written = style.write({"serial": "ABC123", "ssid": "Home-1"})
    match encoding:
        case "xor":
            plain = bytes(byte ^ 0x5A for byte in written)
        case "hex":
            plain = bytes.fromhex(written.decode())
        case "base64":
            plain = base64.b64decode(written)
        case _:
            plain = written
    assert b"ABC123" in plain
    assert Style.parse(json.dumps({"encoding": encoding, "keys": style.keys, "xor_key": 90})) == style


def test_a_dns_answer_reads_back() -> None:
    query = names.ask(77, "0.pool.ntp.org", names.A)
    reply = names.answer(query, ["198.19.1.2", "198.19.3.4"], known=True)
    assert names.question(reply).name == "0.pool.ntp.org"
    assert names.addresses(reply) == ["198.19.1.2", "198.19.3.4"]

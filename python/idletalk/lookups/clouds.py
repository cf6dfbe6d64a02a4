"""Reads ``clouds.tsv``: which AS numbers and networks belong to which cloud, CDN or hosting provider.

Each line names its own source and date. A line tells an AS number or a network (CIDR), never both; a
network goes before the AS number that announces it.
"""

import csv
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple

from idletalk.lookups.keys import key_of
from idletalk.lookups.ranges import KeyRange, flattened

CLOUDS_FILE = "clouds.tsv"


class Provider(NamedTuple):
    """Whose network it is."""

    provider: str
    provider_kind: str
    """cloud, cdn or hosting."""
    anycast: bool | None
    """Whether the addresses are served from many places at once; None where that is not known."""


class Clouds(NamedTuple):
    """The table, by AS number and by range of keys."""

    asns: dict[int, Provider]
    networks: list[KeyRange[Provider]]


def read_clouds(path: Path) -> Clouds:
    """Read the table that comes with idletalk; its form is checked by the tests, not here."""
    asns: dict[int, Provider] = {}
    networks: list[KeyRange[Provider]] = []
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            anycast = True if row["anycast"] == "true" else None
            provider = Provider(row["provider"], row["provider_kind"], anycast)
            if row["asn"]:
                asns[int(row["asn"])] = provider
            else:
                network = ip_network(row["network"])
                networks.append(KeyRange(key_of(network.network_address), key_of(network.broadcast_address), provider))
    return Clouds(asns, flattened(networks))

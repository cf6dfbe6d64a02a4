"""Offline look-ups: who holds an address, where it is, whose cloud it is in, who made a network interface.

Tables with source and date (``data/``, described in docs/lookups.md), joined in SQL. Nothing here uses the
network; what the user adds goes first.
"""

from idletalk.lookups.convert import convert, user_folder
from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import address_key
from idletalk.lookups.sources import Source, Tells
from idletalk.lookups.tables import Lookups, list_sources, open_lookups
from idletalk.lookups.world import WorldMap, country_names, world_map

__all__ = [
    "LookupFileError",
    "Lookups",
    "Source",
    "Tells",
    "WorldMap",
    "address_key",
    "convert",
    "country_names",
    "list_sources",
    "open_lookups",
    "user_folder",
    "world_map",
]

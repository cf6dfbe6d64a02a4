"""Offline look-ups: who holds an address, where it is, whose cloud it is in, who made a network interface.

Tables with source and date (``data/``, described in docs/lookups.md), joined in SQL. Nothing here uses the
network; what the user adds goes first.
"""

from idletalk.lookups.convert import convert, user_folder
from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import address_key
from idletalk.lookups.sources import Source, Tells
from idletalk.lookups.tables import Lookups, list_sources, open_lookups

__all__ = [
    "LookupFileError",
    "Lookups",
    "Source",
    "Tells",
    "address_key",
    "convert",
    "list_sources",
    "open_lookups",
    "user_folder",
]

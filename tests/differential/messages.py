"""All classes of values of messages that are declared as :class:`.told.Compared`, by protocol."""

from __future__ import annotations

from . import lan, things
from .told import Compared

COMPARED: tuple[Compared, ...] = (*lan.COMPARED, *things.COMPARED)
"""Every class; the part of its name before `_` is the protocol, whose carriers `theirs.CARRIERS` has."""

"""Firmware images: what they are, what is inside, what authenticates them. Knows no captures and no pages."""

from idletalk.firmware.examination import Options, examine
from idletalk.firmware.model import Examination

__all__ = ["Examination", "Options", "examine"]

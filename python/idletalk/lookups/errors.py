"""The error of the look-up tables."""

from idletalk.errors import IdletalkError


class LookupFileError(IdletalkError):
    """A look-up file cannot be read, is broken, or holds none of the facts that we look for."""

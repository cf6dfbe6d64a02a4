"""Messages of one sender's stream, also where they came in several pieces. Readers see bytes only; what has to be put
together for them is decided here, for all protocols alike.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from idletalk.protocols.protocol import Message

MAX_JOINED_BYTES = 64 << 10
"""Of pieces that wait for the rest of a message: the largest length of 16 bits, which most of these protocols have."""
MAX_JOINED_PIECES = 64
"""The same in pieces: all of them are read again with each that follows. 64 KiB in segments of Ethernet are 45."""

Reader = Callable[[bytes], Iterable[Message]]


@dataclass(slots=True)
class Stream:
    """What waits of one direction of a stream, or of one body."""

    read: Reader
    _waiting: bytes = b""
    _pieces: int = 0
    _told: int = 0
    """Messages already given of what waits."""
    _end: int = field(default=-1)
    """Place of the byte that follows."""

    def piece(self, offset: int, content: bytes) -> Sequence[Message]:
        """Messages that this piece holds or completes."""
        follows = offset == self._end and self._pieces > 0
        self._end = offset + len(content)
        found = list(self.read(content))
        if found or not follows:
            # it begins a message
            self._waiting, self._pieces, self._told = content, 1, len(found)
            return found
        if self._pieces >= MAX_JOINED_PIECES or len(self._waiting) + len(content) > MAX_JOINED_BYTES:
            self._waiting, self._pieces = b"", 0
            return []
        self._waiting, self._pieces = self._waiting + content, self._pieces + 1
        whole = list(self.read(self._waiting))
        fresh = whole[self._told :]
        self._told = max(self._told, len(whole))
        return fresh

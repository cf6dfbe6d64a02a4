"""A lenient reader of DER, for certificates that strict parsers refuse (X.690).

Roots of vendors have parameters where there should be none, serial numbers below zero, and lengths not in shortest form.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MAX_DEPTH = 32
"""Elements within elements; certificates have about ten."""


class DerError(ValueError):
    """The bytes are no DER."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: tag, content, and the bytes of both."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> list["Element"]:
        """The elements that it is made of."""
        return list(elements(self.content))


def element(data: bytes, at: int = 0) -> Element:
    """The element at an offset. Raises DerError where there is none."""
    if at + 2 > len(data):
        raise DerError("the bytes end in an element")
    tag, length, head = data[at], data[at + 1], 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or at + 2 + count > len(data):
            raise DerError("a length is not DER")
        length, head = int.from_bytes(data[at + 2 : at + 2 + count]), 2 + count
    end = at + head + length
    if end > len(data):
        raise DerError("an element is longer than what holds it")
    return Element(tag, data[at + head : end], data[at:end])


def elements(data: bytes) -> Iterator[Element]:
    """One element after the other, to the end."""
    at = 0
    while at < len(data):
        found = element(data, at)
        yield found
        at += len(found.whole)


def oid(content: bytes) -> str:
    """An object identifier in dots."""
    numbers: list[int] = []
    value = 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        raise DerError("an empty object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))

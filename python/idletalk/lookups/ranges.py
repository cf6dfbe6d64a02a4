"""Ranges of addresses with an answer each: in any shape, out sorted, disjoint and as few as possible.

Everything here works on keys (see ``keys.py``), so a range is no finer than one IPv6 /64.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import (
    IPV4_BUCKET_SHIFT_BITS,
    IPV4_LAST_KEY,
    IPV6_BUCKET_SHIFT_BITS,
    IPV6_GLOBAL_FIRST_KEY,
    IPV6_GLOBAL_LAST_KEY,
)

T = TypeVar("T")


class KeyRange(NamedTuple, Generic[T]):
    """All keys from the first to the last, both included, have this answer."""

    first_key: int
    last_key: int
    answer: T


def merged(ranges: Iterable[KeyRange[T]], origin: str) -> Iterator[KeyRange[T]]:
    """Sorted ranges with neighbours of the same answer joined.

    A /64 that the source divides goes to its lowest listed part, since a key is no finer.

    :param ranges: sorted by first key.
    :param origin: the file they came from, for the message.
    :raises LookupFileError: two ranges overlap in more than the one key where they meet.
    """
    held: KeyRange[T] | None = None
    for first_key, last_key, answer in ranges:
        if held is None:
            held = KeyRange(first_key, last_key, answer)
            continue
        if first_key < held.last_key:
            raise LookupFileError(
                f"{origin}: ranges overlap or are not sorted near key {first_key}; fetch the file anew"
            )
        first_key = max(first_key, held.last_key + 1)
        if first_key > last_key:
            continue
        if answer == held.answer and first_key == held.last_key + 1:
            held = KeyRange(held.first_key, last_key, answer)
            continue
        yield held
        held = KeyRange(first_key, last_key, answer)
    if held is not None:
        yield held


def bucketed(ranges: Iterable[KeyRange[T]]) -> Iterator[tuple[int, int, int, T]]:
    """Bucket, first key, last key, answer: the ranges cut at the borders of buckets (see ``keys.bucket_of``).

    Only IPv4 and global unicast IPv6 are kept; the rest of IPv6 belongs to nobody.
    """
    for first_key, last_key, answer in ranges:
        for lowest, highest, shift in (
            (0, IPV4_LAST_KEY, IPV4_BUCKET_SHIFT_BITS),
            (IPV6_GLOBAL_FIRST_KEY, IPV6_GLOBAL_LAST_KEY, IPV6_BUCKET_SHIFT_BITS),
        ):
            first, last = max(first_key, lowest), min(last_key, highest)
            for bucket in range(first >> shift, (last >> shift) + 1) if first <= last else ():
                border = bucket << shift
                yield bucket, max(first, border), min(last, border + (1 << shift) - 1), answer


def flattened(ranges: Iterable[KeyRange[T]]) -> list[KeyRange[T]]:
    """Nested ranges made disjoint: the smallest range that holds a key answers for it.

    Of two equal ranges the later one wins. Meant for the few lines that a person writes: the work
    grows with the square of their number.
    """
    smallest_last = sorted(ranges, key=lambda r: r.first_key - r.last_key)
    disjoint: list[KeyRange[T]] = []
    for new in smallest_last:
        kept: list[KeyRange[T]] = []
        for old in disjoint:
            if old.last_key < new.first_key or old.first_key > new.last_key:
                kept.append(old)
                continue
            if old.first_key < new.first_key:
                kept.append(KeyRange(old.first_key, new.first_key - 1, old.answer))
            if old.last_key > new.last_key:
                kept.append(KeyRange(new.last_key + 1, old.last_key, old.answer))
        disjoint = [*kept, new]
    return sorted(disjoint, key=lambda r: r.first_key)

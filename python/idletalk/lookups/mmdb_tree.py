"""Walks the search tree of a MaxMind database: which record answers for which addresses.

Our own because the C extension of ``maxminddb`` ends the process on a broken tree, and because a walk that
gives record numbers lets each record be decoded once, not once a network. Format: MaxMind DB File Format
Specification 2.0, "Binary Search Tree Section".
"""

from collections.abc import Iterator
from typing import NamedTuple

IPV4_BITS = 32
IPV6_BITS = 128
RECORD_SIZES_BITS = (24, 28, 32)
DATA_SEPARATOR_BYTES = 16
MAPPED_PREFIX = 0xFFFF
"""The upper 96 bits of an IPv4-mapped address (RFC 4291, 2.5.5.2)."""
VISITS_PER_NODE_MAX = 4
"""A tree visits each node once; writers may let equal parts share nodes. More is a circle."""


class Leaf(NamedTuple):
    """A network of the tree and the record that answers for it."""

    first_address: int
    last_address: int
    """Both in the tree's own address space: in a tree for IPv6, IPv4 lies in ::/96."""
    record: int
    """Offset into the data section, in bytes."""


class BrokenTree(ValueError):
    """The tree is cut off or runs in circles."""


def leaves(content: bytes, node_count: int, record_size_bits: int, ip_version: int) -> Iterator[Leaf]:
    """All networks with a record, in the order of their addresses.

    IPv4 is told once, in ::/96: its aliases (::ffff:0:0/96, 2002::/16 and others) are left out.

    :raises BrokenTree: the tree is cut off, runs in circles or is deeper than an address has bits.
    """
    node_bytes = record_size_bits // 4
    if record_size_bits not in RECORD_SIZES_BITS or not 0 < node_count * node_bytes <= len(content):
        raise BrokenTree("its search tree is cut off")
    total_bits = IPV4_BITS if ip_version == 4 else IPV6_BITS
    ipv4_root: int | None = None
    visits_left = node_count * VISITS_PER_NODE_MAX
    waiting = [(0, 0, 0)]
    while waiting:
        number, address, depth = waiting.pop()
        if depth == IPV6_BITS - IPV4_BITS and address == 0:
            ipv4_root = number
        elif number == ipv4_root or address >> IPV4_BITS == MAPPED_PREFIX:
            continue
        if number > node_count:
            span = 1 << (total_bits - depth)
            yield Leaf(address, address + span - 1, number - node_count - DATA_SEPARATOR_BYTES)
        elif number < node_count:
            visits_left -= 1
            if depth == total_bits or not visits_left:
                raise BrokenTree("its search tree runs in circles")
            left, right = _sides(content[number * node_bytes : (number + 1) * node_bytes], record_size_bits)
            depth += 1
            waiting.append((right, address | 1 << (total_bits - depth), depth))
            waiting.append((left, address, depth))


def _sides(node: bytes, record_size_bits: int) -> tuple[int, int]:
    """Left and right of a node; at 28 bits the middle byte holds the upper 4 bits of both."""
    if record_size_bits == 28:
        left = (node[3] & 0xF0) << 20 | int.from_bytes(node[:3])
        return left, (node[3] & 0x0F) << 24 | int.from_bytes(node[4:])
    half = len(node) // 2
    return int.from_bytes(node[:half]), int.from_bytes(node[half:])

"""How an address becomes the number that the look-up tables are sorted by."""

from ipaddress import IPv4Address, IPv6Address, ip_address

IPV4_LAST_KEY = 2**32 - 1
"""The highest key of an IPv4 address, 255.255.255.255."""

IPV4_BITS = 32
NAT64_PREFIX = 0x64_FF9B << 64
"""What is before the 32 bits of an IPv4 address in 64:ff9b::/96."""

IPV6_KEY_SHIFT_BITS = 64
"""An IPv6 key is the address without its lower 64 bits, the interface identifier (RFC 4291, 2.5.1)."""

IPV6_GLOBAL_FIRST_KEY = 0x2000 << 48
IPV6_GLOBAL_LAST_KEY = (0x4000 << 48) - 1
"""The keys of IPv6 global unicast space, 2000::/3 (IANA IPv6 address space registry); far above IPv4's."""

IPV4_BUCKET_SHIFT_BITS = 20
IPV6_BUCKET_SHIFT_BITS = 44
"""What a key loses to become its bucket: 4,096 buckets of a /12 for IPv4, 131,072 of a /20 for IPv6. Few
ranges cross a border at that size, and few share a bucket; enough for a host to be compared with few of them."""


def bucket_of(key: int) -> int:
    """The bucket of a key: the part that a host and the range that holds it have in common.

    Tables are cut at the borders of buckets, so that a plain hash join finds the range. DuckDB's ASOF join
    takes twice as long, and 15 times as long for fewer than 64 hosts.
    """
    return key >> (IPV4_BUCKET_SHIFT_BITS if key <= IPV4_LAST_KEY else IPV6_BUCKET_SHIFT_BITS)


BUCKET_SQL = (
    f"(CASE WHEN key <= {IPV4_LAST_KEY} THEN key >> {IPV4_BUCKET_SHIFT_BITS} "
    f"ELSE key >> {IPV6_BUCKET_SHIFT_BITS} END)::UINTEGER"
)
""":func:`bucket_of` as an SQL expression over a column ``key UBIGINT``."""


def address_key(text: str) -> int:
    """The key of an IP address, one unsigned 64-bit number for both families.

    IPv4: the address as a 32-bit number. IPv6: its upper 64 bits. So every global IPv6 key is above
    every IPv4 key, and one sorted column serves both. An IPv4-mapped address (::ffff:0:0/96, RFC 4291,
    2.5.5.2) and one behind NAT64's own prefix (64:ff9b::/96, RFC 6052, 2.1) have the key of the IPv4 address inside.
    A zone (``%eth0``) does not matter.

    Two kinds of IPv6 address share keys with 0.0.0.0/8 and the like, namely ::/32; IANA keeps that
    block for loopback, unspecified and mapped addresses, and no table has an answer for either.

    :raises ValueError: the text is no IP address.
    """
    return key_of(ip_address(text))


def key_of(address: IPv4Address | IPv6Address) -> int:
    """The key of a parsed address; see :func:`address_key`."""
    if isinstance(address, IPv4Address):
        return int(address)
    if address.ipv4_mapped is not None or int(address) >> IPV4_BITS == NAT64_PREFIX:
        return int(address) & IPV4_LAST_KEY
    return int(address) >> IPV6_KEY_SHIFT_BITS

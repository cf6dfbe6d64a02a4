from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idletalk.lookups.keys import (
    IPV4_LAST_KEY,
    IPV6_GLOBAL_FIRST_KEY,
    IPV6_GLOBAL_LAST_KEY,
    address_key,
    bucket_of,
)

IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address)
IPV6_GLOBAL = st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(IPv6Address)


@given(IPV4, IPV4)
def test_ipv4_keys_keep_the_order_of_the_addresses(one: IPv4Address, other: IPv4Address) -> None:
    assert (one < other) == (address_key(str(one)) < address_key(str(other)))


@given(IPV6_GLOBAL, IPV6_GLOBAL)
def test_ipv6_keys_never_reverse_the_order_of_the_addresses(one: IPv6Address, other: IPv6Address) -> None:
    low, high = sorted((one, other))
    assert address_key(str(low)) <= address_key(str(high))


@given(IPV4, IPV6_GLOBAL)
def test_every_global_ipv6_key_and_bucket_is_above_every_ipv4_one(v4: IPv4Address, v6: IPv6Address) -> None:
    key4, key6 = address_key(str(v4)), address_key(str(v6))
    assert key4 <= IPV4_LAST_KEY < IPV6_GLOBAL_FIRST_KEY <= key6 <= IPV6_GLOBAL_LAST_KEY
    assert bucket_of(key4) < bucket_of(key6)


@given(IPV4)
def test_a_mapped_address_has_the_key_of_the_address_inside(v4: IPv4Address) -> None:
    assert address_key(f"::ffff:{v4}") == address_key(f"64:ff9b::{v4}") == address_key(str(v4))


def test_an_ipv6_key_is_the_upper_half_of_the_address() -> None:
    assert address_key("2001:db8:1:2:aaaa:bbbb:cccc:dddd") == 0x2001_0DB8_0001_0002
    assert address_key("fe80::1%eth0") == 0xFE80 << 48


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not appear to be"):
        address_key("cloud.example.com")

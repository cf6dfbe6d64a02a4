from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idletalk.lookups.errors import LookupFileError
from idletalk.lookups.keys import IPV6_GLOBAL_FIRST_KEY, bucket_of
from idletalk.lookups.ranges import KeyRange, bucketed, flattened, merged

SMALL_RANGES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20), st.sampled_from("abc")).map(
        lambda t: KeyRange(t[0], t[0] + t[1], t[2])
    ),
    max_size=8,
)


def answers(ranges: list[KeyRange[str]]) -> dict[int, str]:
    return {key: r.answer for r in ranges for key in range(r.first_key, r.last_key + 1)}


@given(SMALL_RANGES)
def test_of_nested_ranges_the_narrowest_answers(ranges: list[KeyRange[str]]) -> None:
    flat = flattened(ranges)
    assert all(a.last_key < b.first_key for a, b in pairwise(flat))
    expected: dict[int, str] = {}
    for r in sorted(ranges, key=lambda r: r.first_key - r.last_key):
        expected.update(answers([r]))
    assert answers(flat) == expected


@given(SMALL_RANGES)
def test_merging_keeps_every_answer_and_leaves_no_neighbours_alike(ranges: list[KeyRange[str]]) -> None:
    disjoint = flattened(ranges)
    joined = list(merged(disjoint, "test"))
    assert answers(joined) == answers(disjoint)
    pairs = pairwise(joined)
    assert all(a.answer != b.answer or a.last_key + 1 < b.first_key for a, b in pairs)


def test_a_divided_64_goes_to_its_lowest_listed_part() -> None:
    parts = [KeyRange(5, 5, "low"), KeyRange(5, 5, "high"), KeyRange(5, 7, "next")]
    assert list(merged(parts, "test")) == [KeyRange(5, 5, "low"), KeyRange(6, 7, "next")]


def test_overlapping_ranges_are_refused() -> None:
    with pytest.raises(LookupFileError, match=r"broken\.tsv: ranges overlap"):
        list(merged([KeyRange(0, 9, "a"), KeyRange(3, 4, "b")], "broken.tsv"))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**24), st.booleans())
def test_cut_ranges_cover_the_same_keys_each_in_its_bucket(first: int, size: int, is_ipv6: bool) -> None:
    first, last = (first, min(first + size, 2**32 - 1))
    if is_ipv6:
        first, last = ((key << 20) + IPV6_GLOBAL_FIRST_KEY for key in (first, last))
    rows = list(bucketed([KeyRange(first, last, "x")]))
    assert rows[0][1] == first
    assert rows[-1][2] == last
    assert all(a[2] + 1 == b[1] for a, b in pairwise(rows))
    assert all(bucket == bucket_of(low) == bucket_of(high) for bucket, low, high, _ in rows)


def test_ranges_outside_global_unicast_ipv6_are_left_out() -> None:
    everything = [KeyRange(2**32, 2**64 - 1, "ZZ")]
    rows = list(bucketed(everything))
    assert rows[0][1] == IPV6_GLOBAL_FIRST_KEY

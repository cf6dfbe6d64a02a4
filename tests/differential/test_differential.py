"""idletalk's facts equal tshark's on every capture that others made, but for a short list of exemptions.

Skipped where the captures or the Wireshark programs are not there.
"""

from __future__ import annotations

import pytest

from . import claims, comparison, exemptions
from .__main__ import line, print_mismatches, print_troubles
from .exemptions import Exemption, judge
from .facts import Difference, Facts, differences
from .stack import Stack, outermost
from .theirs import nanoseconds

SHOWN = 100
"""Mismatches printed."""


def test_a_frame_counts_by_its_outermost_layers() -> None:
    assert outermost("eth:ethertype:ip:tcp:tls") == Stack(True, "ip", "tcp", "tls")
    assert outermost("eth:ethertype:ip:icmp:ip:udp:dns") == Stack(True, "ip", "icmp", "ip")
    assert outermost("ip:gre:ip:tcp") == Stack(False, "ip", "", "gre")
    assert outermost("eth:ethertype:ipv6:ipv6.hopopts:icmpv6") == Stack(True, "ipv6", "icmpv6", "")
    assert outermost("eth:ethertype:arp") == Stack(True, "arp", "", "arp")
    assert outermost("eth:ethertype:eapol:eap") == Stack(True, "", "", "eapol")


def test_times_are_whole_nanoseconds() -> None:
    assert nanoseconds("1577836800.000000001") == 1_577_836_800_000_000_001
    assert nanoseconds("-1.500000000") == -1_500_000_000


def test_an_exemption_that_no_longer_holds_must_go() -> None:
    mine, other = Facts(), Facts()
    mine.add("tcp", "a > b packets", 2, 5)
    other.add("tcp", "a > b packets", 3, 5)
    [found] = differences("x.pcap", mine, other)
    assert found == Difference("x.pcap", "tcp", "a > b packets", 5, 2, 3)
    holds = Exemption("x.pcap", "tcp", "5", 1, "why", "")
    verdict = judge([found], [holds])
    assert (verdict.mismatches, verdict.stale, verdict.exempt.total()) == ([], [], 1)
    assert judge([], [holds]).stale
    assert judge([found], []).mismatches == [found]


def test_facts_equal_tsharks_on_every_capture(capsys: pytest.CaptureFixture[str]) -> None:
    if reason := comparison.missing():
        pytest.skip(reason)
    outcomes = list(comparison.compare_all(comparison.captures()))
    found = [one for outcome in outcomes for one in outcome.differences]
    verdict = judge(found, exemptions.load())
    compared = sum(outcome.compared.total() for outcome in outcomes)
    share = verdict.exempt.total() / compared
    with capsys.disabled():
        print(f"\n{comparison.table(outcomes, verdict.exempt, verdict.mismatches)}")
        print_troubles(outcomes)
        print(f"exempt: {share:.2%} of the values (at most {exemptions.MAX_SHARE:.0%})")
        print_mismatches(verdict.mismatches, SHOWN)
        false = claims.report(outcomes)
    assert not verdict.stale
    assert share <= exemptions.MAX_SHARE
    assert not false
    assert not [line(one) for one in verdict.mismatches[:SHOWN]]

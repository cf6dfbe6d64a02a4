"""Application labels agree with nDPI's expected results, but for flows on which nDPI is wrong."""

from __future__ import annotations

import pytest

from . import labels


def test_a_flow_of_ndpi_is_read() -> None:
    line = "\t1\tUDP [fe80::1]:5353 <-> 10.0.0.1:53 [VLAN: 7][proto: 5.126/DNS.Google][IP: 0/Unknown][Confidence: DPI]"
    found = labels.FLOW.match(line)
    assert found
    assert found.groups() == ("UDP", "[fe80::1]", "5353", "10.0.0.1", "53", "DNS.Google", "DPI")
    assert labels.end("[2600:1900:4160:5999::19::]", "1") == labels.end("2600:1900:4160:5999:0:19::", "1")


def test_labels_agree_with_ndpi() -> None:
    if not labels.FOLDER.is_dir():
        pytest.skip(f"no captures at {labels.FOLDER}")
    scores = labels.compare()
    labels.exempt(scores)
    print(labels.table(scores))
    precision, recall = labels.macro(scores)
    assert precision >= labels.TARGET
    assert recall >= labels.TARGET

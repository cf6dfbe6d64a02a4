"""Matter over mDNS: whether a device waits to be taken over, and what it is. Bytes made after the specification; no capture
at hand holds such a record, so no device confirmed them.
"""

from idletalk.protocols import matter


def said(*lines: str) -> list[tuple[str, dict[str, object]]]:
    return [(message.kind, dict(message.fields)) for message in matter.read("\n".join(lines).encode())]


def test_a_device_that_waits_says_what_it_is() -> None:
    assert said("D=840", "CM=1", "VP=4937+257", "DT=266", "DN=Plug", "PH=33") == [
        (
            "commissionable",
            {
                "discriminator": 840,
                "commissioning": "open",
                "vendor_id": 4937,
                "product_id": 257,
                "device_type": 266,
                "name": "Plug",
            },
        )
    ]
    assert said("D=1", "CM=0")[0][1]["commissioning"] == "closed"


def test_a_sleepy_node_tells_its_intervals() -> None:
    assert said("SII=5000", "SAI=300", "T=0") == [
        ("operational", {"idle_interval_ms": 5000, "active_interval_ms": 300})
    ]


def test_other_services_are_no_matter() -> None:
    assert said("D=5000", "CM=1") == []
    assert said("D=x", "CM=1") == said("D=1", "CM=9") == said("T=0") == said("SII=1", "md=x") == []

"""Tables of the terminal: no column goes without being said, and no row looks like another."""

from dataclasses import replace

import pytest
from rich.console import Console

import idletalk
from idletalk.report.terminal import print_summary
from idletalk.report.terminal_tables import add_row, fitted, table_of, updates
from idletalk.report.text import human_bytes

HEADINGS = ("device", "clouds (protocols)", "countries", "NTP", "other", "LAN")


def printed(width: int) -> str:
    sides = ("left", "wide", "left", "right", "right", "right")
    table = table_of("Who", *zip(HEADINGS, sides, strict=True))
    clouds = ", ".join(["Tencent (http + stun + unknown tcp (encrypted))"] * 4)
    add_row(table, "a-device-whose-name-has-no-place-to-break", clouds, "DE? " * 12, "1234", "12345", "123")
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(fitted(table, width))
    return captured.get()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_table_that_fits_has_all_its_columns(width: int) -> None:
    shown = printed(width)
    assert all(word in shown for word in ("NTP", "other", "LAN", "1234", "12345", "123 "))
    assert max(map(len, shown.splitlines())) <= width


def test_columns_that_do_not_fit_are_named(width: int = 40) -> None:
    shown = " ".join(printed(width).split())
    assert "no room here for: " in shown
    told = shown.split("no room here for: ")[1].split(";")[0].split(", ")
    assert set(told) | {word for word in ("NTP", "other", "LAN") if f" {word} " in shown.split("no room")[0]} == {
        "NTP",
        "other",
        "LAN",
    }


def test_a_peer_of_several_addresses_is_one_row(demo: idletalk.Analysis) -> None:
    """Their bytes are added; a device of the same name is another."""
    report = demo.report
    device, peer = next(
        (device, peer)
        for device in report.devices
        for peer in device.peers
        if peer.scope == "internet" and peer.names and not peer.is_ntp_only
    )
    more = replace(
        device, peers=(*device.peers, replace(peer, address="192.0.2.1"), replace(peer, address="192.0.2.2"))
    )
    namesake = replace(device, id="ip:192.0.2.3", peers=(peer,))
    console = Console(width=200, highlight=False)
    with console.capture() as captured:
        print_summary(replace(report, devices=(more, namesake)), demo.folder, console)
    rows = [
        line for line in captured.get().split("Largest Internet peers")[1].splitlines() if peer.names[0].name in line
    ]
    both = 3 * peer.traffic.unique.total_bytes
    assert [human_bytes(both) in line and "(3 addresses)" in line for line in rows] == [True, False]


def test_files_that_did_not_come_are_one_row_a_server(demo: idletalk.Analysis) -> None:
    """A boot loader asks for its settings under a dozen names; why one failed is a sentence of the report."""
    report = demo.report
    told = "protocol: devices fetch by it what they start from"
    first = next(iter(report.conclusions.updates or ()))
    missed = replace(
        first, kind="failed", seen=False, server="192.0.2.9", transport="tftp", size_bytes=None, sentence=told
    )
    rows = tuple(replace(missed, target=f"pxelinux.cfg/{number}") for number in range(12))
    unread = replace(missed, kind="possible", seen=False, server="cdn.example.net", transport="tls", sentence=told)
    table = updates(replace(report, conclusions=replace(report.conclusions, updates=(*rows, unread))))
    console = Console(width=120, highlight=False)
    with console.capture() as captured:
        console.print(table)
    shown = captured.get()
    assert shown.count("192.0.2.9") == 1 and "did not come: 12 files" in shown
    assert shown.count("cannot be read") == 1 and "devices fetch" not in shown


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 B"),
        (0.3, "<1 B"),
        (999.4, "999 B"),
        (999.6, "1 kB"),
        (999_700, "1 MB"),
        (999_400, "999 kB"),
        (5_314_000, "5.31 MB"),
        (2e14, "200 TB"),
    ],
)
def test_bytes_have_three_digits_and_no_power_of_ten(count: float, told: str) -> None:
    assert human_bytes(count) == told

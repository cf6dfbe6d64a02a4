"""Tables of the terminal: no column goes without being said."""

import pytest
from rich.console import Console

from idletalk.report.terminal_tables import add_row, fitted, table_of

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

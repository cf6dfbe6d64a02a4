"""Names where there is little room."""

from idletalk.report.text import within


def test_a_name_is_cut_where_its_room_ends_and_keeps_its_end() -> None:
    assert within("lumen-light-lamp4_E9RU", 13.5) == "lumen-light-lamp4_E9RU"
    assert within("F4B85EFF2B1B-mysimplelink", 13.5) == "F4B85EFF2B1B-…plelink"
    assert within("Check Point Software 53:d0:28", 13.5) == "Check Point So…53:d0:28"
    assert within("i" * 37, 13.5) == "i" * 37
    assert within("電球" * 10, 13.5) == "電球電球電球電球…電球電球"
    assert within("W", 0.5) == "…"
    assert within("", 1) == ""

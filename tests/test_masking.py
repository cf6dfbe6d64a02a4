"""Secrets in the report are replaced, the longest first, however many there are."""

from typing import Any, cast

import pytest

from idletalk.masking import Masks
from idletalk.model import Report


def replaced(text: str, *secrets: tuple[str, str]) -> str:
    """A text of a report without these secrets."""
    (shown,) = cast("tuple[str]", Masks(secrets).over_report(cast("Report", (text,))))
    return shown


def test_of_two_secrets_at_a_place_the_longer_one_is_masked() -> None:
    shown = replaced("id SN4711-0815 and SN4711", ("serial", "SN4711"), ("serial", "SN4711-0815"))
    assert shown == "id SN…5 (11 characters) and (6 characters)"


def test_of_two_secrets_that_overlap_nothing_is_left() -> None:
    secrets = ("user", "homeuser"), ("password", "user-S3cretPassw0rd")
    assert replaced("login homeuser-S3cretPassw0rd done", *secrets) == "login (19 characters) done"


def test_all_spellings_stand_for_the_value() -> None:
    for spelt in ("sn4711-0815", "U040NzExLTA4MT", "534e343731312d30383135", "SN47110815"):
        assert replaced(f"[{spelt}]", ("serial", "SN4711-0815")) == "[SN…5 (11 characters)]", spelt


@pytest.mark.parametrize("text", ["", "nothing of it", "ünï SN4711"])
def test_what_holds_none_stays(text: str) -> None:
    assert replaced(text, ("serial", "SN4711-0815")) == text


def test_nested_parts_are_looked_through() -> None:
    masks = Masks([("serial", "SN4711-0815")])
    report: Any = masks.over_report(cast("Report", {"a": [{"b": ("ü SN4711-0815 ü",)}]}))
    assert report == {"a": [{"b": ("ü SN…5 (11 characters) ü",)}]}


def test_thousands_of_secrets_are_masked_at_once() -> None:
    secrets = [("serial", f"SN{number:08d}") for number in range(4000)]
    text = " ".join(text for _, text in secrets)
    assert replaced(text, *secrets).count("(10 characters)") == len(secrets)

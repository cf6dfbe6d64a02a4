"""Secrets in the report are replaced, the longest first, however many there are."""

from typing import Any, cast

import pytest

from idletalk.masking import Masks
from idletalk.model import Report


def replaced(text: str, *secrets: tuple[str, str]) -> str:
    """A text of a report without these secrets."""
    (shown,) = cast("tuple[str]", Masks([(*secret, None) for secret in secrets]).over_report(cast("Report", (text,))))
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
    masks = Masks([("serial", "SN4711-0815", None)])
    report: Any = masks.over_report(cast("Report", {"a": [{"b": ("ü SN4711-0815 ü",)}]}))
    assert report == {"a": [{"b": ("ü SN…5 (11 characters) ü",)}]}


def test_thousands_of_secrets_are_masked_at_once() -> None:
    secrets = [("serial", f"SN{number:08d}") for number in range(4000)]
    text = " ".join(text for _, text in secrets)
    assert replaced(text, *secrets).count("(10 characters)") == len(secrets)


OWN = ("Passwords and a private address: each password, MAC and serial number.",)


def masked_beside(text: str, *secrets: tuple[str, str]) -> str:
    """A text of a report whose own words these are, without these secrets."""
    (shown,) = cast(
        "tuple[str]", Masks([(*secret, None) for secret in secrets], OWN).over_report(cast("Report", (text,)))
    )
    return shown


def test_a_secret_that_is_a_word_of_ours_leaves_our_sentences_alone() -> None:
    said = "cam tells 192.0.2.99 its password in clear; 10.10.65.0, a private address"
    assert masked_beside(said, ("password", "password"), ("password", "private")) == said


def test_it_is_masked_where_it_stands_as_a_value() -> None:
    for wire in ("?pw=password", "/login/password", 'pass:"password"', "user:PASSWORD"):
        shown = masked_beside(wire, ("password", "password"))
        assert "password" not in shown.lower(), wire
    assert masked_beside("cGFzc3dvcmQ", ("password", "password")) != "cGFzc3dvcmQ"


def test_other_secrets_are_masked_wherever_they_stand() -> None:
    assert masked_beside("its password letmein", ("password", "letmein")) == "its password (7 characters)"


@pytest.mark.parametrize(
    "told", ["/unlock?pin={}&door=1", '{{"pin": "{}"}}', '{{"pin":{}}}', "<pin>{}</pin>", "pin: {}"]
)
def test_a_short_secret_is_masked_behind_its_name_only(told: str) -> None:
    said = f"{told.format(4711)} at port 4711 of 4711 frames"
    (shown,) = cast("tuple[str]", Masks([("password", "4711", "pin")]).over_report(cast("Report", (said,))))
    assert shown == f"{told.format('(4 characters)')} at port 4711 of 4711 frames"

"""The paragraph on the devices together says what holds, of one device as of many."""

from idletalk.conclusions.fleet import fleet
from idletalk.model import CloudUse, IdleRow


def row(
    name: str, *providers: str, countries: tuple[str, ...] = (), ntp_hosts: int = 0, clear: tuple[str, ...] = ()
) -> IdleRow:
    used = tuple(
        CloudUse(provider=provider, countries=countries, protocols=("tls",), hosts=1, bytes=100)
        for provider in providers
    )
    return IdleRow(
        device=name,
        name=name,
        seen=True,
        clouds=used,
        countries=countries,
        countries_disputed=(),
        ntp_hosts=ntp_hosts,
        internet_peers_without_ntp=len(providers),
        lan_peers=0,
        lateral_movements=(),
        searches_by=(),
        unencrypted=clear,
        bytes_per_observed_hour=None,
        bytes_per_observed_day=None,
    )


def told(*rows: IdleRow) -> str:
    return " ".join(fleet(rows))


def test_one_device_with_providers_among_silent_ones_is_named() -> None:
    said = told(row("cam", "Amazon", "Google", countries=("DE", "US"), ntp_hosts=3), row("tv"), row("nas"))
    assert "Only cam was seen to rely on providers in the Internet." in said
    assert "The Internet hosts of cam are in 2 countries (DE and US), according to look-up tables." in said
    assert "Only cam asks for the time on the Internet, 3 servers." in said
    assert "same provider" not in said and "alone" not in said


def test_several_devices_are_compared() -> None:
    said = told(
        row("cam", "Amazon", countries=("DE", "US"), ntp_hosts=3), row("tv", "Google", countries=("DE",), ntp_hosts=1)
    )
    assert "No two devices rely on the same provider." in said
    assert "Their Internet hosts are in 2 countries (DE and US), those of cam alone in 2" in said
    assert "2 of 2 devices ask for the time on the Internet, cam 3 servers." in said


def test_a_company_that_ends_in_a_stop_ends_the_sentence() -> None:
    assert "Both devices rely on Acme, Inc. Their" in told(
        row("a", "Acme, Inc.", countries=("US",)), row("b", "Acme, Inc.", countries=("US",))
    )


def test_protocols_of_the_same_devices_are_named_together() -> None:
    said = told(row("cam", clear=("http", "mqtt")), row("tv", clear=("coap",)), row("nas"))
    assert "In clear with Internet hosts: only tv speaks COAP; only cam speaks HTTP and MQTT." in said

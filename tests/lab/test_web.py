"""What a phone or a PC of the lab does where the web site cannot be reached."""

import errno
import ssl
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lab import names, web
from lab.device import Device


def visited(monkeypatch: pytest.MonkeyPatch, fault: OSError) -> list[str]:
    """What a device notes that asks for a page and meets this fault."""
    noted: list[str] = []

    def unreachable(*_words: object) -> None:
        raise fault

    def note(what: str, **_fields: object) -> None:
        noted.append(what)

    def resolve(_name: str, _kind: int) -> str:
        return "2001:db8::1"

    monkeypatch.setattr(web, "TlsSession", unreachable)
    device: Any = SimpleNamespace(resolve=resolve, journal=SimpleNamespace(note=note))
    web.fetch(cast("Device", device), ssl.create_default_context(), "/", names.AAAA)
    return noted


@pytest.mark.parametrize("fault", [OSError(errno.ENETUNREACH, "no route"), TimeoutError("timed out")])
def test_a_phone_without_a_route_lives_on(monkeypatch: pytest.MonkeyPatch, fault: OSError) -> None:
    assert visited(monkeypatch, fault) == ["unreached"]


def test_a_certificate_that_fails_is_a_fault_of_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ssl.SSLError):
        visited(monkeypatch, ssl.SSLError("unknown authority"))

"""What the lab's truth says should be found, and what a report claims: as sets that can be compared.

The truth is written by the devices at their sockets (lab/truth.py), never from the capture.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, TypeVar

from lab.devices.plug_xor import PORT as PLUG_PORT

from idletalk.behaviours import fallback, lateral, misconfiguration, services, timesync
from idletalk.behaviours.misconfiguration import MIN_TIMES
from idletalk.behaviours.timesync import MIN_UNANSWERED
from idletalk.model import Finding, Report

Key = TypeVar("Key")
Told = tuple[str, str, str]
"""(kind of finding, device's MAC, peer or subject)"""
Given = tuple[str, str, str, str]
"""(kind of value, device's MAC, peer, carrier)"""

COMPARED = tuple(
    kind.name for module in (lateral, fallback, misconfiguration, timesync, services) for kind in module.BEHAVIOUR.kinds
)
"""All kinds of idle findings; of those of which `expected` names none, the lab has none."""
CARRIERS = ("udp", "tcp", "mqtt", "http")
SECURE_WEB = 443
"""Port of the service that cameras cannot reach now and then."""
BY_SUBJECT = ("lan-search", "lan-sweep", "open-service", "clear-login-service", "announced-service")
IN_LAB_FILE = ("email", "ssid", "latitude", "longitude")
"""Kinds of values that the lab file tells as secrets (lab/truth.py): they are known wherever they stand."""
DESCRIBED = ("serial", "model", "device_id")
"""What a UPnP description tells who fetches it."""


def expected(truth: Mapping[str, Any]) -> set[Told]:
    """The idle findings that the truth asks for, of devices under test."""
    gateways = {ip for device in truth["devices"] if device["role"] == "gateway" for ip in device["ips"]}
    at_hand = {event["device"] for event in truth["events"] if event["via"].startswith("lan")}
    return {
        (kind, device["mac"], subject)
        for device in truth["devices"]
        if device["under_test"]
        for kind, subject in _of_device(device, gateways, device["name"] in at_hand)
    }


def _of_device(device: Mapping[str, Any], gateways: set[str], at_hand: bool) -> Iterable[tuple[str, str]]:
    yield from (("lan-search", search["protocol"]) for search in device["searches"])
    yield from (("announced-service", told["protocol"]) for told in device["announced"])
    if at_hand or any(told["carrier"] == "tcp" for told in device["told"]):
        yield "open-service", f"tcp/{PLUG_PORT}"
    for follow in device["followed"]:
        yield ("gateway-follow-up" if follow["peer"] in gateways else "lan-follow-up", follow["peer"])
    for back in device["fallbacks"]:
        if back["count"] >= MIN_TIMES:
            yield "fallback-in-clear", back["peer"]
            yield "service-refused", f"{back['instead_of']} tcp/{SECURE_WEB}"
    refused: dict[str, int] = {}
    for query in device["dns"]:
        if query["outcome"] == "refused":
            refused[query["server"]] = refused.get(query["server"], 0) + query["count"]
    yield from (("service-refused", f"{server} udp/53") for server, times in refused.items() if times >= MIN_TIMES)
    silent: dict[str, int] = {}
    for asked in device["ntp"]:
        silent[asked["server"]] = silent.get(asked["server"], 0) + (0 if asked["answered"] else asked["count"])
    answered = {asked["server"] for asked in device["ntp"] if asked["answered"]}
    if any(times >= MIN_UNANSWERED and server not in answered for server, times in silent.items()):
        yield ("ntp-unanswered", "")


def claimed(report: Report) -> set[Told]:
    """The idle findings of a report."""
    return {(finding.kind, finding.device, _place(finding)) for finding in report.findings if finding.kind in COMPARED}


def _place(finding: Finding) -> str:
    if finding.kind in BY_SUBJECT:
        return finding.subject or ""
    return f"{finding.peer} {finding.subject}" if finding.kind == "service-refused" else finding.peer or ""


def scores(wanted: Set[Key], found: Set[Key], name: Callable[[Key], str]) -> dict[str, tuple[int, int, int]]:
    """(found, missed, invented) by a name of each."""
    return {
        kind: (
            sum(name(one) == kind for one in wanted & found),
            sum(name(one) == kind for one in wanted - found),
            sum(name(one) == kind for one in found - wanted),
        )
        for kind in sorted({name(one) for one in wanted | found})
    }


def exposures_expected(truth: Mapping[str, Any], *carriers: str) -> dict[Given, set[str]]:
    """What devices under test told, or were told, over carriers, with how it was encoded.

    A value without a key that neither the lab file nor another message of the device tells cannot be known for what it is.
    """
    found: dict[Given, set[str]] = {}
    for device in truth["devices"]:
        if not device["under_test"]:
            continue
        told_elsewhere = {
            told["value"] for told in device["told"] if told["key"] is not None and told["encoding"] != "tlv"
        }
        for told in device["told"]:
            known = told["kind"] in ("public_address", "mac", *IN_LAB_FILE) or told["value"] in told_elsewhere
            if told["carrier"] in carriers and (known or (told["key"] is not None and told["encoding"] != "tlv")):
                kind = "device_id" if told["key"] == "deviceId" else told["kind"]
                found.setdefault((kind, device["mac"], told["peer"], told["carrier"]), set()).add(told["encoding"])
        if "http" in carriers:
            for follow in device["followed"]:
                if follow["status"] == 200:
                    for kind in DESCRIBED:
                        found.setdefault((kind, device["mac"], follow["peer"], "http"), set()).add("description")
    return found


def exposures_claimed(report: Report, *carriers: str) -> dict[Given, str]:
    """The report's exposures over carriers, with the encodings that it names."""
    return {
        (
            str(finding.numbers["value_kind"]),
            finding.device,
            finding.peer or "",
            str(finding.numbers["carrier"]),
        ): str(finding.numbers["encoding"])
        for finding in report.findings
        if "value_kind" in finding.numbers and finding.numbers["carrier"] in carriers
    }


def ways_expected(truth: Mapping[str, Any]) -> set[Told]:
    """Masked conversations and orders in clear, of devices under test."""
    found: set[Told] = set()
    ordered = {event["device"] for event in truth["events"]} | {update["device"] for update in truth["updates"]}
    for device in truth["devices"]:
        if device["under_test"]:
            for told in device["told"]:
                if told["encoding"] in ("xor", "xor-autokey") and told["kind"] != "public_address":
                    found.add(("fake-encryption", device["mac"], told["peer"]))
            for session in device["mqtt"]:
                if session["in_clear"] and device["name"] in ordered:
                    found.add(("commands-in-clear", device["mac"], session["peer"]))
    return found


def ways_claimed(report: Report) -> set[Told]:
    """The same in a report."""
    return {
        (finding.kind, finding.device, finding.peer or "")
        for finding in report.findings
        if finding.kind in ("fake-encryption", "commands-in-clear")
    }

"""What the lab's truth says should be found, and what a report claims: as sets that can be compared.

The truth is written by the devices at their sockets (lab/truth.py), never from the capture.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from idletalk.behaviours.misconfiguration import MIN_TIMES
from idletalk.behaviours.timesync import MIN_UNANSWERED
from idletalk.model import Report

Told = tuple[str, str, str]
"""(kind of finding, device's MAC, peer or subject)"""

COMPARED = (
    "lan-search",
    "lan-follow-up",
    "gateway-follow-up",
    "fallback-in-clear",
    "service-refused",
    "ntp-unanswered",
)
"""Kinds of idle findings about which the lab's truth is complete."""


def expected(truth: Mapping[str, Any]) -> set[Told]:
    """The idle findings that the truth asks for, of devices under test."""
    gateways = {ip for device in truth["devices"] if device["role"] == "gateway" for ip in device["ips"]}
    return {
        (kind, device["mac"], subject)
        for device in truth["devices"]
        if device["under_test"]
        for kind, subject in _of_device(device, gateways)
    }


def _of_device(device: Mapping[str, Any], gateways: set[str]) -> Iterable[tuple[str, str]]:
    yield from (("lan-search", search["protocol"]) for search in device["searches"])
    for follow in device["followed"]:
        yield ("gateway-follow-up" if follow["peer"] in gateways else "lan-follow-up", follow["peer"])
    yield from (("fallback-in-clear", back["peer"]) for back in device["fallbacks"] if back["count"] >= MIN_TIMES)
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
    """The idle findings of a report, of the kinds that are compared."""
    found: set[Told] = set()
    for finding in report.findings:
        if finding.kind == "lan-search" and finding.subject == "ssdp":
            found.add((finding.kind, finding.device, "ssdp"))
        elif finding.kind == "service-refused" and (finding.subject or "").startswith("udp/"):
            found.add((finding.kind, finding.device, f"{finding.peer} {finding.subject}"))
        elif finding.kind in ("lan-follow-up", "gateway-follow-up", "fallback-in-clear", "ntp-unanswered"):
            found.add((finding.kind, finding.device, finding.peer or ""))
    return found


def scores(wanted: set[Told], found: set[Told]) -> dict[str, tuple[int, int, int]]:
    """(found, missed, invented) by kind."""
    return {
        kind: (
            sum(one[0] == kind for one in wanted & found),
            sum(one[0] == kind for one in wanted - found),
            sum(one[0] == kind for one in found - wanted),
        )
        for kind in COMPARED
    }


def exposures_expected(truth: Mapping[str, Any], carrier: str) -> set[Told]:
    """(kind of value, device's MAC, peer) of what devices under test told, or were told, over a carrier.

    A value without a key that nothing else in the capture tells cannot be known for what it is.
    """
    told_elsewhere = {
        told["value"]
        for device in truth["devices"]
        for told in device["told"]
        if told["key"] is not None and told["encoding"] != "tlv"
    }
    return {
        ("device_id" if told["key"] == "deviceId" else told["kind"], device["mac"], told["peer"])
        for device in truth["devices"]
        if device["under_test"]
        for told in device["told"]
        if told["carrier"] == carrier
        and (
            told["kind"] in ("public_address", "mac")
            or (told["key"] is not None and told["encoding"] != "tlv")
            or told["value"] in told_elsewhere
        )
    }


def exposures_claimed(report: Report, carrier: str) -> set[Told]:
    """(kind of value, device, peer) of the report's exposures over a carrier."""
    return {
        (str(finding.numbers["value_kind"]), finding.device, finding.peer or "")
        for finding in report.findings
        if "value_kind" in finding.numbers and finding.numbers["carrier"] == carrier
    }

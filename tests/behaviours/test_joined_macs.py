"""Several MACs of one device are one where an identifier of one holds another, and the report says what joined them."""

from pathlib import Path

from tests import made
from tests.behaviours.test_peers_and_devices import HOME, analysis, device
from tests.made import GATEWAY, LAMP, PLUG

Frames = list[tuple[float, bytes]]


def solicit(sender: str, named: str, *, with_time: bool = True) -> bytes:
    """A DHCPv6 solicit whose DUID holds a MAC (RFC 8415 11.2 and 11.4)."""
    duid = bytes.fromhex("0001 0001 2c3d4e5f" if with_time else "0003 0001") + made.mac(named)
    body = bytes.fromhex("01 abcdef 0001") + len(duid).to_bytes(2) + duid
    return made.datagram((sender, "fe80::1", 546), ("33:33:00:01:00:02", "ff02::1:2", 547), body)


def notify(sender: tuple[str, str, int], uuid: str) -> bytes:
    """A UPnP announcement of a device with this UUID."""
    lines = (
        "NOTIFY * HTTP/1.1",
        "HOST: 239.255.255.250:1900",
        "NTS: ssdp:alive",
        "NT: upnp:rootdevice",
        f"USN: uuid:{uuid}::upnp:rootdevice",
    )
    content = "\r\n".join((*lines, "", "")).encode()
    return made.datagram(sender, ("01:00:5e:7f:ff:fa", "239.255.255.250", 1900), content)


def reasons(tmp_path: Path, frames: Frames, lab: str = "") -> dict[str, list[tuple[str, str]]]:
    """MACs beyond its id of each device, and what joined them."""
    found = analysis(tmp_path, HOME + frames, lab)
    return {
        one.id: [(fact.value, fact.told_by) for fact in one.facts if fact.kind == "mac"] for one in found.report.devices
    }


def test_a_duid_that_holds_another_mac_joins_the_two(tmp_path: Path) -> None:
    for place, with_time in enumerate((True, False)):
        folder = tmp_path / str(place)
        folder.mkdir()
        joined = reasons(folder, [(1010.0, solicit(LAMP, PLUG, with_time=with_time))])
        assert joined[PLUG] == [(LAMP, "dhcpv6 DUID")]
        assert LAMP not in joined
        assert joined[GATEWAY] == []


def test_a_uuid_that_holds_another_mac_joins_the_two(tmp_path: Path) -> None:
    uuid = f"2f402f80-da50-11e1-9b23-{PLUG.replace(':', '')}"
    found = analysis(tmp_path, [*HOME, (1010.0, notify((LAMP, "192.168.1.3", 1900), uuid))])
    assert device(found, PLUG).macs == (PLUG, LAMP)


def test_what_names_itself_or_two_others_or_nobody_seen_joins_nothing(tmp_path: Path) -> None:
    own = [(1010.0, solicit(LAMP, LAMP)), (1011.0, solicit(PLUG, PLUG))]
    stranger = [(1010.0, solicit(LAMP, "02:00:00:00:00:77"))]
    router = [
        (1010.0, solicit(LAMP, GATEWAY)),
        (1011.0, made.datagram((GATEWAY, "9.9.9.9", 53), (LAMP, "192.168.1.3", 9), b"xxxx")),
    ]
    third = (1012.0, made.arp(1, ("02:00:00:00:00:04", "192.168.1.4"), (PLUG, "192.168.1.2")))
    repeater = [third, (1010.0, solicit(LAMP, PLUG)), (1011.0, solicit(LAMP, "02:00:00:00:00:04"))]
    for place, frames in enumerate((own, stranger, router, repeater)):
        folder = tmp_path / str(place)
        folder.mkdir()
        joined = reasons(folder, frames)
        assert {PLUG, LAMP, GATEWAY} <= joined.keys(), place
        assert not any(joined.values()), place


def test_two_that_name_one_another_are_one(tmp_path: Path) -> None:
    joined = reasons(tmp_path, [(1010.0, solicit(LAMP, PLUG)), (1011.0, solicit(PLUG, LAMP))])
    assert joined[PLUG] == [(LAMP, "dhcpv6 DUID")]


def test_the_lab_file_is_told_as_a_reason(tmp_path: Path) -> None:
    lab = f'[[device]]\nname = "thing"\nmacs = ["{PLUG}", "{LAMP}"]\n'
    assert (LAMP, "lab file") in reasons(tmp_path, [], lab)[PLUG]

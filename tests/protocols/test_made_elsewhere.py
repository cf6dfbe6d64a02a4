"""What others' programs make is read as what they were asked to say, on any port where the format tells itself, and as nothing else.

tinytuya 1.20.0 (Tuya 3.1 to 3.5), python-miio 0.5.12 (miIO), python-kasa 0.12.0 (TP-Link), aiolifx 1.2.2 (LIFX), python-yeelight 0.7.16,
hiktools 1.2.2 (SADP), pysonofflanr3 1.1.4 (eWeLink over HTTP), CircuitMatter 0.4.1 with python-zeroconf (Matter), WSDiscovery 2.1.2.
"""

import json
from pathlib import Path

import pytest

from idletalk.store import Store
from tests.protocols import talks
from tests.protocols.talks import MOVED, Talk

BY_PORT = {
    "yeelight": "any JSON-RPC looks so",
    "matter": "mDNS on another port is DNS, whose TXT records of other names are not kept",
}
"""Protocols that nothing but their port tells, and why."""
NEEDS_START = {
    "ewelink": "one request a connection: without its head nothing is left",
}
"""Protocols that the first message's first bytes tell, which are missing."""
CARRIERS = {"ewelink": "http", "matter": "mdns"}
"""Protocols inside of others, which name the flow."""
TALKS = talks.talks()


def told(store: Store, number: int) -> tuple[str | None, list[tuple[str, str, dict[str, object], tuple[str, ...]]]]:
    """Label of a talk's flow, where content told it, and the messages of its client."""
    flow = store.ask(
        "SELECT min(CASE recognised_by WHEN 'content' THEN application END) AS name, count(DISTINCT flow) AS n"
        " FROM flow_segments WHERE ? IN (originator, responder)",
        talks.address(number),
    )[0]
    assert flow["n"] <= 1
    rows = store.ask(
        "SELECT protocol, kind, summary, encrypted_fields FROM vendor_messages WHERE source = ?"
        " ORDER BY time_ns, frame, position",
        talks.address(number),
    )
    messages = [
        (row["protocol"], row["kind"], json.loads(row["summary"]), tuple(row["encrypted_fields"])) for row in rows
    ]
    found = store.ask(
        "SELECT kind, endpoint, addresses, scopes, relates_to FROM wsd WHERE source = ? ORDER BY frame",
        talks.address(number),
    )
    messages += [
        ("wsd", row["kind"], {name: value for name, value in row.items() if name != "kind"}, ()) for row in found
    ]
    return flow["name"], messages


def says(talk: Talk, messages: list[tuple[str, str, dict[str, object], tuple[str, ...]]]) -> bool:
    """Whether the messages are those of the talk: the fields that it names, and no others hidden."""
    return len(messages) == len(talk.says) and all(
        (protocol, kind, encrypted) == (talk.protocol, expected, hidden) and fields.items() <= found.items()
        for (protocol, kind, found, encrypted), (expected, fields, hidden) in zip(messages, talk.says, strict=True)
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("whole") / "facts"
    return talks.read(folder, [one for number, talk in enumerate(TALKS) for one in talks.frames(number, talk)])


@pytest.mark.parametrize("number", range(len(TALKS)), ids=lambda number: f"{TALKS[number].by} {number}")
def test_it_is_read_as_its_maker_meant_it(number: int, whole: Store) -> None:
    talk = TALKS[number]
    name, messages = told(whole, number)
    assert name == CARRIERS.get(talk.protocol, talk.protocol)
    assert says(talk, messages), messages


def test_on_other_ports_it_is_told_by_content_and_as_nothing_else(tmp_path: Path) -> None:
    moved = talks.read(
        tmp_path / "moved", [one for n, talk in enumerate(TALKS) for one in talks.frames(n, talk, port=MOVED)]
    )
    for number, talk in enumerate(TALKS):
        name, messages = told(moved, number)
        if talk.protocol in BY_PORT:
            assert {protocol for protocol, *_ in messages} == set(), talk.by
            assert name in (None, "dns")
        else:
            assert name == CARRIERS.get(talk.protocol, talk.protocol)
            assert says(talk, messages), (talk.by, messages)


@pytest.mark.parametrize("middle", [False, True], ids=["first message missing", "cut in the middle"])
def test_where_the_start_is_missing_the_rest_is_told(middle: bool, tmp_path: Path) -> None:
    def cut(talk: Talk) -> int:
        return len(talk.pieces[0]) // 2 if middle else len(talk.pieces[0])

    chosen = [(n, talk) for n, talk in enumerate(TALKS) if talk.transport == "tcp"]
    later = talks.read(
        tmp_path / "later", [one for n, talk in chosen for one in talks.frames(n, talk, missing=cut(talk))]
    )
    for number, talk in chosen:
        name, messages = told(later, number)
        if talk.protocol in NEEDS_START:
            assert (name, messages) == (None, []), talk.by
            continue
        assert name == talk.protocol
        assert {protocol for protocol, *_ in messages} == {talk.protocol}
        # the last of them is whole
        assert messages[-1][1] == talk.says[-1][0]


def test_whoever_is_told_by_a_port_is_no_other() -> None:
    assert {talk.protocol for talk in TALKS} >= BY_PORT.keys() | NEEDS_START.keys() | CARRIERS.keys()

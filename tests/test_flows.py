"""Flows as Wireshark counts conversations, also when there are more than memory holds."""

from pathlib import Path

import pytest

from idletalk.dissector import dissect
from idletalk.store import Store
from tests import made

plug = (made.PLUG, "192.168.1.2", 50_000)
cloud = (made.GATEWAY, "52.1.2.3", 443)
SYN, ACK, FIN, RST, PUSH = 2, 16, 1, 4, 8


def rows(tmp_path: Path, frames: list[tuple[float, bytes]], query: str) -> list[dict]:
    folder = tmp_path / "facts"
    dissect([made.pcap(tmp_path / "in.pcap", frames)], folder)
    store = Store(folder)
    try:
        return list(store.ask(query))
    finally:
        store.close()


FLOWS = (
    "SELECT flow, min(began_in_capture) AS began, sum(originator_packets + responder_packets)::BIGINT AS packets"
    " FROM flow_segments GROUP BY flow ORDER BY min((capture, frame))"
)


def test_another_syn_begins_another_connection(tmp_path: Path) -> None:
    frames = [
        (1.0, made.segment(plug, cloud, 100, SYN)),
        (1.1, made.segment(plug, cloud, 100, SYN)),  # a retransmission
        (1.2, made.segment(cloud, plug, 900, SYN | ACK)),
        (2.0, made.segment(plug, cloud, 101, FIN | ACK)),
        (9.0, made.segment(plug, cloud, 5000, SYN)),
        (9.1, made.segment(cloud, plug, 7000, SYN | ACK)),
    ]
    assert [row["packets"] for row in rows(tmp_path, frames, FLOWS)] == [4, 2]


def test_a_udp_conversation_never_ends(tmp_path: Path) -> None:
    frames = [(t * 100_000.0, made.datagram(plug, cloud, b"x")) for t in range(3)]
    assert [row["packets"] for row in rows(tmp_path, frames, FLOWS)] == [3]


@pytest.mark.parametrize("others", [9_000])
def test_a_connection_that_left_memory_comes_back_as_itself(tmp_path: Path, others: int) -> None:
    """More flows between two hosts than a shard holds (8,192) drive the first out; then it goes on."""
    frames = [(0.0, made.segment(plug, cloud, 100, SYN)), (0.1, made.segment(cloud, plug, 900, SYN | ACK))]
    for index in range(others):
        end = (made.PLUG, "192.168.1.2", 10_000 + index % 50_000)
        frames.append(
            (1.0 + index / 1000, made.datagram(end, (made.GATEWAY, "52.1.2.3", 6000 + index // 50_000), b"x"))
        )
    frames.append((500.0, made.segment(plug, cloud, 101, ACK | PUSH, b"later")))
    found = rows(tmp_path, frames, FLOWS)
    assert len(found) == others + 1
    assert (found[0]["packets"], found[0]["began"]) == (3, True)
    assert sum(row["packets"] for row in found) == len(frames)


def test_a_slot_is_a_quarter_of_an_hour(tmp_path: Path) -> None:
    frames = [(899.9, made.datagram(plug, cloud, b"x")), (900.0, made.datagram(plug, cloud, b"x"))]
    found = rows(tmp_path, frames, "SELECT slot_ns, flow FROM flow_segments ORDER BY 1")
    assert [row["slot_ns"] for row in found] == [0, 900_000_000_000]
    assert found[0]["flow"] == found[1]["flow"]


def test_a_vlan_tag_in_one_direction_is_one_flow(tmp_path: Path) -> None:
    there = made.datagram(plug, cloud, b"x")
    back = made.datagram(cloud, plug, b"x")
    tagged = back[:12] + b"\x81\x00\x00\x07" + back[12:]
    found = rows(tmp_path, [(1.0, there), (1.1, tagged), (1.2, there)], FLOWS)
    assert [row["packets"] for row in found] == [3]


def test_fragments_are_counted_and_their_datagram_is_read(tmp_path: Path) -> None:
    whole = made.udp(5000, 53, made.dns_answer("a" * 60 + ".example", "1.2.3.4"))
    first, rest = whole[:32], whole[32:]

    def fragment(offset: int, more: bool, body: bytes) -> bytes:
        packet = bytearray(made.ip("192.168.1.2", "192.168.1.1", 17, body))
        packet[4:8] = (77).to_bytes(2, "big") + ((0x2000 if more else 0) | offset // 8).to_bytes(2, "big")
        return made.ethernet(made.PLUG, made.GATEWAY, 0x0800, bytes(packet))

    frames = [(1.0, fragment(32, False, rest)), (1.1, fragment(0, True, first))]
    kinds = rows(
        tmp_path,
        frames,
        "SELECT transport, sum(originator_packets + responder_packets)::BIGINT AS n FROM flow_segments GROUP BY 1 ORDER BY 1",
    )
    assert kinds == [{"transport": "fragment", "n": 1}, {"transport": "udp", "n": 1}]
    assert rows(tmp_path, frames, "SELECT name FROM dns_records") == [{"name": "a" * 60 + ".example"}]


def test_an_error_tells_the_datagram_that_it_quotes(tmp_path: Path) -> None:
    quoted = made.ip("192.168.1.2", "192.168.1.1", 17, made.udp(5000, 53, b"query"))
    error = made.ethernet(
        made.GATEWAY, made.PLUG, 0x0800, made.ip("192.168.1.1", "192.168.1.2", 1, b"\x03\x03\0\0\0\0\0\0" + quoted)
    )
    found = rows(
        tmp_path,
        [(1.0, error)],
        "SELECT kind, code, quoted_source, quoted_destination, quoted_destination_port FROM icmp",
    )
    assert found == [
        {
            "kind": 3,
            "code": 3,
            "quoted_source": "192.168.1.2",
            "quoted_destination": "192.168.1.1",
            "quoted_destination_port": 53,
        }
    ]

"""`extract` takes exactly the frames that match, with their exact times and lengths, and says where each comes from."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import idletalk
from idletalk.dissector import dissect
from idletalk.errors import IdletalkError
from idletalk.extraction import Wanted, parse_frames
from idletalk.store import Store
from tests import made
from tests.conftest import DEMO

CAPTURE = sorted(DEMO.glob("*.pcap.gz"))[0]
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def tshark(path: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["tshark", "-n", "-r", path, *arguments], capture_output=True, check=True, text=True)
    return done.stdout.splitlines()


def frames(path: Path, tmp_path: Path) -> list[tuple[int, int, int]]:
    folder = tmp_path / "read"
    dissect([path], folder, only_captures=False)
    store = Store(folder)
    rows = store.ask("SELECT frames, original_bytes, earliest_ns FROM captures")
    store.close()
    return [tuple(row.values()) for row in rows]


@needs_tshark
@pytest.mark.parametrize(
    ("wanted", "condition"),
    [
        (Wanted(protocol=["ntp"]), "ntp"),
        (Wanted(protocol=["arp"]), "arp"),
        (Wanted(protocol=["icmp"]), "icmp"),
        (
            Wanted(host=["192.168.27.1"]),
            "ip.addr == 192.168.27.1 || arp.src.proto_ipv4 == 192.168.27.1 || arp.dst.proto_ipv4 == 192.168.27.1",
        ),
        (Wanted(frames="1,5-9,100"), "frame.number in {1, 5..9, 100}"),
        (Wanted(device=["lamp"], lab=DEMO / "lab.toml"), "eth.addr == 34:ce:00:c7:da:cf"),
        (Wanted(device=["ESP_V5YWAH"], protocol=["udp"]), "eth.addr == 08:a6:f7:97:45:26 && udp && !icmp"),
        (
            Wanted(start="2026-11-23T16:20:00Z", end="2026-11-23T16:21:00Z"),
            "frame.time_epoch >= 1795450800 && frame.time_epoch < 1795450860",
        ),
    ],
)
def test_the_frames_are_those_of_the_display_filter(tmp_path: Path, wanted: Wanted, condition: str) -> None:
    count = idletalk.extract([CAPTURE], tmp_path / "out.pcapng", wanted)
    fields = ("-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len")
    expected = tshark(CAPTURE, "-Y", condition, *fields)
    assert expected
    assert tshark(tmp_path / "out.pcapng", *fields) == expected
    assert count == len(expected)


@needs_tshark
def test_each_frame_says_where_it_comes_from(tmp_path: Path) -> None:
    files = sorted(DEMO.glob("*.pcap.gz"))[:2]
    idletalk.extract(files, tmp_path / "out.pcapng", Wanted(frames="0:3,1:7"))
    comments = tshark(tmp_path / "out.pcapng", "-T", "fields", "-e", "frame.comment")
    assert comments == [f"frame 3 of {files[0].name}", f"frame 7 of {files[1].name}"]


def test_a_flow_by_its_id_is_the_flow(tmp_path: Path, demo: idletalk.Analysis) -> None:
    row = demo.sql(
        "SELECT flow, originator_packets + responder_packets AS frames FROM flows WHERE application = 'mqtt' ORDER BY frames DESC LIMIT 1"
    )[0]
    found = idletalk.extract([str(DEMO / "*.pcap.gz")], tmp_path / "flow.pcapng", Wanted(flow=[row["flow"]]))
    assert found == row["frames"]


def test_cut_frames_keep_their_original_length(tmp_path: Path) -> None:
    payload = made.datagram((made.PLUG, "192.168.1.2", 5000), (made.GATEWAY, "192.168.1.1", 6000), b"x" * 900)
    cut = made.pcap(tmp_path / "cut.pcap", [(1000.000001, payload)], snaplen=60)
    for target, pcap in (("out.pcapng", False), ("out.pcap", True)):
        idletalk.extract([cut], tmp_path / target, Wanted(protocol=["udp"], pcap=pcap))
        assert frames(tmp_path / target, tmp_path) == [(1, len(payload), 1_000_000_001_000)]


def test_pcap_cannot_hold_two_link_types(tmp_path: Path) -> None:
    body = made.ip("192.168.1.2", "192.168.1.1", 17, made.udp(1, 2, b"x"))
    one = made.pcap(tmp_path / "one.pcap", [(1.0, made.ethernet(made.PLUG, made.LAMP, 0x0800, body))])
    two = made.pcap(tmp_path / "two.pcap", [(2.0, body)], link_type=101)
    with pytest.raises(IdletalkError, match="several link types"):
        idletalk.extract([one, two], tmp_path / "out.pcap", Wanted(protocol=["udp"], pcap=True))
    assert idletalk.extract([one, two], tmp_path / "out.pcapng", Wanted(protocol=["udp"])) == 2


def test_it_never_writes_over_what_it_reads_or_what_is_there(tmp_path: Path) -> None:
    capture = shutil.copy(CAPTURE, tmp_path / "in.pcap.gz")
    with pytest.raises(IdletalkError, match="exists"):
        idletalk.extract([capture], Path(capture), Wanted(protocol=["dns"]))
    with pytest.raises(IdletalkError, match="one of the captures"):
        idletalk.extract([capture], Path(capture), Wanted(protocol=["dns"]), force=True)
    assert Path(capture).read_bytes() == CAPTURE.read_bytes()


def test_lists_of_frames_are_read_or_refused() -> None:
    assert parse_frames("1,5-7", [0]) == [(0, 1), (0, 5), (0, 6), (0, 7)]
    assert parse_frames("2:4", [0, 1, 2]) == [(2, 4)]
    for text in ("x", "1-", "5", "1-99999999999"):
        with pytest.raises(IdletalkError):
            parse_frames(text, [0, 1])


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(IdletalkError, match="no device"):
        idletalk.extract([CAPTURE], tmp_path / "x.pcapng", Wanted(device=["toaster"]))
    with pytest.raises(IdletalkError, match="no flow"):
        idletalk.extract([CAPTURE], tmp_path / "x.pcapng", Wanted(flow=["0000000000000000"]))
    assert list(tmp_path.iterdir()) == []


def test_json_for_scripts(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            Path(sys.executable).with_name("idletalk"),
            "extract",
            CAPTURE,
            "--frames",
            "1-3",
            "-w",
            tmp_path / "x.pcapng",
            "--json",
        ],
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"selected": 3, "file": str(tmp_path / "x.pcapng")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "count from 1"),
        ("5-1", "count from 1"),
        ("7:1", "no file 7"),
        ("9223372036854775808", "count from 1"),
        ("99999999999999999999999", "names no frames"),
        ("1-9999999", "--from and --to"),
        ("1-600000,600001-1200000", "--from and --to"),
    ],
)
def test_frames_that_cannot_be_are_refused(text: str, words: str) -> None:
    with pytest.raises(IdletalkError, match=words):
        parse_frames(text, [0])


def test_a_protocol_is_known_or_here(tmp_path: Path) -> None:
    with pytest.raises(IdletalkError, match=r"no protocol 'mqqt' in these captures; there are: .*arp.*udp"):
        idletalk.extract([CAPTURE], tmp_path / "x.pcapng", Wanted(protocol=["mqqt"]))
    assert idletalk.extract([CAPTURE], tmp_path / "x.pcapng", Wanted(protocol=["ospf"])) == 0


def test_a_device_by_the_address_it_sends_from_but_no_router(tmp_path: Path) -> None:
    plug, router = (made.PLUG, "192.168.1.2", 5000), (made.GATEWAY, "192.168.1.1", 6000)
    remote = [(made.GATEWAY, f"8.8.{i}.8", 7000) for i in (4, 8)]
    frames = [
        (1.0, made.datagram(plug, router, b"x")),
        (2.0, made.datagram(router, plug, b"x")),
        (3.0, made.datagram(remote[0], plug, b"x")),
        (4.0, made.datagram(remote[1], (made.LAMP, "192.168.1.3", 1), b"x")),
    ]
    capture = made.pcap(tmp_path / "in.pcap", frames)
    assert idletalk.extract([capture], tmp_path / "x.pcapng", Wanted(device=["192.168.1.2"])) == 3
    for name in ("192.168.1.1", "8.8.8.8", "192.168.1.3"):
        with pytest.raises(IdletalkError, match="no device"):
            idletalk.extract([capture], tmp_path / "y.pcapng", Wanted(device=[name]))

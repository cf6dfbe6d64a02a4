"""Broken, empty and hostile inputs: one clear line each, what could be read is reported, nothing is left half done."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from idletalk.errors import IdletalkError
from idletalk.interrupts import judging
from tests import made
from tests.conftest import DEMO, ROOT

BIN = Path(sys.executable).with_name("idletalk")
FRAMES = [
    (1000.0 + i, made.datagram((made.PLUG, "192.168.1.2", 5000), (made.GATEWAY, "192.168.1.1", 6000), b"x" * 50))
    for i in range(20)
]


def run(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([BIN, *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def report(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text("utf-8"))


def test_a_file_cut_within_a_packet_keeps_what_came_before(tmp_path: Path) -> None:
    whole = made.pcap(tmp_path / "whole.pcap", FRAMES)
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(whole.read_bytes()[:-30])
    done = run("analyze", cut, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cut.pcap" in done.stderr
    assert report(tmp_path / "out")["captures"]["packets"] == 19


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.pcap", b"", "empty"),
        ("text.pcap", b"hello, this is text\n", "text"),
        ("noise.pcap", bytes(range(7, 250)), "not a packet capture"),
    ],
)
def test_what_is_no_capture_is_said_in_a_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    done = run("analyze", tmp_path / name, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert name in done.stderr
    assert words in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_missing_file_is_said_in_a_line(tmp_path: Path) -> None:
    done = run("analyze", tmp_path / "nothing.pcap", "--out", tmp_path / "out")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_said_in_a_line(tmp_path: Path) -> None:
    made.pcap(tmp_path / "secret.pcap", FRAMES).chmod(0)
    done = run("analyze", tmp_path / "secret.pcap", "--out", tmp_path / "out")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)


def test_a_capture_without_packets_gives_a_report_that_says_so(tmp_path: Path) -> None:
    done = run("analyze", made.pcap(tmp_path / "none.pcap", []), "--out", tmp_path / "out")
    assert done.returncode == 0
    assert "without a single frame." in done.stdout
    assert report(tmp_path / "out")["captures"]["first"] is None


def test_a_time_without_frames_is_told_from_a_file_without_any(tmp_path: Path) -> None:
    capture = made.pcap(tmp_path / "in.pcap", FRAMES)
    done = run("analyze", capture, "--out", tmp_path / "out", "--from", "2099-01-01")
    assert (done.returncode, "without a single frame in the time that was chosen" in done.stdout) == (0, True)


def test_a_terminal_of_few_signs_gets_others_for_those_that_it_lacks(tmp_path: Path) -> None:
    capture = made.pcap(tmp_path / "in.pcap", FRAMES)
    command = [sys.executable, "-c", "from idletalk.cli import main; main()", "analyze", str(capture), "--out"]
    plain = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([*command, str(tmp_path / "out")], env=plain, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Report:" in done.stdout


def test_a_folder_whose_path_is_no_text_is_refused_in_a_line(tmp_path: Path) -> None:
    done = run("analyze", made.pcap(tmp_path / "in.pcap", FRAMES), "--out", os.fsdecode(bytes(tmp_path) + b"/\xe9"))
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "no UTF-8 text" in done.stderr


def test_a_folder_of_good_and_bad_files_gives_the_good_and_names_the_bad(tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    made.pcap(folder / "good.pcap", FRAMES)
    (folder / "notes.txt").write_text("lamp switched at noon")
    (folder / "bad.pcap").write_bytes(b"\0" * 100)
    done = run("analyze", folder, "--out", tmp_path / "out")
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert sorted(line.partition(": ")[0] for line in lines) == [str(folder / "bad.pcap"), str(folder / "notes.txt")]
    told = report(tmp_path / "out")["captures"]
    assert told["packets"] == 20
    # the same captures give the same report, wherever they lie
    assert {fault["path"] for fault in told["faults"]} == {"bad.pcap", "notes.txt"}
    assert str(folder) not in (tmp_path / "out" / "report.json").read_text()


def test_standard_input_is_kept_for_a_second_look(tmp_path: Path) -> None:
    capture = made.pcap(tmp_path / "in.pcap", FRAMES).read_bytes()
    done = run("analyze", "-", "--out", tmp_path / "out", stdin=capture)
    assert done.returncode == 0
    [kept] = (tmp_path / "out" / "captures").iterdir()
    assert kept.read_bytes() == capture
    assert (tmp_path / "out" / "captures").stat().st_mode & 0o077 == 0
    rows = json.loads(run("sql", "SELECT path FROM captures", tmp_path / "out", "--json").stdout)
    assert rows == [{"path": str(kept)}]


def test_an_analysis_is_overwritten_only_when_asked_and_nothing_else_ever(tmp_path: Path) -> None:
    capture = made.pcap(tmp_path / "in.pcap", FRAMES)
    out = tmp_path / "out"
    assert run("analyze", capture, "--out", out).returncode == 0
    assert run("analyze", capture, "--out", out).returncode == 2
    assert run("analyze", capture, "--out", out, "--force").returncode == 0
    other = tmp_path / "letters"
    other.mkdir()
    (other / "dear.txt").write_text("do not delete")
    assert run("analyze", capture, "--out", other, "--force").returncode == 2
    assert (other / "dear.txt").exists()


def test_ctrl_c_leaves_no_half_written_report(tmp_path: Path) -> None:
    large = tmp_path / "large.pcap"
    block = made.pcap(tmp_path / "block.pcap", FRAMES * 500).read_bytes()
    with large.open("wb") as file:
        file.write(block[:24])
        for _ in range(200):
            file.write(block[24:])
    work = subprocess.Popen(
        [BIN, "analyze", large, "--out", tmp_path / "out"], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob(".out.*.partial")) and time.monotonic() < deadline:
        time.sleep(0.005)
    work.send_signal(signal.SIGINT)
    _, errors = work.communicate(timeout=30)
    assert work.returncode == 130, errors
    assert "Traceback" not in errors.decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["block.pcap", "large.pcap"]


def test_ctrl_c_stops_a_long_query(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("analyze", made.pcap(tmp_path / "in.pcap", FRAMES), "--out", out)
    query = "SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b WHERE a.range + b.range = 7"
    work = subprocess.Popen([BIN, "sql", query, out], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    time.sleep(2)
    assert work.poll() is None
    work.send_signal(signal.SIGINT)
    _, errors = work.communicate(timeout=20)
    assert work.returncode == 130, errors
    assert "Traceback" not in errors.decode()


def test_hostile_names_are_harmless_in_terminal_html_and_csv(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    host = "\x1b[31mred\u202e"
    frames = [
        (
            1000.0,
            made.datagram(
                (made.GATEWAY, "8.8.8.8", 53), (made.PLUG, "192.168.1.2", 5000), made.dns_answer(name, "1.2.3.4")
            ),
        ),
        (
            1000.5,
            made.datagram(
                (made.GATEWAY, "8.8.4.4", 53), (made.PLUG, "192.168.1.2", 5001), made.dns_answer("=cmd", "1.2.3.5")
            ),
        ),
        (1001.0, made.segment((made.PLUG, "192.168.1.2", 5002), (made.GATEWAY, "1.2.3.4", 80), 1, 2)),
        (
            1001.1,
            made.segment(
                (made.PLUG, "192.168.1.2", 5002),
                (made.GATEWAY, "1.2.3.4", 80),
                2,
                24,
                f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(),
            ),
        ),
        (1002.0, made.segment((made.PLUG, "192.168.1.2", 5003), (made.GATEWAY, "1.2.3.5", 443), 1, 2)),
    ]
    out = tmp_path / "out"
    done = run("analyze", made.pcap(tmp_path / "in.pcap", frames), "--out", out)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    page = (out / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    table = run("sql", "SELECT name FROM peer_names ORDER BY name", out, "--csv").stdout
    assert "\x1b" not in table
    assert "'=cmd" in table


def test_a_users_sql_reaches_no_other_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("analyze", made.pcap(tmp_path / "in.pcap", FRAMES), "--out", out)
    done = run("sql", f"SELECT * FROM read_csv('{ROOT / 'pyproject.toml'}')", out)
    assert (done.returncode, done.stdout) == (2, "")
    assert run("sql", f"COPY (SELECT 1) TO '{tmp_path / 'x.csv'}'", out).returncode == 2
    assert not (tmp_path / "x.csv").exists()


def test_every_command_has_help_with_examples() -> None:
    for command in ("analyze", "info", "extract", "sql"):
        done = run(command, "--help")
        assert done.returncode == 0
        assert "Examples:" in done.stdout


def test_a_wrong_lab_file_names_the_field(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text('timezon = "UTC"\n')
    done = run(
        "analyze", made.pcap(tmp_path / "in.pcap", FRAMES), "--lab", tmp_path / "lab.toml", "--out", tmp_path / "out"
    )
    assert done.returncode == 2
    assert "timezon" in done.stderr


def test_the_demo_runs_in_a_bounded_time_on_every_cut(tmp_path: Path) -> None:
    import gzip

    content = gzip.decompress(sorted(DEMO.glob("*.pcap.gz"))[0].read_bytes())[:40_000]
    import idletalk._core as core

    for length in range(0, len(content), 1999):
        cut = tmp_path / "cut.pcap"
        cut.write_bytes(content[:length])
        folder = tmp_path / f"tables-{length}"
        folder.mkdir()
        assert core.dissect([cut], folder)["captures"] == 1


def test_a_stream_has_the_name_that_the_user_knows(tmp_path: Path) -> None:
    capture = made.pcap(tmp_path / "in.pcap", FRAMES).read_bytes()
    assert run("info", "-", stdin=capture).stdout.startswith("standard input\n")
    assert json.loads(run("info", "-", "--json", stdin=capture).stdout)["files"][0]["path"] == "standard input"
    for command in (("analyze", "-", "--out", tmp_path / "out"), ("info", "-")):
        done = run(*command, stdin=b"")
        assert done.returncode == 2
        assert "standard input: " in done.stderr
        assert "partial" not in done.stderr
        assert str(tmp_path) not in done.stderr


def test_standard_input_by_its_path_is_kept_too(tmp_path: Path) -> None:
    capture = made.pcap(tmp_path / "in.pcap", FRAMES).read_bytes()
    assert run("analyze", "/dev/stdin", "--out", tmp_path / "out", stdin=capture).returncode == 0
    assert (tmp_path / "out" / "captures" / "standard-input").read_bytes() == capture


def test_a_link_to_nothing_in_a_folder_is_said_in_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    made.pcap(folder / "good.pcap", FRAMES)
    (folder / "gone.pcap").symlink_to(tmp_path / "nowhere")
    done = run("analyze", folder, "--out", tmp_path / "out")
    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert "gone.pcap" in line


def test_a_place_that_cannot_be_written_is_said_in_a_line(tmp_path: Path) -> None:
    capture = made.pcap(tmp_path / "in.pcap", FRAMES)
    done = run("analyze", capture, "--out", capture / "out")
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    assert "cannot write" in line


def test_times_beyond_any_capture_cut_nothing(tmp_path: Path) -> None:
    capture = made.pcap(tmp_path / "in.pcap", FRAMES)
    done = run("analyze", capture, "--out", tmp_path / "out", "--from", "0001-01-01", "--to", "9999-12-31")
    assert done.returncode == 0
    assert report(tmp_path / "out")["captures"]["packets"] == 20


def test_a_failure_of_judging_is_said_in_a_line() -> None:
    with pytest.raises(IdletalkError, match=r"could not be completed: Catalog Error.*nothing") as caught, judging():
        duckdb.sql("FROM nothing")
    assert "\n" not in str(caught.value)
    with pytest.raises(IdletalkError, match="memory or disk space ran out: Out of Memory"), judging():
        raise duckdb.OutOfMemoryException("Out of Memory Error: failed\nmore")
    for stopped in (RuntimeError("Query interrupted"), duckdb.InterruptException("INTERRUPT Error: Interrupted!")):
        with pytest.raises(KeyboardInterrupt), judging():
            raise stopped

"""`rig init` on a terminal asks what has no sensible default; elsewhere it says which option is missing."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from idletalk.rig.interfaces import ETHERNET, Interfaces, found, own_mac

PROGRAM = str(Path(sys.executable).with_name("idletalk"))
PASSPHRASE = "correct horse battery"
PATIENCE_S = 30


def on_a_terminal(answers: dict[str, str], *words: str) -> tuple[int, str]:
    """Run the program on a terminal of its own, answer the questions in order; its exit code and what the terminal shows."""
    master, terminal = pty.openpty()
    run = subprocess.Popen(
        ["setsid", "--ctty", "--wait", PROGRAM, *words], stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = ""
    waiting = list(answers.items())
    try:
        while select.select([master], [], [], PATIENCE_S)[0]:
            try:
                shown += os.read(master, 4096).decode()
            except OSError:  # EIO: nobody has the terminal open any more
                break
            if waiting and waiting[0][0] in shown:
                os.write(master, f"{waiting.pop(0)[1]}\n".encode())
        return run.wait(PATIENCE_S), shown
    finally:
        run.kill()
        os.close(master)


@pytest.mark.skipif(shutil.which("setsid") is None, reason="setsid is not installed")
def test_a_person_is_asked_and_the_passphrase_is_not_shown(tmp_path: Path) -> None:
    answers = {
        "Wi-Fi interface of the access point [": "wlan7",
        "Interface towards the router [": "lan7",
        "Name of the Wi-Fi network [idletalk]": "",
        "Country in which the box stands": "DE",
        "Passphrase of the Wi-Fi network:": PASSPHRASE,
        "Repeat for confirmation:": PASSPHRASE,
    }
    code, shown = on_a_terminal(answers, "rig", "init", "--out", str(tmp_path / "box"))
    assert code == 0, shown
    assert PASSPHRASE not in shown
    settings = json.loads((tmp_path / "box/rig.json").read_text())
    assert [settings[key] for key in ("wifi", "wired", "ssid", "country")] == ["wlan7", "lan7", "idletalk", "DE"]
    assert PASSPHRASE in (tmp_path / "box/etc/hostapd/idletalk.psk").read_text()


@pytest.mark.skipif(shutil.which("setsid") is None, reason="setsid is not installed")
def test_nobody_is_asked_what_was_given(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE)
    given = ["--wifi", "wlan7", "--wired", "lan7", "--ssid", "x", "--country", "DE", "--passphrase-file", str(secret)]
    code, shown = on_a_terminal({}, "rig", "init", *given, "--out", str(tmp_path / "box"))
    assert code == 0, shown
    assert "wlan7 and lan7 become br0" in shown


@pytest.mark.parametrize(
    ("given", "missing"),
    [([], "give --country and --passphrase-file"), (["--country", "DE"], "give --passphrase-file")],
)
def test_where_nobody_can_be_asked_one_line_says_what_is_missing(
    tmp_path: Path, given: list[str], missing: str
) -> None:
    words = [PROGRAM, "rig", "init", *given, "--out", str(tmp_path / "box")]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert missing in done.stderr
    assert not (tmp_path / "box").exists()


def test_interfaces_with_a_radio_are_wi_fi_and_made_ones_are_nothing(tmp_path: Path) -> None:
    for name, kind, parts in (
        ("lo", "772", ()), ("br0", ETHERNET, ("bridge",)), ("wlan1", ETHERNET, ("device", "phy80211")),
        ("enp3s0", ETHERNET, ("device",)), ("eth1", ETHERNET, ("device",)), ("wwan0", "519", ("device",)),
    ):  # fmt: skip
        for part in ("", *parts):
            (tmp_path / name / part).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "type").write_text(f"{kind}\n")
        (tmp_path / name / "address").write_text("02:00:00:00:00:07\n")
    assert found(tmp_path) == Interfaces(wifi=("wlan1",), wired=("enp3s0", "eth1"))
    assert own_mac("eth1", tmp_path) == "02:00:00:00:00:07"
    assert own_mac("eth9", tmp_path) is None
    assert found(tmp_path / "nowhere") == Interfaces((), ())

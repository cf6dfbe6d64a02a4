"""The files that `rig init` writes: what they hold, and that they keep the passphrase to themselves."""

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from idletalk.errors import IdletalkError
from idletalk.rig.command import rig_command
from idletalk.rig.files import capture_command, rig_files
from idletalk.rig.init import read_settings, write_box
from idletalk.rig.settings import Settings

PASSPHRASE = "correct horse battery"


def settings(**given: object) -> Settings:
    return Settings(**{"country": "DE", "box_mac": "02:00:00:00:00:09", **given})  # type: ignore[arg-type]


def test_the_passphrase_stands_in_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    passphrase = tmp_path / "secret"
    passphrase.write_text(PASSPHRASE + "\n")
    arguments = ["init", "--country", "DE", "--passphrase-file", str(passphrase), "--out", str(tmp_path / "box")]
    result = CliRunner().invoke(rig_command, arguments)
    assert result.exit_code == 0, result.output
    assert PASSPHRASE not in result.output
    holders = [file for file in (tmp_path / "box").rglob("*") if file.is_file() and PASSPHRASE in file.read_text()]
    assert [file.name for file in holders] == ["idletalk.psk"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "box/etc/hostapd").iterdir())


def test_what_was_said_is_read_again_for_the_check(tmp_path: Path) -> None:
    wanted = settings(ssid="näme", macs=("02:00:00:00:00:01",), keep_days=7)
    write_box(wanted, PASSPHRASE, tmp_path)
    assert read_settings(tmp_path / "rig.json") == wanted


def test_what_a_filter_hides_is_said() -> None:
    assert settings().hidden() == []
    assert "every device" in settings(box_mac=None).hidden()[0]
    assert "cannot be told" in settings(macs=("02:00:00:00:00:01",)).hidden()[0]


def test_a_capture_begins_a_file_an_hour_that_a_restart_does_not_overwrite() -> None:
    command = capture_command(settings())
    assert command[command.index("-G") + 1] == "3600"
    assert "%S" in command[command.index("-w") + 1]
    assert command[command.index("-s") + 1] == "0"


def test_percent_signs_reach_tcpdump_through_systemd() -> None:
    unit = next(file for file in rig_files(settings(), PASSPHRASE) if file.path.endswith("idletalk-capture.service"))
    assert "%%Y-%%m-%%dT%%H-%%M-%%SZ.pcap" in unit.content
    assert '"not (ether host 02:00:00:00:00:09 and (tcp port 22))"' in unit.content


@pytest.mark.parametrize(
    "given",
    [
        {"wifi": "wlan0; reboot"}, {"wifi": "eth0"}, {"ssid": ""}, {"ssid": "x" * 33}, {"ssid": "a\nb"}, {"country": "de"},
        {"folder": "captures"}, {"folder": "/var/../etc"}, {"folder": "/x y"}, {"folder": "/home/pi/captures"}, {"user": "Root!"}, {"keep_gb": 0},
        {"macs": ("zz",)}, {"without_ports": (70_000,)}, {"channel": 0},
    ],
)  # fmt: skip
def test_what_would_make_a_wrong_file_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(IdletalkError):
        settings(**given)


def test_the_budget_deletes_the_oldest_and_never_the_newest(tmp_path: Path) -> None:
    write_box(settings(), PASSPHRASE, tmp_path / "box")
    folder = tmp_path / "captures"
    folder.mkdir()
    for hour in range(4):
        (folder / f"2026-01-01T0{hour}-00-00Z.pcap").write_bytes(bytes(100_000))
    script = tmp_path / "box/usr/local/lib/idletalk/prune"
    environment = {
        "IDLETALK_FOLDER": str(folder),
        "IDLETALK_KEEP_KB": "250",
        "IDLETALK_KEEP_DAYS": "0",
        "PATH": os.environ["PATH"],
    }
    subprocess.run(["/bin/sh", str(script)], check=True, env=environment)
    assert [file.name[11:13] for file in sorted(folder.iterdir())] == ["02", "03"]
    subprocess.run(["/bin/sh", str(script)], check=True, env=environment | {"IDLETALK_KEEP_KB": "1"})
    assert [file.name[11:13] for file in sorted(folder.iterdir())] == ["03"]

"""The files that `rig init` writes pass the checks of the programs that read them, and keep the passphrase to themselves."""

import os
import shutil
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


def needs(program: str) -> pytest.MarkDecorator:
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    return pytest.mark.skipif(path is None, reason=f"{program} is not installed")


def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment, **more)  # type: ignore[call-overload]


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


@needs("tcpdump")
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"box_mac": None},
        {"macs": ("02:00:00:00:00:01", "02:00:00:00:00:02")},
        {"without_ports": ()},
        {"without_ports": (22, 443)},
    ],
)
def test_tcpdump_compiles_every_filter(given: dict[str, object]) -> None:
    expression = settings(**given).capture_filter
    done = run("tcpdump", "-y", "EN10MB", "-d", *([expression] if expression else []))
    assert done.returncode == 0, done.stderr


def test_what_a_filter_hides_is_said() -> None:
    assert settings().hidden() == []
    assert "every device" in settings(box_mac=None).hidden()[0]
    assert "cannot be told" in settings(macs=("02:00:00:00:00:01",)).hidden()[0]


@needs("systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    write_box(settings(folder="/tmp/captures"), PASSPHRASE, tmp_path)
    units = [str(unit) for unit in sorted((tmp_path / "etc/systemd/system").iterdir())]
    prune = tmp_path / "etc/systemd/system/idletalk-prune.service"
    prune.write_text(
        prune.read_text().replace("/usr/local/lib/idletalk/prune", str(tmp_path / "usr/local/lib/idletalk/prune"))
    )
    done = run("systemd-analyze", "verify", "--man=no", *units)
    ours = [line for line in done.stderr.splitlines() if "idletalk" in line and "is not executable" not in line]
    assert ours == [], done.stderr


@needs("hostapd")
def test_hostapd_reads_every_line(tmp_path: Path) -> None:
    write_box(settings(wifi="nowifi0"), PASSPHRASE, tmp_path)
    conf = tmp_path / "etc/hostapd/idletalk.conf"
    conf.write_text(conf.read_text().replace("/etc/hostapd", str(conf.parent)))
    told = run("hostapd", str(conf), timeout=20)
    # it reads the whole configuration first, then finds that there is no such interface
    output = told.stdout + told.stderr
    assert "nowifi0" in output
    assert "Line " not in output
    assert "errors found" not in output


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
        {"folder": "captures"}, {"folder": "/var/../etc"}, {"folder": "/x y"}, {"user": "Root!"}, {"keep_gb": 0},
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


@needs("systemd-sysusers")
def test_systemd_takes_the_user(tmp_path: Path) -> None:
    write_box(settings(), PASSPHRASE, tmp_path)
    done = run("systemd-sysusers", "--dry-run", str(tmp_path / "etc/sysusers.d/idletalk.conf"))
    assert done.returncode == 0, done.stderr
    assert "idletalk-capture" in done.stdout + done.stderr


def test_the_shell_takes_every_command_of_installing_and_undoing(tmp_path: Path) -> None:
    write_box(settings(), PASSPHRASE, tmp_path)
    for script in ("INSTALL", "usr/local/lib/idletalk/prune"):
        done = run("sh", "-n", str(tmp_path / script))
        assert done.returncode == 0, done.stderr

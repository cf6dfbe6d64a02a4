"""The files that `rig init` writes, read by the real programs: their own checks, or, where these have none, a start of theirs."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from lab import service

from idletalk.rig.files import capture_command
from idletalk.rig.init import write_box
from idletalk.rig.settings import Settings
from tests.rig.namespaced import PATH, eventually, reason_to_skip

PASSPHRASE = "correct horse battery"
BOX_MAC = "02:00:00:00:00:09"
SKIP = reason_to_skip()
OWN_MACHINE = """
set -e
mount --bind /etc /etc && mount -o remount,bind,ro /etc
mount -t tmpfs own /run
mount -t sysfs -o ro own /sys
ip link set lo up
for port in wlan0 eth0 other; do
    ip link add $port type veth peer name far-$port
    ip link set far-$port up
done
"""
"""A machine with two ports and one that is none of the box's, whose programs can change nothing outside."""
NETWORKD = """
mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases
chown -R systemd-network /run/systemd/netif
cp "$1"/etc/systemd/network/* /run/systemd/network/
SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd 2>"$2" &
for try in $(seq 100); do
    ip -json link show dev eth0 | grep -q '"master":"br0"' && ip link show dev br0 | grep -q 'state UP' && break
    sleep 0.1
done
ip -json -details link
"""
NETWORK_MANAGER = """
ip link add br0 type bridge
mkdir -p /run/dbus /run/NetworkManager
mount -t tmpfs own /var/lib/NetworkManager
mount -t tmpfs own /etc/NetworkManager
mkdir /etc/NetworkManager/conf.d
cp "$1"/etc/NetworkManager/conf.d/* /etc/NetworkManager/conf.d/
dbus-daemon --system --fork --nopidfile
NetworkManager --no-daemon >"$2" 2>&1 &
for try in $(seq 100); do
    nmcli -t -f STARTUP general 2>/dev/null | grep -q . && nmcli -t -f DEVICE device | grep -q '^other' && break
    sleep 0.1
done
nmcli -t -f DEVICE,STATE device
"""


def settings(**given: object) -> Settings:
    return Settings(**{"country": "DE", "box_mac": BOX_MAC, **given})  # type: ignore[arg-type]


def needs(*programs: str, root: bool = False) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program, path=f"{PATH}:/lib/systemd") is None]
    reason = f"not installed: {', '.join(missing)}" if missing else (SKIP or "") if root else ""
    return pytest.mark.skipif(bool(reason), reason=reason)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": PATH, "LC_ALL": "C"}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment, timeout=60)


def on_its_own_machine(program: str, box: Path, log: Path) -> str:
    """What a shell program prints in namespaces of its own, which end with it."""
    words = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             "sh", "-c", OWN_MACHINE + program, "sh", str(box), str(log)]  # fmt: skip
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


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


def test_the_unit_s_command_line_is_the_capture_command_again(tmp_path: Path) -> None:
    write_box(settings(), PASSPHRASE, tmp_path)
    assert service.command((tmp_path / service.UNIT.lstrip("/")).read_text()) == capture_command(settings())


@needs("systemd-sysusers", "systemd-tmpfiles", root=True)
def test_systemd_makes_the_user_and_the_folders_that_are_this_user_s(tmp_path: Path) -> None:
    write_box(settings(), PASSPHRASE, tmp_path)
    for program, file in (("systemd-sysusers", "sysusers.d"), ("systemd-tmpfiles", "tmpfiles.d")):
        words = ["--create"] if program == "systemd-tmpfiles" else []
        done = run(program, f"--root={tmp_path}", *words, str(tmp_path / f"etc/{file}/idletalk.conf"))
        assert done.returncode == 0, done.stderr
    (user,) = (line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines() if "idletalk" in line)
    captures = tmp_path / "var/lib/idletalk/captures"
    assert (captures.stat().st_uid, captures.stat().st_mode & 0o777) == (int(user[2]), 0o750)
    assert user[0] == settings().user


@needs("systemd-networkd", root=True)
@pytest.mark.parametrize("broken", ["", "Nonsense=1\n"])
def test_networkd_makes_the_bridge_and_knows_every_key(tmp_path: Path, broken: str) -> None:
    write_box(settings(), PASSPHRASE, tmp_path)
    wired = tmp_path / "etc/systemd/network/21-idletalk-wired.network"
    wired.write_text(wired.read_text() + broken)
    links = json.loads(on_its_own_machine(NETWORKD, tmp_path, tmp_path / "log"))
    by_name = {link["ifname"]: link for link in links}
    bridge = by_name["br0"]
    assert (bridge["address"], "UP" in bridge["flags"]) == (BOX_MAC, True)
    assert [bridge["linkinfo"]["info_data"][key] for key in ("stp_state", "mcast_snooping")] == [0, 0]
    assert [by_name[port].get("master") for port in ("eth0", "wlan0", "other")] == ["br0", None, None]
    refused = [line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("/run/systemd/network")]
    assert bool(refused) is bool(broken), refused


@needs("NetworkManager", "nmcli", "dbus-daemon", root=True)
def test_network_manager_leaves_the_box_s_interfaces_alone_and_no_other(tmp_path: Path) -> None:
    write_box(settings(), PASSPHRASE, tmp_path)
    told = on_its_own_machine(NETWORK_MANAGER, tmp_path, tmp_path / "log")
    states = dict(line.split(":", 1) for line in told.splitlines())
    assert [states[name] for name in ("wlan0", "eth0", "br0")] == ["unmanaged"] * 3
    assert states["other"] != "unmanaged"


@needs("hostapd")
def test_hostapd_reads_every_line(tmp_path: Path) -> None:
    write_box(settings(wifi="nowifi0"), PASSPHRASE, tmp_path)
    conf = tmp_path / "etc/hostapd/idletalk.conf"
    conf.write_text(conf.read_text().replace("/etc/hostapd", str(conf.parent)))
    told = run("hostapd", str(conf))
    # it reads the whole configuration first, then finds that there is no such interface
    output = told.stdout + told.stderr
    assert "nowifi0" in output
    assert "Line " not in output
    assert "errors found" not in output


@needs("hostapd", root=True)
@pytest.mark.parametrize("passphrase", [PASSPHRASE, "short"])
def test_hostapd_opens_the_network_with_the_passphrase_s_file(tmp_path: Path, passphrase: str) -> None:
    write_box(settings(), PASSPHRASE, tmp_path)
    conf, log, secret = (tmp_path / "etc/hostapd" / name for name in ("idletalk.conf", "log", "idletalk.psk"))
    secret.write_text(secret.read_text().replace(PASSPHRASE, passphrase))
    # an Ethernet instead of a radio, which has no channels that a country could forbid
    lines = conf.read_text().replace("/etc/hostapd", str(conf.parent)).replace("driver=nl80211", "driver=wired")
    radio = ("country_code=", "ieee80211d=")
    conf.write_text("\n".join(line for line in lines.splitlines() if not line.startswith(radio)) + "\n")
    ports = "ip link add br0 type bridge && ip link add wlan0 type veth peer name far && ip link set far up && ip link set wlan0 up"
    words = ["unshare", "--net", "sh", "-c", f'{ports} && exec hostapd -f "$1" "$2"', "sh", str(log), str(conf)]
    running = subprocess.Popen(words, env=os.environ | {"PATH": PATH}, stdout=subprocess.DEVNULL)
    try:
        assert eventually(lambda: log.exists() and any(end in log.read_text() for end in ("AP-ENABLED", "AP-DISABLED")))
    finally:
        running.kill()
        running.wait()
    assert ("AP-ENABLED" in log.read_text()) is (passphrase == PASSPHRASE), log.read_text()


def test_the_shell_takes_every_command_of_installing_and_undoing(tmp_path: Path) -> None:
    write_box(settings(), PASSPHRASE, tmp_path)
    for script in ("INSTALL", "usr/local/lib/idletalk/prune"):
        done = run("sh", "-n", str(tmp_path / script))
        assert done.returncode == 0, done.stderr

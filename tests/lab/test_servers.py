"""The configurations of the lab's servers pass the servers' own checks; servers that have none are started."""

import subprocess
import time
from pathlib import Path

import pytest
from lab import authority, servers
from lab.home import draw_home
from lab.needs import SYSTEM_PATH, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"the lab cannot run: {missing()}")
PATIENCE_S = 20
PORTS = """
ip link add lan0 type veth peer name far0
ip link add wan0 type veth peer name far1
for port in lan0 far0 wan0 far1; do ip link set $port up; done
ip address add 192.168.77.1/24 dev lan0
ip address add 198.18.1.2/24 dev wan0
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, env={"PATH": SYSTEM_PATH}, timeout=30)


@pytest.mark.parametrize("seed", [3, 4])
def test_dnsmasq_takes_its_options(seed: int, tmp_path: Path) -> None:
    _, words = servers.dnsmasq(draw_home(seed), tmp_path)
    done = run(*words, "--test")
    assert done.returncode == 0, done.stderr
    assert "syntax check OK" in done.stderr


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    authority.found_all(tmp_path / "ca", servers.CERTIFIED_HOSTS)
    (tmp_path / "www").mkdir()
    _, words = servers.nginx(draw_home(3), tmp_path)
    # its check opens the sockets, at addresses that exist in the lab only
    bind = 'sysctl -qw net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1 && exec "$@"'
    done = run("unshare", "--net", "sh", "-c", bind, "sh", *words, "-t")
    assert done.returncode == 0, done.stderr
    assert "test is successful" in done.stderr


def test_chrony_takes_its_configuration(tmp_path: Path) -> None:
    servers.chrony(tmp_path)
    done = run("chronyd", "-p", "-f", str(tmp_path / "chrony.conf"))
    assert done.returncode == 0, done.stderr
    assert "local stratum 2" in done.stdout


def started(words: list[str], sign: str, prepared: str, log: Path) -> str:
    """What a server that has no check of its own says until it says this sign, or ends; in a network of its own."""
    shell = f'set -e; ip link set lo up\n{prepared}\nexec "$@"'
    with log.open("w") as file:
        server = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", shell, "sh", *words], stdout=file, stderr=file, env={"PATH": SYSTEM_PATH}
        )
    try:
        until = time.monotonic() + PATIENCE_S
        while sign not in log.read_text() and server.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        server.kill()
        server.wait()
    return log.read_text()


@pytest.mark.parametrize("broken", ["", "nonsense true\n"])
def test_mosquitto_starts_with_its_configuration(tmp_path: Path, broken: str) -> None:
    authority.found_all(tmp_path / "ca", servers.CERTIFIED_HOSTS)
    _, words = servers.mosquitto(draw_home(3), tmp_path)
    config = tmp_path / "mosquitto.conf"
    config.write_text(config.read_text() + broken)
    told = started(words, " running", "sysctl -qw net.ipv4.ip_nonlocal_bind=1", tmp_path / "log")
    assert (" running" in told, "Error" in told) == (not broken, bool(broken)), told


@pytest.mark.parametrize("broken", ["", "nonsense=1\n"])
def test_miniupnpd_starts_with_its_configuration(tmp_path: Path, broken: str) -> None:
    _, words = servers.miniupnpd(draw_home(3), tmp_path)
    config = tmp_path / "miniupnpd.conf"
    config.write_text(config.read_text() + broken)
    told = started(words, "HTTP listening on port", PORTS, tmp_path / "log")
    assert ("HTTP listening on port" in told) is not bool(broken), told


def test_a_home_in_which_nothing_is_planted_has_only_time_servers_that_answer() -> None:
    planted, quiet = draw_home(5), draw_home(5, planted=False)
    everywhere = {address for behind in quiet.ntp_zones.values() for address in behind}
    assert set(quiet.ntp_alive) == everywhere
    assert set(planted.ntp_alive) < everywhere

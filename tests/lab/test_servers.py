"""The configurations of the lab's servers pass the servers' own checks."""

import subprocess
from pathlib import Path

import pytest
from lab import authority, servers
from lab.home import draw_home
from lab.needs import SYSTEM_PATH, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"the lab cannot run: {missing()}")


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


def test_a_home_in_which_nothing_is_planted_has_only_time_servers_that_answer() -> None:
    planted, quiet = draw_home(5), draw_home(5, planted=False)
    everywhere = {address for behind in quiet.ntp_zones.values() for address in behind}
    assert set(quiet.ntp_alive) == everywhere
    assert set(planted.ntp_alive) < everywhere

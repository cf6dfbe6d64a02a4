"""Namespaces, bridges and routes of the testbed, and the proof that nothing leads out of it.

    devices ── air (the access point's inside) ── wlan0 ┐
                                                        br0 in box (the Raspberry Pi of the study)
    wired ──── switch (the home's Ethernet) ───── eth0 ─┘
                  └── gateway (NAT, DHCP, DNS) ── internet (all of 198.18.0.0/15 and 2001:db8::/32)

All of this lives in namespaces of its own: `inside` starts the lab in new network, mount and PID
namespaces whose first process takes everything with it when it ends, however it ends.
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab.needs import NAMESPACES, SYSTEM_PATH, LabError
from lab.plan import Home

INSIDE = "IDLETALK_LAB_INSIDE"
AIR, BOX, SWITCH, GATEWAY, INTERNET = "air", "box", "switch", "gateway", "internet"
WAN_PEER = "198.18.1.1"
WAN6, WAN6_PEER = "2001:db8:ffff::2", "2001:db8:ffff::1"
OFFLOADS = ("tx", "rx", "tso", "gso", "gro")  # they make frames that no wire ever saw
PR_SET_PDEATHSIG = 1  # prctl(2)
NICENESS = -5


def run(command: str | list[str], namespace: str | None = None) -> str:
    """Run a command, in a namespace of the lab if one is named; its output."""
    words = command.split() if isinstance(command, str) else command
    if namespace is not None:
        words = ["ip", "netns", "exec", namespace, *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def inside(arguments: list[str]) -> int:
    """Start this program again inside namespaces of its own; its exit code.

    `--kill-child` and the PID namespace see to it that no process outlives this one; the named
    network namespaces are kept by mounts in the private mount namespace, and go with it.
    """
    command = [
        "unshare", *NAMESPACES, "--kill-child=SIGKILL",
        sys.executable, "-m", "lab", *arguments,
    ]  # fmt: skip
    environment = os.environ | {INSIDE: "1", "PATH": f"{SYSTEM_PATH}:{os.environ.get('PATH', '')}"}
    child = subprocess.Popen(command, env=environment, preexec_fn=_go_first)
    try:
        return child.wait()
    except KeyboardInterrupt:
        return child.wait()


def _go_first() -> None:
    """End with the parent, and go before what a busy machine computes: the lab mostly waits, but its timers are awaited."""
    end_with_parent()
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def own_folders() -> None:
    """Lay a /run of the lab's own over the machine's, which stays as it is: named namespaces and the run's files lie there."""
    run("mount -t tmpfs lab /run")


def end_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends (unshare ignores SIGTERM)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def build(home: Home, stations_visible: bool, lost_per_1000: int = 0) -> None:
    """Make every namespace, link, address and route of this home; the gateway loses so many TCP packets of a thousand."""
    Path("/run/netns").mkdir()
    for name in (AIR, BOX, SWITCH, GATEWAY, INTERNET):
        _namespace(name)
    for bridge_home, bridge in ((AIR, "wlan"), (BOX, "br0"), (SWITCH, "home")):
        run(f"ip -n {bridge_home} link add {bridge} type bridge mcast_snooping 0")
        run(f"ip -n {bridge_home} link set {bridge} up")
    for silent in (AIR, SWITCH):
        run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1", silent)
    _cable(AIR, "uplink", BOX, "wlan0")
    _cable(SWITCH, "box", BOX, "eth0")
    for port in ("wlan0", "eth0"):
        run(f"sysctl -qw net.ipv6.conf.{port}.disable_ipv6=1", BOX)
    for namespace, port, bridge in (
        (AIR, "uplink", "wlan"), (BOX, "wlan0", "br0"), (BOX, "eth0", "br0"), (SWITCH, "box", "home"),
    ):  # fmt: skip
        run(f"ip -n {namespace} link set {port} master {bridge} up")
    _attach_devices(home, stations_visible)
    _gateway(home, lost_per_1000)
    _internet(home)


def _namespace(name: str) -> None:
    run(f"ip netns add {name}")
    run(f"ip -n {name} link set lo up")
    run(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"], name)  # ping without root


def _cable(namespace: str, port: str, other: str, other_port: str) -> None:
    run(f"ip link add {port} netns {namespace} type veth peer name {other_port} netns {other}")
    for end, name in ((namespace, port), (other, other_port)):
        for offload in OFFLOADS:
            run(f"ethtool -K {name} {offload} off", end)


def _attach_devices(home: Home, stations_visible: bool) -> None:
    for number, device in enumerate(home.devices):
        if device.role == "capture":
            run(f"ip -n {BOX} link set br0 address {device.mac}")
            continue
        wifi = device.side == "wifi"
        at, bridge = (AIR, "wlan") if wifi else (SWITCH, "home")
        interface = "lan0" if device.role == "gateway" else "eth0"
        if device.role != "gateway":
            _namespace(device.name)
        _cable(at, f"port{number}", device.name, interface)
        run(f"ip -n {at} link set port{number} master {bridge} up")
        run(f"ip -n {device.name} link set {interface} address {device.mac}")
        if wifi and stations_visible:
            # Without learning all goes up to the box, which alone may send it down again.
            run(f"ip -n {at} link set dev port{number} type bridge_slave isolated on learning off")
    if stations_visible:
        run(f"ip -n {AIR} link set dev uplink type bridge_slave learning off")
        run(f"ip -n {BOX} link set dev wlan0 type bridge_slave hairpin on")


def _gateway(home: Home, lost_per_1000: int) -> None:
    _cable(GATEWAY, "wan0", INTERNET, "wan0")
    for namespace, interface in ((GATEWAY, "lan0"), (GATEWAY, "wan0"), (INTERNET, "wan0")):
        run(f"ip -n {namespace} link set {interface} up")
    run(f"ip -n {GATEWAY} address add {home.gateway}/24 broadcast + dev lan0")
    run(f"ip -n {GATEWAY} -6 address add {home.lan6}1/64 dev lan0 nodad")
    run(f"ip -n {GATEWAY} address add {home.public_ip}/24 dev wan0")
    run(f"ip -n {GATEWAY} -6 address add {WAN6}/64 dev wan0 nodad")
    run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1", GATEWAY)
    run(f"ip -n {GATEWAY} route add default via {WAN_PEER}")
    run(f"ip -n {GATEWAY} -6 route add default via {WAN6_PEER}")
    rules = """
    table ip home {
      chain translate {
        type nat hook postrouting priority 100;
        oifname "wan0" masquerade random
      }
    }"""
    if home.planted:
        rules += f"""
    table inet own {{
      chain refuse {{
        type filter hook input priority 0;
        ether saddr {home.device("door").mac} udp dport 53 reject with icmpx port-unreachable
      }}
    }}"""
    if lost_per_1000:
        rules += f"""
    table inet unreliable {{
      chain lose {{
        type filter hook forward priority 0;
        meta l4proto tcp numgen random mod 1000 < {lost_per_1000} drop
      }}
    }}"""
    done = subprocess.run(
        ["ip", "netns", "exec", GATEWAY, "nft", "-f", "-"], input=rules, text=True, check=False,
        capture_output=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise LabError(f"nft: {done.stderr.strip()}")


def _internet(home: Home) -> None:
    run(f"ip -n {INTERNET} address add {WAN_PEER}/24 dev wan0")
    run(f"ip -n {INTERNET} -6 address add {WAN6_PEER}/64 dev wan0 nodad")
    run(f"ip -n {INTERNET} -6 route add {home.lan6}/64 via {WAN6}")
    addresses = {address for several in home.hosts.values() for address in several}
    lines = [
        f"address add {address}/{128 if ':' in address else 32} dev lo"
        for address in sorted(addresses | set(home.ntp_alive))
    ]
    subprocess.run(["ip", "-n", INTERNET, "-batch", "-"], input="\n".join(lines), text=True, check=True)


def leaks() -> list[str]:
    """What leads out of the lab: links to elsewhere, routes that are not the lab's. Empty is right."""
    found: list[str] = []
    ends: set[tuple[str | None, int]] = set()
    far_ends: set[tuple[str | None, int]] = set()
    for namespace in (row["name"] for row in _json("ip -json netns list")):
        named = {row["nsid"]: row.get("name") for row in _json(f"ip -n {namespace} -json netns list-id")}
        for link in _json(f"ip -n {namespace} -json -details link"):
            kind = link.get("linkinfo", {}).get("info_kind", "")
            if kind == "veth" and "link_netnsid" in link:
                ends.add((namespace, link["ifindex"]))
                far_ends.add((named.get(link["link_netnsid"]), link["link_index"]))
            elif kind != "bridge" and link["ifname"] != "lo":
                found.append(f"{namespace}: {link['ifname']} is no cable of the lab")
    if ends != far_ends:
        found.append("a cable ends outside the lab's namespaces")
    found += [f"internet: {row}" for row in _json(f"ip -n {INTERNET} -json route show default")]
    if len(_json("ip -json link")) != 1:
        found.append("the lab's own outer namespace has more than a loopback link")
    return found


def _json(command: str) -> list[dict[str, Any]]:
    return json.loads(run(command) or "[]")

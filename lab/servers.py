"""The real servers of the lab: their configurations, and how each is started."""

from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5

from lab.cloud import TLS_HOSTS
from lab.network import GATEWAY, INTERNET
from lab.plan import Home
from lab.web import SITE

MQTT_HOSTS = ("mqtt.camview.example", "ots.lumen.example")
HTTP_HOSTS = (
    "backup.camview.example", "update.camview.example", "ota.switchnow.example",
    "cdn.lumen.example",
)  # fmt: skip
UPNP_PORT, UPNP_NOTIFY_S = 5000, 300  # wall seconds
CERTIFIED_HOSTS = [*TLS_HOSTS, SITE, *MQTT_HOSTS]
PAGE = "<html><body>" + "lab " * 500 + "</body></html>"
Command = tuple[str, list[str]]  # namespace, words


def dnsmasq(home: Home, folder: Path) -> Command:
    """DHCP, DNS (asks the lab's resolver) and router advertisements on the LAN."""
    return GATEWAY, [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root",
        "--interface=lan0", "--bind-interfaces", "--no-hosts", "--no-resolv", "--cache-size=0",
        f"--server={home.resolver}", "--dhcp-authoritative", "--no-ping",
        f"--dhcp-range={home.lan}.20,{home.lan}.200,24h", "--enable-ra",
        f"--dhcp-range={home.lan6},ra-stateless,64", "--domain=home.example",
        f"--dhcp-leasefile={folder / 'dnsmasq.leases'}", "--log-dhcp",
        f"--log-facility={folder / 'dnsmasq.log'}", f"--pid-file={folder / 'dnsmasq.pid'}",
    ]  # fmt: skip


def miniupnpd(home: Home, folder: Path) -> Command:
    """The gateway's UPnP side: answers searches, shows its description on port 5000."""
    gateway = home.device("gateway")
    config = folder / "miniupnpd.conf"
    config.write_text(
        f"ext_ifname=wan0\nlistening_ip=lan0\nhttp_port={UPNP_PORT}\nenable_natpmp=no\n"
        f"enable_upnp=yes\nipv6_disable=yes\nsecure_mode=yes\nnotify_interval={UPNP_NOTIFY_S}\n"
        f"uuid={uuid5(NAMESPACE_DNS, gateway.serial)}\nserial={gateway.serial}\n"
        f"model_number={gateway.firmware}\nfriendly_name=Home gateway\n"
        f"lease_file={folder / 'upnp.leases'}\n"
    )
    return GATEWAY, ["miniupnpd", "-d", "-f", str(config), "-P", str(folder / "miniupnpd.pid")]


def chrony(folder: Path) -> Command:
    """One NTP server behind all addresses of the invented pool hosts; it leaves our clock alone."""
    config = folder / "chrony.conf"
    config.write_text(f"local stratum 2\nallow all\ncmdport 0\nbindcmdaddress /\npidfile {folder / 'chrony.pid'}\n")
    return INTERNET, ["chronyd", "-x", "-d", "-u", "root", "-f", str(config)]


def mosquitto(home: Home, folder: Path) -> Command:
    """MQTT in clear for the cameras, and over TLS."""
    lines = ["user root", "allow_anonymous true", f"listener 1883 {home.hosts[MQTT_HOSTS[0]][0]}"]
    for host in MQTT_HOSTS:
        certificate = folder / "ca" / f"{host}.pem"
        lines += [f"listener 8883 {home.hosts[host][0]}", f"certfile {certificate}", f"keyfile {certificate}"]
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines) + "\n")
    return INTERNET, ["mosquitto", "-c", str(config)]


def nginx(home: Home, folder: Path) -> Command:
    """Firmware and reports over HTTP (with Range), a web site over HTTPS."""
    listeners: list[str] = []
    for host in HTTP_HOSTS:
        (folder / "www" / host).mkdir(parents=True, exist_ok=True)
        listeners.append(
            f"server {{ listen {home.hosts[host][0]}:80; server_name {host};"
            f" root {folder / 'www' / host};"
            ' location /backup { return 200 "{\\"result\\":0}"; }'
            ' location /check { return 200 "{\\"newer\\":true}"; } }'
        )
    (folder / "www" / SITE).mkdir(parents=True, exist_ok=True)
    for page in ("index.html", "page"):
        (folder / "www" / SITE / page).write_text(PAGE)
    four, six = home.hosts[SITE]
    certificate = folder / "ca" / f"{SITE}.pem"
    listeners.append(
        f"server {{ listen {four}:443 ssl http2; listen [{six}]:443 ssl http2;"
        f" server_name {SITE}; root {folder / 'www' / SITE};"
        f" ssl_certificate {certificate}; ssl_certificate_key {certificate}; }}"
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"user root; daemon off; master_process off; pid {folder / 'nginx.pid'};"
        f" error_log {folder / 'nginx.error'};\nevents {{ worker_connections 512; }}\n"
        f"http {{ access_log {folder / 'nginx.access'}; default_type application/octet-stream;"
        f" client_body_temp_path {folder / 'nginx.body'}; proxy_temp_path {folder / 'nginx.proxy'};"
        f" fastcgi_temp_path {folder / 'nginx.fastcgi'}; uwsgi_temp_path {folder / 'nginx.uwsgi'};"
        f" scgi_temp_path {folder / 'nginx.scgi'};\n" + "\n".join(listeners) + "\n}\n"
    )
    return INTERNET, ["nginx", "-e", str(folder / "nginx.error"), "-c", str(config)]


def commands(home: Home, folder: Path) -> list[Command]:
    """Every server of the lab, in the order to start them."""
    (folder / "www").mkdir()
    return [
        dnsmasq(home, folder), miniupnpd(home, folder), chrony(folder), mosquitto(home, folder),
        nginx(home, folder),
    ]  # fmt: skip

"""Where each number of the page comes from: its query, by a name that stands at the number.

A number is ``<data value="…" data-q="NAME">``; the parameters of its query (``$device``, ``$peer``, …) stand at the row or section
around it. ``$device`` and the others are those of the tables (docs/tables.md).
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from idletalk.report.graph import CLOCKS, LAN, UNKNOWN

_BOTH_WAYS = "tx_unique_bytes + rx_unique_bytes"
_SERVICES = "FROM peers WHERE device = $device AND scope = 'internet' AND NOT is_ntp_only"
_ABROAD = (
    "FROM peers AS p JOIN host_networks AS h ON h.address = p.peer JOIN devices AS d USING (device)"
    " WHERE p.scope = 'internet' AND d.role IS DISTINCT FROM 'gateway' AND d.role IS DISTINCT FROM 'capture'"
    " AND h.country = $country AND h.anycast IS DISTINCT FROM true"
)

QUERIES: Mapping[str, str] = {
    "captures.files": "SELECT count(*) FROM captures",
    "captures.frames": "SELECT sum(frames) FROM captures",
    "captures.bytes": "SELECT sum(original_bytes) FROM captures",
    "file.frames": "SELECT frames FROM captures WHERE capture = $capture",
    "file.bytes": "SELECT original_bytes FROM captures WHERE capture = $capture",
    "device.tx_bytes": "SELECT tx_unique_bytes FROM devices WHERE device = $device",
    "device.tx_frames": "SELECT tx_unique_packets FROM devices WHERE device = $device",
    "device.rx_bytes": "SELECT rx_unique_bytes FROM devices WHERE device = $device",
    "device.rx_frames": "SELECT rx_unique_packets FROM devices WHERE device = $device",
    "device.bytes": f"SELECT {_BOTH_WAYS} FROM devices WHERE device = $device",
    # $observed are the seconds that the captures cover (report.json: captures.coverage.observed_s)
    "device.hourly": f"SELECT round(({_BOTH_WAYS}) * 3600 / CAST($observed AS DOUBLE), 1) FROM devices WHERE device = $device",
    "device.peers": "SELECT count(*) FROM peers WHERE device = $device",
    "device.internet_hosts": f"SELECT count(*) {_SERVICES}",
    "device.ntp_hosts": (
        "SELECT count(DISTINCT p.peer) FROM peers AS p JOIN peer_protocols AS q USING (device, peer)"
        " WHERE p.device = $device AND p.scope = 'internet' AND q.application = 'ntp'"
    ),
    "device.lan_hosts": (
        "SELECT count(DISTINCT coalesce(p.peer_device, p.peer)) FROM peers AS p JOIN peer_protocols AS q USING (device, peer)"
        " WHERE p.device = $device AND p.scope = 'lan' AND q.transport IS NOT NULL"
    ),
    "device.payload": (
        "SELECT coalesce(sum(encrypted_bytes) FILTER ($verdict = 'encrypted'), 0)"
        " + coalesce(sum(cleartext_bytes) FILTER ($verdict = 'cleartext'), 0)"
        " + coalesce(sum(mixed_bytes) FILTER ($verdict = 'mixed'), 0)"
        " + coalesce(sum(unknown_bytes) FILTER ($verdict = 'unknown'), 0) FROM peer_encryption WHERE device = $device"
    ),
    "network.bytes": (
        "SELECT sum(p.tx_unique_bytes + p.rx_unique_bytes) FROM peers AS p LEFT JOIN host_networks AS h ON h.address = p.peer"
        " WHERE p.device = $device AND CASE"
        f" WHEN p.is_ntp_only THEN '{CLOCKS}' WHEN p.scope = 'lan' THEN '{LAN}'"
        f" WHEN p.scope = 'internet' THEN coalesce(h.provider, h.organisation, '{UNKNOWN}') END = $network"
    ),
    "peer.tx_bytes": "SELECT tx_unique_bytes FROM peers WHERE device = $device AND peer = $peer",
    "peer.rx_bytes": "SELECT rx_unique_bytes FROM peers WHERE device = $device AND peer = $peer",
    "cadence.period": "SELECT period_s FROM cadences WHERE device = $device AND peer IS NOT DISTINCT FROM $peer AND what = $what AND first_ns = $first",
    "cadence.events": "SELECT repetitions FROM cadences WHERE device = $device AND peer IS NOT DISTINCT FROM $peer AND what = $what AND first_ns = $first",
    "country.bytes": f"SELECT sum(p.tx_unique_bytes + p.rx_unique_bytes) {_ABROAD}",
    "country.hosts": f"SELECT count(DISTINCT p.peer) {_ABROAD}",
    "country.ntp_only": f"SELECT count(DISTINCT p.peer) {_ABROAD} AND p.is_ntp_only",
    "action.repetitions": "SELECT repetitions FROM actions WHERE device = $device AND action = $action AND first_packet = $first",
    "action.events": "SELECT events FROM actions WHERE device = $device AND action = $action AND first_packet = $first",
    "unnamed.times": "SELECT times FROM unnamed_actions WHERE device = $device AND peer = $peer AND service = $service AND least_bytes = $least",
    "update.bytes": "SELECT size_bytes FROM images WHERE device = $device AND file = $image",
    "action.held_back": "SELECT held_back FROM actions WHERE device = $device AND action = $action AND first_packet = $first",
    "action.recalled": "SELECT recalled FROM actions WHERE device = $device AND action = $action AND first_packet = $first",
    "image.bytes": "SELECT max(size_bytes) FROM images WHERE file = $image",
    "image.missing_bytes": "SELECT max(missing_bytes) FROM images WHERE file = $image",
    # what no table holds: the page is made of report.json, and firmware examined by `idletalk firmware`
    "image.examination": "what idletalk firmware says of the image's file",
    "report.devices": "the devices of report.json",
    "report.under_test": "the devices of report.json that are under test",
    "report.findings": "the findings of report.json of this severity",
    "report.unseen": "the entries of cannot_be_seen in report.json",
    "finding.frames": "the frames that the finding's filter selects; as many as its evidence counts",
}
"""SQL over the tables of the analysis by name; ``idletalk sql`` runs it once its parameters are filled in."""


def figure(value: float, query: str, text: Any = None) -> Markup:
    """A number of the page with the name of its query; `text` is what people read, else the number itself."""
    if query not in QUERIES:
        raise ValueError(f"no query is called {query}")
    shown = value if text is None else text
    return Markup(f'<data value="{escape(value)}" data-q="{query}">{escape(shown)}</data>')  # noqa: S704

"""Where each number of the page comes from: its query, by a name that stands at the number.

A number is ``<data value="…" data-q="NAME">``; the parameters of its query (``$device``, ``$peer``, …) stand at the row or section
around it. ``$device`` and the others are those of the tables (docs/tables.md).
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from idletalk.report.graph import CLOCKS, LAN, UNKNOWN

_BOTH_WAYS = "tx_unique_bytes + rx_unique_bytes"
_SERVICES = "FROM peers WHERE device = $device AND scope = 'internet' AND NOT is_ntp_only AND NOT is_caller"
_ABROAD = (
    "FROM peers AS p JOIN host_networks AS h ON h.address = p.peer JOIN devices AS d USING (device)"
    " WHERE p.scope = 'internet' AND d.role IS DISTINCT FROM 'gateway' AND d.role IS DISTINCT FROM 'capture'"
    " AND h.country = $country AND h.anycast IS DISTINCT FROM true"
)

_CADENCE = (
    "FROM cadences WHERE device = $device AND peer IS NOT DISTINCT FROM $peer AND what = $what AND first_ns = $first"
)
_CONNECTION = "FROM long_connections WHERE device = $device AND flow = $flow"
_ACTION = "FROM actions WHERE device = $device AND action = $action AND first_packet = $first"
_UNNAMED = (
    "FROM unnamed_actions WHERE device = $device AND peer = $peer AND service = $service AND least_bytes = $least"
    " AND first_packet = $first"
)
_NETWORK = (
    f"CASE WHEN p.is_ntp_only THEN '{CLOCKS}' WHEN p.scope = 'lan' THEN '{LAN}'"
    f" WHEN p.scope = 'internet' THEN coalesce(h.provider, h.organisation, '{UNKNOWN}') END"
)

QUERIES: Mapping[str, str] = {
    "captures.files": "SELECT count(*) FROM captures",
    "captures.frames": "SELECT sum(frames) FROM captures",
    "captures.duration": "SELECT (max(latest_ns) - min(earliest_ns)) / 1e9 FROM captures",
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
    "device.daily": f"SELECT round(({_BOTH_WAYS}) * 86400 / CAST($observed AS DOUBLE), 1) FROM devices WHERE device = $device",
    "device.connections": "SELECT count(*) FROM long_connections WHERE device = $device",
    "connection.duration": f"SELECT duration_s {_CONNECTION}",
    "connection.messages": f"SELECT messages {_CONNECTION}",
    "connection.silence": f"SELECT longest_silence_s {_CONNECTION}",
    "connection.keep_alive": f"SELECT keep_alive_s {_CONNECTION}",
    "connection.told": f"SELECT told_keep_alive_s {_CONNECTION}",
    "connection.what": f"SELECT keep_alive, port {_CONNECTION}",
    "device.peers": "SELECT count(*) FROM peers WHERE device = $device",
    "device.internet_hosts": f"SELECT count(*) {_SERVICES}",
    "device.ntp_hosts": (
        "SELECT count(DISTINCT p.peer) FROM peers AS p JOIN peer_protocols AS q USING (device, peer)"
        " WHERE p.device = $device AND p.scope = 'internet' AND q.application = 'ntp'"
    ),
    "device.lan_hosts": (
        "SELECT count(DISTINCT one) FROM (SELECT unnest(list_append(p.earlier_devices, coalesce(p.peer_device, p.peer))) AS one"
        " FROM peers AS p JOIN peer_protocols AS q USING (device, peer)"
        " WHERE p.device = $device AND p.scope = 'lan' AND q.transport IS NOT NULL)"
    ),
    "device.payload": (
        "SELECT coalesce(sum(encrypted_bytes) FILTER ($verdict = 'encrypted'), 0)"
        " + coalesce(sum(cleartext_bytes) FILTER ($verdict = 'cleartext'), 0)"
        " + coalesce(sum(mixed_bytes) FILTER ($verdict = 'mixed'), 0)"
        " + coalesce(sum(unknown_bytes) FILTER ($verdict = 'unknown'), 0) FROM peer_encryption WHERE device = $device"
    ),
    "network.bytes": (
        "SELECT sum(p.tx_unique_bytes + p.rx_unique_bytes) FROM peers AS p LEFT JOIN host_networks AS h ON h.address = p.peer"
        f" WHERE p.device = $device AND {_NETWORK} = $network"
    ),
    "peer.tx_bytes": "SELECT tx_unique_bytes FROM peers WHERE device = $device AND peer = $peer",
    "peer.rx_bytes": "SELECT rx_unique_bytes FROM peers WHERE device = $device AND peer = $peer",
    "cadence.period": f"SELECT period_s {_CADENCE}",
    "cadence.events": f"SELECT repetitions {_CADENCE}",
    "cadence.what": f"SELECT what, events {_CADENCE}",
    "cadence.before": f"SELECT before_s {_CADENCE}",
    "cadence.jitter": f"SELECT jitter_ratio {_CADENCE}",
    "cadence.share": f"SELECT payload_share {_CADENCE}",
    "cadence.all_events": f"SELECT events {_CADENCE}",
    "cadence.looked_at": f"SELECT looked_at {_CADENCE}",
    "device.cadences": "SELECT count(*) FROM cadences WHERE device = $device",
    "device.seen_tx_frames": "SELECT tx_packets FROM devices WHERE device = $device",
    "device.seen_rx_frames": "SELECT rx_packets FROM devices WHERE device = $device",
    "country.bytes": f"SELECT sum(p.tx_unique_bytes + p.rx_unique_bytes) {_ABROAD}",
    "country.hosts": f"SELECT count(DISTINCT p.peer) {_ABROAD}",
    "country.ntp_only": f"SELECT count(DISTINCT p.peer) {_ABROAD} AND p.is_ntp_only",
    "action.repetitions": f"SELECT repetitions {_ACTION}",
    "action.events": f"SELECT events {_ACTION}",
    "unnamed.times": f"SELECT times {_UNNAMED}",
    "unnamed.bytes": f"SELECT least_bytes, most_bytes {_UNNAMED}",
    "update.bytes": "SELECT size_bytes FROM images WHERE device = $device AND file = $image",
    "action.held_back": f"SELECT held_back {_ACTION}",
    "action.recalled": f"SELECT recalled {_ACTION}",
    "action.false_per_day": f"SELECT false_per_day {_ACTION}",
    "actions.offset": "SELECT abs(min(clock_offset_s)) FROM actions",
    "update.missing_bytes": "SELECT missing_bytes FROM images WHERE device = $device AND file = $image",
    "image.bytes": "SELECT max(size_bytes) FROM images WHERE file = $image",
    "image.missing_bytes": "SELECT max(missing_bytes) FROM images WHERE file = $image",
    # pictures and lists: a row for each number, or pair of numbers
    "captures.faults": "FROM capture_faults",
    "device.facts": "SELECT kind, told, told_by, times FROM device_facts WHERE device = $device",
    "device.names": "SELECT name, told_by, times FROM device_names WHERE device = $device",
    "chart.volume": "SELECT name, tx_unique_bytes, rx_unique_bytes FROM devices",
    "chart.hours": "SELECT device, hour_ns, sum(tx_unique_bytes + rx_unique_bytes) FROM traffic GROUP BY device, hour_ns",
    "chart.days": "SELECT hour_ns, sum(tx_unique_bytes + rx_unique_bytes) FROM traffic WHERE device = $device GROUP BY hour_ns",
    "chart.networks": (
        f"SELECT p.device, {_NETWORK} AS network, sum(p.tx_unique_bytes + p.rx_unique_bytes)"
        " FROM peers AS p LEFT JOIN host_networks AS h ON h.address = p.peer GROUP BY ALL"
    ),
    "chart.encrypted": (
        "SELECT device, sum(encrypted_bytes), sum(mixed_bytes), sum(cleartext_bytes), sum(unknown_bytes)"
        " FROM peer_encryption GROUP BY device"
    ),
    "chart.countries": (
        "SELECT h.country, sum(p.tx_unique_bytes + p.rx_unique_bytes) "
        + _ABROAD.replace("h.country = $country", "h.country IS NOT NULL")
        + " GROUP BY h.country"
    ),
    "chart.protocols": (
        "SELECT coalesce(application, transport, network) AS protocol, transport, recognised_by, sum(tx_unique_bytes) AS sent,"
        " sum(rx_unique_bytes) AS received FROM traffic WHERE device = $device GROUP BY ALL"
    ),
    "chart.periods": "SELECT what, peer, period_s, repetitions FROM cadences WHERE device = $device",
    "action.steps": (
        "SELECT step, peer, service, latency_s, least, most, tx_bytes, rx_bytes, repetitions, fields FROM action_steps"
        " WHERE device = $device AND action = $action AND first_packet = $first ORDER BY step"
    ),
    "action.stream_ends": f"SELECT peer, service, latency_s, duration_s, tx_bytes, rx_bytes {_ACTION.replace('actions', 'action_stream_ends')}",
    "image.missing": "SELECT missing FROM images WHERE file = $image",
    # what no table holds: the page is made of report.json, and firmware examined by `idletalk firmware`
    "image.examination": "what idletalk firmware says of the image's file",
    "report.devices": "the devices of report.json",
    "report.under_test": "the devices of report.json that are under test",
    "report.findings": "the findings of report.json of this severity",
    "report.slight": "the findings of report.json of low severity and notes",
    "report.checks": "the checks of report.json: findings by question and device, and the hours observed (captures.coverage)",
    "report.idle": "conclusions.idle of report.json, the rows of the first table: counted over devices",
    "report.updates": "conclusions.updates of report.json",
    "report.gaps": "captures.coverage.gaps of report.json",
    "report.omitted": "devices_omitted of report.json",
    "report.peers": "the peers of the device in report.json, and peers_omitted: the table peers holds all",
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

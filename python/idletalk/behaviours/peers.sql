-- Who each device talks to. Takes flow_labels, device_sides, endpoints, opened_flows, hosts, routers, addresses, the look-ups, and the
-- facts icmp, dns_records, tls_client_hellos, quic_connections, http_requests, certificates.

-- Which MAC is a router's decides the scope of what lies behind it.
CREATE TABLE address_devices AS
SELECT address, arg_max(device, (last_ns, device)) AS device FROM addresses GROUP BY address;

CREATE TABLE router_devices AS
SELECT DISTINCT device FROM routers JOIN device_macs USING (mac)
UNION SELECT device FROM lab_macs WHERE role = 'gateway';

-- The device's side of a flow's segments, and who is at the other side. A view: what a flood of flows would
-- make of it must not be held.
CREATE VIEW peer_flows AS
SELECT
    s.device,
    coalesce(s.peer, s.peer_mac, 'unknown') AS peer,
    CASE
        WHEN far.form IN ('multicast', 'broadcast', 'unspecified') THEN far.form
        WHEN s.peer_mac = 'ff:ff:ff:ff:ff:ff' THEN 'broadcast'
        WHEN s.peer IS NULL AND is_group(s.peer_mac) THEN 'multicast'
        WHEN m.device IS NOT NULL AND m.device IN (FROM router_devices) AND (s.peer IS NULL OR a.device = m.device) THEN 'gateway'
        WHEN far.form = 'global' AND a.device IS NULL THEN 'internet'
        WHEN m.device IN (FROM router_devices) AND a.device IS NULL THEN 'routed'
        ELSE 'lan' END AS scope,
    -- the MAC on the frame tells whose the address was then; behind a router's MAC only what somebody claimed is known
    -- (of a group nobody's: an access point may send multicast to one station by its MAC)
    CASE WHEN far.form IN ('multicast', 'broadcast', 'unspecified') OR (far.form = 'global' AND a.device IS NULL) THEN NULL
         WHEN m.device IS NULL OR (m.device IN (FROM router_devices) AND s.peer IS NOT NULL) THEN a.device ELSE m.device END AS peer_device,
    -- whose the frames' MAC is, where that tells whose the address was then
    CASE WHEN (far.form = 'local' OR (far.form = 'global' AND a.device IS NOT NULL)) AND m.device NOT IN (FROM router_devices) THEN m.device END AS seen_device,
    s.peer_key,
    s.* EXCLUDE (device, peer, peer_key, slot_ns, key, mac, application, recognised_by, began_in_capture),
    CASE WHEN l.flow IS NULL THEN s.application ELSE l.application END AS application,
    CASE WHEN l.flow IS NULL THEN s.recognised_by ELSE l.recognised_by END AS recognised_by,
    CASE WHEN l.flow IS NULL THEN s.began_in_capture ELSE l.began_in_capture END AS began_in_capture,
    -- the flow, where more than one row between this device and peer may be of it
    CASE WHEN l.flow IS NOT NULL OR coalesce(s.peer, s.peer_mac, 'unknown') = coalesce(s.address, s.mac, 'unknown')
         THEN s.flow END AS repeated_flow
FROM device_sides AS s
LEFT JOIN flow_labels AS l ON l.flow = s.flow
LEFT JOIN hosts AS far ON far.address = s.peer
LEFT JOIN address_devices AS a ON a.address = s.peer
LEFT JOIN device_macs AS m ON m.mac = s.peer_mac
LEFT JOIN hosts AS near ON near.address = s.address
LEFT JOIN address_devices AS own ON own.address = s.address
-- what a router forwards is not what it says itself
WHERE NOT (s.device IN (FROM router_devices) AND coalesce(near.form, '') IN ('local', 'global') AND own.device IS DISTINCT FROM s.device);

-- Where somebody pings; all else that ICMP says between two hosts is what became of their datagrams (RFC 792, RFC 4443 3).
CREATE TABLE pings AS
SELECT DISTINCT flow FROM icmp WHERE (version = 4 AND kind IN (0, 8)) OR (version = 6 AND kind IN (128, 129));

-- Several of a device's flows with a peer in one protocol: the label is certain where content told one of them.
CREATE TABLE pair_protocols AS
SELECT
    device, peer, network, transport, application,
    application = 'ntp' OR (application IS NULL AND transport = 'udp' AND responder_port = 123) AS is_ntp,
    coalesce(transport, '') IN ('icmp', 'icmpv6') AND flow NOT IN (FROM pings) AS is_about_others,
    min(recognised_by) AS recognised_by,
    min(scope) AS scope,
    max(peer_device) AS peer_device,
    min(seen_device) AS first_seen, max(seen_device) AS last_seen,
    max(peer_key) AS peer_key,
    -- all that tells these groups apart is the same in all of a flow, so that the groups' numbers of flows add up
    count(*) FILTER (repeated_flow IS NULL) + count(DISTINCT repeated_flow) AS flows,
    sum(tx_packets)::BIGINT AS tx_packets, sum(tx_bytes)::BIGINT AS tx_bytes,
    sum(rx_packets)::BIGINT AS rx_packets, sum(rx_bytes)::BIGINT AS rx_bytes,
    sum(tx_unique_packets)::BIGINT AS tx_unique_packets, sum(tx_unique_bytes)::BIGINT AS tx_unique_bytes,
    sum(rx_unique_packets)::BIGINT AS rx_unique_packets, sum(rx_unique_bytes)::BIGINT AS rx_unique_bytes,
    min(first_ns) AS first_ns, max(last_ns) AS last_ns,
    bool_or(NOT began_in_capture) AS open_before_capture,
    -- who called and was told nothing: conversations whose start is known to be the peer's, and no payload but of ICMP
    bool_and(NOT is_originator AND transport IS NOT NULL AND coalesce(began_in_capture, true)
        AND (tx_payload_bytes = 0 OR transport NOT IN ('tcp', 'udp'))) AS is_caller
FROM peer_flows
GROUP BY ALL;

-- Addresses that several devices had in turn, as where DHCP gives one anew, by the MACs of the frames that were sent to and from them.
CREATE TABLE peer_holders AS
SELECT device, peer, seen_device AS holder, max(last_ns) AS last_ns
FROM peer_flows SEMI JOIN (
    SELECT device, peer FROM pair_protocols GROUP BY device, peer HAVING min(first_seen) <> max(last_seen)
) USING (device, peer)
WHERE seen_device IS NOT NULL GROUP BY ALL;

CREATE TABLE peers AS
WITH held AS (
    SELECT device, peer, list(holder ORDER BY last_ns, holder) AS holders FROM peer_holders GROUP BY ALL
)
SELECT
    device, peer,
    min(scope) AS scope,
    coalesce(max(h.holders[-1]), max(last_seen), max(peer_device)) AS peer_device,
    coalesce(max(h.holders[:-2]), []) AS earlier_devices,
    max(peer_key) AS peer_key,
    sum(flows)::BIGINT AS flows,
    sum(tx_packets)::BIGINT AS tx_packets, sum(tx_bytes)::BIGINT AS tx_bytes,
    sum(rx_packets)::BIGINT AS rx_packets, sum(rx_bytes)::BIGINT AS rx_bytes,
    sum(tx_unique_packets)::BIGINT AS tx_unique_packets, sum(tx_unique_bytes)::BIGINT AS tx_unique_bytes,
    sum(rx_unique_packets)::BIGINT AS rx_unique_packets, sum(rx_unique_bytes)::BIGINT AS rx_unique_bytes,
    min(first_ns) AS first_ns, max(last_ns) AS last_ns,
    bool_or(open_before_capture) AS open_before_capture,
    coalesce(bool_and(coalesce(is_ntp, false)) FILTER (NOT is_about_others), false) AS is_ntp_only,
    -- where nothing is captured of what the device sends, that tells nothing
    min(scope) = 'internet' AND bool_and(coalesce(is_caller, false)) AND bool_or(sum(tx_packets) > 0) OVER (PARTITION BY device) AS is_caller
FROM pair_protocols LEFT JOIN held AS h USING (device, peer)
GROUP BY device, peer;

COMMENT ON TABLE peers IS 'Who each device talks to.';
COMMENT ON COLUMN peers.device IS 'Device id';
COMMENT ON COLUMN peers.peer IS 'IP address of the peer, or its MAC where no IP is involved';
COMMENT ON COLUMN peers.scope IS 'lan, gateway, multicast, broadcast, internet, routed (a private address behind a router) or unspecified';
COMMENT ON COLUMN peers.peer_device IS 'Device that has this address, where it is one of ours: the last one that had it';
COMMENT ON COLUMN peers.earlier_devices IS 'Devices that had it before, in order of time, while this device talked to it: the row is of all of them';
COMMENT ON COLUMN peers.peer_key IS 'The address as a key of look-up tables';
COMMENT ON COLUMN peers.flows IS 'Conversations';
COMMENT ON COLUMN peers.tx_packets IS 'Frames that the device sent to the peer';
COMMENT ON COLUMN peers.tx_bytes IS 'Bytes of those';
COMMENT ON COLUMN peers.rx_packets IS 'Frames that the peer sent to the device';
COMMENT ON COLUMN peers.rx_bytes IS 'Bytes of those';
COMMENT ON COLUMN peers.tx_unique_packets IS 'Frames to the peer, without those that the capture holds twice';
COMMENT ON COLUMN peers.tx_unique_bytes IS 'Bytes of those';
COMMENT ON COLUMN peers.rx_unique_packets IS 'Frames from the peer, without those that the capture holds twice';
COMMENT ON COLUMN peers.rx_unique_bytes IS 'Bytes of those';
COMMENT ON COLUMN peers.first_ns IS 'First frame, UTC nanoseconds since 1970';
COMMENT ON COLUMN peers.last_ns IS 'Last frame, UTC nanoseconds since 1970';
COMMENT ON COLUMN peers.open_before_capture IS 'A TCP connection was open before the capture began; null without TCP';
COMMENT ON COLUMN peers.is_caller IS 'An Internet host that began every conversation and was told nothing: a scan, or errors of a router on the way';
COMMENT ON COLUMN peers.is_ntp_only IS 'Nothing but time was asked';

-- Devices of which the capture shows one direction only, over three peers or more, or where the device acknowledges what the
-- capture does not show (RFC 9293 3.5): one peer that is silent may be just that.
CREATE TABLE one_way AS
WITH acknowledged AS (
    SELECT originator AS address, originator_mac AS mac FROM flows
    WHERE transport = 'tcp' AND responder_packets = 0 AND originator_tcp_flags & 16 > 0
    UNION
    SELECT responder, responder_mac FROM flows
    WHERE transport = 'tcp' AND originator_packets = 0 AND responder_tcp_flags & 16 > 0
)
SELECT device, sum(rx_packets) = 0 AS is_sent FROM peers WHERE scope IN ('lan', 'gateway', 'internet', 'routed') GROUP BY device
HAVING (sum(rx_packets) = 0 OR sum(tx_packets) = 0) AND (count(*) >= 3 OR device IN (
    SELECT e.device FROM acknowledged AS a JOIN endpoints AS e ON e.endpoint = endpoint(a.mac, a.address)))
    -- what a router forwards is not its own, but shows that both directions are captured: it may answer only those that asked all (DHCP)
    AND NOT (device IN (FROM router_devices) AND device IN (SELECT device FROM devices WHERE tx_packets > 0 AND rx_packets > 0));

-- Next hops of each device over which answers went past the capture point: connections that were accepted (the device acknowledged
-- the answer to its SYN, and sent data) of which nothing came back, at least one in ten. One alone can be a fault of the capture.
CREATE TABLE unseen_ways AS
SELECT device, responder_mac AS hop, count(*) FILTER (responder_packets = 0) AS unseen, count(*) AS accepted
FROM opened_flows
WHERE transport = 'tcp' AND originator_tcp_flags & 18 = 18 AND originator_payload_bytes > 0
    AND (responder_packets = 0 OR responder_tcp_flags & 18 = 18)
GROUP BY ALL HAVING unseen >= 2 AND unseen * 10 >= accepted;

-- Whom they ask over those hops: whether these answered cannot be seen.
CREATE TABLE unseen_peers AS
SELECT DISTINCT w.device, f.responder AS peer FROM unseen_ways AS w JOIN flows AS f ON f.responder_mac IS NOT DISTINCT FROM w.hop
UNION
SELECT device, peer FROM peers SEMI JOIN one_way USING (device);

CREATE TABLE peer_protocols AS
SELECT
    device, peer, network, transport, application,
    min(recognised_by) AS recognised_by,
    sum(tx_packets)::BIGINT AS tx_packets, sum(tx_bytes)::BIGINT AS tx_bytes,
    sum(rx_packets)::BIGINT AS rx_packets, sum(rx_bytes)::BIGINT AS rx_bytes,
    sum(tx_unique_packets)::BIGINT AS tx_unique_packets, sum(tx_unique_bytes)::BIGINT AS tx_unique_bytes,
    sum(rx_unique_packets)::BIGINT AS rx_unique_packets, sum(rx_unique_bytes)::BIGINT AS rx_unique_bytes
FROM pair_protocols
GROUP BY device, peer, network, transport, application;

COMMENT ON TABLE peer_protocols IS 'Protocols between each device and each of its peers.';
COMMENT ON COLUMN peer_protocols.device IS 'Device id';
COMMENT ON COLUMN peer_protocols.peer IS 'Peer, as in peers';
COMMENT ON COLUMN peer_protocols.network IS 'Network layer';
COMMENT ON COLUMN peer_protocols.transport IS 'Transport layer';
COMMENT ON COLUMN peer_protocols.application IS 'Application protocol; null while unknown';
COMMENT ON COLUMN peer_protocols.recognised_by IS 'What told the application: content (of at least one flow) or only the port';
COMMENT ON COLUMN peer_protocols.tx_packets IS 'Frames that the device sent to the peer';
COMMENT ON COLUMN peer_protocols.tx_bytes IS 'Bytes of those';
COMMENT ON COLUMN peer_protocols.rx_packets IS 'Frames that the peer sent to the device';
COMMENT ON COLUMN peer_protocols.rx_bytes IS 'Bytes of those';
COMMENT ON COLUMN peer_protocols.tx_unique_packets IS 'Frames to the peer, without those that the capture holds twice';
COMMENT ON COLUMN peer_protocols.tx_unique_bytes IS 'Bytes of those';
COMMENT ON COLUMN peer_protocols.rx_unique_packets IS 'Frames from the peer, without those that the capture holds twice';
COMMENT ON COLUMN peer_protocols.rx_unique_bytes IS 'Bytes of those';

-- The host of a Host field, which may have a port behind it (RFC 9110 7.2), and an IPv6 address in brackets before that.
CREATE MACRO host_of(told) AS
    CASE WHEN starts_with(told, '[') THEN regexp_extract(told, '^\[([^\]]*)', 1) ELSE regexp_replace(told, '^([^:]*):\d*$', '\1') END;

-- Names of a peer as this device used them. A DNS answer counts for a device that got it before it last used the address;
-- the name asked for counts, not the canonical name behind it.
CREATE TABLE peer_names AS
WITH answers AS (
    SELECT e.device, r.address AS peer, coalesce(r.query, r.name) AS name, r.protocol AS told_by, r.time_ns
    FROM dns_records AS r
    JOIN endpoints AS e ON e.endpoint = endpoint(r.destination_mac, r.destination)
    WHERE r.is_response AND r.section = 'answer' AND r.address IS NOT NULL AND r.protocol = 'dns' AND e.device IN (SELECT device FROM devices)
), sent AS MATERIALIZED (
    SELECT flow, source, server_name AS name, 'sni' AS told_by, min(time_ns) AS first_ns, count(DISTINCT frame_place(capture, frame)) AS times
    FROM tls_client_hellos WHERE server_name IS NOT NULL GROUP BY flow, source, server_name
    UNION ALL
    -- Google's own handshake is no TLS
    SELECT flow, source, server_name, 'sni', min(time_ns), count(DISTINCT frame_place(capture, frame))
    FROM quic_connections WHERE version LIKE 'Q0%' AND server_name IS NOT NULL GROUP BY flow, source, server_name
    UNION ALL
    SELECT flow, source, host_of(host) AS name, 'http', min(time_ns), count(DISTINCT frame_place(capture, frame))
    FROM http_requests WHERE host IS NOT NULL GROUP BY flow, source, host_of(host)
    UNION ALL
    -- a certificate names whom the peer says it is, often many hosts: its common name alone, without wildcards
    SELECT flow, destination, subject_cn, 'certificate', min(time_ns), count(DISTINCT frame_place(capture, frame))
    FROM certificates WHERE position = 0 AND sent_by = 'server'
        AND regexp_full_match(subject_cn, '([A-Za-z0-9_-]+[.])+[A-Za-z][A-Za-z0-9-]*') GROUP BY flow, destination, subject_cn
), told AS (
    SELECT a.device, a.peer, a.name, a.told_by, min(a.time_ns) AS first_ns, count(*) AS times
    FROM answers AS a JOIN peers AS p USING (device, peer) WHERE a.time_ns <= p.last_ns GROUP BY ALL
    UNION ALL
    SELECT s.device, s.peer, n.name, n.told_by, min(n.first_ns), sum(n.times)::BIGINT
    FROM sent AS n JOIN (
        SELECT DISTINCT device, peer, flow, address FROM peer_flows WHERE flow IN (SELECT flow FROM sent)
    ) AS s ON s.flow = n.flow AND s.address = n.source
    -- some programs name a host by its address (RFC 6066 3 forbids it in TLS)
    WHERE n.name <> s.peer GROUP BY ALL
)
SELECT device, peer, name, told_by, first_ns, times FROM told;

COMMENT ON TABLE peer_names IS 'Names of each device''s peers, and the record that told them.';
COMMENT ON COLUMN peer_names.device IS 'Device id';
COMMENT ON COLUMN peer_names.peer IS 'Peer, as in peers';
COMMENT ON COLUMN peer_names.name IS 'The name that the device asked for or sent';
COMMENT ON COLUMN peer_names.told_by IS 'sni (TLS server name), http (Host header), dns (answer that the device got), certificate (common name in the peer''s own certificate)';
COMMENT ON COLUMN peer_names.first_ns IS 'First time told, UTC nanoseconds since 1970';
COMMENT ON COLUMN peer_names.times IS 'How often';

CREATE TABLE internet_hosts AS
SELECT DISTINCT peer AS address, peer_key AS key FROM peers WHERE scope = 'internet';

CREATE TABLE host_networks AS SELECT * FROM lookup_hosts('internet_hosts');

COMMENT ON TABLE host_networks IS 'What the look-up tables know of Internet hosts, as of their own dates.';
COMMENT ON COLUMN host_networks.address IS 'IP address';
COMMENT ON COLUMN host_networks.asn IS 'AS number that announces the address';
COMMENT ON COLUMN host_networks.organisation IS 'Who holds the AS number';
COMMENT ON COLUMN host_networks.asn_country IS 'Where the AS number is registered: not where the host is';
COMMENT ON COLUMN host_networks.country IS 'Where the host is, as country_source says';
COMMENT ON COLUMN host_networks.country_source IS 'The source that was believed';
COMMENT ON COLUMN host_networks.country_disagrees IS 'Another source names another country; null where one alone answers';
COMMENT ON COLUMN host_networks.countries_told IS 'What each source says';
COMMENT ON COLUMN host_networks.provider IS 'Cloud, CDN or hosting provider whose network it is';
COMMENT ON COLUMN host_networks.provider_kind IS 'cloud, cdn or hosting';
COMMENT ON COLUMN host_networks.anycast IS 'Served from many places at once: the country is no place';

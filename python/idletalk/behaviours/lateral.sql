-- What a device does to its neighbours. Takes device_macs, bare_devices, subjects, addresses (inventory.sql), flows, peers,
-- router_devices, and the facts ssdp, dns_questions, dns_records, http_requests, http_responses, arp, icmp.

-- Searching: SSDP M-SEARCH; mDNS questions for a kind of service (PTR, RFC 6763 4), but for probes, which carry the
-- asker's own records to learn whether its name is free (RFC 6762 8.1); LLMNR questions for names, but for all types
-- of record (255), which ask the same (RFC 4795 4.1).
CREATE TABLE search_frames AS
WITH asked AS (
    SELECT 'ssdp' AS protocol, search_target AS what, capture, frame, time_ns, source_mac, source, source_port
    FROM ssdp WHERE kind = 'search'
    UNION ALL
    SELECT protocol, name, capture, frame, time_ns, source_mac, source, source_port FROM dns_questions
    WHERE NOT is_response AND ((protocol = 'mdns' AND kind = 12 AND name NOT LIKE '%.arpa') OR (protocol = 'llmnr' AND kind <> 255))
        AND (capture, frame) NOT IN (
            SELECT (capture, frame) FROM dns_records WHERE protocol = 'mdns' AND NOT is_response AND section = 'authority'
        )
)
SELECT coalesce(m.device, b.device) AS device, a.* EXCLUDE (source_mac)
FROM asked AS a
LEFT JOIN device_macs AS m ON m.mac = a.source_mac
LEFT JOIN bare_devices AS b ON b.address = a.source AND a.source_mac IS NULL
WHERE coalesce(m.device, b.device) IN (FROM subjects);

CREATE TABLE searches AS
SELECT device, protocol, what, count(*) AS times, min(time_ns) AS first_ns, max(time_ns) AS last_ns
FROM search_frames GROUP BY ALL;

COMMENT ON TABLE searches IS 'What devices search on the LAN: kinds of devices and services, names.';
COMMENT ON COLUMN searches.device IS 'Device id';
COMMENT ON COLUMN searches.protocol IS 'ssdp, mdns or llmnr';
COMMENT ON COLUMN searches.what IS 'What is searched: SSDP search target, DNS-SD kind of service, name';
COMMENT ON COLUMN searches.times IS 'How often';
COMMENT ON COLUMN searches.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN searches.last_ns IS 'Last time, UTC nanoseconds since 1970';

-- Who answers: SSDP responses go to the searcher; mDNS answers go to all, so one within ten seconds of the question counts
-- (RFC 6762 6: an answer comes within half a second, 7.2: a known-answer list may take longer).
CREATE TABLE answer_frames AS
SELECT coalesce(m.device, b.device) AS device, 'ssdp' AS protocol, s.source AS peer, s.capture, s.frame, s.time_ns, s.location
FROM ssdp AS s
LEFT JOIN device_macs AS m ON m.mac = s.destination_mac
LEFT JOIN bare_devices AS b ON b.address = s.destination AND s.destination_mac IS NULL
WHERE s.kind = 'response' AND coalesce(m.device, b.device) IN (FROM subjects)
UNION ALL
SELECT DISTINCT q.device, 'mdns', r.source, r.capture, r.frame, r.time_ns, NULL
FROM search_frames AS q JOIN dns_records AS r ON r.name = q.what AND r.protocol = 'mdns' AND r.is_response
    AND r.section = 'answer' AND r.kind = 12 AND r.time_ns BETWEEN q.time_ns AND q.time_ns + 10000000000
WHERE q.protocol = 'mdns' AND r.source <> q.source;

-- What is then fetched: connections that the device opens to who answered it, at the port of the LOCATION that it was
-- told, or within a minute of an answer.
CREATE TABLE told_places AS
SELECT DISTINCT device, peer, protocol, try_cast(regexp_extract(location, '^https?://[^/:]+:(\d+)', 1) AS BIGINT) AS port
FROM answer_frames WHERE location IS NOT NULL;

CREATE TABLE follow_flows AS
WITH opened AS (
    SELECT coalesce(m.device, b.device) AS device, f.*
    FROM flows AS f
    LEFT JOIN device_macs AS m ON m.mac = f.originator_mac
    LEFT JOIN bare_devices AS b ON b.address = f.originator AND f.originator_mac IS NULL
    WHERE f.transport = 'tcp' AND f.originator_tcp_flags & 2 > 0 AND coalesce(m.device, b.device) IN (FROM subjects)
), first_answers AS (
    SELECT device, peer, protocol, min(time_ns) AS time_ns FROM answer_frames GROUP BY ALL
)
SELECT DISTINCT ON (o.flow) o.device, a.protocol, o.responder AS peer, o.responder_port AS port, o.flow, o.capture, o.frame,
    o.first_ns, o.last_ns, o.originator_packets + o.responder_packets AS packets,
    o.originator_bytes + o.responder_bytes AS bytes, o.responder_tcp_flags & 2 > 0 AS accepted
FROM opened AS o JOIN first_answers AS a ON a.device = o.device AND a.peer = o.responder AND a.time_ns <= o.first_ns
WHERE EXISTS (FROM told_places AS t WHERE t.device = o.device AND t.peer = o.responder AND coalesce(t.port, 80) = o.responder_port)
    OR EXISTS (FROM answer_frames AS n WHERE n.device = o.device AND n.peer = o.responder
        AND o.first_ns BETWEEN n.time_ns AND n.time_ns + 60000000000)
ORDER BY o.flow, a.protocol DESC;

CREATE TABLE lateral_chains AS
WITH pages AS (
    SELECT f.device, f.peer, f.port, count(*) AS requests,
        list(DISTINCT q.uri ORDER BY q.uri)[:8] AS uris
    FROM http_requests AS q JOIN follow_flows AS f USING (flow) GROUP BY ALL
), results AS (
    SELECT f.device, f.peer, f.port, list(DISTINCT r.status ORDER BY r.status) AS statuses
    FROM http_responses AS r JOIN follow_flows AS f USING (flow) GROUP BY ALL
)
SELECT f.device, f.peer, max(p.peer_device) AS peer_device, max(p.scope) AS scope, f.port, min(f.protocol) AS protocol,
    count(*) AS connections, count(*) FILTER (accepted) AS accepted,
    sum(f.packets)::BIGINT AS packets, sum(f.bytes)::BIGINT AS bytes,
    max(g.requests) AS requests, any_value(g.uris ORDER BY g.uris) AS uris, any_value(r.statuses ORDER BY r.statuses) AS statuses,
    min(f.first_ns) AS first_ns, max(f.last_ns) AS last_ns
FROM follow_flows AS f
LEFT JOIN peers AS p ON p.device = f.device AND p.peer = f.peer
LEFT JOIN pages AS g ON g.device = f.device AND g.peer = f.peer AND g.port = f.port
LEFT JOIN results AS r ON r.device = f.device AND r.peer = f.peer AND r.port = f.port
GROUP BY f.device, f.peer, f.port;

COMMENT ON TABLE lateral_chains IS 'Search, answer, connection: whom devices found on the LAN and then connected to.';
COMMENT ON COLUMN lateral_chains.device IS 'Device that searched';
COMMENT ON COLUMN lateral_chains.peer IS 'Address of the neighbour that answered';
COMMENT ON COLUMN lateral_chains.peer_device IS 'Device that has this address';
COMMENT ON COLUMN lateral_chains.scope IS 'Where it is, as in peers: lan or gateway';
COMMENT ON COLUMN lateral_chains.port IS 'TCP port that the device connected to';
COMMENT ON COLUMN lateral_chains.protocol IS 'How it had searched';
COMMENT ON COLUMN lateral_chains.connections IS 'Connections';
COMMENT ON COLUMN lateral_chains.accepted IS 'Of these, accepted ones';
COMMENT ON COLUMN lateral_chains.packets IS 'Frames of those connections';
COMMENT ON COLUMN lateral_chains.bytes IS 'Bytes of those';
COMMENT ON COLUMN lateral_chains.requests IS 'HTTP requests in them';
COMMENT ON COLUMN lateral_chains.uris IS 'What was asked for, at most eight';
COMMENT ON COLUMN lateral_chains.statuses IS 'Status codes of the answers';
COMMENT ON COLUMN lateral_chains.first_ns IS 'First of them, UTC nanoseconds since 1970';
COMMENT ON COLUMN lateral_chains.last_ns IS 'Last of them, UTC nanoseconds since 1970';

-- Sweeps: many hosts, or many ports of one, in five minutes.
CREATE TABLE probes AS
SELECT m.device, 'arp' AS kind, NULL::VARCHAR AS peer, a.target, a.time_ns // 300000000000 AS slot, a.capture, a.frame, a.time_ns
FROM arp AS a JOIN device_macs AS m ON m.mac = a.source_mac
WHERE a.operation = 1 AND a.sender <> a.target AND m.device IN (FROM subjects)
UNION ALL
SELECT m.device, 'ping', NULL, i.destination, i.time_ns // 300000000000, i.capture, i.frame, i.time_ns
FROM icmp AS i JOIN device_macs AS m ON m.mac = i.source_mac
WHERE ((i.version = 4 AND i.kind = 8) OR (i.version = 6 AND i.kind = 128)) AND m.device IN (FROM subjects)
    AND place_of(i.destination, NULL) IS DISTINCT FROM 'global'
UNION ALL
SELECT m.device, 'ports', f.responder, f.transport || '/' || f.responder_port, f.first_ns // 300000000000, f.capture, f.frame, f.first_ns
FROM flows AS f JOIN device_macs AS m ON m.mac = f.originator_mac
JOIN peers AS p ON p.device = m.device AND p.peer = f.responder AND p.scope IN ('lan', 'gateway')
WHERE f.transport = 'tcp' AND f.originator_tcp_flags & 2 > 0 AND m.device IN (FROM subjects);

CREATE TABLE sweeps AS
SELECT device, kind, peer, max(targets) AS targets, sum(frames)::BIGINT AS frames, min(first_ns) AS first_ns, max(last_ns) AS last_ns
FROM (
    SELECT device, kind, peer, slot, count(DISTINCT target) AS targets, count(*) AS frames, min(time_ns) AS first_ns, max(time_ns) AS last_ns
    FROM probes GROUP BY ALL
) WHERE targets >= CASE kind WHEN 'ports' THEN 15 ELSE 25 END
GROUP BY device, kind, peer;

COMMENT ON TABLE sweeps IS 'Searches of address ranges and ports: at least 25 hosts or 15 ports within five minutes.';
COMMENT ON COLUMN sweeps.device IS 'Device id';
COMMENT ON COLUMN sweeps.kind IS 'arp, ping or ports';
COMMENT ON COLUMN sweeps.peer IS 'Whose ports; null where hosts were searched';
COMMENT ON COLUMN sweeps.targets IS 'Most hosts or ports within five minutes';
COMMENT ON COLUMN sweeps.frames IS 'Frames that asked';
COMMENT ON COLUMN sweeps.first_ns IS 'First of them, UTC nanoseconds since 1970';
COMMENT ON COLUMN sweeps.last_ns IS 'Last of them, UTC nanoseconds since 1970';

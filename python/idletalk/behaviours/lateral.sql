-- What a device does to its neighbours. Takes device_macs, endpoints, opened_flows, subjects, addresses (inventory.sql), flows, peers,
-- address_devices, router_devices, and the facts ssdp, dns_questions, dns_records, wsd, nbns, http_requests, http_responses.

-- Searching: SSDP M-SEARCH; mDNS questions for a kind of service (PTR, RFC 6763 4), but for probes, which carry the
-- asker's own records to learn whether its name is free (RFC 6762 8.1); LLMNR questions for names, but for all types
-- of record (255), which ask the same (RFC 4795 4.1); WS-Discovery Probe and Resolve; NetBIOS queries (RFC 1002 4.2.12,
-- 4.2.17: who claims a name registers it, which is another operation).
CREATE TABLE search_frames AS
WITH asked AS (
    SELECT 'ssdp' AS protocol, search_target AS what, capture, frame, time_ns, source_mac, source, source_port
    FROM ssdp WHERE kind = 'search'
    UNION ALL
    SELECT 'wsd', types, capture, frame, time_ns, source_mac, source, source_port FROM wsd WHERE kind IN ('Probe', 'Resolve')
    UNION ALL
    SELECT 'nbns', name, capture, frame, time_ns, source_mac, source, source_port FROM nbns WHERE NOT is_response AND opcode = 0
    UNION ALL
    SELECT protocol, name, capture, frame, time_ns, source_mac, source, source_port FROM dns_questions
    WHERE NOT is_response AND ((protocol = 'mdns' AND kind = 12 AND name NOT LIKE '%.arpa') OR (protocol = 'llmnr' AND kind <> 255))
        AND (capture, frame) NOT IN (
            SELECT (capture, frame) FROM dns_records WHERE protocol = 'mdns' AND NOT is_response AND section = 'authority'
        )
)
SELECT e.device, a.* EXCLUDE (source_mac)
FROM asked AS a
JOIN endpoints AS e ON e.endpoint = endpoint(a.source_mac, a.source)
WHERE e.device IN (FROM subjects);

CREATE TABLE searches AS
SELECT device, protocol, what, count(*) AS times, min(time_ns) AS first_ns, max(time_ns) AS last_ns
FROM search_frames GROUP BY ALL;

COMMENT ON TABLE searches IS 'What devices search on the LAN: kinds of devices and services, names.';
COMMENT ON COLUMN searches.device IS 'Device id';
COMMENT ON COLUMN searches.protocol IS 'ssdp, mdns, wsd (WS-Discovery), llmnr or nbns (NetBIOS)';
COMMENT ON COLUMN searches.what IS 'What is searched: SSDP search target, DNS-SD or WS-Discovery kind of service, name';
COMMENT ON COLUMN searches.times IS 'How often';
COMMENT ON COLUMN searches.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN searches.last_ns IS 'Last time, UTC nanoseconds since 1970';

-- An address may have another owner later: what a neighbour's own MAC sent, or was sent, is its.
CREATE VIEW near_macs AS SELECT mac, device FROM device_macs WHERE device NOT IN (FROM router_devices);

-- Who answers: most protocols answer the searcher; mDNS answers go to all, so one within ten seconds of the question counts
-- (RFC 6762 6: an answer comes within half a second, 7.2: a known-answer list may take longer; 16: case does not matter).
-- A neighbour is a device, whichever of its addresses answers; the URL of an answer may name another one (`is_named`).
CREATE TABLE answer_frames AS
WITH answers AS (
    SELECT 'ssdp' AS protocol, location, capture, frame, time_ns, source_mac, source, destination_mac, destination FROM ssdp
    WHERE kind = 'response'
    UNION ALL
    SELECT 'wsd', regexp_extract(addresses, '\S+'), capture, frame, time_ns, source_mac, source, destination_mac, destination FROM wsd
    WHERE kind IN ('ProbeMatches', 'ResolveMatches')
    UNION ALL
    SELECT 'nbns', NULL, capture, frame, time_ns, source_mac, source, destination_mac, destination FROM nbns
    WHERE is_response AND opcode = 0 AND rcode = 0
    UNION ALL
    SELECT DISTINCT 'llmnr', NULL, capture, frame, time_ns, source_mac, source, destination_mac, destination FROM dns_records
    WHERE protocol = 'llmnr' AND is_response AND section = 'answer'
), got AS (
    SELECT e.device, a.*
    FROM answers AS a
    JOIN endpoints AS e ON e.endpoint = endpoint(a.destination_mac, a.destination)
    WHERE e.device IN (FROM subjects)
    UNION ALL
    SELECT DISTINCT q.device, 'mdns', NULL, r.capture, r.frame, r.time_ns, r.source_mac, r.source, NULL, NULL
    FROM search_frames AS q JOIN dns_records AS r ON lower(r.name) = lower(q.what) AND r.protocol = 'mdns' AND r.is_response
        AND r.section = 'answer' AND r.kind = 12 AND r.time_ns BETWEEN q.time_ns AND q.time_ns + 10000000000
    WHERE q.protocol = 'mdns' AND r.source <> q.source
), told AS (
    SELECT g.*, coalesce(m.device, a.device, g.source) AS answerer, p.device AS named,
        coalesce(try_cast(regexp_extract(g.location, '^https?://(?:\[[^]]*\]|[^/:]+):(\d+)', 1) AS BIGINT),
            CASE WHEN g.location LIKE 'https:%' THEN 443 ELSE 80 END) AS port
    FROM got AS g LEFT JOIN address_devices AS a ON a.address = g.source LEFT JOIN near_macs AS m ON m.mac = g.source_mac
    -- a link-local address may stand there with its zone (RFC 6874)
    LEFT JOIN address_devices AS p ON p.address = ltrim(regexp_extract(lower(g.location), '^https?://(\[[0-9a-f:.]+|[0-9.]+)', 1), '[')
        AND p.address <> g.source
)
SELECT t.device, protocol, source AS peer, CASE WHEN names_other.yes THEN named ELSE answerer END AS neighbour, capture, frame, time_ns,
    names_other.yes AS is_named, location IS NOT NULL AND (names_other.yes OR coalesce(named, answerer) = answerer) AS tells_place, port
FROM told AS t CROSS JOIN (VALUES (false), (true)) AS names_other(yes)
WHERE (NOT names_other.yes OR named <> answerer) AND CASE WHEN names_other.yes THEN named ELSE answerer END <> t.device;

-- What is then fetched: connections that the device opens to who answered it, at the port of the URL that it was
-- told, or within a minute of an answer.
CREATE TABLE follow_flows AS
WITH opened AS (
    SELECT coalesce(m.device, a.device, f.responder) AS neighbour, f.*
    FROM opened_flows AS f LEFT JOIN address_devices AS a ON a.address = f.responder LEFT JOIN near_macs AS m ON m.mac = f.responder_mac
    WHERE f.transport = 'tcp' AND f.originator_tcp_flags & 2 > 0 AND f.device IN (FROM subjects)
), first_answers AS (
    SELECT device, neighbour, protocol, min(time_ns) AS time_ns FROM answer_frames GROUP BY ALL
)
SELECT DISTINCT ON (o.flow) o.device, o.neighbour, a.protocol, o.responder AS peer, o.responder_port AS port, o.flow, o.capture, o.frame,
    o.first_ns, o.last_ns, o.originator_packets + o.responder_packets AS packets,
    o.originator_bytes + o.responder_bytes AS bytes, o.responder_tcp_flags & 2 > 0 AS accepted
FROM opened AS o JOIN first_answers AS a ON a.device = o.device AND a.neighbour = o.neighbour AND a.time_ns <= o.first_ns
WHERE EXISTS (FROM answer_frames AS n WHERE n.device = o.device AND n.neighbour = o.neighbour AND n.protocol = a.protocol
    AND ((n.tells_place AND n.port = o.responder_port)
        OR o.first_ns BETWEEN n.time_ns AND n.time_ns + 60000000000))
ORDER BY o.flow, a.protocol DESC;

CREATE TABLE lateral_chains AS
WITH pages AS (
    SELECT f.device, f.peer, f.port, count(*) AS requests,
        list(DISTINCT q.uri ORDER BY q.uri)[:8] AS uris,
        list(DISTINCT q.action ORDER BY q.action) FILTER (q.action <> '') AS actions
    -- what UPnP control asks for stands in a field of its own (UPnP Device Architecture 1.1, 3.2.1)
    FROM (SELECT flow, uri, list_max(list_transform(headers, lambda field: regexp_extract(field, '(?i)^soapaction:.*#(\w{1,64})', 1))) AS action
        FROM http_requests SEMI JOIN follow_flows USING (flow)) AS q
    JOIN follow_flows AS f USING (flow) GROUP BY ALL
), results AS (
    SELECT f.device, f.peer, f.port, list(DISTINCT r.status ORDER BY r.status) AS statuses
    FROM http_responses AS r JOIN follow_flows AS f USING (flow) GROUP BY ALL
)
SELECT f.device, f.peer, coalesce(max(d.device), max(p.peer_device)) AS peer_device, min(f.neighbour) AS neighbour, max(p.scope) AS scope, f.port, min(f.protocol) AS protocol,
    count(*) AS connections, count(*) FILTER (accepted) AS accepted,
    sum(f.packets)::BIGINT AS packets, sum(f.bytes)::BIGINT AS bytes,
    max(g.requests) AS requests, any_value(g.uris ORDER BY g.uris) AS uris, any_value(g.actions ORDER BY g.actions) AS actions, any_value(r.statuses ORDER BY r.statuses) AS statuses,
    min(f.first_ns) AS first_ns, max(f.last_ns) AS last_ns
FROM follow_flows AS f
LEFT JOIN peers AS p ON p.device = f.device AND p.peer = f.peer
LEFT JOIN devices AS d ON d.device = f.neighbour
LEFT JOIN pages AS g ON g.device = f.device AND g.peer = f.peer AND g.port = f.port
LEFT JOIN results AS r ON r.device = f.device AND r.peer = f.peer AND r.port = f.port
GROUP BY f.device, f.peer, f.port;

COMMENT ON TABLE lateral_chains IS 'Search, answer, connection: whom devices found on the LAN and then connected to.';
COMMENT ON COLUMN lateral_chains.device IS 'Device that searched';
COMMENT ON COLUMN lateral_chains.peer IS 'Address of the neighbour that the device connected to';
COMMENT ON COLUMN lateral_chains.peer_device IS 'Device that has this address';
COMMENT ON COLUMN lateral_chains.neighbour IS 'Who answered: the device that has that address, else the address';
COMMENT ON COLUMN lateral_chains.scope IS 'Where it is, as in peers: lan or gateway';
COMMENT ON COLUMN lateral_chains.port IS 'TCP port that the device connected to';
COMMENT ON COLUMN lateral_chains.protocol IS 'How it had searched';
COMMENT ON COLUMN lateral_chains.connections IS 'Connections';
COMMENT ON COLUMN lateral_chains.accepted IS 'Of these, accepted ones';
COMMENT ON COLUMN lateral_chains.packets IS 'Frames of those connections';
COMMENT ON COLUMN lateral_chains.bytes IS 'Bytes of those';
COMMENT ON COLUMN lateral_chains.requests IS 'HTTP requests in them';
COMMENT ON COLUMN lateral_chains.uris IS 'What was asked for, at most eight';
COMMENT ON COLUMN lateral_chains.actions IS 'UPnP actions that were asked for; null: none';
COMMENT ON COLUMN lateral_chains.statuses IS 'Status codes of the answers';
COMMENT ON COLUMN lateral_chains.first_ns IS 'First of them, UTC nanoseconds since 1970';
COMMENT ON COLUMN lateral_chains.last_ns IS 'Last of them, UTC nanoseconds since 1970';

-- What a device does to its neighbours. Takes device_macs, endpoints, opened_flows, subjects, addresses (inventory.sql), flows, peers,
-- address_devices, router_devices, peer_names, and the facts ssdp, dns_questions, dns_records, wsd, nbns, http_requests, http_responses.

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

-- Parts of a URL. A link-local address may stand there with its zone (RFC 6874).
CREATE MACRO url_host(url) AS ltrim(regexp_extract(lower(url), '^https?://(\[[0-9a-f:.]+|[^/:?#\[]+)', 1), '[');
CREATE MACRO url_port(url) AS coalesce(try_cast(regexp_extract(url, '^https?://(?:\[[^]]*\]|[^/:]+):(\d+)', 1) AS BIGINT),
    CASE WHEN url LIKE 'https:%' THEN 443 ELSE 80 END);
CREATE MACRO url_target(url) AS '/' || regexp_extract(url, '^https?://[^/?#]*/([^#]*)', 1);

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
        url_port(g.location) AS port
    FROM got AS g LEFT JOIN address_devices AS a ON a.address = g.source LEFT JOIN near_macs AS m ON m.mac = g.source_mac
    LEFT JOIN address_devices AS p ON p.address = url_host(g.location)
        AND p.address <> g.source
)
SELECT t.device, protocol, source AS peer, CASE WHEN names_other.yes THEN named ELSE answerer END AS neighbour, capture, frame, time_ns,
    names_other.yes AS is_named, location IS NOT NULL AND (names_other.yes OR coalesce(named, answerer) = answerer) AS tells_place, port
FROM told AS t CROSS JOIN (VALUES (false), (true)) AS names_other(yes)
WHERE (NOT names_other.yes OR named <> answerer) AND CASE WHEN names_other.yes THEN named ELSE answerer END <> t.device;

-- Connections that devices open, and to which neighbour: a device where one is known.
CREATE TABLE neighbour_connections AS
SELECT f.device, coalesce(m.device, a.device, f.responder) AS neighbour, f.responder, f.responder_port, f.flow, f.capture, f.frame, f.first_ns, f.last_ns,
    f.originator_packets + f.responder_packets AS packets, f.originator_bytes + f.responder_bytes AS bytes, f.responder_tcp_flags & 2 > 0 AS accepted
FROM opened_flows AS f LEFT JOIN peers AS p ON p.device = f.device AND p.peer = f.responder
LEFT JOIN address_devices AS a ON a.address = f.responder LEFT JOIN near_macs AS m ON m.mac = f.responder_mac
WHERE f.transport = 'tcp' AND f.originator_tcp_flags & 2 > 0 AND f.device IN (FROM subjects) AND (m.mac IS NOT NULL OR p.scope <> 'internet');

-- What is then fetched: connections that the device opens to who answered it, at the port of the URL that it was
-- told, or within a minute of an answer.
CREATE TABLE answer_flows AS
WITH first_answers AS (
    SELECT device, neighbour, protocol, min(time_ns) AS time_ns FROM answer_frames GROUP BY ALL
)
SELECT DISTINCT ON (o.flow) o.device, o.neighbour, a.protocol, o.flow
FROM neighbour_connections AS o JOIN first_answers AS a ON a.device = o.device AND a.neighbour = o.neighbour AND a.time_ns <= o.first_ns
WHERE EXISTS (FROM answer_frames AS n WHERE n.device = o.device AND n.neighbour = o.neighbour AND n.protocol = a.protocol
    AND ((n.tells_place AND n.port = o.responder_port)
        OR o.first_ns BETWEEN n.time_ns AND n.time_ns + 60000000000))
ORDER BY o.flow, a.protocol DESC;

-- What a neighbour tells all of the LAN: an SSDP announcement names a URL (UPnP Device Architecture 1.1, 1.2.2), an SRV record of an mDNS
-- response a port (RFC 6763 5). New is what was not told for five minutes in which the capture would have shown it.
CREATE TABLE heard_places AS
WITH told AS (
    SELECT 'ssdp' AS protocol, location, url_port(location) AS port, capture, frame, time_ns, source_mac, source FROM ssdp
    WHERE kind = 'notify' AND nts IS DISTINCT FROM 'ssdp:byebye' AND location IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'mdns', NULL, port, capture, frame, time_ns, source_mac, source FROM dns_records
    WHERE protocol = 'mdns' AND is_response AND kind = 33 AND port > 0 AND ttl_s > 0
), owned AS (
    SELECT t.*, coalesce(p.device, m.device, a.device, t.source) AS neighbour
    FROM told AS t LEFT JOIN address_devices AS a ON a.address = t.source LEFT JOIN near_macs AS m ON m.mac = t.source_mac
    LEFT JOIN address_devices AS p ON p.address = url_host(t.location)
)
SELECT *, time_ns - coalesce(lag(time_ns) OVER (PARTITION BY protocol, neighbour, port ORDER BY time_ns),
    (SELECT min(first_ns) FROM flow_segments)) >= 300000000000 AS is_new
FROM owned;

-- Who follows one: asks for just what its URL names; or, where no request can be read, opens its first connection to that port within
-- ten seconds of a new one. Other connections may be of who knows the neighbour anyway, as from one that was open before the capture began,
-- whichever of its sides was heard first.
CREATE TABLE announcement_flows AS
WITH places AS (
    SELECT protocol, neighbour, port, url_target(location) AS uri, min(time_ns) AS time_ns FROM heard_places WHERE location IS NOT NULL GROUP BY ALL
), read AS (
    SELECT flow, uri FROM http_requests SEMI JOIN neighbour_connections USING (flow)
), fetched AS (
    SELECT DISTINCT o.device, o.neighbour, p.protocol, o.flow
    FROM neighbour_connections AS o JOIN read AS r USING (flow)
    JOIN places AS p ON p.neighbour = o.neighbour AND p.port = o.responder_port AND p.uri = r.uri AND p.time_ns <= o.first_ns
), unbegun AS (
    FROM flows WHERE transport = 'tcp' AND (originator_tcp_flags | responder_tcp_flags) & 2 = 0
), known AS (
    SELECT device, responder, responder_port, first_ns AS known_ns
    FROM unbegun AS u JOIN endpoints AS e ON e.endpoint = endpoint(u.originator_mac, u.originator)
    UNION ALL
    SELECT device, originator, originator_port, first_ns
    FROM unbegun AS u JOIN endpoints AS e ON e.endpoint = endpoint(u.responder_mac, u.responder)
), firsts AS (
    SELECT o.* FROM (
        FROM neighbour_connections QUALIFY row_number() OVER (PARTITION BY device, neighbour, responder_port ORDER BY first_ns, flow) = 1
    ) AS o LEFT JOIN (SELECT device, responder, responder_port, min(known_ns) AS known_ns FROM known GROUP BY ALL) AS k
        USING (device, responder, responder_port)
    WHERE known_ns IS NULL OR known_ns > o.first_ns
)
FROM fetched WHERE device <> neighbour
UNION
SELECT o.device, o.neighbour, max(a.protocol), o.flow
FROM firsts AS o JOIN heard_places AS a ON a.neighbour = o.neighbour AND a.port = o.responder_port AND a.is_new
    AND o.first_ns BETWEEN a.time_ns AND a.time_ns + 10000000000
WHERE o.device <> o.neighbour AND o.flow NOT IN (SELECT flow FROM read) GROUP BY o.device, o.neighbour, o.flow;

-- Who is sent on by an HTTP answer (RFC 9110 15.4) to another neighbour, and goes there within a minute: each connection by the last such
-- answer before it, since pairs of all of both could be as many as their product.
CREATE TABLE redirects AS
WITH places AS (
    SELECT DISTINCT device, responder, responder_port AS port, responder AS host FROM neighbour_connections
    UNION
    SELECT o.device, o.responder, o.responder_port, lower(n.name)
    FROM neighbour_connections AS o JOIN peer_names AS n ON n.device = o.device AND n.peer = o.responder
), sent AS (
    SELECT p.device, p.responder, p.port, m.device AS sender, r.source AS redirector, r.status, r.location, r.request_capture, r.request_frame, r.capture, r.frame, r.time_ns
    FROM http_responses AS r JOIN endpoints AS e ON e.endpoint = endpoint(r.destination_mac, r.destination)
    JOIN places AS p ON p.device = e.device AND p.host = url_host(r.location) AND p.port = url_port(r.location) AND p.responder <> r.source
    LEFT JOIN near_macs AS m ON m.mac = r.source_mac
    WHERE r.status IN (301, 302, 303, 307, 308) AND r.location LIKE 'http%://%'
    QUALIFY row_number() OVER (PARTITION BY p.device, p.responder, p.port, r.time_ns ORDER BY r.capture, r.frame) = 1
)
SELECT o.flow, o.device, o.neighbour, s.redirector, s.status, s.location, s.request_capture, s.request_frame, s.capture, s.frame
FROM neighbour_connections AS o
ASOF JOIN sent AS s ON s.device = o.device AND s.responder = o.responder AND s.port = o.responder_port AND s.time_ns <= o.first_ns
WHERE o.first_ns - s.time_ns <= 60000000000 AND o.neighbour IS DISTINCT FROM s.sender;

-- One thing leads to a port of a neighbour: a search, else a redirect, else an announcement.
CREATE TABLE follow_flows AS
WITH led AS (
    SELECT device, neighbour, 1 AS place, 'search' AS led_by, protocol, flow FROM answer_flows
    UNION ALL SELECT DISTINCT device, neighbour, 2, 'redirect', 'http', flow FROM redirects
    UNION ALL SELECT device, neighbour, 3, 'announcement', protocol, flow FROM announcement_flows
)
SELECT l.device, l.neighbour, led_by, protocol, o.responder AS peer, o.responder_port AS port, o.flow, capture, frame, first_ns, last_ns, packets, bytes, accepted
FROM led AS l JOIN neighbour_connections AS o ON o.device = l.device AND o.flow = l.flow
QUALIFY place = min(place) OVER (PARTITION BY l.device, o.responder, o.responder_port)
    AND row_number() OVER (PARTITION BY o.flow ORDER BY place, protocol DESC) = 1;

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
SELECT f.device, f.peer, coalesce(max(d.device), max(p.peer_device)) AS peer_device, min(f.neighbour) AS neighbour, max(p.scope) AS scope, f.port, min(f.led_by) AS led_by, min(f.protocol) AS protocol,
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

COMMENT ON TABLE lateral_chains IS 'Whom devices found on the LAN and then connected to: what led them there, and the connections.';
COMMENT ON COLUMN lateral_chains.device IS 'Device that found and connected';
COMMENT ON COLUMN lateral_chains.peer IS 'Address of the neighbour that the device connected to';
COMMENT ON COLUMN lateral_chains.peer_device IS 'Device that has this address';
COMMENT ON COLUMN lateral_chains.neighbour IS 'Who answered, announced itself or was named: the device that has that address, else the address';
COMMENT ON COLUMN lateral_chains.scope IS 'Where it is, as in peers: lan or gateway';
COMMENT ON COLUMN lateral_chains.port IS 'TCP port that the device connected to';
COMMENT ON COLUMN lateral_chains.led_by IS 'What led it there: search (its own, that was answered), redirect (an HTTP answer) or announcement (that it heard)';
COMMENT ON COLUMN lateral_chains.protocol IS 'In which protocol that was';
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

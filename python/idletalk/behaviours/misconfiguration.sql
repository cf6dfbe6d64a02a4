-- What fails again and again. Takes endpoints, opened_flows, subjects, sources (inventory.sql), flows, peers,
-- unseen_peers (peers.sql), and the facts
-- icmp, dns, dhcp, tls_alerts, tls_connections.

-- Port unreachable (RFC 792: 3/3; RFC 4443: 1/4) for a datagram that the device had sent as who opens a conversation.
CREATE TABLE refused_datagrams AS
SELECT e.device, i.quoted_destination AS peer, i.quoted_destination_port AS port,
    CASE i.quoted_protocol WHEN 6 THEN 'tcp' ELSE 'udp' END AS transport, i.version, i.source AS told_by,
    i.capture, i.frame, i.time_ns
FROM icmp AS i
JOIN endpoints AS e ON e.endpoint = endpoint(i.destination_mac, i.destination)
WHERE ((i.version = 4 AND i.kind = 3 AND i.code = 3) OR (i.version = 6 AND i.kind = 1 AND i.code = 4))
    AND i.quoted_protocol IN (6, 17) AND i.quoted_source = i.destination
    AND e.device IN (FROM subjects)
    AND EXISTS (FROM flows AS f WHERE f.originator = i.quoted_source AND f.originator_port = i.quoted_source_port
        AND f.responder = i.quoted_destination AND f.responder_port = i.quoted_destination_port
        -- after an exchange it is the end of that exchange: a viewer that closed its socket
        AND f.responder_packets = 0);

-- Who else says that hosts or ports cannot be reached (RFC 792 and RFC 4443: destination unreachable, but for packets that are too large).
CREATE TABLE unreachable AS
SELECT e.device, i.quoted_destination AS peer, i.quoted_destination_port AS port,
    CASE i.quoted_protocol WHEN 6 THEN 'tcp' ELSE 'udp' END AS transport, list(DISTINCT i.source ORDER BY i.source) AS tellers
FROM icmp AS i
JOIN endpoints AS e ON e.endpoint = endpoint(i.destination_mac, i.destination)
WHERE ((i.version = 4 AND i.kind = 3 AND i.code NOT IN (3, 4)) OR (i.version = 6 AND i.kind = 1 AND i.code <> 4))
    AND i.quoted_protocol IN (6, 17) AND i.quoted_source = i.destination AND e.device IN (FROM subjects)
GROUP BY e.device, i.quoted_destination, i.quoted_destination_port, i.quoted_protocol;

-- Of datagrams nobody knows whether they ask for an answer, but for those that somebody says could not be delivered: to a port from which
-- nothing came, since what goes to others may be an answer.
CREATE TABLE undelivered AS
SELECT device, peer, port FROM unreachable
WHERE transport = 'udp' AND (peer, port) NOT IN (SELECT (originator, originator_port) FROM flows WHERE transport = 'udp' AND originator IN (SELECT peer FROM unreachable));

-- Private addresses from which a device sent what it passed on: it claimed (ARP, DHCP) another one, and this one never.
CREATE TABLE forwarded AS
SELECT s.mac, s.address FROM sources AS s
WHERE NOT s.claimed AND NOT s.is_v6 AND s.form = 'local'
    AND EXISTS (FROM sources AS o WHERE o.mac = s.mac AND o.claimed AND NOT o.is_v6);

-- Questions of conversations in which nothing came back.
CREATE TABLE open_questions AS
SELECT d.flow, d.transaction_id, d.query, d.query_type, d.source, d.source_port, d.time_ns, d.is_repeated
FROM dns AS d JOIN flows AS f ON f.flow = d.flow AND f.responder_packets = 0
WHERE d.protocol = 'dns' AND NOT d.is_response;

-- How often names were asked for from one port: for both kinds of address together is once, again is again.
CREATE VIEW asked_names AS
SELECT flow, sum(times)::BIGINT AS times FROM (
    SELECT flow, query, max(times) AS times FROM (
        SELECT flow, query, query_type, count(*) AS times FROM open_questions WHERE NOT is_repeated GROUP BY ALL
    ) GROUP BY ALL
) GROUP BY ALL;

-- Those that another address answered than was asked, as where a router redirects them: same transaction, name and port, within
-- ten seconds (longer than resolvers wait, shorter than transaction ids come again).
CREATE TABLE answered_elsewhere AS
SELECT DISTINCT q.flow
FROM open_questions AS q ASOF JOIN (
    FROM dns AS d SEMI JOIN open_questions AS o ON o.transaction_id = d.transaction_id AND o.query = d.query AND o.source = d.destination
    WHERE d.protocol = 'dns' AND d.is_response
) AS r ON r.transaction_id = q.transaction_id AND r.query = q.query
    AND r.destination = q.source AND r.destination_port = q.source_port AND r.time_ns >= q.time_ns
WHERE r.time_ns - q.time_ns <= 10000000000;

-- What devices that are judged began themselves.
CREATE VIEW begun_flows AS
FROM opened_flows AS f
WHERE f.device IN (FROM subjects)
    AND NOT EXISTS (FROM forwarded AS p WHERE p.mac = f.originator_mac AND p.address = f.originator);

-- What each device tried at each service: connections, and requests of protocols that answer each request.
CREATE TABLE attempts AS
SELECT f.device, f.responder AS peer, f.transport, f.responder_port AS port, f.flow,
    f.capture, f.frame, f.first_ns, f.last_ns, f.application, f.originator_packets, f.responder_packets,
    CASE
        WHEN f.transport = 'tcp' AND f.responder_tcp_flags & 6 = 4 THEN 'reset'
        -- who acknowledges was answered, by a way that the capture does not see (RFC 9293 3.5)
        WHEN f.responder_packets > 0 OR e.flow IS NOT NULL OR (f.transport = 'tcp' AND f.originator_tcp_flags & 16 > 0) THEN 'answered'
        WHEN u.device IS NOT NULL THEN 'unseen'
        ELSE 'unanswered' END AS outcome,
    CASE WHEN outcome <> 'unanswered' OR f.transport = 'tcp' THEN 1 WHEN q.times IS NOT NULL THEN q.times
        WHEN b.device IS NOT NULL THEN f.originator_packets ELSE 1 END AS tries
FROM begun_flows AS f
LEFT JOIN asked_names AS q USING (flow)
LEFT JOIN answered_elsewhere AS e USING (flow)
LEFT JOIN unseen_peers AS u ON u.device = f.device AND u.peer = f.responder
LEFT JOIN undelivered AS b ON f.transport = 'udp' AND b.device = f.device AND b.peer = f.responder AND b.port = f.responder_port
WHERE ((f.transport = 'tcp' AND f.originator_tcp_flags & 2 > 0)
        OR (f.transport = 'udp' AND (b.device IS NOT NULL OR coalesce(f.application = 'dns', f.responder_port IN (53, 69)))))
    AND coalesce(place_of(f.responder, f.responder_key), '') IN ('local', 'global');

CREATE TABLE failures AS
SELECT device, peer, transport, port, 'refused' AS outcome, count(*) AS times,
    min(time_ns) AS first_ns, max(time_ns) AS last_ns, 0::BIGINT AS successes
FROM refused_datagrams GROUP BY ALL
UNION ALL
SELECT a.device, a.peer, a.transport, a.port, a.outcome, sum(a.tries)::BIGINT,
    min(a.first_ns), max(a.last_ns), max(s.successes)
FROM attempts AS a JOIN (
    SELECT device, peer, transport, port, count(*) FILTER (outcome = 'answered') AS successes FROM attempts GROUP BY ALL
) AS s USING (device, peer, transport, port)
WHERE a.outcome IN ('reset', 'unanswered')
    AND NOT EXISTS (FROM refused_datagrams AS r WHERE r.device = a.device AND r.peer = a.peer AND r.port = a.port AND r.transport = a.transport)
GROUP BY a.device, a.peer, a.transport, a.port, a.outcome;

COMMENT ON TABLE failures IS 'Services that devices asked for and did not get, by device, host and port.';
COMMENT ON COLUMN failures.device IS 'Device id';
COMMENT ON COLUMN failures.peer IS 'Address that was asked';
COMMENT ON COLUMN failures.transport IS 'tcp or udp';
COMMENT ON COLUMN failures.port IS 'Port that was asked';
COMMENT ON COLUMN failures.outcome IS 'refused (ICMP port unreachable), reset (TCP), unanswered';
COMMENT ON COLUMN failures.times IS 'ICMP errors, connections without success, or questions without an answer';
COMMENT ON COLUMN failures.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN failures.last_ns IS 'Last time, UTC nanoseconds since 1970';
COMMENT ON COLUMN failures.successes IS 'Conversations with the same service that were answered';

-- Ports at which no host at all answered anybody, of three and more that were tried: of our choice.
CREATE TABLE silent_ports AS
SELECT transport, port, count(*) AS peers FROM (SELECT DISTINCT transport, port, peer FROM failures WHERE outcome = 'unanswered')
ANTI JOIN (SELECT DISTINCT transport, port FROM attempts WHERE outcome <> 'unanswered') USING (transport, port)
ANTI JOIN refused_datagrams USING (transport, port)
GROUP BY ALL HAVING peers >= 3;

-- Private addresses to which a device sends although no network here holds them: nothing ever came back, and nobody here
-- has an address beside them: in the network that DHCP tells, else in the same 65,536 (a site with several networks uses one block).
CREATE TABLE local_blocks AS
SELECT DISTINCT a.key & coalesce(d.mask, 4294901760) AS low_key, coalesce(d.mask, 4294901760) AS mask
FROM (SELECT DISTINCT h.key FROM addresses JOIN hosts AS h USING (address) WHERE NOT contains(address, ':')) AS a
LEFT JOIN (
    SELECT DISTINCT (split_part(subnet_mask, '.', 1)::UBIGINT << 24) + (split_part(subnet_mask, '.', 2)::UBIGINT << 16)
        + (split_part(subnet_mask, '.', 3)::UBIGINT << 8) + split_part(subnet_mask, '.', 4)::UBIGINT AS mask
    FROM dhcp WHERE is_reply AND subnet_mask IS NOT NULL
) AS d ON true;

CREATE TABLE strangers AS
SELECT p.device, p.peer, p.tx_packets, p.tx_bytes, p.first_ns, p.last_ns
FROM peers AS p
WHERE p.device IN (FROM subjects) AND p.device NOT LIKE 'ip:%' AND p.scope IN ('lan', 'routed') AND p.peer_device IS NULL
    AND p.rx_packets = 0 AND p.tx_packets >= 3 AND p.peer LIKE '%.%.%.%' AND p.peer NOT LIKE '169.254.%'
    AND NOT EXISTS (FROM local_blocks WHERE p.peer_key & mask = low_key)
    AND NOT EXISTS (FROM lab_networks WHERE p.peer_key BETWEEN low_key AND high_key)
    AND NOT EXISTS (FROM unseen_peers AS u WHERE u.device = p.device AND u.peer = p.peer);

COMMENT ON TABLE strangers IS 'Private addresses of no network here to which devices send.';
COMMENT ON COLUMN strangers.device IS 'Device id';
COMMENT ON COLUMN strangers.peer IS 'The address';
COMMENT ON COLUMN strangers.tx_packets IS 'Frames that the device sent to it';
COMMENT ON COLUMN strangers.tx_bytes IS 'Bytes of those';
COMMENT ON COLUMN strangers.first_ns IS 'First of them, UTC nanoseconds since 1970';
COMMENT ON COLUMN strangers.last_ns IS 'Last of them, UTC nanoseconds since 1970';

-- TLS handshakes that ended in a fatal alert which can be read: one of TLS 1.3 behind the hellos is encrypted.
CREATE TABLE failed_handshakes AS
SELECT f.device, f.responder AS peer, f.responder_port AS port, a.flow,
    a.source = f.originator AS by_client, a.description, coalesce(a.name, 'alert ' || a.description) AS name, a.capture, a.frame, a.time_ns
FROM tls_alerts AS a JOIN begun_flows AS f USING (flow)
-- a farewell and a user who gave up are no failures (RFC 8446 6)
WHERE a.carrier = 'tls' AND a.level = 2 AND a.description NOT IN (0, 90) AND NOT a.is_repeated;

CREATE TABLE made_handshakes AS
SELECT f.device, f.responder AS peer, f.responder_port AS port, count(DISTINCT t.flow) AS times
FROM tls_connections AS t JOIN begun_flows AS f USING (flow)
WHERE t.carrier = 'tls' AND t.is_established AND (f.responder, f.responder_port) IN (SELECT (peer, port) FROM failed_handshakes) GROUP BY ALL;

CREATE TABLE failed_names AS
SELECT e.device, d.query AS name, d.query_type AS type, d.rcode, d.source AS server, d.capture, d.frame, d.time_ns
FROM dns AS d
JOIN endpoints AS e ON e.endpoint = endpoint(d.destination_mac, d.destination)
WHERE d.protocol = 'dns' AND d.is_response AND d.rcode IN (2, 3, 5) AND d.query IS NOT NULL
    AND e.device IN (FROM subjects);

-- Types of records for which the same names were answered: many name servers refuse one type only.
CREATE TABLE found_types AS
SELECT e.device, d.query AS name, list(DISTINCT d.query_type ORDER BY d.query_type) AS types
FROM dns AS d
JOIN endpoints AS e ON e.endpoint = endpoint(d.destination_mac, d.destination)
WHERE d.protocol = 'dns' AND d.is_response AND d.rcode = 0 AND d.answers > 0 AND (e.device, d.query) IN (SELECT (device, name) FROM failed_names)
GROUP BY ALL;

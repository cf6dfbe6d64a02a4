-- What else speaks of updates: requests that failed, questions for versions, downloads that nobody can read. Takes flows, device_macs, endpoints, opened_flows,
-- subjects, devices (inventory.sql), update_word, transfer_parts (transfers.sql), and the facts http_requests, http_responses, file_contents, tftp, coap, mqtt, dhcp,
-- tls_connections, quic_connections.

-- Names of files that devices start from or write into their flash.
CREATE OR REPLACE MACRO image_suffix(target) AS nullif(regexp_extract(
    lower(split_part(target, '?', 1)), '\.(bin|img|fw|ota|rbl|trx|chk|dav|hex|uf2|swu|raucb|mcuboot|itb|sh)(\.(gz|xz|bz2|zip))?$'), '');

-- Requests for files that did not get them.
CREATE TABLE failed_requests AS
WITH given AS (
    SELECT q.source, q.destination, q.uri, max(q.time_ns) AS last_ns FROM http_requests AS q JOIN http_responses AS r
        ON r.flow = q.flow AND r.request_capture = q.capture AND r.request_frame = q.frame AND r.request_uri = q.uri
    WHERE r.status < 400 GROUP BY ALL
), asked AS (
    SELECT 'http' AS protocol, q.source_mac, q.source, q.destination AS peer, q.destination_port AS peer_port, q.host, q.uri AS target,
        CASE WHEN r.status >= 400 THEN 'status ' || r.status
            -- both sides were captured, and the other one said nothing
            WHEN r.status IS NULL AND f.originator_packets > 0 AND f.responder_packets > 0
                AND CASE f.originator WHEN q.source THEN f.responder_payload_bytes ELSE f.originator_payload_bytes END = 0 THEN 'never answered' END AS outcome,
        q.capture, q.frame, q.time_ns
    FROM http_requests AS q JOIN flows AS f USING (flow)
    LEFT JOIN http_responses AS r ON r.flow = q.flow AND r.request_capture = q.capture AND r.request_frame = q.frame AND r.request_uri = q.uri
    LEFT JOIN given AS g ON g.source = q.source AND g.destination = q.destination AND g.uri = q.uri
    WHERE q.method = 'GET' AND (r.status IS NULL OR r.status >= 400)
        -- a server that wants to know who asks says 401 first (RFC 9110 15.5.2); answered later, it was no refusal
        AND NOT (r.status IN (401, 407) AND coalesce(g.last_ns > q.time_ns, false))
    UNION ALL
    SELECT 'tftp', t.source_mac, t.source, t.destination, t.destination_port, NULL, t.file,
        CASE WHEN e.message IS NOT NULL THEN 'error: ' || e.message
            -- answers come from a port of their own (RFC 1350 4), and to a broadcast from an address of their own
            WHEN NOT EXISTS (FROM flows AS f WHERE f.transport = 'udp' AND f.responder = t.source AND f.responder_port = t.source_port AND f.originator_packets > 0)
                AND NOT EXISTS (FROM flows AS f WHERE f.transport = 'udp' AND f.originator = t.source AND f.originator_port = t.source_port AND f.responder_packets > 0)
            THEN 'never answered' END,
        t.capture, t.frame, t.time_ns
    FROM tftp AS t LEFT JOIN (SELECT DISTINCT ON (destination, destination_port) * FROM tftp WHERE operation = 'error' ORDER BY destination, destination_port, time_ns) AS e
        ON e.destination = t.source AND e.destination_port = t.source_port
    WHERE t.operation = 'read'
    UNION ALL
    SELECT 'ftp', c.destination_mac, c.destination, c.source, c.source_port, NULL, c.target, 'error: ' || c.refusal, c.capture, c.frame, c.time_ns
    FROM file_contents AS c WHERE c.refusal IS NOT NULL AND NOT c.is_write AND c.protocol = 'ftp'
    UNION ALL
    SELECT 'coap', c.source_mac, c.source, c.destination, c.destination_port, c.uri_host, concat_ws('?', '/' || c.uri_path, c.uri_query),
        CASE WHEN a.code >= '4' THEN 'status ' || a.code WHEN a.code IS NULL AND f.responder_packets = 0 THEN 'never answered' END, c.capture, c.frame, c.time_ns
    FROM coap AS c JOIN flows AS f USING (flow)
    LEFT JOIN coap AS a ON a.flow = c.flow AND a.source = c.destination AND a.token IS NOT DISTINCT FROM c.token AND a.code >= '2'
    WHERE c.code = '0.01' AND c.uri_path IS NOT NULL AND c.source = f.originator AND substr(c.destination, 1, 2) <> 'ff'
        AND NOT regexp_matches(c.destination, '^(22[4-9]|23\d|255)\.')
)
SELECT e.device, a.* EXCLUDE (source_mac, source),
    coalesce('target: ' || update_word(a.target), 'host: ' || update_word(a.host), 'file: ' || image_suffix(a.target),
        CASE a.protocol WHEN 'tftp' THEN 'protocol: devices fetch by it what they start from' END) AS reason
FROM asked AS a
JOIN endpoints AS e ON e.endpoint = endpoint(a.source_mac, a.source)
WHERE a.outcome IS NOT NULL AND e.device IN (FROM subjects);

CREATE TABLE failed_transfers AS
SELECT device, protocol, peer, peer_port, host, target, outcome, reason, count(*) AS times, min(time_ns) AS first_ns, max(time_ns) AS last_ns
FROM failed_requests GROUP BY ALL;

COMMENT ON TABLE failed_transfers IS 'Files that devices asked for in clear and did not get.';
COMMENT ON COLUMN failed_transfers.device IS 'Device id';
COMMENT ON COLUMN failed_transfers.protocol IS 'http, tftp, ftp or coap';
COMMENT ON COLUMN failed_transfers.peer IS 'Address that was asked';
COMMENT ON COLUMN failed_transfers.peer_port IS 'Its port';
COMMENT ON COLUMN failed_transfers.host IS 'Host that was asked for; null: the protocol does not say, or it was not said';
COMMENT ON COLUMN failed_transfers.target IS 'What was asked for';
COMMENT ON COLUMN failed_transfers.outcome IS 'never answered, status and its number, error and its message';
COMMENT ON COLUMN failed_transfers.reason IS 'Why it could have been firmware; null: nothing says so';
COMMENT ON COLUMN failed_transfers.times IS 'How often';
COMMENT ON COLUMN failed_transfers.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN failed_transfers.last_ns IS 'Last time, UTC nanoseconds since 1970';

-- Questions and messages that speak of updates and carry no file.
CREATE TABLE version_checks AS
WITH spoken AS (
    SELECT 'http' AS protocol, q.source_mac AS mac, q.source AS address, true AS by_device, q.destination AS peer, q.host,
        split_part(q.uri, '?', 1) AS target, coalesce(update_word(q.uri), update_word(q.host)) AS word, q.time_ns
    FROM http_requests AS q
    WHERE coalesce(update_word(q.uri), update_word(q.host)) IS NOT NULL
        AND NOT EXISTS (FROM transfer_parts AS p WHERE p.asked_capture = q.capture AND p.asked_frame = q.frame AND p.flow = q.flow AND p.spool IS NOT NULL)
    UNION ALL
    SELECT 'mqtt', x.mac, x.address, x.by_device, x.peer, NULL, t.topic, update_word(t.topic), t.time_ns
    FROM mqtt AS t CROSS JOIN LATERAL (
        SELECT t.source_mac AS mac, t.source AS address, true AS by_device, t.destination AS peer
        UNION ALL SELECT t.destination_mac, t.destination, false, t.source) AS x
    WHERE t.packet_type = 'publish' AND update_word(t.topic) IS NOT NULL
    UNION ALL
    SELECT 'coap', c.source_mac, c.source, true, c.destination, c.uri_host, '/' || c.uri_path, update_word(c.uri_path), c.time_ns
    FROM coap AS c WHERE c.code = '0.01' AND coalesce(c.block2_number, 0) = 0 AND update_word(c.uri_path) IS NOT NULL
)
SELECT e.device, s.protocol, s.by_device, s.peer, s.host, s.target, s.word, count(*) AS times,
    min(s.time_ns) AS first_ns, max(s.time_ns) AS last_ns
FROM spoken AS s
JOIN endpoints AS e ON e.endpoint = endpoint(s.mac, s.address)
WHERE e.device IN (FROM subjects) GROUP BY ALL;

COMMENT ON TABLE version_checks IS 'Requests and messages in clear that speak of updates by their target, host or topic, and brought no file.';
COMMENT ON COLUMN version_checks.device IS 'Device id';
COMMENT ON COLUMN version_checks.protocol IS 'http, mqtt or coap';
COMMENT ON COLUMN version_checks.by_device IS 'The device sent it; else it was sent to the device';
COMMENT ON COLUMN version_checks.peer IS 'Address at the other end';
COMMENT ON COLUMN version_checks.host IS 'Host that was asked for';
COMMENT ON COLUMN version_checks.target IS 'Target without query, or topic';
COMMENT ON COLUMN version_checks.word IS 'Word in it that speaks of updates';
COMMENT ON COLUMN version_checks.times IS 'How often';
COMMENT ON COLUMN version_checks.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN version_checks.last_ns IS 'Last time, UTC nanoseconds since 1970';

-- Encrypted downloads that could be updates: large, begun by the device, rare. A connection more than ten minutes after the end of the one
-- before to the same name begins another session.
CREATE TABLE encrypted_sessions AS
WITH names AS (
    SELECT flow, min(server_name) AS name FROM (SELECT flow, server_name FROM tls_connections UNION ALL SELECT flow, server_name FROM quic_connections)
    WHERE server_name IS NOT NULL GROUP BY flow
), opened AS (
    SELECT coalesce(n.name, f.responder) AS name, f.*
    FROM (
        -- the device opened it, towards the Internet
        FROM opened_flows WHERE application IN ('tls', 'quic') AND responder_payload_bytes >= 8192 AND began_in_capture IS DISTINCT FROM false
            AND place_of(responder, responder_key) = 'global' AND device IN (FROM subjects)) AS f LEFT JOIN names AS n USING (flow)
), numbered AS (
    SELECT *, sum(is_first::INTEGER) OVER (PARTITION BY device, name ORDER BY first_ns, flow ROWS UNBOUNDED PRECEDING) AS session FROM (
        SELECT *, coalesce(first_ns > max(last_ns) OVER (
            PARTITION BY device, name ORDER BY first_ns, flow ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + 600_000_000_000, true) AS is_first
        FROM opened)
)
SELECT device, name, session, min(responder) AS peer, min(application) AS carrier, min(responder_port) AS peer_port, count(*) AS connections,
    sum(originator_payload_bytes)::BIGINT AS tx_bytes, sum(responder_payload_bytes)::BIGINT AS rx_bytes, min(first_ns) AS first_ns, max(last_ns) AS last_ns,
    list(frame_place(capture, frame) ORDER BY capture, frame)[:200] AS opened
FROM numbered GROUP BY device, name, session;

CREATE TABLE restarts AS
SELECT DISTINCT m.device, d.time_ns FROM dhcp AS d JOIN device_macs AS m ON m.mac = d.client_mac
WHERE NOT d.is_reply AND d.message_type IN (1, 3) AND coalesce(d.client_address, '0.0.0.0') = '0.0.0.0';

CREATE TABLE possible_sessions AS
WITH span AS (SELECT (max(last_ns) - min(first_ns)) / 86_400_000_000_000 AS days FROM flows), judged AS (
    SELECT s.*, update_word(s.name) AS word,
        -- images of small devices (Zigbee, ESP8266) begin at some 128 KiB
        s.rx_bytes >= 131_072 AND s.rx_bytes >= 10 * s.tx_bytes AND s.last_ns - s.first_ns <= 3_600_000_000_000 AS is_download,
        count(*) FILTER (s.rx_bytes >= 131_072) OVER (PARTITION BY s.device, s.name) AS sessions,
        count(*) FILTER (s.rx_bytes >= 131_072) OVER (PARTITION BY s.device) AS downloads,
        (SELECT min(r.time_ns) - s.last_ns FROM restarts AS r WHERE r.device = s.device AND r.time_ns BETWEEN s.last_ns AND s.last_ns + 900_000_000_000) AS restart_ns
    FROM encrypted_sessions AS s
)
SELECT j.* EXCLUDE (session, is_download, sessions, downloads, restart_ns, word), list_filter([
        CASE WHEN is_download THEN 'large: ' || rx_bytes || ' bytes received, ' || tx_bytes || ' sent' END,
        -- what was looked at for minutes only is not called rare
        CASE WHEN is_download THEN CASE WHEN days >= 1 THEN 'rare: ' ELSE 'seen ' END || CASE sessions WHEN 1 THEN 'once' ELSE sessions || ' times' END
            || ' in ' || CASE WHEN days >= 1 / 24 THEN round(24 * days, 1) || ' h' ELSE round(86_400 * days)::BIGINT || ' s' END END,
        'name: ' || word,
        CASE WHEN restart_ns IS NOT NULL THEN 'the device restarted ' || round(restart_ns / 1e9)::BIGINT || ' s later' END], lambda reason: reason IS NOT NULL) AS reasons
FROM judged AS j, span
-- once, and once a day more: what comes more often is what the device does all the time; a device that loads from many hosts is a computer
WHERE (is_download AND ((sessions <= 1 + floor(days) AND downloads <= 3 * (1 + floor(days))) OR restart_ns IS NOT NULL)) OR (word IS NOT NULL AND rx_bytes >= 32_768 AND rx_bytes >= 5 * tx_bytes);

CREATE TABLE possible_updates AS
SELECT p.* EXCLUDE (opened) FROM possible_sessions AS p JOIN devices AS d USING (device)
-- phones and computers load all the time
WHERE d.role IS DISTINCT FROM 'phone';

COMMENT ON TABLE possible_updates IS 'Encrypted downloads that could be updates of firmware, and could be anything else: large, begun by the device, and rare, or from a host whose name speaks of updates.';
COMMENT ON COLUMN possible_updates.device IS 'Device id';
COMMENT ON COLUMN possible_updates.name IS 'Host name that was asked for (SNI), else the address';
COMMENT ON COLUMN possible_updates.peer IS 'Address that answered';
COMMENT ON COLUMN possible_updates.carrier IS 'tls or quic';
COMMENT ON COLUMN possible_updates.peer_port IS 'Its port';
COMMENT ON COLUMN possible_updates.connections IS 'Connections, none more than ten minutes after the one before';
COMMENT ON COLUMN possible_updates.tx_bytes IS 'Payload bytes that the device sent';
COMMENT ON COLUMN possible_updates.rx_bytes IS 'Payload bytes that it received, TLS itself among them';
COMMENT ON COLUMN possible_updates.first_ns IS 'First packet, UTC nanoseconds since 1970';
COMMENT ON COLUMN possible_updates.last_ns IS 'Last packet, UTC nanoseconds since 1970';
COMMENT ON COLUMN possible_updates.reasons IS 'Why';

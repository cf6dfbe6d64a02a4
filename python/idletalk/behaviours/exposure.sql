-- Messages that can be read, of the devices that are judged. Takes endpoints, subjects, hosts (inventory.sql), peers,
-- `heard` (repeats.py), `named_values` (assemble.py), the facts http_requests, http_responses, mqtt, coap, tftp, wsd, snmp, ssdp, dns, dns_questions, dns_records, nbns,
-- tls_client_hellos, dhcp_options.

-- An answer to a prompt of a login: as it is in telnet, base64 in mail.
CREATE MACRO answered(carrier, content) AS
    coalesce(CASE WHEN carrier <> 'telnet' THEN try(from_base64(trim(content::VARCHAR))::VARCHAR) END, content::VARCHAR);

-- Carriers of answers to prompts; what others are about (a topic, a path, a name) may have any name.
CREATE MACRO has_prompts(carrier) AS carrier IN ('ftp', 'imap', 'pop3', 'smtp', 'telnet', 'xmpp');

-- The last part of a topic or path, which names what is told there.
CREATE MACRO last_part(subject) AS regexp_extract(subject, '[^/]*$');

-- A value alone: no object, list or markup, nothing that is no sign, and no state as home automation tells it (MQTT's payloads by default
-- in Home Assistant).
CREATE MACRO is_value(content) AS octet_length(content) <= 128
    AND regexp_full_match(replace(content::VARCHAR, '\x22', '"'), '[^\x5C{}<>\x5B\x5D]+') AND NOT regexp_full_match(replace(content::VARCHAR, '\x22', ''),
        '(?i)(on|off|online|offline|home|not_home|open|opened|opening|close|closed|closing|lock|locked|unlock|unlocked|jammed|stop|press|reset|idle|unavailable|unknown|none|ok|error|auto|enabled|disabled)');

-- What says one thing a frame; what says the same in many frames, once for all; and names of a frame together. Three statements, since the
-- hash tables of all at a time would need more memory than there is.
CREATE VIEW said_singly (carrier, subject, content, is_topic, times, capture, frame, time_ns, last_ns, source_mac, source, destination_mac, destination) AS
SELECT carrier, subject,
    CASE
        WHEN subject IN ('user name', 'password') AND has_prompts(carrier)
            THEN encode(replace(subject, ' ', '') || ': ' || answered(carrier, content))
        WHEN carrier IN ('mqtt', 'coap') AND lower(regexp_replace(last_part(subject), '[^A-Za-z0-9]', '', 'g')) IN (FROM named_values)
            AND is_value(content)
            THEN encode(last_part(subject) || ': ') || content
        ELSE content END,
    false AS is_topic, times, capture, frame, time_ns, last_ns, source_mac, source, destination_mac, destination
FROM heard
UNION ALL
SELECT 'http', uri, encode(method || ' ' || uri || chr(10) || array_to_string(headers, chr(10))), false, 1, capture, frame,
    time_ns, time_ns, source_mac, source, destination_mac, destination
FROM http_requests
UNION ALL
SELECT 'http', request_uri, encode(array_to_string(headers, chr(10))), false, 1, capture, frame,
    time_ns, time_ns, source_mac, source, destination_mac, destination
FROM http_responses
UNION ALL
SELECT 'mqtt', NULL, encode('client id ' || client_id || coalesce(chr(10) || 'username: ' || user_name, '')), false, 1, capture, frame,
    time_ns, time_ns, source_mac, source, destination_mac, destination
FROM mqtt WHERE packet_type = 'connect' AND client_id IS NOT NULL;

CREATE VIEW said_often (carrier, subject, content, is_topic, times, capture, frame, time_ns, last_ns, source_mac, source, destination_mac, destination) AS
SELECT 'mqtt', topic, encode('topic: ' || topic), true, count(*), min(capture), arg_min(frame, (capture, frame)),
    min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM (SELECT coalesce(topic, will_topic, array_to_string(topics, chr(10))) AS topic, * EXCLUDE (topic) FROM mqtt)
WHERE topic IS NOT NULL GROUP BY ALL
UNION ALL
-- what is asked for
SELECT 'coap', NULL, encode(concat_ws('?', uri_path, replace(uri_query, '&', chr(10)))), true, count(*), min(capture),
    arg_min(frame, (capture, frame)), min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM coap WHERE uri_path IS NOT NULL OR uri_query IS NOT NULL GROUP BY ALL
UNION ALL
SELECT 'tftp', NULL, encode('file ' || file), true, count(*), min(capture), arg_min(frame, (capture, frame)),
    min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM tftp WHERE file IS NOT NULL GROUP BY ALL
UNION ALL
SELECT 'wsd', NULL, encode(concat_ws(chr(10), 'UDN: ' || replace(endpoint, 'urn:', ''), scopes, addresses)), false, count(*), min(capture),
    arg_min(frame, (capture, frame)), min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM wsd WHERE kind NOT IN ('Probe', 'Resolve') AND endpoint IS NOT NULL GROUP BY ALL
UNION ALL
-- `public` is the name that every SNMP agent knows, and no secret (RFC 3584 5.2.1)
SELECT 'snmp', NULL, encode('community: ' || community), false, count(*), min(capture), arg_min(frame, (capture, frame)),
    min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM snmp WHERE community IS NOT NULL AND community <> 'public' GROUP BY ALL
UNION ALL
-- of a message its options together: it is one frame. Not identifiers of clients and servers (61; DHCPv6 1 and 2), made of
-- a MAC, which each frame tells; nor lists of codes, addresses and numbers
SELECT protocol, NULL, list_reduce(list(content ORDER BY code, content), lambda one, other: one || '\x0A'::BLOB || other), false, 1,
    capture, frame, time_ns, time_ns, source_mac, source, destination_mac, destination
FROM dhcp_options WHERE octet_length(content) > 4 AND NOT list_contains(CASE protocol WHEN 'dhcp' THEN [55, 61] ELSE [1, 2, 6] END, code)
GROUP BY protocol, capture, frame, time_ns, source_mac, source, destination_mac, destination
UNION ALL
SELECT 'ssdp', NULL, encode('UDN: ' || split_part(usn, '::', 1) || chr(10) || array_to_string(headers, chr(10))), false, count(*),
    min(capture), arg_min(frame, (capture, frame)), min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM ssdp WHERE kind <> 'search' AND usn IS NOT NULL GROUP BY ALL
UNION ALL
SELECT 'dns', NULL, encode('name ' || query), false, count(*), min(capture), arg_min(frame, (capture, frame)),
    min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM dns WHERE protocol = 'dns' AND NOT is_response AND query IS NOT NULL GROUP BY ALL
UNION ALL
SELECT 'nbns', NULL, encode('name ' || name), true, count(*), min(capture), arg_min(frame, (capture, frame)),
    min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM nbns WHERE name IS NOT NULL GROUP BY ALL
UNION ALL
SELECT carrier, NULL, encode('name ' || server_name), false, count(*), min(capture), arg_min(frame, (capture, frame)),
    min(time_ns), max(time_ns), source_mac, source, destination_mac, destination
FROM tls_client_hellos WHERE server_name IS NOT NULL GROUP BY ALL;

-- On the LAN also names of hosts, services and their instances, in questions and records; a frame's together. Devices say the same sets of
-- them often, so that of each a frame's are put together, and the others are told by a sum.
CREATE VIEW said_by_name (carrier, subject, content, is_topic, times, capture, frame, time_ns, last_ns, source_mac, source, destination_mac, destination) AS
WITH lines AS NOT MATERIALIZED (
    SELECT protocol, name, target, capture, frame, time_ns, source_mac, source, destination_mac, destination FROM dns_records WHERE protocol <> 'dns'
    UNION ALL
    SELECT protocol, name, NULL, capture, frame, time_ns, source_mac, source, destination_mac, destination FROM dns_questions WHERE protocol <> 'dns'
), sets AS (
    SELECT * EXCLUDE (name, target), sum(hash(name, target)::HUGEINT) AS names FROM lines GROUP BY ALL
), firsts AS MATERIALIZED (
    SELECT * EXCLUDE (capture, frame, time_ns), count(*) AS times, min(capture) AS capture, arg_min(frame, (capture, frame)) AS frame,
        min(time_ns) AS time_ns, max(time_ns) AS last_ns
    FROM sets GROUP BY ALL
), texts AS (
    SELECT protocol, capture, frame, string_agg(DISTINCT name, chr(10) ORDER BY name) AS names
    FROM (SELECT protocol, capture, frame, unnest([name, target]) AS name FROM lines SEMI JOIN firsts USING (protocol, capture, frame))
    WHERE name IS NOT NULL GROUP BY ALL
)
SELECT protocol, NULL, encode('names ' || t.names), true, sum(times)::BIGINT, min(capture),
    arg_min(frame, (capture, frame)), min(time_ns), max(last_ns), source_mac, source, destination_mac, destination
FROM firsts JOIN texts AS t USING (protocol, capture, frame)
GROUP BY ALL;

CREATE MACRO between_devices(carried) AS TABLE
SELECT s.* EXCLUDE (content, source_mac, destination_mac), hash(content) AS content_id, content,
    m.device AS sender, n.device AS receiver
FROM query_table(carried) AS s
LEFT JOIN endpoints AS m ON m.endpoint = endpoint(s.source_mac, s.source)
LEFT JOIN endpoints AS n ON n.endpoint = endpoint(s.destination_mac, s.destination)
WHERE m.device IN (FROM subjects) OR n.device IN (FROM subjects);

CREATE TABLE spoken AS FROM between_devices('said_singly');
INSERT INTO spoken FROM between_devices('said_often');
INSERT INTO spoken FROM between_devices('said_by_name');

-- The same content is searched once, whoever said it.
CREATE TABLE contents AS
SELECT content_id, min(content) AS content FROM spoken GROUP BY content_id;

CREATE TABLE told_messages AS
SELECT t.*,
    -- a conversation that was captured with MACs and without is told of one of its ends
    coalesce(p.scope, CASE h.form WHEN 'global' THEN 'internet' WHEN 'local' THEN 'lan' ELSE h.form END) AS scope FROM (
    SELECT sender AS device, true AS sent, destination AS peer, * EXCLUDE (sender, receiver, content, source, destination)
    FROM spoken WHERE sender IN (FROM subjects)
    UNION ALL
    SELECT receiver, false, source, * EXCLUDE (sender, receiver, content, source, destination)
    FROM spoken WHERE receiver IN (FROM subjects)
) AS t LEFT JOIN peers AS p ON p.device = t.device AND p.peer = t.peer LEFT JOIN hosts AS h ON h.address = t.peer;

DROP TABLE spoken;

CREATE VIEW told AS SELECT rowid AS message, * FROM told_messages;

-- Of each conversation the first contents and some of the later ones are decoded; the others are held against what was found.
CREATE TABLE sampled AS
WITH firsts AS (
    SELECT device, sent, peer, carrier, content_id, min(time_ns) AS first_ns FROM told GROUP BY ALL
), ranked AS (
    SELECT *, row_number() OVER same AS place, count(*) OVER (PARTITION BY device, sent, peer, carrier) AS contents FROM firsts
    WINDOW same AS (PARTITION BY device, sent, peer, carrier ORDER BY first_ns, content_id)
)
SELECT content_id, bool_or(NOT sent) AS received, min(place) AS place FROM ranked
WHERE place <= 32 OR place % greatest(1, contents // 32) = 0 GROUP BY content_id;

-- What the search finds (exposure_search.py fills it): `raw` is how it stands in the content, where that says anything;
-- `owned`: it counts for the devices whose value it is (owners), else for all, because the content itself tells.
CREATE TABLE found (
    content_id UBIGINT, kind VARCHAR, text VARCHAR, shown VARCHAR, key VARCHAR, encoding VARCHAR, known_by VARCHAR, raw BLOB,
    owned BOOLEAN);

CREATE TABLE owners (text VARCHAR, device VARCHAR);

-- Addresses that servers tell alike (exposure_search.py fills it), with their keys for look-ups.
CREATE TABLE bare_addresses (address VARCHAR, key UBIGINT);

-- What must not be shown: never kept.
CREATE VIEW secret_texts AS SELECT DISTINCT kind, text AS secret, key FROM found WHERE shown <> text;

CREATE MACRO hits_of(finds) AS TABLE
SELECT t.message, t.device, t.sent, t.peer, t.scope, t.carrier, t.is_topic, t.times, t.capture, t.frame, t.time_ns, t.last_ns,
    f.* EXCLUDE (content_id, owned)
FROM told AS t JOIN query_table(finds) AS f USING (content_id)
WHERE NOT f.owned OR EXISTS (FROM owners AS o WHERE o.text = f.text AND o.device = t.device);

CREATE VIEW direct_hits AS FROM hits_of('found');

-- The same, each once, however it stands there.
CREATE VIEW found_once AS SELECT DISTINCT * EXCLUDE (raw) FROM found;

CREATE VIEW single_hits AS FROM hits_of('found_once');

-- And what was found that way in the conversation's other messages; a content is held against the same bytes once.
CREATE VIEW found_hits AS
WITH known AS MATERIALIZED (
    SELECT DISTINCT device, sent, peer, carrier, kind, text, shown, key, encoding, known_by, raw FROM direct_hits WHERE raw IS NOT NULL
), others AS MATERIALIZED (
    FROM told WHERE content_id NOT IN (SELECT content_id FROM sampled)
), repeated AS (
    SELECT content_id, raw
    FROM (SELECT DISTINCT t.content_id, h.raw FROM known AS h JOIN others AS t USING (device, sent, peer, carrier))
    JOIN contents AS c USING (content_id) WHERE contains(hex(c.content), hex(raw))
)
FROM single_hits
UNION ALL
SELECT DISTINCT t.message, t.device, t.sent, t.peer, t.scope, t.carrier, t.is_topic, t.times, t.capture, t.frame, t.time_ns, t.last_ns,
    h.kind, h.text, h.shown, h.key, h.encoding, h.known_by
FROM known AS h JOIN others AS t USING (device, sent, peer, carrier) JOIN repeated AS r ON r.content_id = t.content_id AND r.raw = h.raw;

-- Filled once, when all is found.
CREATE TABLE hits AS FROM found_hits WITH NO DATA;

CREATE TABLE exposures (
    device VARCHAR, kind VARCHAR, value VARCHAR, sent BOOLEAN, peer VARCHAR, scope VARCHAR, carrier VARCHAR, encoding VARCHAR,
    key VARCHAR, known_by VARCHAR, times BIGINT, first_ns BIGINT, last_ns BIGINT);

COMMENT ON TABLE exposures IS 'Values that devices told, or were told, in clear. Secrets are masked.';
COMMENT ON COLUMN exposures.device IS 'Device id';
COMMENT ON COLUMN exposures.kind IS 'serial, mac, model, firmware, ssid, email, latitude, token, public_address, ...';
COMMENT ON COLUMN exposures.value IS 'The value; of secrets only what lets one recognise it';
COMMENT ON COLUMN exposures.sent IS 'Whether the device sent it (else: it was sent to the device)';
COMMENT ON COLUMN exposures.peer IS 'The other end';
COMMENT ON COLUMN exposures.scope IS 'Where that is, as in peers';
COMMENT ON COLUMN exposures.carrier IS 'Protocol that carried it; tcp or udp where nobody knows it';
COMMENT ON COLUMN exposures.encoding IS 'How it was written: json, xml, text, binary, base64, hex, xor, ...';
COMMENT ON COLUMN exposures.key IS 'Name that the message gives it';
COMMENT ON COLUMN exposures.known_by IS 'meaning (its key or format) or known (told elsewhere, by the link, by the lab file)';
COMMENT ON COLUMN exposures.times IS 'Messages that told it';
COMMENT ON COLUMN exposures.first_ns IS 'First of them, UTC nanoseconds since 1970';
COMMENT ON COLUMN exposures.last_ns IS 'Last of them, UTC nanoseconds since 1970';

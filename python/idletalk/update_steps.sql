-- What came before and after each image of firmware: fills update_steps and update_versions (behaviours/updates.sql).
-- Takes updates, transfer_parts, device_macs, endpoints, device_facts, device_bursts, peers, http_requests, http_responses, mqtt, dhcp, arp, payloads.

-- When each image was asked for, and the words by which messages can name it: the file's name, or all of a target that has none.
CREATE TABLE update_spans AS
SELECT u.device, u.transfer, u.host, u.peer, u.uri, u.size_bytes, u.last_ns AS end_ns, coalesce(u.asked_ns, u.first_ns) AS asked_ns,
    lower(CASE WHEN length(segment) >= 6 AND regexp_matches(segment, '[.0-9]') THEN segment WHEN length(u.uri) >= 6 THEN u.uri END) AS word
FROM (SELECT *, regexp_extract(split_part(uri, '?', 1), '([^/]*)$', 1) AS segment FROM updates) AS u;

-- Messages in clear from and to these devices. Escaped slashes (JSON) become slashes.
CREATE TABLE update_messages AS
SELECT e.device, x.by_device, x.peer, p.carrier, p.subject, p.capture, p.frame, p.time_ns, p.last_ns,
    replace(replace(p.content::VARCHAR, '\x5C/', '/'), '\x22', '"') AS text
FROM payloads AS p CROSS JOIN LATERAL (
    SELECT true AS by_device, p.source_mac AS mac, p.source AS address, p.destination AS peer
    UNION ALL SELECT false, p.destination_mac, p.destination, p.source) AS x
JOIN endpoints AS e ON e.endpoint = endpoint(x.mac, x.address)
WHERE e.device IN (SELECT device FROM update_spans);

-- Who told the device where the image is: a message to it that names it, within ten minutes before it was asked for.
INSERT INTO update_steps
SELECT s.device, s.transfer, 'told where', m.time_ns, m.peer, concat_ws(' ', m.carrier, m.subject), m.capture, m.frame
FROM update_spans AS s JOIN update_messages AS m USING (device)
WHERE NOT m.by_device AND m.time_ns < s.asked_ns AND m.last_ns > s.asked_ns - 600_000_000_000 AND contains(lower(m.text), s.word)
QUALIFY row_number() OVER (PARTITION BY s.device, s.transfer, m.carrier, m.peer ORDER BY m.time_ns DESC, m.capture, m.frame) = 1;

-- Hashes and sizes beside it, held against what came.
INSERT INTO update_steps
WITH told AS (
    SELECT s.device, s.transfer, m.time_ns, m.peer, concat_ws(' ', m.carrier, m.subject) AS said_by, m.capture, m.frame,
        unnest(list_distinct(regexp_extract_all(lower(m.text), '\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b'))) AS hash
    FROM update_spans AS s JOIN update_messages AS m USING (device)
    WHERE NOT m.by_device AND m.time_ns < s.end_ns AND contains(lower(m.text), s.word)
)
SELECT t.device, t.transfer, CASE WHEN i.sha256 IS NULL THEN 'told a hash' WHEN t.hash IN (i.sha256, i.sha1, i.md5) THEN 'told a hash that fits'
    ELSE 'told a hash that does not fit' END, t.time_ns, t.peer, t.said_by || ': ' || t.hash, t.capture, t.frame
FROM told AS t JOIN images AS i USING (device, transfer)
-- a target may be named by a hash of something else
WHERE NOT EXISTS (FROM update_spans AS s WHERE s.transfer = t.transfer AND contains(lower(s.uri), t.hash))
QUALIFY row_number() OVER (PARTITION BY t.device, t.transfer, t.hash ORDER BY t.time_ns, t.capture, t.frame) = 1;

-- What the device asked before, in clear: of the host that the image came from, or by a target that speaks of versions and updates.
INSERT INTO update_steps
WITH asked AS (
    SELECT e.device, q.* FROM http_requests AS q
    JOIN endpoints AS e ON e.endpoint = endpoint(q.source_mac, q.source)
)
SELECT s.device, s.transfer, 'asked for an update', q.time_ns, q.destination, q.method || ' http://' || coalesce(q.host, q.destination) || q.uri, q.capture, q.frame
FROM update_spans AS s JOIN asked AS q USING (device)
WHERE q.time_ns < s.asked_ns AND q.time_ns > s.asked_ns - 600_000_000_000 AND q.uri IS DISTINCT FROM s.uri
    AND (q.host = s.host OR speaks_of_updates(q.uri) OR speaks_of_updates(q.host))
    -- parts of another image are no questions
    AND NOT EXISTS (FROM transfer_parts AS p SEMI JOIN update_spans USING (transfer) WHERE p.asked_capture = q.capture AND p.asked_frame = q.frame)
QUALIFY row_number() OVER (PARTITION BY s.device, s.transfer, q.host, split_part(q.uri, '?', 1) ORDER BY q.time_ns DESC) = 1;

-- Packets that come in on connections that were open, within ten seconds before the device began; from the LAN, on any flow. They begin a burst, or come
-- into one that the device began: after a pause that follows another packet of the peer, so that the peer says more than it was asked. Longer bursts do
-- not tell all their packets.
INSERT INTO update_steps
WITH begun AS (
    SELECT device, transfer, min(asked_ns) AS began_ns FROM (
        SELECT device, transfer, asked_ns FROM update_spans
        UNION ALL SELECT device, transfer, time_ns FROM update_steps WHERE step = 'asked for an update') GROUP BY ALL
), near AS (
    SELECT g.transfer, g.began_ns, t.* FROM begun AS g JOIN device_bursts AS t USING (device)
    WHERE t.first_ns BETWEEN g.began_ns - 20_000_000_000 AND g.began_ns
), brought AS (
    SELECT * EXCLUDE (lengths, gaps_us), first_ns AS time_ns, '' AS inside FROM near WHERE NOT starts
    UNION ALL
    SELECT * EXCLUDE (lengths, gaps_us, nth), first_ns + 1000 * list_sum(gaps_us[:nth])::BIGINT,
        ', in a burst that began ' || round(list_sum(gaps_us[:nth]) / 1e6, 1) || ' s before'
    FROM (SELECT *, unnest(range(2, len(lengths) + 1)) AS nth FROM near WHERE packets = len(lengths))
    WHERE lengths[nth] < 0 AND lengths[nth - 1] < 0 AND gaps_us[nth] >= 100_000
)
SELECT t.device, t.transfer, CASE WHEN k.kind IN ('phone', 'neighbour') THEN 'packet from the LAN' ELSE 'packet on an open connection' END,
    t.time_ns, t.peer, concat_ws('/', coalesce(t.application, t.transport), t.port) || t.inside, t.capture, t.frame
FROM brought AS t JOIN peer_kinds AS k USING (device, peer)
WHERE t.time_ns BETWEEN t.began_ns - 10_000_000_000 AND t.began_ns
    AND (k.kind IN ('phone', 'neighbour') OR (k.kind = 'cloud' AND t.flow_first_ns < t.time_ns - 1_000_000_000))
    AND coalesce(t.application, '') NOT IN ('dns', 'mdns', 'ntp', 'ssdp', 'dhcp', 'nbns', 'llmnr')
QUALIFY row_number() OVER (PARTITION BY t.device, t.transfer, k.kind ORDER BY t.time_ns DESC, t.flow) = 1;

-- A restart, within a quarter of an hour after the last byte: the device asks for an address anew (a renewal names the one
-- that it uses, RFC 2131 4.3.2), or probes or announces one (RFC 5227) as it did not in the quarter of an hour before.
INSERT INTO update_steps
SELECT s.device, s.transfer, 'restart', d.time_ns, NULL, CASE d.message_type WHEN 1 THEN 'dhcp discover' ELSE 'dhcp request' END, d.capture, d.frame
FROM update_spans AS s JOIN device_macs AS m USING (device) JOIN dhcp AS d ON d.client_mac = m.mac
WHERE NOT d.is_reply AND d.message_type IN (1, 3) AND coalesce(d.client_address, '0.0.0.0') = '0.0.0.0'
    AND d.time_ns > s.end_ns AND d.time_ns <= s.end_ns + 900_000_000_000
QUALIFY row_number() OVER (PARTITION BY s.device, s.transfer ORDER BY d.time_ns, d.capture, d.frame) = 1;
INSERT INTO update_steps
WITH spoken AS (
    SELECT s.device, s.transfer, s.end_ns, a.time_ns, a.capture, a.frame, CASE a.sender WHEN '0.0.0.0' THEN 'arp probe' ELSE 'arp announcement' END AS what
    FROM update_spans AS s JOIN device_macs AS m USING (device) JOIN arp AS a ON a.sender_mac = m.mac
    WHERE a.sender IN ('0.0.0.0', a.target) AND a.time_ns BETWEEN s.end_ns - 900_000_000_000 AND s.end_ns + 900_000_000_000
)
SELECT device, transfer, 'restart', time_ns, NULL, what, capture, frame FROM spoken AS a
WHERE time_ns > end_ns AND NOT EXISTS (FROM spoken AS b WHERE b.transfer = a.transfer AND b.device = a.device AND b.time_ns <= b.end_ns)
QUALIFY row_number() OVER (PARTITION BY device, transfer ORDER BY time_ns, capture, frame) = 1;

-- Versions that a device tells of itself: keys in its messages and targets, and what facts say. A name that speaks of firmware
-- tells its version; another one (a user agent's) only where it changes over the update. In binary messages bytes that are no text stand between a
-- key and its value, written as \x and two digits.
CREATE TABLE version_sightings AS
WITH texts AS (
    SELECT device, carrier || ' ' AS told_by, text, time_ns, last_ns, capture, frame FROM update_messages WHERE by_device
    UNION ALL
    SELECT e.device, 'target ', q.uri, q.time_ns, q.time_ns, q.capture, q.frame
    FROM http_requests AS q
    JOIN endpoints AS e ON e.endpoint = endpoint(q.source_mac, q.source)
    WHERE e.device IN (SELECT device FROM update_spans)
        -- what is fetched says of itself what it is, not of the device
        AND NOT EXISTS (FROM transfer_parts AS p WHERE p.asked_capture = q.capture AND p.asked_frame = q.frame AND p.spool IS NOT NULL)
), pairs AS (
    SELECT text, unnest(list_zip(
        regexp_extract_all(text, '(?i)(?:\b|\\x[0-9A-F]{2})((?:[a-z0-9]+_)*[a-z]{0,16}(?:firmware|version|fw)(?:_?ver|_?version|_?rev)?|(?:[a-z0-9]+_)*(?:sw_?ver|ver|rom|build))(?:"?\s*[:=_/-]\s*"?|(?:\\x[0-9A-F]{2}){1,6})v?(\d{1,5}(?:\.\d{1,6}){1,5}[a-z0-9.+-]{0,16}|\d{3,8})', 1),
        regexp_extract_all(text, '(?i)(?:\b|\\x[0-9A-F]{2})((?:[a-z0-9]+_)*[a-z]{0,16}(?:firmware|version|fw)(?:_?ver|_?version|_?rev)?|(?:[a-z0-9]+_)*(?:sw_?ver|ver|rom|build))(?:"?\s*[:=_/-]\s*"?|(?:\\x[0-9A-F]{2}){1,6})v?(\d{1,5}(?:\.\d{1,6}){1,5}[a-z0-9.+-]{0,16}|\d{3,8})', 2))) AS pair
    -- the same is said again and again, and what names no version needs no closer look
    FROM (SELECT DISTINCT text FROM texts WHERE regexp_matches(text, '(?i)ver|rom|build|fw|firmware'))
), keyed AS (
    SELECT t.* EXCLUDE (text), pair FROM texts AS t JOIN pairs USING (text)
), products AS (
    -- RFC 9110 10.1.5: product/version; more than one slash: the last part is the version
    SELECT device, told_by || ' ' AS told_by, first_ns, unnest(list_zip(
        regexp_extract_all(told, '([A-Za-z][^\s;(),]*)/v?(\d[\w.+-]*)', 1), regexp_extract_all(told, '([A-Za-z][^\s;(),]*)/v?(\d[\w.+-]*)', 2))) AS pair
    FROM device_facts WHERE kind = 'software' AND device IN (SELECT device FROM update_spans)
)
SELECT device, told_by || pair[1] AS name, pair[2] AS version, time_ns AS first_ns, last_ns, capture, frame,
    regexp_matches(pair[1], '(?i)fw|firmware|sw_?ver|softwarever|rom_?ver') AS speaks_of_firmware FROM keyed
UNION ALL
SELECT device, told_by || pair[1], pair[2], first_ns, first_ns, NULL, NULL, false FROM products
UNION ALL
SELECT device, told_by, told, first_ns, first_ns, NULL, NULL, true FROM device_facts
WHERE kind = 'firmware' AND device IN (SELECT device FROM update_spans);

INSERT INTO update_versions
WITH before AS (
    SELECT s.device, s.transfer, v.name, arg_max(v.version, least(v.last_ns, s.asked_ns)) AS before, bool_or(v.speaks_of_firmware) AS speaks
    FROM update_spans AS s JOIN version_sightings AS v USING (device) WHERE v.first_ns <= s.end_ns GROUP BY ALL
), later AS (
    SELECT s.device, s.transfer, v.name, arg_min(v.version, v.first_ns) AS after, min(v.first_ns) AS first_ns, bool_or(v.speaks_of_firmware) AS speaks
    FROM update_spans AS s JOIN version_sightings AS v USING (device) LEFT JOIN before AS b ON b.device = s.device AND b.transfer = s.transfer AND b.name = v.name
    WHERE v.first_ns > s.end_ns AND v.version IS DISTINCT FROM b.before GROUP BY ALL
)
SELECT device, transfer, name, b.before, l.after, l.first_ns
FROM before AS b FULL JOIN later AS l USING (device, transfer, name)
WHERE (b.before IS NOT NULL AND l.after IS NOT NULL) OR coalesce(b.speaks, l.speaks);

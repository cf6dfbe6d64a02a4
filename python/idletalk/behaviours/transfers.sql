-- What devices fetched in clear, and what they were sent. Takes endpoints, subjects (inventory.sql), and the facts
-- http_requests, http_responses, http_bodies, file_contents.

-- Words that vendors use in names of hosts and targets of updates; alone, they say what was asked for and not what came.
CREATE OR REPLACE MACRO update_word(text) AS nullif(trim(regexp_extract(
    text, '(?i)(firmware|upgrade|bootloader|(^|[^a-z])(fw|f?ota|rom|updates?|upd)([^a-z]|$))'), '/._-?&=0123456789'), '');
CREATE OR REPLACE MACRO speaks_of_updates(text) AS update_word(text) IS NOT NULL;

-- Responses that bring devices something. What is long goes no further. A table, since one statement with all that follows needs more
-- memory than there is.
CREATE TABLE own_responses AS
SELECT e.device, r.* EXCLUDE (headers),
    nullif(regexp_extract(array_to_string(headers, chr(10)), '(?i)(^|\n)content-md5:\s*(\S+)', 2), '') AS content_md5
FROM http_responses AS r
JOIN endpoints AS e ON e.endpoint = endpoint(r.destination_mac, r.destination)
WHERE status IN (200, 203, 206) AND coalesce(request_method, 'GET') = 'GET' AND e.device IN (FROM subjects);

-- Their requests: of the same in one frame the first; a response that two captures hold, with MACs and without, is one.
CREATE TABLE own_requests AS
SELECT r.flow, r.position, min((r.capture, r.frame)) AS place,
    arg_min(struct_pack(q.user_agent, q.range, q.capture, q.frame, q.time_ns), (q.position, q.capture)) AS request
FROM own_responses AS r LEFT JOIN http_requests AS q ON q.flow = r.flow AND q.capture = r.request_capture AND q.frame = r.request_frame
    AND q.uri = r.request_uri
GROUP BY r.flow, r.position;

-- A response with its body, and the request that it answers, where that was captured.
CREATE TABLE fetches AS
SELECT r.device, 'http' AS protocol, r.source AS peer, r.source_port AS peer_port, r.flow, r.capture, r.frame, r.position,
    r.time_ns, r.request_method AS method, r.request_host AS host, r.request_uri AS uri, r.status, r.etag, r.last_modified,
    r.content_type, r.content_encoding, q.request.user_agent, q.request.range, q.request.capture AS asked_capture, q.request.frame AS asked_frame,
    q.request.time_ns AS asked_ns,
    try_cast(regexp_extract(r.content_range, '^\s*bytes\s+(\d+)-(\d+)/', 1) AS BIGINT) AS range_first,
    try_cast(regexp_extract(r.content_range, '^\s*bytes\s+(\d+)-(\d+)/', 2) AS BIGINT) AS range_last,
    try_cast(regexp_extract(r.content_range, '/(\d+)\s*$', 1) AS BIGINT) AS range_total,
    body.announced_bytes, body.framing, body.length_bytes, body.present_bytes, body.is_complete, body.missing, body.missing_ranges,
    body.conflicting_bytes, body.sha256, body.md5, body.decoded_bytes, body.decoded_sha256, body.spool, body.spool_offset, body.left_out, body.last_ns,
    r.content_md5
FROM own_responses AS r
JOIN http_bodies AS body ON body.flow = r.flow AND body.is_response AND body.position = r.position
    AND body.capture = r.capture AND body.frame = r.frame
JOIN own_requests AS q ON q.flow = r.flow AND q.position = r.position AND q.place = (r.capture, r.frame)
UNION ALL BY NAME
-- What others send a device unasked: bodies of requests to it, the whole in one.
SELECT e.device, 'http' AS protocol, q.source AS peer, q.source_port AS peer_port, q.flow, q.capture, q.frame, q.position,
    q.time_ns, q.method, q.host, q.uri, 200 AS status, body.content_type, body.content_encoding, q.user_agent,
    q.capture AS asked_capture, q.frame AS asked_frame, q.time_ns AS asked_ns,
    body.announced_bytes, body.framing, body.length_bytes, body.present_bytes, body.is_complete, body.missing, body.missing_ranges,
    body.conflicting_bytes, body.sha256, body.md5, body.decoded_bytes, body.decoded_sha256, body.spool, body.spool_offset, body.left_out, body.last_ns
FROM http_requests AS q
JOIN http_bodies AS body ON body.flow = q.flow AND NOT body.is_response AND body.position = q.position
    AND body.capture = q.capture AND body.frame = q.frame
JOIN endpoints AS e ON e.endpoint = endpoint(q.destination_mac, q.destination)
WHERE q.method IN ('POST', 'PUT') AND body.spool IS NOT NULL AND e.device IN (FROM subjects)
UNION ALL BY NAME
-- Other protocols: who is sent a file is who gets it, whoever asked.
SELECT e.device, c.protocol, c.source AS peer, c.source_port AS peer_port, c.flow, c.capture, c.frame, c.frame AS position,
    c.time_ns, NULL AS host, c.target AS uri, CASE WHEN c.start > 0 THEN 206 ELSE 200 END AS status, c.request_capture AS asked_capture,
    c.request_frame AS asked_frame, c.request_ns AS asked_ns, CASE WHEN c.start > 0 THEN 0 END AS range_first, c.announced_bytes AS range_total,
    c.announced_bytes, c.length_bytes, c.present_bytes, c.is_complete, c.missing, c.missing_ranges, 0 AS conflicting_bytes, c.sha256, c.md5,
    c.spool, c.spool_offset, c.left_out, c.last_ns
FROM file_contents AS c
JOIN endpoints AS e ON e.endpoint = endpoint(c.destination_mac, c.destination)
WHERE c.refusal IS NULL AND e.device IN (FROM subjects);

DROP TABLE own_responses;

DROP TABLE own_requests;

-- Parts of one thing: the same target, version mark and length, whatever the connection. A thing without marks is one a response.
CREATE TABLE transfer_parts AS
WITH marked AS (
    SELECT *, coalesce(etag, last_modified) AS mark, CASE WHEN status = 206 THEN range_total
        ELSE coalesce(announced_bytes, CASE WHEN is_complete THEN length_bytes END) END AS own_total
    FROM fetches
), sized AS (
    -- several ranges in one response (multipart/byteranges) tell the whole length inside of it only
    SELECT * EXCLUDE (own_total), CASE WHEN status = 206 AND uri IS NOT NULL
        THEN coalesce(own_total, max(own_total) OVER (PARTITION BY device, host, uri, mark)) ELSE own_total END AS total_bytes
    FROM marked
)
SELECT *, substr(sha256(concat_ws(chr(0), device, coalesce(host, peer), coalesce(uri, flow || position), coalesce(mark, ''),
    coalesce(total_bytes::VARCHAR, CASE WHEN status = 206 THEN '' ELSE coalesce(sha256, flow || position) END))), 1, 16) AS transfer
FROM sized;

DROP TABLE fetches;

CREATE TABLE transfers AS
SELECT transfer, device, min(protocol) AS protocol, min(host) AS host, min(uri) AS uri, min(peer) AS peer, min(peer_port) AS peer_port, max(total_bytes) AS total_bytes,
    count(*) AS responses, count(DISTINCT flow) AS connections, sum(present_bytes)::BIGINT AS received_bytes,
    bool_or(is_complete AND status <> 206) AS is_whole_in_one, sum(conflicting_bytes)::BIGINT AS conflicting_bytes,
    min(etag) AS etag, min(last_modified) AS last_modified, min(content_type) AS content_type, min(content_encoding) AS content_encoding,
    min(user_agent) AS user_agent, coalesce(min(method) IN ('POST', 'PUT'), false) AS is_sent, min(content_md5) AS content_md5,
    min(sha256) FILTER (is_complete AND status <> 206) AS sha256, min(md5) FILTER (is_complete AND status <> 206) AS md5,
    count(spool) AS kept_parts, min(asked_ns) AS asked_ns, min(time_ns) AS first_ns, max(last_ns) AS last_ns
FROM transfer_parts GROUP BY transfer, device;

COMMENT ON TABLE transfers IS 'Things that devices fetched in clear, or were sent in requests to them: all responses for one target, version mark and length together.';
COMMENT ON COLUMN transfers.transfer IS 'Id: from device, host, target, version mark and length';
COMMENT ON COLUMN transfers.device IS 'Device id';
COMMENT ON COLUMN transfers.protocol IS 'How it came: http, tftp, ftp or coap';
COMMENT ON COLUMN transfers.host IS 'Host that was asked; null: the request was not captured';
COMMENT ON COLUMN transfers.uri IS 'Target that was asked';
COMMENT ON COLUMN transfers.peer IS 'Address that answered';
COMMENT ON COLUMN transfers.peer_port IS 'Its port';
COMMENT ON COLUMN transfers.total_bytes IS 'Length of the whole as told (Content-Range, Content-Length), else as received; null: unknown';
COMMENT ON COLUMN transfers.responses IS 'Responses that carried it or parts of it';
COMMENT ON COLUMN transfers.connections IS 'Connections that did';
COMMENT ON COLUMN transfers.received_bytes IS 'Bytes of bodies that were captured; those fetched twice count twice';
COMMENT ON COLUMN transfers.is_whole_in_one IS 'One response carried all of it, and all of that was captured';
COMMENT ON COLUMN transfers.conflicting_bytes IS 'Bytes of which TCP carried copies that differ';
COMMENT ON COLUMN transfers.etag IS 'Version mark of the server';
COMMENT ON COLUMN transfers.last_modified IS 'When it was changed last, as sent';
COMMENT ON COLUMN transfers.content_type IS 'Type, as sent';
COMMENT ON COLUMN transfers.content_encoding IS 'Content encoding, as sent';
COMMENT ON COLUMN transfers.user_agent IS 'What the device said it is; of what it was sent, what the sender said';
COMMENT ON COLUMN transfers.is_sent IS 'The peer sent it in a request (POST or PUT); else the device fetched it';
COMMENT ON COLUMN transfers.content_md5 IS 'Content-MD5, as sent';
COMMENT ON COLUMN transfers.sha256 IS 'SHA-256 where one response carried all of it';
COMMENT ON COLUMN transfers.md5 IS 'MD5 of the same';
COMMENT ON COLUMN transfers.kept_parts IS 'Parts whose bytes were kept in files';
COMMENT ON COLUMN transfers.asked_ns IS 'First request, UTC nanoseconds since 1970; null: not captured';
COMMENT ON COLUMN transfers.first_ns IS 'First response, UTC nanoseconds since 1970';
COMMENT ON COLUMN transfers.last_ns IS 'Last byte, UTC nanoseconds since 1970';

-- Files that could be images of firmware, filled by images.py: transfers whose parts were kept.
CREATE TABLE images (
    device VARCHAR, transfer VARCHAR, file VARCHAR, size_bytes BIGINT, is_complete BOOLEAN, missing BIGINT[], missing_bytes BIGINT,
    conflicting_bytes BIGINT, repeated_bytes BIGINT, sha256 VARCHAR, md5 VARCHAR, sha1 VARCHAR, is_firmware BOOLEAN, reasons VARCHAR[], format VARCHAR,
    authentication VARCHAR, authenticated_by VARCHAR, sentence VARCHAR, told_hashes VARCHAR[]);

COMMENT ON TABLE images IS 'Things that were fetched and are neither text nor media, put together byte by byte from all their parts.';
COMMENT ON COLUMN images.device IS 'Device id';
COMMENT ON COLUMN images.transfer IS 'Transfer that it came by (see transfers)';
COMMENT ON COLUMN images.file IS 'File inside the analysis; what is missing is a hole';
COMMENT ON COLUMN images.size_bytes IS 'Length as told, else up to the last byte that came; without content coding where that could be undone';
COMMENT ON COLUMN images.is_complete IS 'Its length is known and every byte was captured';
COMMENT ON COLUMN images.missing IS 'Ranges that were not captured: first byte and the one behind the last, in turn; the first 128';
COMMENT ON COLUMN images.missing_bytes IS 'Bytes of all of them';
COMMENT ON COLUMN images.conflicting_bytes IS 'Bytes of which two responses say different things; the earlier one stands';
COMMENT ON COLUMN images.repeated_bytes IS 'Bytes that came more than once, in different responses';
COMMENT ON COLUMN images.sha256 IS 'SHA-256 of the whole; null unless complete';
COMMENT ON COLUMN images.md5 IS 'MD5 of the same';
COMMENT ON COLUMN images.sha1 IS 'SHA-1 of the same';
COMMENT ON COLUMN images.is_firmware IS 'Whether it is taken for firmware';
COMMENT ON COLUMN images.reasons IS 'Why: what its content is, what its target says';
COMMENT ON COLUMN images.format IS 'Outermost format that was recognised';
COMMENT ON COLUMN images.authentication IS 'What authenticates it (closed list of words, see docs of idletalk firmware)';
COMMENT ON COLUMN images.authenticated_by IS 'By what';
COMMENT ON COLUMN images.sentence IS 'What somebody in the middle could do';
COMMENT ON COLUMN images.told_hashes IS 'Hashes of it that were told in clear, where (target, a field of the response, or a message: its carrier) and by whom';

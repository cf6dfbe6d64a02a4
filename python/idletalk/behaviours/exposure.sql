-- Messages that can be read, of the devices that are judged. Takes device_macs, bare_devices, subjects (inventory.sql), peers,
-- and the facts payloads, http_requests, http_responses, mqtt.

CREATE TEMP TABLE told AS
WITH spoken AS (
    SELECT flow, carrier, subject, stream_offset, content, times, capture, frame, time_ns, last_ns,
        source_mac, source, source_port, destination_mac, destination
    FROM payloads
    UNION ALL
    SELECT flow, 'http', uri, 0, encode(method || ' ' || uri || chr(10) || array_to_string(headers, chr(10))), 1, capture, frame,
        time_ns, time_ns, source_mac, source, source_port, destination_mac, destination
    FROM http_requests
    UNION ALL
    SELECT flow, 'http', request_uri, 0, encode(array_to_string(headers, chr(10))), 1, capture, frame,
        time_ns, time_ns, source_mac, source, source_port, destination_mac, destination
    FROM http_responses
    UNION ALL
    SELECT flow, 'mqtt', topic, 0, encode('topic: ' || topic), count(*), min(capture), arg_min(frame, (capture, frame)),
        min(time_ns), max(time_ns), source_mac, source, source_port, destination_mac, destination
    FROM mqtt WHERE topic IS NOT NULL GROUP BY ALL
    UNION ALL
    SELECT flow, 'mqtt', NULL, 0, encode('client id ' || client_id || coalesce(chr(10) || 'user name: ' || user_name, '')), 1, capture, frame,
        time_ns, time_ns, source_mac, source, source_port, destination_mac, destination
    FROM mqtt WHERE packet_type = 'connect' AND client_id IS NOT NULL
), ends AS (
    SELECT s.*, coalesce(m.device, b.device) AS sender, coalesce(n.device, c.device) AS receiver
    FROM spoken AS s
    LEFT JOIN device_macs AS m ON m.mac = s.source_mac
    LEFT JOIN bare_devices AS b ON b.address = s.source AND s.source_mac IS NULL
    LEFT JOIN device_macs AS n ON n.mac = s.destination_mac
    LEFT JOIN bare_devices AS c ON c.address = s.destination AND s.destination_mac IS NULL
)
SELECT sender AS device, true AS sent, destination AS peer, * EXCLUDE (sender, receiver) FROM ends WHERE sender IN (FROM subjects)
UNION ALL
SELECT receiver, false, source, * EXCLUDE (sender, receiver) FROM ends
WHERE receiver IN (FROM subjects);

-- What must not be shown: never kept.
CREATE TEMP TABLE secret_texts (kind VARCHAR, secret VARCHAR);

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

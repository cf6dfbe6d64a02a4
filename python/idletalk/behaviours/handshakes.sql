-- What servers show as their certificate, and what TLS and DTLS agree on. Takes endpoints, subjects (inventory.sql), and the facts certificates, tls_connections,
-- tls_server_hellos; clock_error (timesync.sql).

-- A name of a certificate covers a host: itself, or with a star for one label (RFC 9525 6.3).
CREATE MACRO covers(name, host) AS lower(name) = lower(host)
    OR (name LIKE '*.%' AND contains(host, '.') AND lower(substr(name, 3)) = lower(regexp_replace(host, '^[^.]+\.', '')));

-- Names for hosts in a certificate; the subject's counts only where there is none else.
CREATE MACRO hosts_of(names, subject_cn) AS
    CASE WHEN len(list_filter(names, lambda name: NOT regexp_matches(name, '^(URI|email):'))) > 0
        THEN list_filter(names, lambda name: NOT regexp_matches(name, '^(URI|email):')) WHEN subject_cn IS NOT NULL THEN [subject_cn] END;

-- 1995, when Netscape Navigator brought SSL: an earlier time is that of a clock nobody had set, as of a small computer before it asks for the time.
CREATE MACRO ssl_ns() AS 788_918_400_000_000_000;

-- When a certificate was shown, by the time that servers tell where the capture's clock is wrong.
CREATE MACRO shown_ns(captured_ns) AS captured_ns + coalesce((SELECT max(off_ns) FROM clock_error WHERE is_off), 0);

-- Messages of servers for the device that gets one and for the device that sends it.
CREATE MACRO from_both_ends(messages) AS TABLE
SELECT e.device, true AS is_client, m.source AS peer, m.source_port AS port, m.* FROM query_table(messages) AS m
JOIN endpoints AS e ON e.endpoint = endpoint(m.destination_mac, m.destination) WHERE e.device IN (FROM subjects)
UNION ALL
SELECT e.device, false, m.destination, m.source_port, m.* FROM query_table(messages) AS m
JOIN endpoints AS e ON e.endpoint = endpoint(m.source_mac, m.source) WHERE e.device IN (FROM subjects);

-- Wireshark shows none of which bytes are missing, and its fields are what can be looked up.
CREATE VIEW own_certificates AS
FROM certificates WHERE sent_by = 'server' AND position = 0 AND NOT is_repeated AND sha256 IS NOT NULL;

-- Servers' own certificates, seen from the device that gets one and from the device that shows one.
CREATE TABLE server_certificates AS
WITH ends AS (
    SELECT flow, carrier, max(server_name) AS host, coalesce(bool_or(is_established), false) AS is_established
    FROM tls_connections GROUP BY flow, carrier
)
SELECT s.device, s.is_client, s.peer, s.carrier, s.port, t.host, s.flow, s.sha256, s.subject_cn, s.capture, s.frame, s.time_ns, coalesce(t.is_established, false) AS is_established,
    list_filter([
        CASE WHEN s.not_after_ns < shown_ns(s.time_ns) THEN 'expired on ' || strftime(make_timestamp_ns(s.not_after_ns), '%Y-%m-%d') END,
        CASE WHEN s.not_before_ns > shown_ns(s.time_ns) AND shown_ns(s.time_ns) >= ssl_ns() THEN 'not valid before ' || strftime(make_timestamp_ns(s.not_before_ns), '%Y-%m-%d') END,
        CASE WHEN s.is_self_signed AND s.self_signed_by = 'signature' THEN 'signed by itself' END,
        CASE WHEN s.error IS NULL AND t.host IS NOT NULL AND hosts_of(s.alternative_names, s.subject_cn) IS NOT NULL
            AND len(list_filter(hosts_of(s.alternative_names, s.subject_cn), lambda name: covers(name, t.host))) = 0
            THEN 'for ' || array_to_string(hosts_of(s.alternative_names, s.subject_cn)[:3], ', ') || ', not ' || t.host END,
        CASE WHEN s.key_type IN ('rsa', 'dsa') AND s.key_bits < 2048 THEN 'with a key of ' || s.key_bits || ' bits (' || upper(s.key_type) || ')' END,
        CASE WHEN NOT coalesce(s.is_self_signed, false) THEN 'signed with ' || upper(nullif(regexp_extract(s.signature_algorithm, '(?i)(md2|md5|sha1)', 1), '')) END
    ], lambda fault: fault IS NOT NULL) AS faults
FROM from_both_ends('own_certificates') AS s LEFT JOIN ends AS t USING (flow, carrier);

COMMENT ON TABLE server_certificates IS 'Servers'' own certificates, once for each handshake that shows one in clear (before TLS 1.3), for the device that got or showed it.';
COMMENT ON COLUMN server_certificates.device IS 'Device id';
COMMENT ON COLUMN server_certificates.is_client IS 'The device was shown the certificate; else it showed it';
COMMENT ON COLUMN server_certificates.peer IS 'Address of the other side';
COMMENT ON COLUMN server_certificates.carrier IS 'tls or dtls';
COMMENT ON COLUMN server_certificates.port IS 'Port of the server';
COMMENT ON COLUMN server_certificates.host IS 'Name that the client asked for; null: none, or its hello was not captured';
COMMENT ON COLUMN server_certificates.flow IS 'Flow (see flows)';
COMMENT ON COLUMN server_certificates.sha256 IS 'SHA-256 of the certificate';
COMMENT ON COLUMN server_certificates.subject_cn IS 'Common name of its subject';
COMMENT ON COLUMN server_certificates.capture IS 'Capture file, by its index';
COMMENT ON COLUMN server_certificates.frame IS 'Frame that completed it, as Wireshark numbers it';
COMMENT ON COLUMN server_certificates.time_ns IS 'When that was, UTC nanoseconds since 1970';
COMMENT ON COLUMN server_certificates.is_established IS 'The handshake was finished by both sides, as far as records tell';
COMMENT ON COLUMN server_certificates.faults IS 'What is wrong with it; empty: nothing that was looked for';

CREATE VIEW weak_hellos AS
FROM (
    SELECT *, (carrier = 'tls' AND version < 771) OR (carrier = 'dtls' AND version = 65279) AS is_old,
        nullif(regexp_extract(cipher_name, '(^|_)(NULL|anon|EXPORT|RC4|RC2|DES|DES40|3DES)(_|$)', 2), '') AS weakness
    FROM tls_server_hellos WHERE carrier IN ('tls', 'dtls') AND NOT is_repeated AND NOT is_hello_retry
) WHERE is_old OR weakness IS NOT NULL;

-- What was agreed on and protects less than it should, from both ends.
CREATE TABLE weak_handshakes AS
SELECT device, is_client, peer, carrier, port, flow, version, is_old, cipher, cipher_name, weakness, capture, frame, time_ns
FROM from_both_ends('weak_hellos');

COMMENT ON TABLE weak_handshakes IS 'Handshakes that agreed on a version or a cipher suite that protects less than it should.';
COMMENT ON COLUMN weak_handshakes.device IS 'Device id';
COMMENT ON COLUMN weak_handshakes.is_client IS 'The device is the client; else the server';
COMMENT ON COLUMN weak_handshakes.peer IS 'Address of the other side';
COMMENT ON COLUMN weak_handshakes.carrier IS 'tls or dtls';
COMMENT ON COLUMN weak_handshakes.port IS 'Port of the server';
COMMENT ON COLUMN weak_handshakes.flow IS 'Flow (see flows)';
COMMENT ON COLUMN weak_handshakes.version IS 'Version agreed on (769 TLS 1.0)';
COMMENT ON COLUMN weak_handshakes.is_old IS 'It is older than TLS 1.2 or DTLS 1.2, which RFC 8996 deprecates';
COMMENT ON COLUMN weak_handshakes.cipher IS 'Cipher suite chosen (IANA number)';
COMMENT ON COLUMN weak_handshakes.cipher_name IS 'Its name';
COMMENT ON COLUMN weak_handshakes.weakness IS 'The part of its name that is weak; null: none';
COMMENT ON COLUMN weak_handshakes.capture IS 'Capture file, by its index';
COMMENT ON COLUMN weak_handshakes.frame IS 'Frame of the ServerHello, as Wireshark numbers it';
COMMENT ON COLUMN weak_handshakes.time_ns IS 'When that was, UTC nanoseconds since 1970';

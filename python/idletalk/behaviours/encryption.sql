-- Is it encrypted? For each flow and direction the channel, what its payload is, and what tells it. Takes flows, messages,
-- peer_flows, pair_protocols, and the facts flow_content, tls_connections, tls_client_hellos, snmp, rtsp, rtp_streams.

-- Thresholds of what bytes alone tell. All are measured: docs/validation.md has the samples and the error rates.
-- Share of bytes in runs of at least 8 printable ones, from which on a direction is text: heads of messages are less, lines are more.
CREATE MACRO text_share() AS 0.7;
-- The same, from which on text stands beside bytes like random ones.
CREATE MACRO mixed_text_share() AS 0.05;
-- Bytes below which structure does not show: one for each value.
CREATE MACRO least_bytes() AS 256;
-- Share of the 16 most frequent values, above which there is structure: random bytes have 0.1 to 0.2.
CREATE MACRO frequent_share() AS 0.6;
-- Dispersion (chi-square by degree of freedom) of the 240 rarer values up to which bytes are like random ones: of 10,500 random
-- samples 99.9 % are below 1.01 and the largest is 1.05.
CREATE MACRO random_dispersion() AS 1.1;
-- The same, from which on there is structure.
CREATE MACRO structured_dispersion() AS 1.3;

-- What bytes alone tell of a direction that no parser claims.
CREATE TABLE content_verdicts AS
WITH largest AS (
    FROM flow_content
    QUALIFY row_number() OVER (
        PARTITION BY flow, source_mac, source, source_port ORDER BY sampled_bytes DESC, time_ns, capture, frame) = 1
), shares AS (
    SELECT *, text_bytes / sampled_bytes AS share FROM largest
)
SELECT flow, source_mac, source, source_port, sampled_bytes,
    CASE
        WHEN share >= text_share() OR signature IS NOT NULL THEN 'cleartext'
        WHEN sampled_bytes < least_bytes() THEN 'unknown'
        WHEN frequent_ratio > frequent_share() OR rest_dispersion >= structured_dispersion() THEN 'cleartext'
        WHEN rest_dispersion > random_dispersion() THEN 'unknown'
        WHEN share > mixed_text_share() THEN 'mixed'
        WHEN video_units > 0 THEN 'unknown'
        ELSE 'encrypted' END AS payload,
    CASE
        WHEN share >= text_share() THEN 'bytes: text'
        WHEN signature IS NOT NULL THEN 'bytes: compressed or media (' || signature || ')'
        WHEN sampled_bytes < least_bytes() THEN 'bytes: too few'
        WHEN frequent_ratio > frequent_share() OR rest_dispersion >= structured_dispersion() THEN 'bytes: with structure'
        WHEN rest_dispersion > random_dispersion() THEN 'bytes: neither like random ones nor clearly with structure'
        WHEN share > mixed_text_share() THEN 'bytes: text, and others like random ones'
        WHEN video_units > 0 THEN 'bytes: like random ones, with what may be start codes of video'
        ELSE 'bytes: like random ones' END AS reason
FROM shares;

-- What protocols are by their standards, where a message tells nothing else.
CREATE TABLE protocol_security AS
SELECT unnest(['tls', 'dtls', 'quic', 'ssh', 'wireguard', 'esp', 'wlan-protected']) AS protocol,
    unnest(['tls', 'dtls', 'quic', 'ssh', 'wireguard', 'ipsec', 'wlan']) AS channel, 'encrypted' AS payload
UNION ALL
SELECT unnest(['http', 'mqtt', 'ftp', 'smtp', 'imap', 'pop3', 'xmpp', 'rtsp', 'sip', 'tftp', 'syslog', 'snmp', 'dns', 'mdns', 'llmnr', 'nbns',
    'dhcp', 'dhcpv6', 'lldp', 'ntp', 'ssdp', 'wsd', 'coap', 'stun', 'rtcp', 'tplink', 'yeelight', 'lifx', 'sadp', 'icmp', 'icmpv6', 'igmp']),
    'none', 'cleartext'
UNION ALL
-- whether media is SRTP is agreed upon elsewhere: its header looks the same (RFC 3711 3.1)
SELECT 'rtp', 'none', 'unknown';

-- Transports of RTSP without encryption (RFC 2326 12.39, RFC 4585); with SRTP they are RTP/SAVP and RTP/SAVPF (RFC 3711, RFC 5124).
CREATE MACRO is_plain_rtp(transport) AS regexp_matches(transport, '(?i)^RTP/AVPF?(/(UDP|TCP))?(;|$)');

-- Hosts that agreed on such transports alone.
CREATE TABLE plain_media AS
SELECT least(source, destination) AS low, greatest(source, destination) AS high FROM rtsp
WHERE is_response AND status = 200 AND transport IS NOT NULL GROUP BY ALL HAVING bool_and(is_plain_rtp(transport));

CREATE TABLE flow_encryption AS
WITH directions AS (
    SELECT flow, 'originator' AS sender, network, transport, application, recognised_by, originator_payload_bytes AS payload_bytes,
        originator_mac AS mac, originator AS address, originator_port AS port
    FROM flows WHERE originator_payload_bytes > 0
    UNION ALL
    SELECT flow, 'responder', network, transport, application, recognised_by, responder_payload_bytes,
        responder_mac, responder, responder_port
    FROM flows WHERE responder_payload_bytes > 0
), records AS (
    -- the application data of each side of a connection inside TLS or DTLS
    SELECT flow, source AS address, source_port AS port, carrier, started_in, cipher_name, source_records AS records FROM tls_connections
    UNION ALL
    SELECT flow, destination, destination_port, carrier, started_in, cipher_name, destination_records FROM tls_connections
), secured AS (
    SELECT flow, address, port, max(carrier) AS carrier, max(started_in) AS started_in, sum(records)::BIGINT AS records,
        max(cipher_name) FILTER (cipher_name LIKE '%WITH_NULL%') AS null_cipher
    FROM records GROUP BY flow, address, port
), fields AS (
    SELECT flow, source AS address, array_to_string(list_sort(list_distinct(flatten(list(encrypted_fields)))), ', ') AS names
    FROM messages WHERE encrypted GROUP BY flow, source
), told AS (
    SELECT d.*, s.carrier, s.started_in, s.records, s.null_cipher, f.names AS encrypted_names, p.channel AS usual_channel,
        p.payload AS usual_payload, c.payload AS content_payload, c.reason AS content_reason, v.flow IS NOT NULL AS is_vendors,
        d.flow IN (SELECT flow FROM tls_client_hellos WHERE carrier = 'dtls') AS has_dtls,
        d.flow IN (SELECT flow FROM snmp WHERE pdu IS NULL) AS has_private_snmp,
        d.flow IN (SELECT r.flow FROM rtp_streams AS r JOIN plain_media AS a
            ON a.low = least(r.source, r.destination) AND a.high = greatest(r.source, r.destination)) AS has_plain_media
    FROM directions AS d
    LEFT JOIN secured AS s ON s.flow = d.flow AND s.address IS NOT DISTINCT FROM d.address AND s.port IS NOT DISTINCT FROM d.port
    LEFT JOIN fields AS f ON f.flow = d.flow AND f.address IS NOT DISTINCT FROM d.address
    LEFT JOIN (SELECT DISTINCT flow FROM messages) AS v ON v.flow = d.flow
    LEFT JOIN protocol_security AS p ON p.protocol = coalesce(d.application, d.transport, d.network)
        AND (d.recognised_by IS DISTINCT FROM 'port')
    LEFT JOIN content_verdicts AS c ON c.flow = d.flow AND c.source IS NOT DISTINCT FROM d.address
        AND c.source_port IS NOT DISTINCT FROM d.port
        AND (d.address IS NOT NULL OR c.source_mac IS NOT DISTINCT FROM d.mac)
)
SELECT flow, sender, application, payload_bytes,
    CASE
        WHEN carrier IS NOT NULL THEN carrier
        WHEN has_dtls AND application IN ('rtp', 'rtcp', 'stun') THEN 'dtls-srtp'
        ELSE coalesce(usual_channel, 'none') END AS channel,
    CASE
        WHEN null_cipher IS NOT NULL THEN 'cleartext'
        WHEN started_in IS NOT NULL THEN 'mixed'
        WHEN carrier IS NOT NULL AND records = 0 THEN 'unknown'
        WHEN carrier IS NOT NULL THEN 'encrypted'
        WHEN has_dtls AND application IN ('rtp', 'rtcp', 'stun') THEN 'encrypted'
        WHEN encrypted_names IS NOT NULL THEN 'mixed'
        WHEN has_private_snmp THEN 'unknown'
        WHEN has_plain_media THEN 'cleartext'
        WHEN usual_payload IS NOT NULL THEN usual_payload
        WHEN is_vendors THEN 'cleartext'
        ELSE coalesce(content_payload, 'unknown') END AS payload,
    CASE
        WHEN null_cipher IS NOT NULL THEN 'cipher ' || null_cipher || ' does not encrypt'
        WHEN started_in IS NOT NULL THEN started_in || ' in clear, then ' || carrier
        WHEN carrier IS NOT NULL AND records = 0 THEN 'protocol: ' || carrier || ', of which no application data was seen'
        WHEN carrier IS NOT NULL THEN 'protocol: ' || carrier
        WHEN has_dtls AND application IN ('rtp', 'rtcp', 'stun') THEN 'protocol: keys agreed upon by dtls'
        WHEN encrypted_names IS NOT NULL THEN 'protocol: ' || application || ' in clear with encrypted ' || encrypted_names
        WHEN has_private_snmp THEN 'protocol: snmp with messages that may be encrypted'
        WHEN has_plain_media THEN 'protocol: rtp without encryption, as rtsp agreed upon'
        WHEN usual_payload = 'unknown' THEN 'protocol: ' || application || ', whose content may be encrypted'
        WHEN usual_payload IS NOT NULL THEN 'protocol: ' || coalesce(application, transport, network)
        WHEN is_vendors THEN 'protocol: ' || application
        WHEN content_payload IS NOT NULL THEN content_reason
        ELSE 'nothing tells it' END AS reason
FROM told;

COMMENT ON TABLE flow_encryption IS 'Whether each direction of a flow is encrypted; directions without payload have no row.';
COMMENT ON COLUMN flow_encryption.flow IS 'Flow id';
COMMENT ON COLUMN flow_encryption.sender IS 'Whose bytes: originator or responder';
COMMENT ON COLUMN flow_encryption.application IS 'Application protocol; null while unknown';
COMMENT ON COLUMN flow_encryption.payload_bytes IS 'Transport payload bytes on the wire';
COMMENT ON COLUMN flow_encryption.channel IS 'What protects the flow: tls, dtls, dtls-srtp, quic, ssh, wireguard, ipsec, wlan; none where nothing known does';
COMMENT ON COLUMN flow_encryption.payload IS 'encrypted, cleartext (compressed and media too), mixed, or unknown';
COMMENT ON COLUMN flow_encryption.reason IS 'What tells it: the protocol, or statistics of its bytes';

-- The same by peer and protocol, in bytes of payload.
CREATE TABLE peer_encryption AS
-- of flows there may be millions: numbers stand for them, for verdicts and for what is said with whom
WITH verdicts AS MATERIALIZED (
    SELECT row_number() OVER ()::INTEGER AS verdict, * FROM (SELECT DISTINCT channel, payload, reason FROM flow_encryption)
), judged AS (
    SELECT ('0x' || e.flow)::UBIGINT AS id, v.verdict, e.payload_bytes
    FROM flow_encryption AS e JOIN verdicts AS v ON v.channel = e.channel AND v.payload = e.payload AND v.reason IS NOT DISTINCT FROM e.reason
), pairs AS MATERIALIZED (
    SELECT row_number() OVER ()::INTEGER AS pair, * FROM (SELECT DISTINCT device, peer, network, transport, application FROM pair_protocols)
), said AS (
    SELECT DISTINCT n.pair, ('0x' || p.flow)::UBIGINT AS id
    FROM peer_flows AS p JOIN pairs AS n ON n.device = p.device AND n.peer = p.peer AND n.network = p.network
        AND n.transport IS NOT DISTINCT FROM p.transport AND n.application IS NOT DISTINCT FROM p.application
), sums AS (
    SELECT s.pair, j.verdict, sum(j.payload_bytes) AS payload_bytes, max(j.payload_bytes) AS most_bytes
    FROM said AS s JOIN judged AS j USING (id) GROUP BY ALL
)
SELECT n.device, n.peer, n.network, n.transport, n.application,
    array_to_string(list_sort(list_distinct(list(v.channel))), ', ') AS channel,
    coalesce(sum(s.payload_bytes) FILTER (v.payload = 'encrypted'), 0)::BIGINT AS encrypted_bytes,
    coalesce(sum(s.payload_bytes) FILTER (v.payload = 'cleartext'), 0)::BIGINT AS cleartext_bytes,
    coalesce(sum(s.payload_bytes) FILTER (v.payload = 'mixed'), 0)::BIGINT AS mixed_bytes,
    coalesce(sum(s.payload_bytes) FILTER (v.payload = 'unknown'), 0)::BIGINT AS unknown_bytes,
    -- the verdict that all share but what is unknown of less than half; both kinds together are mixed
    CASE
        WHEN 2 * unknown_bytes >= sum(s.payload_bytes) THEN 'unknown'
        WHEN mixed_bytes > 0 OR (encrypted_bytes > 0 AND cleartext_bytes > 0) THEN 'mixed'
        WHEN encrypted_bytes > 0 THEN 'encrypted'
        ELSE 'cleartext' END AS payload,
    -- the reason of the most bytes
    arg_max(v.reason, (s.most_bytes, v.reason)) AS reason
FROM sums AS s JOIN verdicts AS v USING (verdict) JOIN pairs AS n USING (pair)
GROUP BY ALL;

COMMENT ON TABLE peer_encryption IS 'Whether what a device and a peer say is encrypted, by protocol. Both directions together; flow_encryption has each.';
COMMENT ON COLUMN peer_encryption.device IS 'Device id';
COMMENT ON COLUMN peer_encryption.peer IS 'Peer, as in peers';
COMMENT ON COLUMN peer_encryption.network IS 'Network layer';
COMMENT ON COLUMN peer_encryption.transport IS 'Transport layer';
COMMENT ON COLUMN peer_encryption.application IS 'Application protocol; null while unknown';
COMMENT ON COLUMN peer_encryption.channel IS 'What protects it, as in flow_encryption; several by commas';
COMMENT ON COLUMN peer_encryption.encrypted_bytes IS 'Payload bytes of directions that are encrypted';
COMMENT ON COLUMN peer_encryption.cleartext_bytes IS 'Payload bytes of directions in clear';
COMMENT ON COLUMN peer_encryption.mixed_bytes IS 'Payload bytes of directions that are partly encrypted';
COMMENT ON COLUMN peer_encryption.unknown_bytes IS 'Payload bytes of directions of which it is not known';
COMMENT ON COLUMN peer_encryption.payload IS 'encrypted, cleartext, mixed, or unknown (at least half of the bytes)';
COMMENT ON COLUMN peer_encryption.reason IS 'What tells it for the direction with the most bytes';

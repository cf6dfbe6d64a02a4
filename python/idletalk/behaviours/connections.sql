-- Connections that are kept open. Takes flow_ends (cadence.sql), flows, and the facts bursts, mqtt.

CREATE TABLE long_connections AS
WITH lasting AS (
    SELECT e.device, e.peer, f.flow, f.transport, f.application, f.responder_port AS port,
        e.is_originator AS opened_by_device, f.first_ns, f.last_ns, f.duration_s,
        -- of UDP nothing tells the beginning or the end
        f.transport = 'tcp' AND f.began_in_capture IS TRUE AS began,
        f.transport = 'tcp' AND (f.originator_tcp_flags | f.responder_tcp_flags) & 5 > 0 AS ended
    FROM flow_ends AS e JOIN flows AS f USING (flow)
    WHERE f.transport IN ('tcp', 'udp') AND f.duration_s >= 600 AND f.originator_packets > 0 AND f.responder_packets > 0
        AND coalesce(f.application, '') NOT IN ('dns', 'mdns', 'llmnr', 'nbns', 'ntp', 'ssdp', 'dhcp', 'dhcpv6')
), said AS (
    SELECT flow, first_ns, last_ns, bursts, lag(last_ns) OVER (PARTITION BY flow ORDER BY first_ns, frame) AS before_ns
    FROM bursts SEMI JOIN lasting USING (flow)
), pauses AS (
    SELECT flow, sum(bursts)::BIGINT AS messages, min(first_ns) AS first_ns, max(last_ns) AS last_ns,
        max(first_ns - before_ns) AS between_ns
    FROM said GROUP BY flow
), told AS (
    SELECT flow, max(keep_alive_s) AS keep_alive_s FROM mqtt WHERE packet_type = 'connect' GROUP BY flow
), held AS (
    SELECT l.*, coalesce(p.messages, 0) AS messages,
        greatest(coalesce(p.between_ns, 0), coalesce(p.first_ns - l.first_ns, l.last_ns - l.first_ns), coalesce(l.last_ns - p.last_ns, 0))
            / 1e9 AS longest_silence_s
    FROM lasting AS l LEFT JOIN pauses AS p USING (flow)
)
SELECT h.* EXCLUDE (flow), h.flow, NULL::DOUBLE AS keep_alive_s, NULL::VARCHAR AS keep_alive, t.keep_alive_s AS told_keep_alive_s
FROM held AS h LEFT JOIN told AS t USING (flow)
-- a mapping of a NAT that is kept alive (RFC 4787 4.3: five minutes are its recommended default)
WHERE h.transport = 'tcp' OR h.longest_silence_s <= 300;

COMMENT ON TABLE long_connections IS 'Connections that lasted for ten minutes or more.';
COMMENT ON COLUMN long_connections.device IS 'Device id';
COMMENT ON COLUMN long_connections.peer IS 'Peer, as in peers';
COMMENT ON COLUMN long_connections.transport IS 'tcp or udp';
COMMENT ON COLUMN long_connections.application IS 'Application protocol; null while unknown';
COMMENT ON COLUMN long_connections.port IS 'Port of the side that was connected to';
COMMENT ON COLUMN long_connections.opened_by_device IS 'Whether the device opened it';
COMMENT ON COLUMN long_connections.first_ns IS 'First frame, UTC nanoseconds since 1970';
COMMENT ON COLUMN long_connections.last_ns IS 'Last frame, UTC nanoseconds since 1970';
COMMENT ON COLUMN long_connections.duration_s IS 'Time between them, seconds: at least so long where began or ended is false';
COMMENT ON COLUMN long_connections.began IS 'Whether its beginning was captured (TCP: SYN)';
COMMENT ON COLUMN long_connections.ended IS 'Whether its end was captured (TCP: FIN or RST)';
COMMENT ON COLUMN long_connections.messages IS 'Bursts with payload, as in bursts';
COMMENT ON COLUMN long_connections.longest_silence_s IS 'Longest time without new payload (what is sent again is none), seconds';
COMMENT ON COLUMN long_connections.flow IS 'Flow (see flows)';
COMMENT ON COLUMN long_connections.keep_alive_s IS 'Shortest period of what is said between the two in this service for at least half of that time, seconds; null: none';
COMMENT ON COLUMN long_connections.keep_alive IS 'What that is, as in cadences';
COMMENT ON COLUMN long_connections.told_keep_alive_s IS 'Keep-alive that the client told in MQTT CONNECT, seconds; null: none seen';

-- A connection that fails and another that follows. Takes attempts, begun_flows, failed_handshakes (misconfiguration.sql), and the facts
-- tls_client_hellos.

-- TLS that fails at an accepted connection, and when: at a fatal alert that can be read, or where the server ends the connection, or the
-- device does, before the server answered the hello with anything.
CREATE TABLE broken_handshakes AS
SELECT flow, min(time_ns) AS time_ns FROM (
    SELECT flow, time_ns FROM failed_handshakes
    UNION ALL
    SELECT f.flow, f.last_ns FROM begun_flows AS f
    SEMI JOIN (FROM tls_client_hellos WHERE carrier = 'tls' AND NOT is_repeated) AS h ON h.flow = f.flow
    WHERE f.transport = 'tcp' AND f.responder_tcp_flags & 18 = 18 AND f.responder_payload_bytes = 0
        AND (f.originator_tcp_flags | f.responder_tcp_flags) & 5 > 0
) GROUP BY flow;

CREATE VIEW tried AS
SELECT a.device, a.peer, a.port, a.capture, a.frame, a.first_ns, coalesce(b.time_ns, a.last_ns) AS last_ns, a.application, a.outcome,
    -- of a connection that was accepted the first frame asked for it
    CASE WHEN b.flow IS NULL THEN a.originator_packets ELSE 1 END AS asking,
    b.flow IS NOT NULL AS is_tls, b.flow IS NOT NULL OR a.outcome IN ('reset', 'unanswered') AS failed
FROM attempts AS a LEFT JOIN broken_handshakes AS b USING (flow) WHERE a.transport = 'tcp' AND a.outcome <> 'unseen';

-- The first success at another place within half a minute of the failure: longer than TCP's first retries take (RFC 6298),
-- shorter than an ordinary poll. Who asks a name server by TCP goes on with what he was about. Of several failures before one success the
-- last one is what it stands in for.
CREATE TABLE turns AS
SELECT a.device, a.peer, a.port, a.capture, a.frame, a.first_ns, a.asking, a.is_tls,
    b.peer AS to_peer, b.port AS to_port, b.application AS to_application, b.capture AS to_capture, b.frame AS to_frame,
    b.first_ns AS to_first_ns,
    row_number() OVER (PARTITION BY a.device, b.capture, b.frame ORDER BY a.last_ns DESC, a.capture DESC, a.frame DESC) = 1 AS is_last
FROM tried AS a ASOF JOIN (FROM tried WHERE NOT failed AND application IS DISTINCT FROM 'dns') AS b
    ON a.device = b.device AND b.first_ns >= a.last_ns
WHERE a.failed AND b.first_ns - a.last_ns <= 30000000000 AND (b.peer, b.port) <> (a.peer, a.port);

CREATE TABLE fallbacks AS
WITH counts AS (
    SELECT device, peer, port, count(*) FILTER (failed) AS failures, count(*) FILTER (NOT failed) AS successes FROM tried GROUP BY ALL
)
SELECT t.device, t.peer, t.port, t.to_peer, t.to_port, max(t.to_application) AS to_application,
    count(*) AS times, count(*) FILTER (t.is_tls) AS tls_times, count(*) FILTER (t.is_last) AS turns, max(f.failures) AS failures, max(f.successes) AS successes,
    max(u.successes) AS uses, min(t.first_ns) AS first_ns, max(t.to_first_ns) AS last_ns
FROM turns AS t JOIN counts AS f USING (device, peer, port)
JOIN counts AS u ON u.device = t.device AND u.peer = t.to_peer AND u.port = t.to_port
GROUP BY t.device, t.peer, t.port, t.to_peer, t.to_port;

COMMENT ON TABLE fallbacks IS 'Connections that fail, and those that are opened within half a minute instead.';
COMMENT ON COLUMN fallbacks.device IS 'Device id';
COMMENT ON COLUMN fallbacks.peer IS 'Address where the connection failed';
COMMENT ON COLUMN fallbacks.port IS 'Port there';
COMMENT ON COLUMN fallbacks.to_peer IS 'Address that was used next';
COMMENT ON COLUMN fallbacks.to_port IS 'Port there';
COMMENT ON COLUMN fallbacks.to_application IS 'Protocol spoken there; null while unknown';
COMMENT ON COLUMN fallbacks.times IS 'How often this followed on that';
COMMENT ON COLUMN fallbacks.tls_times IS 'Of these, how often the connection was accepted and TLS in it failed';
COMMENT ON COLUMN fallbacks.turns IS 'Connections to the second place before which this was the last that failed';
COMMENT ON COLUMN fallbacks.failures IS 'Failures at the first place in all';
COMMENT ON COLUMN fallbacks.successes IS 'Connections there that were accepted, without TLS that failed';
COMMENT ON COLUMN fallbacks.uses IS 'Connections to the second place in all';
COMMENT ON COLUMN fallbacks.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN fallbacks.last_ns IS 'Last time, UTC nanoseconds since 1970';

-- A connection that fails and another that follows. Takes attempts (misconfiguration.sql).

CREATE TABLE turns AS
WITH opened AS (
    SELECT device, peer, port, transport, capture, frame, first_ns, last_ns, originator_packets, application,
        outcome IN ('reset', 'unanswered') AS failed
    FROM attempts WHERE transport = 'tcp' AND outcome <> 'unseen'
)
-- the first success at another place within half a minute of the failure: longer than TCP's first retries take (RFC 6298),
-- shorter than an ordinary poll
SELECT a.device, a.peer, a.port, a.capture, a.frame, a.first_ns, a.originator_packets,
    b.peer AS to_peer, b.port AS to_port, b.application AS to_application, b.capture AS to_capture, b.frame AS to_frame,
    b.first_ns AS to_first_ns
FROM opened AS a ASOF JOIN (FROM opened WHERE NOT failed) AS b
    ON a.device = b.device AND b.first_ns >= a.last_ns
WHERE a.failed AND b.first_ns - a.last_ns <= 30000000000 AND (b.peer, b.port) <> (a.peer, a.port);

CREATE TABLE fallbacks AS
WITH failures_of AS (
    SELECT device, peer, port, count(*) FILTER (outcome IN ('reset', 'unanswered')) AS failures,
        count(*) FILTER (outcome = 'answered') AS successes FROM attempts WHERE transport = 'tcp' GROUP BY ALL
), uses_of AS (
    SELECT device, peer AS to_peer, port AS to_port, count(*) AS uses FROM attempts
    WHERE transport = 'tcp' AND outcome = 'answered' GROUP BY ALL
)
SELECT t.device, t.peer, t.port, t.to_peer, t.to_port, max(t.to_application) AS to_application,
    count(*) AS times, max(f.failures) AS failures, max(f.successes) AS successes, max(u.uses) AS uses,
    min(t.first_ns) AS first_ns, max(t.to_first_ns) AS last_ns
FROM turns AS t JOIN failures_of AS f USING (device, peer, port) JOIN uses_of AS u USING (device, to_peer, to_port)
GROUP BY t.device, t.peer, t.port, t.to_peer, t.to_port;

COMMENT ON TABLE fallbacks IS 'Connections that fail, and those that are opened within half a minute instead.';
COMMENT ON COLUMN fallbacks.device IS 'Device id';
COMMENT ON COLUMN fallbacks.peer IS 'Address where the connection failed';
COMMENT ON COLUMN fallbacks.port IS 'Port there';
COMMENT ON COLUMN fallbacks.to_peer IS 'Address that was used next';
COMMENT ON COLUMN fallbacks.to_port IS 'Port there';
COMMENT ON COLUMN fallbacks.to_application IS 'Protocol spoken there; null while unknown';
COMMENT ON COLUMN fallbacks.times IS 'How often this followed on that';
COMMENT ON COLUMN fallbacks.failures IS 'Failures at the first place in all';
COMMENT ON COLUMN fallbacks.successes IS 'Connections there that were accepted';
COMMENT ON COLUMN fallbacks.uses IS 'Connections to the second place in all';
COMMENT ON COLUMN fallbacks.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN fallbacks.last_ns IS 'Last time, UTC nanoseconds since 1970';

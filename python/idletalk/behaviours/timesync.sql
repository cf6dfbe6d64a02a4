-- Whom each device asks for the time. Takes endpoints, subjects (inventory.sql), peers, peer_names (peers.sql),
-- and the fact ntp.

CREATE TABLE time_messages AS
SELECT e.device,
    CASE WHEN n.mode = 3 THEN n.destination ELSE n.source END AS server,
    n.mode = 3 AS is_request, n.capture, n.frame, n.time_ns, n.stratum, n.poll_s, n.reference_id
FROM ntp AS n
JOIN endpoints AS e ON e.endpoint = CASE WHEN n.mode = 3 THEN endpoint(n.source_mac, n.source) ELSE endpoint(n.destination_mac, n.destination) END
WHERE n.mode IN (3, 4) AND e.device IN (FROM subjects);

CREATE TABLE time_servers AS
WITH gaps AS (
    SELECT device, server, time_ns - lag(time_ns) OVER (PARTITION BY device, server ORDER BY time_ns, capture, frame) AS gap_ns
    FROM time_messages WHERE is_request
), intervals AS (
    SELECT device, server, median(gap_ns) / 1e9 AS interval_s FROM gaps WHERE gap_ns IS NOT NULL GROUP BY ALL
), told AS (
    SELECT device, peer AS server, arg_min(name, (first_ns, name)) AS name FROM peer_names WHERE told_by = 'dns' GROUP BY ALL
)
SELECT
    t.device, t.server, max(p.scope) AS scope, max(told.name) AS name,
    max(nullif(regexp_extract(told.name, '([a-z0-9-]+\.)?pool\.ntp\.org$'), '')) AS pool_zone,
    count(*) FILTER (is_request) AS requests,
    count(*) FILTER (NOT is_request) AS answers,
    count(*) FILTER (NOT is_request AND stratum = 0) AS refusals,
    max(i.interval_s) AS interval_s,
    min(t.time_ns) AS first_ns, max(t.time_ns) AS last_ns
FROM time_messages AS t
LEFT JOIN peers AS p ON p.device = t.device AND p.peer = t.server
LEFT JOIN told ON told.device = t.device AND told.server = t.server
LEFT JOIN intervals AS i ON i.device = t.device AND i.server = t.server
GROUP BY t.device, t.server;

COMMENT ON TABLE time_servers IS 'Whom each device asks for the time (NTP), and who answers.';
COMMENT ON COLUMN time_servers.device IS 'Device id';
COMMENT ON COLUMN time_servers.server IS 'Address of the server';
COMMENT ON COLUMN time_servers.scope IS 'Where the server is, as in peers';
COMMENT ON COLUMN time_servers.name IS 'Name for which the device got this address from DNS; null: no such answer was seen';
COMMENT ON COLUMN time_servers.pool_zone IS 'Zone of the NTP pool that the name belongs to';
COMMENT ON COLUMN time_servers.requests IS 'Requests of the device';
COMMENT ON COLUMN time_servers.answers IS 'Answers to it';
COMMENT ON COLUMN time_servers.refusals IS 'Answers that refuse (stratum 0, kiss of death, RFC 5905 7.4)';
COMMENT ON COLUMN time_servers.interval_s IS 'Median time between two requests, seconds';
COMMENT ON COLUMN time_servers.first_ns IS 'First message, UTC nanoseconds since 1970';
COMMENT ON COLUMN time_servers.last_ns IS 'Last message, UTC nanoseconds since 1970';

-- Servers that say of themselves that they know the time (RFC 5905 7.3), whomever they answered.
CREATE TABLE clock_error AS
WITH answered AS (
    SELECT source AS server, transmit_ns - time_ns AS off_ns FROM ntp WHERE mode = 4 AND stratum BETWEEN 1 AND 15 AND leap <> 3 AND transmit_ns IS NOT NULL
), halves AS (
    SELECT server, quantile_disc(off_ns, 0.5) AS off_ns FROM answered GROUP BY server
), told AS (
    -- a clock that was set meanwhile (as of a small computer without a battery) was wrong for a part of the time only
    SELECT server, count(*) AS answers, max(h.off_ns) AS off_ns,
        10 * count(*) FILTER (abs(a.off_ns - h.off_ns) < greatest(60_000_000_000, abs(h.off_ns) // 10)) >= 9 * count(*) AS is_steady
    FROM answered AS a JOIN halves AS h USING (server) GROUP BY server
), middle AS (
    SELECT count(*) AS servers, sum(answers)::BIGINT AS answers, quantile_disc(off_ns, 0.5) AS off_ns FROM told
)
-- a minute: what people note down of an experiment is no nearer
SELECT servers, answers, off_ns, abs(off_ns) >= 60_000_000_000
    AND 2 * (SELECT count(*) FROM told WHERE is_steady AND abs(told.off_ns - middle.off_ns) < 60_000_000_000) > servers AS is_off
FROM middle WHERE servers > 0;

COMMENT ON TABLE clock_error IS 'What time servers tell beside the capture''s clock; no row: none answered.';
COMMENT ON COLUMN clock_error.servers IS 'Servers that answered somebody';
COMMENT ON COLUMN clock_error.answers IS 'Their answers';
COMMENT ON COLUMN clock_error.off_ns IS 'The time that they tell less the capture''s, nanoseconds: the middle of each server''s answers, and the middle of those';
COMMENT ON COLUMN clock_error.is_off IS 'The capture''s clock is wrong by a minute or more, as more than half of the servers tell alike, each in nine of ten of its answers';

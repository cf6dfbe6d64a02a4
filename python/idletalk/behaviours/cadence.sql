-- Events that may come at regular times. Takes device_macs, bare_devices, subjects, device_sides (inventory.sql), flows, time_messages
-- (timesync.sql), peers, and the facts bursts, dns, ssdp, mqtt, icmp.

-- The device's end of each flow.
CREATE TABLE flow_ends AS
SELECT DISTINCT s.device, s.flow, s.is_originator, coalesce(s.peer, s.peer_mac) AS peer
FROM device_sides AS s WHERE s.device IN (FROM subjects);

-- Bursts; a flow without a row in bursts is one burst.
CREATE VIEW all_bursts AS
SELECT flow, capture, frame, first_ns, last_ns, starts_with_originator, lengths, gaps_us,
    originator_packets + responder_packets AS packets, originator_payload_bytes, responder_payload_bytes, bursts
FROM bursts
UNION ALL
SELECT f.flow, f.capture, f.frame, f.first_ns, f.last_ns, f.originator_payload_bytes > 0,
    list_filter([f.originator_payload_bytes, -f.responder_payload_bytes], lambda n: n <> 0),
    CASE WHEN f.originator_payload_bytes > 0 AND f.responder_payload_bytes > 0
        THEN [0, (f.last_ns - f.first_ns) // 1000] ELSE [0] END,
    2, f.originator_payload_bytes, f.responder_payload_bytes, 1
FROM flows AS f ANTI JOIN bursts USING (flow)
WHERE f.originator_payload_bytes + f.responder_payload_bytes > 0 AND coalesce(f.transport, '') <> 'fragment';

-- The same from a device's side: lengths are positive where the device sent.
CREATE VIEW device_bursts AS
SELECT
    e.device, e.peer, e.is_originator, t.flow, t.capture, t.frame, t.first_ns, t.last_ns,
    t.starts_with_originator = e.is_originator AS starts,
    CASE WHEN e.is_originator THEN t.lengths ELSE list_transform(t.lengths, lambda n: -n) END AS lengths, t.gaps_us,
    t.packets, t.bursts,
    CASE WHEN e.is_originator THEN t.originator_payload_bytes ELSE t.responder_payload_bytes END AS tx_bytes,
    CASE WHEN e.is_originator THEN t.responder_payload_bytes ELSE t.originator_payload_bytes END AS rx_bytes,
    f.transport, f.application, f.responder_port AS port, f.first_ns AS flow_first_ns, f.began_in_capture
FROM all_bursts AS t JOIN flow_ends AS e USING (flow) JOIN flows AS f USING (flow);

-- Events that may be regular: (device, peer, what, time, payload bytes). A view, since long trains are not held whole.
CREATE VIEW train_events AS
WITH services AS (
    SELECT e.device, e.flow, e.peer, e.is_originator, concat_ws('/', coalesce(f.application, f.transport, 'frames'), f.responder_port) AS service
    FROM flow_ends AS e JOIN flows AS f USING (flow)
    WHERE coalesce(f.application, '') NOT IN ('dns', 'mdns', 'ntp', 'ssdp', 'dhcp', 'dhcpv6') AND coalesce(f.transport, '') <> 'icmp'
), firsts AS (
    SELECT flow, first_ns, starts_with_originator, abs(lengths[1]) AS first_length, originator_payload_bytes + responder_payload_bytes AS bytes
    FROM bursts WHERE bursts = 1
    UNION ALL
    SELECT flow, first_ns, originator_payload_bytes > 0,
        CASE WHEN originator_payload_bytes > 0 THEN originator_payload_bytes ELSE responder_payload_bytes END,
        originator_payload_bytes + responder_payload_bytes
    FROM flows ANTI JOIN bursts USING (flow) WHERE originator_payload_bytes + responder_payload_bytes > 0
), named AS (
    SELECT s.device, s.peer, s.service, f.first_length, f.starts_with_originator = s.is_originator AS starts, f.first_ns, f.bytes
    FROM firsts AS f JOIN services AS s USING (flow)
), ends AS (
    SELECT coalesce(m.device, b.device) AS device, r.* FROM (
        SELECT source_mac, source, destination, 'DNS query for ' || query AS what, time_ns, 0 AS bytes FROM dns
        WHERE NOT is_response AND protocol = 'dns' AND query IS NOT NULL
        UNION ALL
        SELECT source_mac, source, NULL, 'SSDP search', time_ns, 0 FROM ssdp WHERE kind = 'search'
        UNION ALL
        SELECT source_mac, source, destination, 'MQTT ping', time_ns, 4 FROM mqtt WHERE packet_type = 'pingreq'
        UNION ALL
        SELECT source_mac, source, destination, 'ICMP echo', time_ns, 0 FROM icmp
        WHERE (version = 4 AND kind = 8) OR (version = 6 AND kind = 128)
    ) AS r
    LEFT JOIN device_macs AS m ON m.mac = r.source_mac
    LEFT JOIN bare_devices AS b ON b.address = r.source AND r.source_mac IS NULL
), lengths AS (
    SELECT device, peer, service, starts, first_length, count(*) >= 8 AS is_frequent FROM named GROUP BY ALL
), told AS (
    -- packets of one length are events of one kind: keep-alives apart from what else is said
    SELECT n.device, n.peer, n.service || CASE WHEN n.starts THEN ' from the device' ELSE ' from the peer' END
        || CASE WHEN is_frequent THEN ', first packet of ' || n.first_length || ' bytes' ELSE ', other lengths' END AS what,
        n.first_ns AS time_ns, n.bytes
    FROM named AS n JOIN lengths AS l ON n.device = l.device AND n.peer IS NOT DISTINCT FROM l.peer AND n.service = l.service
        AND n.starts IS NOT DISTINCT FROM l.starts AND n.first_length IS NOT DISTINCT FROM l.first_length
    UNION ALL
    SELECT device, destination, what, time_ns, bytes FROM ends WHERE device IN (FROM subjects)
    UNION ALL
    SELECT device, NULL, 'NTP requests', time_ns, 48 FROM time_messages WHERE is_request
)
FROM told;

-- Trains of events: of a long one four stretches at equal distances from its first to its last event, as long as all trains
-- together allow.
CREATE TABLE trains AS
WITH all_events AS MATERIALIZED (
    FROM train_events
), counted AS (
    SELECT device, peer, what, count(*) AS events FROM all_events GROUP BY ALL HAVING count(*) >= 8
), stretch AS (
    SELECT coalesce(max(length) FILTER (looked <= 60000), 30) AS length FROM (
        SELECT length, sum(least(events, 4 * length)) AS looked
        FROM counted CROSS JOIN (VALUES (500), (250), (120), (60), (30)) AS lengths(length) GROUP BY length
    )
), kept AS MATERIALIZED (
    SELECT e.*, c.events, c.events > 4 * (SELECT length FROM stretch) AS is_sampled
    FROM all_events AS e JOIN counted AS c
        ON e.device = c.device AND e.peer IS NOT DISTINCT FROM c.peer AND e.what = c.what
)
FROM kept WHERE NOT is_sampled
UNION ALL
SELECT * EXCLUDE (place, length) FROM (
    SELECT *, row_number() OVER (PARTITION BY device, peer, what ORDER BY time_ns) - 1 AS place, (SELECT length FROM stretch) AS length
    FROM kept WHERE is_sampled
) WHERE place >= events - length OR (place < (events - length) // 3 * 3 AND place % ((events - length) // 3) < length);

CREATE TABLE cadences (
    device VARCHAR, peer VARCHAR, what VARCHAR, period_s DOUBLE, jitter_ratio DOUBLE, repetitions BIGINT, events BIGINT,
    first_ns BIGINT, last_ns BIGINT, payload_bytes BIGINT, payload_share DOUBLE, before_s DOUBLE, before_last_ns BIGINT
);

COMMENT ON TABLE cadences IS 'What each device does at regular times.';
COMMENT ON COLUMN cadences.device IS 'Device id';
COMMENT ON COLUMN cadences.peer IS 'Peer, as in peers; null: whoever it is sent to';
COMMENT ON COLUMN cadences.what IS 'Kind of event: a request, or bursts of a service by who begins and by the length of the first packet';
COMMENT ON COLUMN cadences.period_s IS 'Median time between two events, seconds';
COMMENT ON COLUMN cadences.jitter_ratio IS 'Half the spread between the first and the ninth tenth of these times, as a share of the period';
COMMENT ON COLUMN cadences.repetitions IS 'Events of this period; of a train of which not all were looked at (2000 events, fewer where there are many trains), of those looked at';
COMMENT ON COLUMN cadences.events IS 'All events of the train; what comes within a second is one';
COMMENT ON COLUMN cadences.first_ns IS 'First event of this period, UTC nanoseconds since 1970';
COMMENT ON COLUMN cadences.last_ns IS 'Last event of this period, UTC nanoseconds since 1970';
COMMENT ON COLUMN cadences.payload_bytes IS 'Transport payload bytes of these events, both ways; null where the event is one message of others'' bytes';
COMMENT ON COLUMN cadences.payload_share IS 'Their share of the payload bytes of all bursts of the device';
COMMENT ON COLUMN cadences.before_s IS 'Period that the same events had before, where it changed; null: none';
COMMENT ON COLUMN cadences.before_last_ns IS 'Last event of that one: it changed between this and first_ns, UTC nanoseconds since 1970; null: none';

-- Events that may come at regular times. Takes endpoints, subjects, device_sides (inventory.sql), flows, flow_labels (flows.sql),
-- time_messages (timesync.sql), and the facts bursts, dns, ssdp, mqtt, icmp.

-- The device's end of each flow; those of one segment, as a flood of them has, need no comparison.
CREATE TABLE flow_ends AS
WITH ends AS (
    SELECT device, flow, is_originator, coalesce(peer, peer_mac) AS peer FROM device_sides WHERE device IN (FROM subjects)
)
FROM ends ANTI JOIN flow_labels USING (flow)
UNION ALL
SELECT DISTINCT * FROM ends SEMI JOIN flow_labels USING (flow);

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

-- Flows by what they are used for, but for protocols whose messages are told by themselves below.
CREATE VIEW flow_services AS
SELECT *, concat_ws('/', coalesce(application, transport, 'frames'), responder_port) AS service FROM flows
WHERE coalesce(application, '') NOT IN ('dns', 'mdns', 'ntp', 'ssdp', 'dhcp', 'dhcpv6') AND coalesce(transport, '') <> 'icmp';

-- Bursts as events: when each began, with which packet, and the payload bytes of both ways.
CREATE VIEW burst_events AS
SELECT flow, first_ns AS time_ns, starts_with_originator, abs(lengths[1]) AS first_length, originator_payload_bytes + responder_payload_bytes AS bytes
FROM bursts WHERE bursts = 1;

-- How many of each kind a flow has; none where rows stand for several.
CREATE TABLE burst_kinds AS
SELECT b.*, f.service FROM (
    SELECT flow, starts_with_originator, abs(lengths[1]) AS first_length, count(*) FILTER (bursts = 1) AS events,
        min(first_ns) FILTER (bursts = 1) AS first_ns, max(first_ns) FILTER (bursts = 1) AS last_ns
    FROM bursts GROUP BY ALL
) AS b JOIN flow_services AS f USING (flow);

CREATE VIEW lone_events AS
SELECT flow, first_ns AS time_ns, originator_payload_bytes > 0 AS starts_with_originator,
    CASE WHEN originator_payload_bytes > 0 THEN originator_payload_bytes ELSE responder_payload_bytes END AS first_length,
    originator_payload_bytes + responder_payload_bytes AS bytes, service
FROM flow_services ANTI JOIN burst_kinds USING (flow) WHERE originator_payload_bytes + responder_payload_bytes > 0;

CREATE VIEW flow_events AS
FROM burst_kinds
UNION ALL
SELECT flow, starts_with_originator, first_length, 1, time_ns, time_ns, service FROM lone_events;

-- Messages that are events by themselves.
CREATE VIEW message_events AS
SELECT e.device, r.* EXCLUDE (source_mac, source) FROM (
    SELECT source_mac, source, destination AS peer, 'DNS query for ' || query AS what, time_ns, 0 AS bytes FROM dns
    WHERE NOT is_response AND protocol = 'dns' AND query IS NOT NULL
    UNION ALL
    SELECT source_mac, source, NULL, 'SSDP search', time_ns, 0 FROM ssdp WHERE kind = 'search'
    UNION ALL
    SELECT source_mac, source, destination, 'MQTT ping', time_ns, 4 FROM mqtt WHERE packet_type = 'pingreq'
    UNION ALL
    SELECT source_mac, source, destination, 'ICMP echo', time_ns, 0 FROM icmp
    WHERE (version = 4 AND kind = 8) OR (version = 6 AND kind = 128)
) AS r
JOIN endpoints AS e ON e.endpoint = endpoint(r.source_mac, r.source)
WHERE e.device IN (FROM subjects)
UNION ALL
SELECT device, NULL, 'NTP requests', time_ns, 48 FROM time_messages WHERE is_request;

-- Kinds of events, and how many there are of each.
CREATE TABLE event_kinds AS
WITH counted AS (
    SELECT e.device, e.peer, f.service, f.starts_with_originator = e.is_originator AS starts, f.first_length,
        sum(f.events)::BIGINT AS events, min(f.first_ns) AS first_ns, max(f.last_ns) AS last_ns
    FROM flow_events AS f JOIN flow_ends AS e USING (flow) GROUP BY ALL
)
-- packets of one length are events of one kind: keep-alives apart from what else is said
SELECT *, service || CASE WHEN starts THEN ' from the device' ELSE ' from the peer' END
    || CASE WHEN events >= 8 THEN ', first packet of ' || first_length || ' bytes' ELSE ', other lengths' END AS what
FROM counted
UNION ALL BY NAME
SELECT device, peer, what, count(*) AS events, min(time_ns) AS first_ns, max(time_ns) AS last_ns FROM message_events GROUP BY ALL;

-- Trains of events, and how many events of each of its four stretches are looked at: as many as all trains together allow, which is
-- about a second of work. Where even that is too much, those with most events are left out.
CREATE TABLE trains AS
WITH counted AS (
    SELECT device, peer, what, sum(events)::BIGINT AS events, min(first_ns) AS first_ns, max(last_ns) AS last_ns
    FROM event_kinds WHERE what IS NOT NULL GROUP BY ALL HAVING sum(events) >= 8
), stretches AS (
    SELECT coalesce(max(length) FILTER (looked <= 60000), 30) AS stretch FROM (
        SELECT length, sum(least(events, 4 * length)) AS looked
        FROM counted CROSS JOIN (VALUES (500), (250), (120), (60), (30)) AS lengths(length) GROUP BY length
    )
)
SELECT row_number() OVER ()::INTEGER AS train, *, events > 4 * stretch AS is_sampled
FROM counted CROSS JOIN stretches
QUALIFY sum(least(events, 4 * stretch)) OVER (ORDER BY events, device, peer NULLS FIRST, what) <= 60000;

-- Which events of a flow are of which train. Numbers stand for names: of events there are many.
CREATE TABLE flow_trains AS
WITH kinds AS (
    SELECT t.train, k.* FROM event_kinds AS k JOIN trains AS t ON k.device = t.device AND k.peer IS NOT DISTINCT FROM t.peer AND k.what = t.what
), ends AS MATERIALIZED (
    SELECT e.* FROM flow_ends AS e SEMI JOIN kinds AS k ON k.device = e.device AND k.peer IS NOT DISTINCT FROM e.peer
)
SELECT f.flow, f.starts_with_originator, f.first_length, k.train
FROM ends AS e JOIN flow_events AS f USING (flow) JOIN kinds AS k ON k.device = e.device AND k.peer IS NOT DISTINCT FROM e.peer
    AND k.service = f.service AND k.starts IS NOT DISTINCT FROM (f.starts_with_originator = e.is_originator)
    AND k.first_length IS NOT DISTINCT FROM f.first_length;

-- Events of trains. A view, since long trains are not held whole.
CREATE VIEW train_events AS
SELECT t.train, e.time_ns, e.bytes
FROM (FROM burst_events UNION ALL SELECT * EXCLUDE (service) FROM lone_events) AS e JOIN flow_trains AS t ON e.flow = t.flow
    AND e.starts_with_originator IS NOT DISTINCT FROM t.starts_with_originator AND e.first_length IS NOT DISTINCT FROM t.first_length
UNION ALL
SELECT t.train, e.time_ns, e.bytes
FROM message_events AS e JOIN trains AS t ON e.device = t.device AND e.peer IS NOT DISTINCT FROM t.peer AND e.what = t.what;

-- The events that are looked at, in order of time: of a long train the first of each quarter of its time, and the last of the last.
CREATE TABLE looked_at AS
WITH placed AS (
    SELECT e.train, struct_pack(time_ns := e.time_ns, bytes := e.bytes) AS event, t.is_sampled, t.stretch,
        (e.time_ns - t.first_ns) // ((t.last_ns - t.first_ns) // 4 + 1) AS quarter
    FROM train_events AS e JOIN trains AS t USING (train)
)
SELECT train, list_sort(coalesce(
    list(event) FILTER (NOT is_sampled),
    list_concat(
        min(event, stretch) FILTER (is_sampled AND quarter = 0),
        min(event, stretch) FILTER (is_sampled AND quarter = 1),
        min(event, stretch) FILTER (is_sampled AND quarter = 2),
        max(event, stretch) FILTER (is_sampled AND quarter = 3)
    )
)) AS events
FROM placed GROUP BY train;

CREATE TABLE cadences (
    device VARCHAR, peer VARCHAR, what VARCHAR, period_s DOUBLE, jitter_ratio DOUBLE, repetitions BIGINT, events BIGINT, looked_at BIGINT,
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
COMMENT ON COLUMN cadences.looked_at IS 'Events of the train that were looked at, where not all were: repetitions and payload are of these; null: all';
COMMENT ON COLUMN cadences.first_ns IS 'First event of this period, UTC nanoseconds since 1970';
COMMENT ON COLUMN cadences.last_ns IS 'Last event of this period, UTC nanoseconds since 1970';
COMMENT ON COLUMN cadences.payload_bytes IS 'Transport payload bytes of these events, both ways; null where the event is one message of others'' bytes';
COMMENT ON COLUMN cadences.payload_share IS 'Their share of the payload bytes of all bursts of the device';
COMMENT ON COLUMN cadences.before_s IS 'Period that the same events had before, where it changed; null: none';
COMMENT ON COLUMN cadences.before_last_ns IS 'Last event of that one: it changed between this and first_ns, UTC nanoseconds since 1970; null: none';

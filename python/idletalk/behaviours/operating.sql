-- What actions of users look like on the wire: filled by the judgement. Takes device_bursts (cadence.sql), peers, devices, lab_events.

-- Who a device's peers are, as an action sees them, and what tells them in other captures.
CREATE VIEW peer_kinds AS
SELECT p.device, p.peer, n.names, h.asn, CASE
    WHEN p.scope IN ('multicast', 'broadcast') THEN 'group'
    WHEN p.scope = 'internet' THEN 'cloud'
    WHEN p.scope = 'gateway' THEN 'gateway'
    WHEN d.role = 'phone' THEN 'phone'
    WHEN p.scope IN ('lan', 'routed') THEN 'neighbour' ELSE 'unknown' END AS kind
FROM peers AS p LEFT JOIN devices AS d ON d.device = p.peer_device
LEFT JOIN (SELECT device, peer, list(DISTINCT name ORDER BY name) AS names FROM peer_names GROUP BY ALL) AS n
    ON n.device = p.device AND n.peer = p.peer
LEFT JOIN host_networks AS h ON h.address = p.peer;

CREATE TABLE actions (
    device VARCHAR, action VARCHAR, first_packet VARCHAR, repetitions BIGINT, events BIGINT, clock_offset_s DOUBLE,
    counterpart VARCHAR, distinguishable BOOLEAN, learnt_from BIGINT, held_back BIGINT, recalled BIGINT,
    false_matches BIGINT, false_per_day DOUBLE, signature VARCHAR, command_unseen BOOLEAN
);

CREATE TABLE action_steps (
    device VARCHAR, action VARCHAR, first_packet VARCHAR, step BIGINT, peer VARCHAR, peer_kind VARCHAR, service VARCHAR,
    by_device BOOLEAN, repetitions BIGINT, latency_s DOUBLE, least_latency_s DOUBLE, most_latency_s DOUBLE,
    least BIGINT[], most BIGINT[], gaps_us BIGINT[], least_gaps_us BIGINT[], most_gaps_us BIGINT[],
    was_open BOOLEAN, open_s DOUBLE, tx_bytes BIGINT, rx_bytes BIGINT, packets BIGINT, duration_s DOUBLE, is_stream BOOLEAN,
    fields VARCHAR[]
);

CREATE TABLE action_stream_ends (
    device VARCHAR, action VARCHAR, first_packet VARCHAR, peer VARCHAR, service VARCHAR, repetitions BIGINT, latency_s DOUBLE,
    duration_s DOUBLE, tx_bytes BIGINT, rx_bytes BIGINT
);

CREATE TABLE unnamed_actions (
    device VARCHAR, peer VARCHAR, peer_kind VARCHAR, service VARCHAR, first_packet VARCHAR, least_bytes BIGINT, most_bytes BIGINT,
    times BIGINT, first_ns BIGINT, last_ns BIGINT
);

COMMENT ON TABLE unnamed_actions IS 'Without events: bursts that a cloud or a phone begins, or the device on an open connection, again and again at no regular time, which may be actions.';
COMMENT ON COLUMN unnamed_actions.device IS 'Device id';
COMMENT ON COLUMN unnamed_actions.peer IS 'Peer, as in peers (of the first burst)';
COMMENT ON COLUMN unnamed_actions.peer_kind IS 'As in action_steps';
COMMENT ON COLUMN unnamed_actions.service IS 'Application or transport, and port';
COMMENT ON COLUMN unnamed_actions.first_packet IS 'Who begins: cloud, phone or device';
COMMENT ON COLUMN unnamed_actions.least_bytes IS 'Least payload length of the first packet';
COMMENT ON COLUMN unnamed_actions.most_bytes IS 'Greatest payload length of the first packet';
COMMENT ON COLUMN unnamed_actions.times IS 'Bursts, at least five seconds apart';
COMMENT ON COLUMN unnamed_actions.first_ns IS 'First one, UTC nanoseconds since 1970';
COMMENT ON COLUMN unnamed_actions.last_ns IS 'Last one, UTC nanoseconds since 1970';
COMMENT ON TABLE actions IS 'Actions of a device''s user, by who sends the first packet, and what an eavesdropper can tell of them.';
COMMENT ON COLUMN actions.device IS 'Device id';
COMMENT ON COLUMN actions.action IS 'Action, as the event names it';
COMMENT ON COLUMN actions.first_packet IS 'Whose packet is first seen at this capture point: cloud, device, phone, neighbour, gateway, group, unknown';
COMMENT ON COLUMN actions.repetitions IS 'Events that came in this way';
COMMENT ON COLUMN actions.events IS 'Events of the action in any way';
COMMENT ON COLUMN actions.clock_offset_s IS 'Time from the event as noted to its first packet; null: it could not be estimated, the clocks were taken as the same';
COMMENT ON COLUMN actions.counterpart IS 'The opposite action, by its name; null: there is none that comes in the same way';
COMMENT ON COLUMN actions.distinguishable IS 'Whether signatures tell it from its counterpart; null: too few repetitions, or no signature';
COMMENT ON COLUMN actions.learnt_from IS 'Repetitions from which the signature was learnt; null: no signature';
COMMENT ON COLUMN actions.held_back IS 'Repetitions that were held back to test it';
COMMENT ON COLUMN actions.recalled IS 'Of these, those in which the signature stands';
COMMENT ON COLUMN actions.false_matches IS 'Places in the second half of the device''s bursts, outside all events, where it stands';
COMMENT ON COLUMN actions.false_per_day IS 'The same for a day';
COMMENT ON COLUMN actions.signature IS 'The signature as JSON, without addresses';
COMMENT ON COLUMN actions.command_unseen IS 'The device begins, as seen here, but what other devices of the LAN send it does not pass this capture point: whether one of them told it is undecidable';
COMMENT ON TABLE action_steps IS 'Steps of each action beyond the device''s background, in order.';
COMMENT ON COLUMN action_steps.device IS 'Device id';
COMMENT ON COLUMN action_steps.action IS 'Action';
COMMENT ON COLUMN action_steps.first_packet IS 'As in actions';
COMMENT ON COLUMN action_steps.step IS 'Number of the step, from 1';
COMMENT ON COLUMN action_steps.peer IS 'Peer, as in peers (of the first repetition)';
COMMENT ON COLUMN action_steps.peer_kind IS 'cloud, phone, neighbour, gateway, group (multicast or broadcast) or unknown';
COMMENT ON COLUMN action_steps.service IS 'Application or transport, and port';
COMMENT ON COLUMN action_steps.by_device IS 'The device sends the first packet of the step';
COMMENT ON COLUMN action_steps.repetitions IS 'Repetitions that show the step';
COMMENT ON COLUMN action_steps.latency_s IS 'Median time after the action''s first packet, seconds';
COMMENT ON COLUMN action_steps.least_latency_s IS 'Least of these times, seconds';
COMMENT ON COLUMN action_steps.most_latency_s IS 'Greatest, seconds';
COMMENT ON COLUMN action_steps.least IS 'Least payload length of each of the first packets, positive from the device';
COMMENT ON COLUMN action_steps.most IS 'Greatest payload length of each';
COMMENT ON COLUMN action_steps.gaps_us IS 'Median time before each, microseconds';
COMMENT ON COLUMN action_steps.least_gaps_us IS 'Least time before each, microseconds';
COMMENT ON COLUMN action_steps.most_gaps_us IS 'Greatest, microseconds';
COMMENT ON COLUMN action_steps.was_open IS 'The connection was open before; null where there are no connections';
COMMENT ON COLUMN action_steps.open_s IS 'Median age of the connection as far as seen, seconds';
COMMENT ON COLUMN action_steps.tx_bytes IS 'Payload bytes that the device sent (median)';
COMMENT ON COLUMN action_steps.rx_bytes IS 'Payload bytes that it received (median)';
COMMENT ON COLUMN action_steps.packets IS 'Packets with payload (median)';
COMMENT ON COLUMN action_steps.duration_s IS 'Time from its first to its last packet (median), seconds';
COMMENT ON COLUMN action_steps.is_stream IS 'It lasts: 20 packets and a second or more';
COMMENT ON COLUMN action_steps.fields IS 'Fields of the TXT record that the device announced, with what they hold; empty: none';
COMMENT ON TABLE action_stream_ends IS 'Streams that end with an action.';
COMMENT ON COLUMN action_stream_ends.device IS 'Device id';
COMMENT ON COLUMN action_stream_ends.action IS 'Action';
COMMENT ON COLUMN action_stream_ends.first_packet IS 'As in actions';
COMMENT ON COLUMN action_stream_ends.peer IS 'Peer, as in peers (of the first repetition)';
COMMENT ON COLUMN action_stream_ends.service IS 'Application or transport, and port';
COMMENT ON COLUMN action_stream_ends.repetitions IS 'Repetitions in which a stream to it ends';
COMMENT ON COLUMN action_stream_ends.latency_s IS 'Median time from the action''s first packet to the stream''s last, seconds';
COMMENT ON COLUMN action_stream_ends.duration_s IS 'Median time from the stream''s first to its last packet, seconds';
COMMENT ON COLUMN action_stream_ends.tx_bytes IS 'Payload bytes that the device sent (median)';
COMMENT ON COLUMN action_stream_ends.rx_bytes IS 'Payload bytes that it received (median)';

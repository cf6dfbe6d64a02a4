-- Segments of one flow put together; and every flow told from each of its ends.

-- A frame as one number, in the order of (capture, frame): aggregates hold numbers in a tenth of the memory of pairs. finding.kept takes it apart.
CREATE MACRO frame_place(capture, frame) AS (capture << 40 | frame);

-- What segments of one flow say together, where there are several: a flow of one packet needs no look at the others.
CREATE TABLE flow_labels AS
WITH numbered AS (SELECT *, ('0x' || flow)::UBIGINT AS id FROM flow_segments)
SELECT flow, max(application) AS application, min(recognised_by) AS recognised_by, bool_or(began_in_capture) AS began_in_capture
FROM numbered WHERE id IN (SELECT id FROM numbered GROUP BY id HAVING count(*) > 1) GROUP BY flow;

-- Numbers are summed by flow; what names a flow is taken from its first segment, so that memory holds numbers only.
CREATE TABLE flows AS
WITH numbered AS (
    SELECT *, ('0x' || flow)::UBIGINT AS id,
        first_ns::HUGEINT * 18446744073709551616 + capture::HUGEINT * 1099511627776 + frame AS place
    FROM flow_segments SEMI JOIN flow_labels USING (flow)
), sums AS (
    SELECT
        id,
        min(place) AS place,
        max(last_ns) AS last_ns,
        max(application) AS application,
        min(recognised_by) AS recognised_by,
        bool_or(began_in_capture) AS began_in_capture,
        sum(originator_packets)::BIGINT AS originator_packets,
        sum(originator_bytes)::BIGINT AS originator_bytes,
        sum(originator_payload_bytes)::BIGINT AS originator_payload_bytes,
        sum(originator_duplicate_packets)::BIGINT AS originator_duplicate_packets,
        sum(originator_duplicate_bytes)::BIGINT AS originator_duplicate_bytes,
        bit_or(originator_tcp_flags) AS originator_tcp_flags,
        sum(responder_packets)::BIGINT AS responder_packets,
        sum(responder_bytes)::BIGINT AS responder_bytes,
        sum(responder_payload_bytes)::BIGINT AS responder_payload_bytes,
        sum(responder_duplicate_packets)::BIGINT AS responder_duplicate_packets,
        sum(responder_duplicate_bytes)::BIGINT AS responder_duplicate_bytes,
        bit_or(responder_tcp_flags) AS responder_tcp_flags
    FROM numbered
    GROUP BY id
)
SELECT
    n.flow, n.capture, n.frame, n.first_ns, s.last_ns,
    (s.last_ns - n.first_ns) / 1e9 AS duration_s,
    n.network, n.transport, n.protocol_number, s.application, s.recognised_by,
    n.originator_mac, n.originator, n.originator_port, n.originator_key,
    n.responder_mac, n.responder, n.responder_port, n.responder_key,
    n.originator_known_by, s.began_in_capture, n.community_id,
    s.originator_packets, s.originator_bytes, s.originator_payload_bytes,
    s.originator_duplicate_packets, s.originator_duplicate_bytes, s.originator_tcp_flags,
    s.responder_packets, s.responder_bytes, s.responder_payload_bytes,
    s.responder_duplicate_packets, s.responder_duplicate_bytes, s.responder_tcp_flags
FROM numbered AS n JOIN sums AS s ON n.id = s.id AND n.place = s.place
UNION ALL
SELECT
    flow, capture, frame, first_ns, last_ns,
    (last_ns - first_ns) / 1e9,
    network, transport, protocol_number, application, recognised_by,
    originator_mac, originator, originator_port, originator_key,
    responder_mac, responder, responder_port, responder_key,
    originator_known_by, began_in_capture, community_id,
    originator_packets, originator_bytes, originator_payload_bytes,
    originator_duplicate_packets, originator_duplicate_bytes, originator_tcp_flags,
    responder_packets, responder_bytes, responder_payload_bytes,
    responder_duplicate_packets, responder_duplicate_bytes, responder_tcp_flags
FROM flow_segments ANTI JOIN flow_labels USING (flow);

COMMENT ON TABLE flows IS 'A conversation between two endpoints, both directions (RFC 5103): the segments of flow_segments put together.';
COMMENT ON COLUMN flows.flow IS 'Flow id: derived from the ends, the protocol and the first time';
COMMENT ON COLUMN flows.capture IS 'Capture file of the first frame';
COMMENT ON COLUMN flows.frame IS 'First frame, as Wireshark numbers it in that file';
COMMENT ON COLUMN flows.first_ns IS 'Earliest time, UTC nanoseconds since 1970';
COMMENT ON COLUMN flows.last_ns IS 'Latest time, UTC nanoseconds since 1970';
COMMENT ON COLUMN flows.duration_s IS 'Time between first and last frame, seconds';
COMMENT ON COLUMN flows.network IS 'Network layer: ip, ipv6, arp, ...';
COMMENT ON COLUMN flows.transport IS 'Transport layer: tcp, udp, icmp, ...';
COMMENT ON COLUMN flows.protocol_number IS 'IP protocol number, EtherType or LLC service access point';
COMMENT ON COLUMN flows.application IS 'Application protocol; null while unknown';
COMMENT ON COLUMN flows.recognised_by IS 'What told the application: content or port';
COMMENT ON COLUMN flows.originator_mac IS 'MAC of the side that opened the conversation';
COMMENT ON COLUMN flows.originator IS 'Its IP address';
COMMENT ON COLUMN flows.originator_port IS 'Its port';
COMMENT ON COLUMN flows.originator_key IS 'Its address as a key of look-up tables';
COMMENT ON COLUMN flows.responder_mac IS 'MAC of the other side';
COMMENT ON COLUMN flows.responder IS 'Its IP address';
COMMENT ON COLUMN flows.responder_port IS 'Its port';
COMMENT ON COLUMN flows.responder_key IS 'Its address as a key of look-up tables';
COMMENT ON COLUMN flows.originator_known_by IS 'What told who opened the conversation: syn, group, ports, scope, first';
COMMENT ON COLUMN flows.began_in_capture IS 'Whether its start was captured (TCP: its SYN); null where the protocol has none';
COMMENT ON COLUMN flows.community_id IS 'Community ID v1, as Zeek, Suricata and ntopng print it; null without IP';
COMMENT ON COLUMN flows.originator_packets IS 'Frames from the originator';
COMMENT ON COLUMN flows.originator_bytes IS 'Frame bytes on the wire from the originator';
COMMENT ON COLUMN flows.originator_payload_bytes IS 'Transport payload bytes on the wire from the originator';
COMMENT ON COLUMN flows.originator_duplicate_packets IS 'Frames among them that repeat one seen at another interface or in another file';
COMMENT ON COLUMN flows.originator_duplicate_bytes IS 'Bytes of those frames';
COMMENT ON COLUMN flows.originator_tcp_flags IS 'TCP flags from the originator, or-ed';
COMMENT ON COLUMN flows.responder_packets IS 'Frames from the responder';
COMMENT ON COLUMN flows.responder_bytes IS 'Frame bytes on the wire from the responder';
COMMENT ON COLUMN flows.responder_payload_bytes IS 'Transport payload bytes on the wire from the responder';
COMMENT ON COLUMN flows.responder_duplicate_packets IS 'Frames among them that repeat one seen at another interface or in another file';
COMMENT ON COLUMN flows.responder_duplicate_bytes IS 'Bytes of those frames';
COMMENT ON COLUMN flows.responder_tcp_flags IS 'TCP flags from the responder, or-ed';

-- A flow's segments from the point of view of each end: `tx` is what this end sent.
CREATE VIEW sides AS
SELECT
    flow, slot_ns, first_ns, last_ns, network, transport, true AS is_originator,
    nullif(originator_mac, '00:00:00:00:00:00') AS mac, originator AS address, originator_key AS key,
    nullif(responder_mac, '00:00:00:00:00:00') AS peer_mac, responder AS peer, responder_key AS peer_key,
    originator_packets AS tx_packets, originator_bytes AS tx_bytes,
    originator_packets - originator_duplicate_packets AS tx_unique_packets,
    originator_bytes - originator_duplicate_bytes AS tx_unique_bytes, originator_payload_bytes AS tx_payload_bytes,
    responder_packets AS rx_packets, responder_bytes AS rx_bytes,
    responder_packets - responder_duplicate_packets AS rx_unique_packets,
    responder_bytes - responder_duplicate_bytes AS rx_unique_bytes,
    -- of this segment alone: see flow_labels
    application, recognised_by, began_in_capture, responder_port
FROM flow_segments
UNION ALL
SELECT
    flow, slot_ns, first_ns, last_ns, network, transport, false,
    nullif(responder_mac, '00:00:00:00:00:00'), responder, responder_key,
    nullif(originator_mac, '00:00:00:00:00:00'), originator, originator_key,
    responder_packets, responder_bytes,
    responder_packets - responder_duplicate_packets, responder_bytes - responder_duplicate_bytes, responder_payload_bytes,
    originator_packets, originator_bytes,
    originator_packets - originator_duplicate_packets, originator_bytes - originator_duplicate_bytes,
    application, recognised_by, began_in_capture, responder_port
FROM flow_segments;

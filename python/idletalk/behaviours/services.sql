-- What each device offers to others. Takes endpoints, subjects (inventory.sql), flows, peers, and the facts ssdp,
-- dns_records.

CREATE TABLE offered AS
-- it accepted a connection, or answered a datagram, that another had begun
SELECT e.device, f.transport, f.responder_port AS port, f.application,
    CASE f.transport WHEN 'tcp' THEN 'accepted' ELSE 'answered' END AS told_by, f.originator AS client, f.originator_mac AS client_mac,
    f.capture, f.frame, f.first_ns, f.last_ns, f.originator_packets + f.responder_packets AS packets
FROM flows AS f
JOIN endpoints AS e ON e.endpoint = endpoint(f.responder_mac, f.responder)
WHERE e.device IN (FROM subjects) AND f.responder_packets > 0
    AND EXISTS (FROM addresses AS own WHERE own.address = f.responder AND own.device = e.device)
    AND ((f.transport = 'tcp' AND f.originator_tcp_flags & 2 > 0 AND f.responder_tcp_flags & 18 = 18)
        -- of datagrams only those whose asker is known by more than having been seen first
        -- and has been seen to ask: an answer alone may be no answer
        OR (f.transport = 'udp' AND f.originator_known_by = 'ports' AND f.originator_packets > 0))
    AND f.responder_port IS NOT NULL;

CREATE TABLE services AS
SELECT device, transport, port, max(application) AS application, told_by,
    count(*) AS conversations, count(DISTINCT client) AS clients, sum(packets)::BIGINT AS packets,
    min(first_ns) AS first_ns, max(last_ns) AS last_ns
FROM offered GROUP BY device, transport, port, told_by;

COMMENT ON TABLE services IS 'Services that devices offered: ports at which others were answered.';
COMMENT ON COLUMN services.device IS 'Device id';
COMMENT ON COLUMN services.transport IS 'tcp or udp';
COMMENT ON COLUMN services.port IS 'Port';
COMMENT ON COLUMN services.application IS 'Protocol spoken there; null while unknown';
COMMENT ON COLUMN services.told_by IS 'accepted (a connection) or answered (a datagram)';
COMMENT ON COLUMN services.conversations IS 'Conversations';
COMMENT ON COLUMN services.clients IS 'Different addresses that asked';
COMMENT ON COLUMN services.packets IS 'Frames of those conversations';
COMMENT ON COLUMN services.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN services.last_ns IS 'Last time, UTC nanoseconds since 1970';

-- What it announces of itself: DNS-SD instances (RFC 6763 4: SRV of mDNS answers from the device) and SSDP notifications.
CREATE TABLE announcement_frames AS
SELECT e.device, a.* EXCLUDE (source_mac, source)
FROM (
    SELECT 'mdns' AS protocol, regexp_extract(name, '(_[^.]+\._(tcp|udp)\..*)$', 1) AS what, port, capture, frame, time_ns, source_mac, source
    FROM dns_records WHERE protocol = 'mdns' AND is_response AND kind = 33 AND name LIKE '%.\_%' ESCAPE '\'
    UNION ALL
    SELECT 'ssdp', search_target, try_cast(regexp_extract(location, '^https?://[^/:]+:(\d+)', 1) AS BIGINT), capture, frame, time_ns, source_mac, source
    FROM ssdp WHERE kind = 'notify' AND nts IS DISTINCT FROM 'ssdp:byebye'
) AS a
JOIN endpoints AS e ON e.endpoint = endpoint(a.source_mac, a.source)
WHERE e.device IN (FROM subjects);

CREATE TABLE announcements AS
SELECT device, protocol, what, max(port) AS port, count(*) AS times, min(time_ns) AS first_ns, max(time_ns) AS last_ns
FROM announcement_frames GROUP BY device, protocol, what;

COMMENT ON TABLE announcements IS 'Services that devices announce on the LAN.';
COMMENT ON COLUMN announcements.device IS 'Device id';
COMMENT ON COLUMN announcements.protocol IS 'mdns or ssdp';
COMMENT ON COLUMN announcements.what IS 'Kind of service (DNS-SD) or notification type (SSDP)';
COMMENT ON COLUMN announcements.port IS 'Port that is announced';
COMMENT ON COLUMN announcements.times IS 'How often';
COMMENT ON COLUMN announcements.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN announcements.last_ns IS 'Last time, UTC nanoseconds since 1970';

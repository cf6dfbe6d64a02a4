-- Who asks many addresses, or many ports of one. Takes device_macs, endpoints, opened_flows, subjects (inventory.sql), flows, peers, one_way,
-- unseen_peers, peer_names (peers.sql), and the facts arp, icmp.

-- TCP segments that belong to no connection: nothing but a reset came back, or nothing. Without SYN, ACK and RST (FIN, NULL and Xmas scans)
-- no connection has any (RFC 9293 3.10.7.4), whichever side seems to have opened it. An acknowledgement may be of a connection that
-- is open at one side only, as after a restart of the other: from 32768 on its port was drawn for a client (RFC 6056 2.2, Linux), and each
-- connection has a port of its own, as a hub's to lamps whose power was off, where a scanner sends from one port to all (nmap, port scanning techniques).
CREATE VIEW loose_segments AS
WITH silent AS (
    FROM flows WHERE transport = 'tcp' AND originator_payload_bytes + responder_payload_bytes = 0
), ends AS (
    SELECT originator_mac AS mac, originator AS address, responder AS host, responder_port AS port, originator_port AS own_port, originator_packets AS sent, originator_tcp_flags AS flags,
        responder_tcp_flags AS answer, capture, frame, first_ns, true AS opened FROM silent
    UNION ALL
    SELECT responder_mac, responder, originator, originator_port, responder_port, responder_packets, responder_tcp_flags,
        originator_tcp_flags, capture, frame, first_ns, false FROM silent
)
SELECT e.device, CASE WHEN flags & 16 > 0 THEN 'ack' ELSE 'flag' END AS manner, host, port, capture, frame, first_ns
FROM ends AS s JOIN endpoints AS e ON e.endpoint = endpoint(s.mac, s.address)
WHERE sent > 0 AND port > 0 AND flags & 6 = 0 AND answer & 3 = 0 AND (answer = 0 OR answer & 4 > 0) AND e.device IN (FROM subjects)
    AND (flags & 16 = 0 OR (opened AND port < 32768 AND (e.device, host) NOT IN (SELECT (device, peer) FROM unseen_peers)))
QUALIFY flags & 16 = 0 OR count(*) OVER (PARTITION BY e.device, own_port) >= 15;

-- Datagrams to ports from 1024 on that can be no answers: nothing was ever captured from that port, though the host is heard, and nothing came
-- back but errors; nor did what they say tell a protocol, and there are few to each port (nmap sends again ten times at most, --max-retries),
-- as of no stream of media. Traceroute counts up from 33434 (IANA), three for each of at most 30 hops.
CREATE TABLE high_datagrams AS
WITH tried AS (
    SELECT o.device, o.responder AS host, o.responder_port AS port, o.capture, o.frame, o.first_ns
    FROM opened_flows AS o SEMI JOIN (FROM peers WHERE scope IN ('lan', 'gateway') AND rx_packets > 0) AS p ON p.device = o.device AND p.peer = o.responder
    WHERE o.transport = 'udp' AND o.responder_port >= 1024 AND o.responder_port NOT BETWEEN 33434 AND 33523 AND o.responder_packets = 0 AND o.originator_packets <= 11
        AND o.recognised_by IS DISTINCT FROM 'content' AND o.device IN (FROM subjects)
        AND (o.device, o.responder) NOT IN (SELECT (device, peer) FROM unseen_peers)
    QUALIFY count(*) OVER (PARTITION BY o.device, o.responder) >= 15
), heard AS (
    SELECT originator AS host, originator_port AS port FROM flows
    WHERE transport = 'udp' AND originator_packets > 0 AND originator IN (SELECT host FROM tried)
    UNION
    SELECT responder, responder_port FROM flows
    WHERE transport = 'udp' AND responder_packets > 0 AND responder IN (SELECT host FROM tried)
)
FROM tried ANTI JOIN heard USING (host, port);

-- Sweeps: many hosts, or many ports of one, in five minutes. Hosts are asked by ARP or neighbour discovery, by ping, and by TCP at
-- one port. A solicitation from no address only asks whether one's own is free (RFC 4862 5.4).
CREATE TABLE probes AS
WITH near AS (SELECT device, peer FROM peers WHERE scope IN ('lan', 'gateway'))
SELECT m.device, 'arp' AS kind, NULL::VARCHAR AS peer, a.target, a.capture, a.frame, a.time_ns
FROM arp AS a JOIN device_macs AS m ON m.mac = a.source_mac
WHERE a.operation = 1 AND a.sender <> a.target AND m.device IN (FROM subjects)
UNION ALL
SELECT e.device, 'nd', NULL, i.neighbour, i.capture, i.frame, i.time_ns
FROM icmp AS i JOIN endpoints AS e ON e.endpoint = endpoint(i.source_mac, i.source)
WHERE i.version = 6 AND i.kind = 135 AND i.source <> '::' AND i.neighbour IS NOT NULL AND e.device IN (FROM subjects)
UNION ALL
SELECT e.device, 'ping', NULL, i.destination, i.capture, i.frame, i.time_ns
FROM icmp AS i
JOIN endpoints AS e ON e.endpoint = endpoint(i.source_mac, i.source)
SEMI JOIN near AS n ON n.device = e.device AND n.peer = i.destination
WHERE ((i.version = 4 AND i.kind = 8) OR (i.version = 6 AND i.kind = 128)) AND e.device IN (FROM subjects)
UNION ALL
SELECT device, kind, CASE kind WHEN 'ports' THEN responder ELSE 'tcp/' || responder_port END,
    CASE kind WHEN 'ports' THEN 'tcp/' || responder_port ELSE responder END, capture, frame, first_ns
FROM (FROM opened_flows WHERE transport = 'tcp' AND originator_tcp_flags & 2 > 0 AND device IN (FROM subjects)) AS o
SEMI JOIN near AS p ON p.device = o.device AND p.peer = o.responder
CROSS JOIN (VALUES ('ports'), ('hosts')) AS kinds(kind)
UNION ALL
-- on the Internet those that were not accepted, to hosts that the device knows by no name: services there have many addresses, and a
-- filter on the way may bar all of them
SELECT o.device, 'internet', 'tcp/' || responder_port, responder, capture, frame, first_ns
FROM (FROM opened_flows WHERE transport = 'tcp' AND originator_tcp_flags & 18 = 2 AND responder_tcp_flags & 18 <> 18
    AND device IN (FROM subjects) AND device NOT IN (SELECT device FROM one_way)) AS o
SEMI JOIN (FROM peers WHERE scope = 'internet') AS p ON p.device = o.device AND p.peer = o.responder
ANTI JOIN unseen_peers AS u ON u.device = o.device AND u.peer = o.responder
ANTI JOIN peer_names AS n ON n.device = o.device AND n.peer = o.responder
UNION ALL
-- of UDP ports below 1024 (RFC 6335 6), and others that cannot be answered
SELECT o.device, 'udp-ports', responder, 'udp/' || responder_port, capture, frame, first_ns
FROM (FROM opened_flows WHERE transport = 'udp' AND responder_port < 1024 AND device IN (FROM subjects)) AS o
SEMI JOIN near AS p ON p.device = o.device AND p.peer = o.responder
UNION ALL
SELECT device, 'udp-ports', host, 'udp/' || port, capture, frame, first_ns FROM high_datagrams
UNION ALL
SELECT device, manner || kind, CASE kind WHEN '-ports' THEN host ELSE 'tcp/' || port END,
    CASE kind WHEN '-ports' THEN 'tcp/' || port ELSE host END, capture, frame, first_ns
FROM loose_segments AS s SEMI JOIN near AS p ON p.device = s.device AND p.peer = s.host
CROSS JOIN (VALUES ('-ports'), ('-hosts')) AS kinds(kind);

-- In each five minutes those are counted that were not asked in the five minutes before.
CREATE TABLE sweeps AS
WITH many AS (
    SELECT device, kind, peer, count(*) AS frames, CASE WHEN kind LIKE '%ports' THEN 15 ELSE 25 END AS least
    FROM probes GROUP BY ALL HAVING count(DISTINCT target) >= least
), fresh AS (
    SELECT p.device, p.kind, p.peer, m.frames, m.least, p.time_ns,
        lag(p.time_ns) OVER (PARTITION BY p.device, p.kind, p.peer, p.target ORDER BY p.time_ns) AS before_ns
    FROM probes AS p JOIN many AS m ON m.device = p.device AND m.kind = p.kind AND m.peer IS NOT DISTINCT FROM p.peer
), counted AS (
    SELECT device, kind, peer, frames, least, time_ns, count(*) OVER five AS targets, min(time_ns) OVER five AS first_ns
    FROM fresh WHERE before_ns IS NULL OR time_ns - before_ns > 300000000000
    WINDOW five AS (PARTITION BY device, kind, peer ORDER BY time_ns RANGE BETWEEN 300000000000 PRECEDING AND CURRENT ROW)
)
SELECT device, kind, peer, max(targets) AS targets, max(frames) AS frames, min(first_ns) AS first_ns, max(time_ns) AS last_ns
FROM counted WHERE targets >= least GROUP BY device, kind, peer;

COMMENT ON TABLE sweeps IS 'Searches of address ranges and ports: at least 25 hosts or 15 ports within five minutes.';
COMMENT ON COLUMN sweeps.device IS 'Device id';
COMMENT ON COLUMN sweeps.kind IS 'arp, nd (neighbour discovery), ping, hosts (by TCP at one port), internet (the same there, connections that were not accepted), ports (TCP), udp-ports; flag-hosts, flag-ports (by TCP segments without SYN, ACK and RST), ack-hosts, ack-ports (by acknowledgements of no connection)';
COMMENT ON COLUMN sweeps.peer IS 'Whose ports, or the port at which hosts were asked; null where ARP, neighbour discovery or ping asked';
COMMENT ON COLUMN sweeps.targets IS 'Most hosts or ports within five minutes';
COMMENT ON COLUMN sweeps.frames IS 'Frames that asked, in all of the capture: of TCP the first of each connection';
COMMENT ON COLUMN sweeps.first_ns IS 'First of them, UTC nanoseconds since 1970';
COMMENT ON COLUMN sweeps.last_ns IS 'Last of them, UTC nanoseconds since 1970';

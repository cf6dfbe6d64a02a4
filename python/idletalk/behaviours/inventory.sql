-- Devices: physical things, by MAC, or by local IP address where the link has no MAC.
-- Takes `sides` (flows.sql), the facts arp, icmp, dhcp, dns_records, interfaces, and the lab's
-- lab_macs(mac, device, name, role, under_test) and lab_networks(low_key, high_key).

-- What an address is, by its own form (RFC 1918, 3927, 6598, 4193, 4291; 5771 and 4291 for groups).
CREATE OR REPLACE MACRO form_of(address, key) AS CASE
    WHEN address IS NULL THEN NULL
    WHEN address IN ('0.0.0.0', '::') THEN 'unspecified'
    WHEN address = '255.255.255.255' THEN 'broadcast'
    WHEN contains(address, ':') AND (key = 0 OR key > 4294967295) THEN CASE   -- others hold an IPv4 address, whose key is theirs
        WHEN starts_with(address, 'ff') THEN 'multicast'
        WHEN key >> 57 = 126 OR key >> 54 = 1018 OR key = 0 THEN 'local'      -- fc00::/7, fe80::/10, ::1
        ELSE 'global' END
    ELSE CASE
        WHEN key BETWEEN 3758096384 AND 4026531839 THEN 'multicast'           -- 224.0.0.0/4
        WHEN key BETWEEN 167772160 AND 184549375                              -- 10.0.0.0/8
          OR key BETWEEN 2886729728 AND 2887778303                            -- 172.16.0.0/12
          OR key BETWEEN 3232235520 AND 3232301055                            -- 192.168.0.0/16
          OR key BETWEEN 2851995648 AND 2852061183                            -- 169.254.0.0/16
          OR key BETWEEN 1681915904 AND 1686110207                            -- 100.64.0.0/10
          OR key BETWEEN 2130706432 AND 2147483647 THEN 'local'               -- 127.0.0.0/8
        ELSE 'global' END
    END;

-- The same with what the lab file says is on the link.
CREATE OR REPLACE MACRO place_of(address, key) AS CASE
    WHEN form_of(address, key) = 'global' AND EXISTS (FROM lab_networks WHERE key BETWEEN low_key AND high_key) THEN 'local'
    ELSE form_of(address, key) END;

-- Loopback frames have a MAC of zeros, which is nobody's.
CREATE OR REPLACE MACRO no_mac(mac) AS coalesce(mac, '00:00:00:00:00:00') = '00:00:00:00:00:00';

CREATE OR REPLACE MACRO is_group(mac) AS substr(mac, 2, 1) IN ('1', '3', '5', '7', '9', 'b', 'd', 'f');

-- A vendor's name without its legal form.
CREATE OR REPLACE MACRO short_vendor(vendor) AS trim(regexp_replace(
    vendor, '(?i)[ ,.]+(co\.?|company|corp\.?|corporate|corporation|inc\.?|ltd\.?|limited|llc|gmbh|ag|kg|bv|b\.v\.|ab|s\.?a\.?|s\.?p\.?a\.?|pte|pty|technolog(y|ies)|electronics|international)([ ,.].*)?$', ''));

CREATE TABLE hosts AS
SELECT address, any_key AS key, place_of(address, any_key) AS form
FROM (SELECT address, max(key) AS any_key FROM (
    SELECT address, key FROM sides UNION ALL SELECT peer, peer_key FROM sides) WHERE address IS NOT NULL GROUP BY address);

-- Who said that an address is his: ARP (RFC 826, 5227) and neighbour discovery (RFC 4861).
CREATE TABLE claims AS
SELECT sender_mac AS mac, sender AS address, 'arp' AS told_by, min(time_ns) AS first_ns, max(time_ns) AS last_ns, count(*) AS times
FROM arp WHERE sender <> '0.0.0.0' AND sender_mac <> '00:00:00:00:00:00' GROUP BY ALL
UNION ALL
SELECT neighbour_mac, neighbour, 'nd', min(time_ns), max(time_ns), count(*)
FROM icmp WHERE kind = 136 AND version = 6 AND neighbour_mac IS NOT NULL AND neighbour IS NOT NULL GROUP BY ALL
UNION ALL
-- solicitations: of an address for itself (from ::, RFC 4862 5.4), or from an address of its own
SELECT source_mac, CASE WHEN source = '::' THEN neighbour ELSE source END, 'nd', min(time_ns), max(time_ns), count(*)
FROM icmp WHERE kind = 135 AND version = 6 AND source_mac IS NOT NULL AND neighbour IS NOT NULL GROUP BY ALL
UNION ALL
SELECT source_mac, source, 'dhcp', min(time_ns), max(time_ns), count(*)
FROM dhcp WHERE is_reply AND source = server_id AND source_mac IS NOT NULL GROUP BY ALL
UNION ALL
SELECT client_mac, your_address, 'dhcp', min(time_ns), max(time_ns), count(*)
FROM dhcp WHERE message_type = 5 AND your_address <> '0.0.0.0' GROUP BY ALL;

-- Groups whose packets no router hands on: 224.0.0.0/24 (RFC 5771 4), ff02::/16 (RFC 4291 2.7), the limited broadcast (RFC 919 7).
CREATE OR REPLACE MACRO stays_on_link(address, key) AS key BETWEEN 3758096384 AND 3758096639 OR starts_with(address, 'ff02:') OR address = '255.255.255.255';

-- What each MAC sent from, and whether it claimed the address, or showed that it is on the link.
CREATE TABLE sources AS
SELECT s.mac, s.address, max(s.key) AS key, max(h.form) AS form, contains(s.address, ':') AS is_v6,
    bool_or(c.mac IS NOT NULL OR coalesce(stays_on_link(s.peer, s.peer_key), false)) AS claimed,
    min(s.first_ns) AS first_ns, max(s.last_ns) AS last_ns, sum(s.tx_packets)::BIGINT AS times
FROM sides AS s JOIN hosts AS h USING (address)
LEFT JOIN (SELECT DISTINCT mac, address FROM claims) AS c ON c.mac = s.mac AND c.address = s.address
WHERE s.mac IS NOT NULL AND s.tx_packets > 0 AND h.form IN ('local', 'global')
GROUP BY s.mac, s.address;

-- A router is a MAC from which packets of hosts beyond the link come: of two global IPv4 hosts that it did not claim, of
-- one where the link itself uses private addresses, or of three IPv6 networks (a device has addresses of its own in one
-- or two, and new ones when the provider changes the prefix), of two where it calls itself one; or that advertises itself, or whose address DHCP names, as router.
CREATE TABLE routers AS
SELECT mac, 'hosts beyond the link' AS told_by FROM (
    SELECT mac, count(*) FILTER (form = 'global' AND NOT claimed AND NOT is_v6) AS hosts,
        count(DISTINCT key) FILTER (form = 'global' AND NOT claimed AND is_v6) AS networks
    FROM sources GROUP BY mac
) WHERE hosts >= 2 OR networks >= 3 OR (hosts = 1 AND EXISTS (FROM sources WHERE form = 'local' AND NOT is_v6))
UNION
-- who only leads into another network (as of Thread) advertises itself with no lifetime (RFC 4861 4.2)
SELECT source_mac, 'router advertisement' FROM icmp WHERE version = 6 AND kind = 134 AND router_lifetime_s > 0 AND source_mac IS NOT NULL
UNION
-- who answers for its address says whether it is one (RFC 4861 4.4)
SELECT mac, 'neighbour advertisement' FROM sources AS s WHERE form = 'global' AND is_v6 AND NOT claimed AND NOT EXISTS (FROM sources AS o WHERE o.key = s.key AND o.mac <> s.mac)
    AND mac IN (SELECT source_mac FROM icmp WHERE version = 6 AND kind = 136 AND from_router)
    AND mac NOT IN (SELECT source_mac FROM icmp WHERE version = 6 AND kind = 134 AND source_mac IS NOT NULL)
GROUP BY mac HAVING count(DISTINCT key) >= 2
UNION
SELECT c.mac, 'dhcp router option' FROM claims AS c
JOIN (SELECT DISTINCT unnest(routers) AS address FROM dhcp WHERE routers IS NOT NULL) USING (address)
WHERE c.told_by <> 'dhcp' OR c.mac IN (SELECT source_mac FROM dhcp WHERE is_reply AND source = c.address);

-- Addresses by MAC: claimed ones, and sources of packets. Behind a router's MAC only claimed ones are its own, or the
-- only private one where it claimed none.
CREATE TABLE mac_addresses AS
SELECT mac, address, told_by, first_ns, last_ns, times FROM claims
UNION ALL
SELECT mac, address, 'ip', first_ns, last_ns, times FROM sources AS s
WHERE claimed OR address LIKE 'fe80:%' OR mac NOT IN (SELECT mac FROM routers)
    OR (form = 'local' AND NOT is_v6
        AND NOT EXISTS (FROM claims AS c WHERE c.mac = s.mac AND NOT contains(c.address, ':'))
        AND 1 = (SELECT count(*) FROM sources AS o WHERE o.mac = s.mac AND o.form = 'local' AND NOT o.is_v6));

-- A MAC under which another one is named: DUIDs of DHCPv6 (RFC 8415 11.2, 11.4) and of DHCP (RFC 4361 6.1) hold the MAC of any
-- interface of the device, and so do the UUIDs of many UPnP devices. Who names two others is a repeater.
CREATE TABLE joined_macs AS
WITH told AS (
    SELECT source_mac AS mac, regexp_extract(client_duid, '^(?:0001.{12}|00030001)([0-9a-f]{12})$', 1) AS digits, 'dhcpv6 DUID' AS told_by,
        time_ns FROM dhcpv6 WHERE NOT is_relayed AND source_port = 546
    UNION ALL
    SELECT client_mac, regexp_extract(client_id, '^ff.{8}(?:0001.{12}|00030001)([0-9a-f]{12})$', 1), 'dhcp client id', time_ns FROM dhcp
    WHERE NOT is_reply
    UNION ALL
    SELECT source_mac, lower(regexp_extract(usn, '^uuid:[0-9a-fA-F-]{24}([0-9a-fA-F]{12})(?:$|::)', 1)), 'ssdp UUID', min(time_ns) FROM ssdp
    WHERE kind <> 'search' GROUP BY source_mac, usn
), named AS (
    SELECT mac, regexp_replace(digits, '(..)(..)(..)(..)(..)(..)', '\1:\2:\3:\4:\5:\6') AS other, told_by, min(time_ns) AS time_ns
    FROM told WHERE digits <> '' AND mac IS NOT NULL GROUP BY ALL
)
SELECT mac, min(other) AS device, min(told_by) AS told_by, min(time_ns) AS time_ns FROM named AS n
-- few MACs have many sides
WHERE other <> mac AND other IN (SELECT DISTINCT mac FROM sides WHERE tx_packets > 0 AND mac IS NOT NULL)
    AND mac NOT IN (SELECT mac FROM routers) AND other NOT IN (SELECT mac FROM routers)
    -- of two that name one another the smaller stands for both
    AND NOT EXISTS (FROM named AS o WHERE o.mac = n.other AND o.other <> n.other AND (o.other <> n.mac OR o.mac > n.mac))
GROUP BY mac HAVING count(DISTINCT other) = 1;

-- Devices: MACs that sent something or were sent an IP packet of their own; several of one device where the lab or the device says so.
CREATE TABLE device_macs AS
SELECT mac, coalesce(l.device, o.device, j.device, mac) AS device
FROM (SELECT DISTINCT mac FROM sides WHERE mac IS NOT NULL AND NOT is_group(mac) AND (tx_packets > 0 OR transport IS NOT NULL))
LEFT JOIN lab_macs AS l USING (mac) LEFT JOIN joined_macs AS j USING (mac) LEFT JOIN lab_macs AS o ON o.mac = j.device;

-- Where the link has no MAC: local addresses that sent something; where none is local, those that opened a flow. An address is the
-- device of the one MAC that has it wherever MACs are captured at the same time, where both captures show one network: they have
-- a conversation in common. Fixed ports prove nothing (mDNS and DHCP are the same in every home), nor does an address that moved.
CREATE TABLE bare_devices AS
WITH bare AS (
    SELECT s.address, bool_or(s.is_originator) AS opens, max(h.form) AS form, min(s.first_ns) AS first_ns, max(s.last_ns) AS last_ns
    FROM sides AS s JOIN hosts AS h USING (address)
    WHERE s.mac IS NULL AND s.peer_mac IS NULL AND s.tx_packets > 0 AND h.form IN ('local', 'global')
    GROUP BY s.address
), bare_segments AS MATERIALIZED (
    FROM flow_segments WHERE no_mac(originator_mac) AND no_mac(responder_mac) AND originator IS NOT NULL
), shared AS (
    SELECT DISTINCT b.capture AS bare_capture, m.capture AS mac_capture
    FROM bare_segments AS b JOIN flow_segments AS m USING (flow)
    WHERE NOT (no_mac(m.originator_mac) AND no_mac(m.responder_mac)) AND b.first_ns <= m.last_ns AND m.first_ns <= b.last_ns
        AND b.transport IN ('tcp', 'udp') AND b.originator_port >= 1024 AND b.originator_port <> b.responder_port
), owners AS (
    SELECT b.address, min(d.device) AS device, list(DISTINCT a.mac) AS macs
    FROM bare AS b JOIN mac_addresses AS a USING (address) JOIN device_macs AS d USING (mac)
    GROUP BY b.address
    HAVING count(DISTINCT d.device) = 1 AND min(a.first_ns) <= min(b.last_ns) AND max(a.last_ns) >= min(b.first_ns)
), seen_macs AS (
    SELECT DISTINCT capture, unnest([originator_mac, responder_mac]) AS mac FROM flow_segments SEMI JOIN shared ON capture = mac_capture
), seen_bare AS (
    SELECT DISTINCT capture, unnest([originator, responder]) AS address FROM bare_segments
), joined AS (
    SELECT DISTINCT o.address, o.device
    FROM (SELECT address, device, unnest(macs) AS mac FROM owners) AS o
    JOIN seen_macs AS m USING (mac) JOIN seen_bare AS b USING (address)
    JOIN shared AS n ON n.mac_capture = m.capture AND n.bare_capture = b.capture
)
SELECT address, coalesce(j.device, 'ip:' || address) AS device
FROM bare LEFT JOIN joined AS j USING (address)
WHERE form = 'local' OR j.device IS NOT NULL OR (opens AND NOT EXISTS (FROM bare WHERE form = 'local'));

CREATE TABLE addresses AS
SELECT device, mac, address, told_by, min(first_ns) AS first_ns, max(last_ns) AS last_ns, sum(times)::BIGINT AS times
FROM mac_addresses JOIN device_macs USING (mac) GROUP BY ALL
UNION ALL
SELECT device, NULL, s.address, 'ip without MAC', min(first_ns), max(last_ns), sum(tx_packets)::BIGINT
FROM sides AS s JOIN bare_devices USING (address) WHERE s.mac IS NULL AND tx_packets > 0 GROUP BY device, s.address;

COMMENT ON TABLE addresses IS 'IP addresses that devices used, and what showed it.';
COMMENT ON COLUMN addresses.device IS 'Device id';
COMMENT ON COLUMN addresses.mac IS 'MAC that had the address; null where the link has none';
COMMENT ON COLUMN addresses.address IS 'IP address';
COMMENT ON COLUMN addresses.told_by IS 'arp, nd, dhcp, ip (source of a packet), or ip without MAC';
COMMENT ON COLUMN addresses.first_ns IS 'First sighting, UTC nanoseconds since 1970';
COMMENT ON COLUMN addresses.last_ns IS 'Last sighting, UTC nanoseconds since 1970';
COMMENT ON COLUMN addresses.times IS 'Messages or packets that showed it';

-- Whose a frame's end is: by its MAC, or where it has none by its address.
CREATE TABLE endpoints AS
SELECT mac AS endpoint, device FROM device_macs
UNION ALL
SELECT address, device FROM bare_devices;

CREATE MACRO endpoint(mac, address) AS CASE WHEN no_mac(mac) THEN address ELSE mac END;

CREATE VIEW device_sides AS
SELECT e.device, s.* FROM sides AS s JOIN endpoints AS e ON e.endpoint = endpoint(s.mac, s.address);

-- Flows by the device that opened them.
CREATE VIEW opened_flows AS
SELECT e.device, f.* FROM flows AS f JOIN endpoints AS e ON e.endpoint = endpoint(f.originator_mac, f.originator);

-- Names that devices give themselves.
CREATE TABLE device_names AS
WITH told AS (
    SELECT source_mac AS mac, source AS address, hostname AS name, 'dhcp' AS told_by, time_ns FROM dhcp
    WHERE hostname IS NOT NULL AND NOT is_reply
    UNION ALL
    SELECT source_mac, source, regexp_replace(name, '\.local$', ''), 'mdns', time_ns FROM dns_records
    WHERE protocol = 'mdns' AND is_response AND kind IN (1, 28) AND address = source
)
SELECT device, name, told_by, min(time_ns) AS first_ns, count(*) AS times FROM told JOIN endpoints ON endpoint = endpoint(mac, address)
WHERE name <> '' GROUP BY ALL;

COMMENT ON TABLE device_names IS 'Names that devices told of themselves.';
COMMENT ON COLUMN device_names.device IS 'Device id';
COMMENT ON COLUMN device_names.name IS 'The name';
COMMENT ON COLUMN device_names.told_by IS 'dhcp (host name option) or mdns (address record of its own)';
COMMENT ON COLUMN device_names.first_ns IS 'First time told, UTC nanoseconds since 1970';
COMMENT ON COLUMN device_names.times IS 'How often';

-- Phones, by the name that they give themselves, or by what they say together with a MAC chosen by software: things
-- that stay in a home keep their maker's MAC.
CREATE TABLE phones AS
SELECT device, 'host name' AS told_by FROM device_names
WHERE regexp_matches(name, '(?i)(^|[^a-z])(iphone|ipad)([^a-z]|$)|^android-[0-9a-f]{8,}$|^(galaxy|pixel)-')
UNION ALL
SELECT device, 'user agent or DHCP vendor class, and a MAC chosen by software' FROM (
    SELECT source_mac AS mac FROM dhcp WHERE NOT is_reply AND vendor_class ILIKE 'android%'
    UNION SELECT source_mac FROM http_requests WHERE user_agent LIKE '%Mobile%'
) JOIN device_macs USING (mac) WHERE substr(mac, 2, 1) IN ('2', '6', 'a', 'e');

CREATE TABLE devices AS
WITH volumes AS (
    SELECT device,
        sum(tx_packets)::BIGINT AS tx_packets, sum(tx_bytes)::BIGINT AS tx_bytes,
        sum(rx_packets)::BIGINT AS rx_packets, sum(rx_bytes)::BIGINT AS rx_bytes,
        sum(tx_unique_packets)::BIGINT AS tx_unique_packets, sum(tx_unique_bytes)::BIGINT AS tx_unique_bytes,
        sum(rx_unique_packets)::BIGINT AS rx_unique_packets, sum(rx_unique_bytes)::BIGINT AS rx_unique_bytes,
        min(first_ns) AS first_ns, max(last_ns) AS last_ns
    FROM device_sides GROUP BY device
),
macs AS (SELECT device, list(mac ORDER BY mac) AS macs FROM device_macs GROUP BY device),
vendors AS (
    SELECT device, min(vendor) AS vendor, bool_and(locally_administered) AS mac_is_random FROM lookup_macs('device_macs') JOIN device_macs USING (mac) GROUP BY device
), names AS (
    SELECT device, arg_min(name, (CASE told_by WHEN 'dhcp' THEN 0 ELSE 1 END, -times, name)) AS name,
        arg_min(told_by, (CASE told_by WHEN 'dhcp' THEN 0 ELSE 1 END, -times, name)) AS told_by
    FROM device_names GROUP BY device
),
routing AS (SELECT device, min(told_by) AS told_by FROM routers JOIN device_macs USING (mac) GROUP BY device),
capturing AS (SELECT DISTINCT device, 'interface of the capture' AS told_by FROM interfaces JOIN device_macs USING (mac)),
carried AS (SELECT device, min(told_by) AS told_by FROM phones GROUP BY device),
lab AS (SELECT device, min(name) AS name, min(role) AS role, bool_or(under_test) AS under_test FROM lab_macs GROUP BY device)
SELECT
    v.device,
    coalesce(m.macs, []) AS macs,
    coalesce(lab.name, n.name, short_vendor(vendors.vendor) || ' ' || right(v.device, 8), regexp_replace(v.device, '^ip:', '')) AS name,
    CASE WHEN lab.name IS NOT NULL THEN 'lab' WHEN n.name IS NOT NULL THEN n.told_by
         WHEN vendors.vendor IS NOT NULL THEN 'vendor' ELSE 'id' END AS name_told_by,
    vendors.vendor,
    vendors.mac_is_random,
    coalesce(lab.role, CASE
        WHEN r.told_by IS NOT NULL THEN 'gateway' WHEN c.told_by IS NOT NULL THEN 'capture' WHEN p.told_by IS NOT NULL THEN 'phone' END) AS role,
    CASE WHEN lab.role IS NOT NULL THEN 'lab' ELSE coalesce(r.told_by, c.told_by, p.told_by) END AS role_told_by,
    CASE WHEN EXISTS (FROM lab_macs WHERE under_test IS NOT NULL) THEN coalesce(lab.under_test, false) END AS under_test,
    v.* EXCLUDE (device)
FROM volumes AS v
LEFT JOIN macs AS m USING (device)
LEFT JOIN vendors USING (device)
LEFT JOIN names AS n USING (device)
LEFT JOIN routing AS r USING (device) LEFT JOIN capturing AS c USING (device)
LEFT JOIN carried AS p USING (device) LEFT JOIN lab USING (device);

COMMENT ON TABLE devices IS 'A physical thing on the network.';
COMMENT ON COLUMN devices.device IS 'Device id: its MAC, or ip:ADDRESS where no link with MACs shows it';
COMMENT ON COLUMN devices.macs IS 'Its MACs';
COMMENT ON COLUMN devices.name IS 'Name for people';
COMMENT ON COLUMN devices.name_told_by IS 'What told the name: lab, dhcp, mdns, vendor, id';
COMMENT ON COLUMN devices.vendor IS 'Holder of the MAC prefix (IEEE)';
COMMENT ON COLUMN devices.mac_is_random IS 'All its MACs were chosen by software';
COMMENT ON COLUMN devices.role IS 'device, gateway, capture, phone, hub, bystander; null: nothing tells it';
COMMENT ON COLUMN devices.role_told_by IS 'What told the role';
COMMENT ON COLUMN devices.under_test IS 'As the lab file says; null without one';
COMMENT ON COLUMN devices.tx_packets IS 'Frames that it sent';
COMMENT ON COLUMN devices.tx_bytes IS 'Bytes that it sent';
COMMENT ON COLUMN devices.rx_packets IS 'Frames sent to it';
COMMENT ON COLUMN devices.rx_bytes IS 'Bytes sent to it';
COMMENT ON COLUMN devices.tx_unique_packets IS 'Frames that it sent, without those that the capture holds twice';
COMMENT ON COLUMN devices.tx_unique_bytes IS 'Bytes of those';
COMMENT ON COLUMN devices.rx_unique_packets IS 'Frames sent to it, without those that the capture holds twice';
COMMENT ON COLUMN devices.rx_unique_bytes IS 'Bytes of those';
COMMENT ON COLUMN devices.first_ns IS 'First frame, UTC nanoseconds since 1970';
COMMENT ON COLUMN devices.last_ns IS 'Last frame, UTC nanoseconds since 1970';

-- Devices that are judged: those under test where a lab file says so, else all but gateways and capture boxes.
CREATE TABLE subjects AS SELECT device FROM devices WHERE coalesce(role, 'device') NOT IN ('gateway', 'capture') AND under_test IS NOT false;
